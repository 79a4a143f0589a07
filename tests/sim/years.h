/* years - what a decade (decade.h) has of its own in the world: what is still to happen on a day,
 * and what came to pass in all years. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { HOLDS_OF_YEARS = 10, PURGE_NODES_MAX = 16 };

/* Retention in a decade. */
struct purge {
    bool is_wanted; /* of this day; until it is done */
    bool is_done;   /* on this day */
    int64_t done_ms;
    uint64_t job; /* 0: none is planned */
    unsigned int year;
    unsigned int held[HOLDS_OF_YEARS]; /* the dossier of each year, by number */
    uint64_t messages;                 /* of which something went, in all years */
    /* At the adapters, by node; what went there in all years. */
    struct {
        bool is_wanted;
        uint64_t job;
    } adapters[PURGE_NODES_MAX];
    uint64_t at_adapters;
};

/* What came to pass in a decade: one in which nothing did has tried nothing. */
struct seen {
    uint64_t codes_kept;    /* taken by a code that had ended since the dossier's reception */
    uint64_t codes_refused; /* by one that had ended before */
    uint64_t moved;         /* dossiers that a second transfer took to somebody else */
    uint64_t lives_ended;   /* by policy, while their recipient was away for weeks */
    /* Due dates: within what the calendar knows, beyond it, later than the law has it. */
    uint64_t due_known, due_beyond, due_later;
};

/* Certificates in a decade (renewal.c). */
struct renewal {
    unsigned int next; /* what of the day's is to happen next; past the end: nothing */
    unsigned int year;
    int late, revoked; /* nodes */
    /* In all years. */
    uint64_t renewals, ended_late, revocations, rollovers, sealed_again, judged_at_custody;
};
