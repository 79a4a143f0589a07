/* portal_store - the stand-in's own database: what it was sent, what it took, in which order.
 *
 *   call(number, at_ms, dialect, service, entries, error_code, misbehaviour)
 *   dossier(number, code, dialect, state, received, body, created_ms, updated_ms, updates)
 *   state_change(number, code, from_state, to_state, source_time, via, call)   from 0: created
 *   progress(number, code, state, source_time, content, body, call)
 *   record(code, service, digest, times)       times > 1: taken twice
 *   refusal(call, entry, code, error_code, field)
 *
 * Numbers rise in the order in which things were taken. One call is one transaction:
 *
 *   portal_store_begin(store, ...)    takes the lock
 *   portal_store_apply(store, ...)    for each entry
 *   portal_store_end(store, ...)      commits, gives the lock back
 *
 * WAL, synchronous=NORMAL: a kill -9 of the process loses nothing that was answered; a power cut
 * may. Any thread; a second begin waits for the first's end.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/standins/portal/portal_fields.h"
#include "tests/standins/portal/portal_trouble.h"

/* What an entry, or a whole call, is answered. The codes are the stand-in's own, because no list
 * of the real ones is public; success has both spellings that are seen in the field. */
#define PORTAL_OK           "0"
#define PORTAL_OK_LONG      "00"
#define PORTAL_LOGIN        "-1"
#define PORTAL_SESSION      "-3"
#define PORTAL_FIELD        "3"
#define PORTAL_ENVELOPE     "4"
#define PORTAL_EXISTS       "11"
#define PORTAL_NOT_FOUND    "12"
#define PORTAL_TRANSITION   "13"
#define PORTAL_MIXED        "16"
#define PORTAL_BUSY         "20"
#define PORTAL_MAINTENANCE  "21"
#define PORTAL_UNKNOWN_CODE "77" /* of no list: that is what it is for */
#define PORTAL_INTERNAL     "99"

enum portal_dialect { DIALECT_PROVINCE, DIALECT_MINISTRY };

/* What is done with an entry. */
enum portal_action {
    ACTION_CREATE,
    ACTION_UPDATE,   /* the whole record */
    ACTION_PROGRESS, /* one more row of progress, and perhaps another state */
    ACTION_STATE,    /* another state alone (ministries) */
};

struct portal_store;

bool portal_store_open(const char *path, struct portal_store **ret_store);
void portal_store_close(struct portal_store **store);

/* False: the database failed, nothing is locked. */
bool portal_store_begin(struct portal_store *store, enum portal_dialect dialect,
                        const char *service, size_t entries);
/* The entry has been checked; state: what it says, or 0 to keep. Answers one of the codes above. */
const char *portal_store_apply(struct portal_store *store, enum portal_action action,
                               const json_t *entry, int state);
/* Puts on record why entry number `entry` was not taken. */
void portal_store_refuse(struct portal_store *store, size_t entry, const char *code,
                         const char *error_code, const char *field);
bool portal_store_end(struct portal_store *store, const char *error_code, const char *misbehaviour);

/* Between begin and end: the record as it was sent last, with its present state and its progress in
 * the order of arrival; NULL when it is not known. */
json_t *portal_store_find(struct portal_store *store, const char *code);
/* Up to PORTAL_PAGE rows received between two times (yyyyMMddHHmmss), ascending, after a code. */
enum { PORTAL_PAGE = 500 };
json_t *portal_store_list(struct portal_store *store, const char *from, const char *to,
                          const char *after);
/* The number that the dossier has in the ministries' interface; 0: none. */
int64_t portal_store_number(struct portal_store *store, const char *code);
/* The same outside of a call, which holds the store. */
int64_t portal_store_number_now(struct portal_store *store, const char *code);
/* The next value of a counter. */
int64_t portal_store_next_value(struct portal_store *store, const char *counter);

struct portal_figures {
    int64_t dossiers, state_changes, progress, calls, sent_twice;
};
void portal_store_figures(struct portal_store *store, struct portal_figures *ret_figures);
