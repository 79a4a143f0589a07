/* portal_load_parts - what the two files of a first load share. Nobody else includes this.
 *
 *   portal_load.c       batches: sent, looked up, settled; rate and maintenance windows
 *   portal_load_read.c  the file's lines and the cursor
 *   portal_load_fault.c lines that are passed over
 */
#pragma once

#include <stdio.h>

#include "adapters/portal/portal_load.h"
#include "adapters/portal/portal_wait.h"

enum {
    NOTE_BYTES = 256,
    LOAD_ID_BYTES = PORTAL_CODE_BYTES + 16,
};

/* A dossier in a batch. */
struct item {
    char code[PORTAL_CODE_BYTES];
    json_t *facts;
    uint64_t line;   /* of the file; 0: of an earlier run */
    bool has_number; /* the portal's own, new in the facts */
    bool was_created;
    bool is_over;
};

struct load {
    const struct portal_load_options *options;
    struct portal_load_figures figures;
    FILE *file;
    char *line;
    char note[NOTE_BYTES]; /* name of the cursor */
    uint64_t lines_before; /* of the file, read by earlier runs */
    uint64_t read_hash;    /* of what was read of the file from its front */
    struct item items[PORTAL_LOAD_BATCH_MAX];
    size_t count;
    uint32_t failures; /* in a row */
    struct portal_wait wait;
    uint64_t begun;  /* dossiers of all batches, for the rate: sent or only looked up */
    bool is_damaged; /* the ledger: what an earlier run left is no dossier */
};

wall_t load_wall_now(const struct load *load);
/* Gives the batch back. */
void load_clear(struct load *load);
/* The name that a refused dossier of a load has on the work list. */
void load_id(const char *code, char ret_id[LOAD_ID_BYTES]);

/* A refused dossier as a row of the ledger, which the work list shows. */
void load_put_refused(struct load *load, const struct item *item, enum reason reason,
                      const char *text);

/* Where the last run stopped; from the front when the file was changed before that place. */
bool load_open_file(struct load *load);
/* REASON_NONE: a dossier that could be sent. *ret_field: what is wrong. */
enum reason load_judge(const json_t *facts, const char **ret_field);
/* Reads as many lines as make a batch, marks them LOADING and moves the cursor: one commit. */
enum reason load_read_batch(struct load *load, bool *ret_is_end);

/* ---- portal_load_fault.c */

/* Counts a line that is passed over, and names it. code, field: may be "". */
void load_note_fault(struct load *load, uint64_t line, const char *code, enum reason reason,
                     const char *field);
/* After a request that could not be made, or whose answer could not be read: every item of the
 * batch that the mapping fails on, whatever it is asked with, is over. It is named, stands on the
 * work list, and the ledger forgets its dossier. *ret_any: there was one. */
enum reason load_pass_over(struct load *load, bool *ret_any);
