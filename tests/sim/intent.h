/* intent - what is to be submitted on a day, and the dossiers that it is about (workload.c). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/digest.h"
#include "proto/base/id.h"

enum {
    DOSSIERS_MAX = 256, /* of a day; of a run of one day no more than DOSSIERS_DRAWN_MAX */
    DOSSIERS_DRAWN_MAX = 31,
    DOSSIER_INTENTS_MAX = 16, /* two transfers, four supplements, progress of each, two results */
    INTENTS_MAX = DOSSIERS_MAX * DOSSIER_INTENTS_MAX,
    DOSSIER_TEXT_BYTES = 32,
};

struct intent {
    int node;
    uint32_t type;
    int dossier;
    int64_t at_ms;
    bool is_answer;
    struct message_id answered;
    struct digest answered_digest;
    int file;  /* NOWHERE: none */
    int named; /* a transfer's recipient; NOWHERE: who is competent */
    int64_t life_ms;
    int64_t ends_ms; /* as last submitted: of the world's time, by its sender's clock */
    bool is_done;    /* its commit is known */
    bool is_repeated_once;
    struct message_id id;
    bool is_in_step;
};

/* The intents of one node that are not done, in their order. */
struct pending {
    uint16_t numbers[INTENTS_MAX];
    size_t count;
    int64_t next_ms; /* when the first of them is submitted; INT64_MAX: none is left */
    bool is_in_step; /* one of them at least */
};
_Static_assert(INTENTS_MAX <= UINT16_MAX, "every intent has its number");

struct dossier {
    char code[DOSSIER_TEXT_BYTES];
    int procedure;
    /* Node that its last transfer went to that did not come to a bad end, and the one before that;
     * NOWHERE: none. */
    int agency, before;
    int64_t received_ms; /* by the centre, as its transfers say; in a decade */
};
