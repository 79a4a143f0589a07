/* portal_ledger - what this side knows the portal has accepted, and what it still has to be told.
 *
 * One SQLite file (STATE/portal.sqlite, WAL, full sync), written by the portal kind of the adapter
 * and by the commands of `lienthong portal`; each write is one transaction. Whether a dossier is
 * created or updated, what a report counts and what a reconciliation compares are read from here,
 * never from an answer's words.
 *
 *   the order that nothing may break:
 *     portal says yes ─▶ ledger commits ─▶ session is answered ─▶ delivered receipt
 *   A crash between any two: the message comes again and is answered from the ledger.
 *
 * An event's outcome, and who changes it:
 *
 *   (none) ──portal yes──▶ ACCEPTED
 *     │ ╲ ──a rule of ours, or the portal, forbids it──▶ REFUSED ──a person: resend──▶ ACCEPTED
 *     │                                                     └──────a person: close──▶ CLOSED
 *     └──no answer, unknown code──▶ WAITING ──▶ ACCEPTED | REFUSED
 *
 * A dossier that a first load is sending is LOADING: committed before it is sent, so that after a
 * crash it is looked up and not sent again.
 *
 * Errors: REASON_STORE_FULL, _BUSY, _FAILED, _CORRUPT, _NEWER, REASON_NOT_FOUND,
 * REASON_OUT_OF_MEMORY. One thread uses a ledger.
 */
#pragma once

#include <jansson.h>

#include "adapters/portal/portal_event.h"
#include "proto/base/time.h"

struct portal_ledger;

#define PORTAL_LEDGER_NAME "portal.sqlite"
#define PORTAL_LEDGER_MARK ".begun" /* the end of the mark's name */

/* Values are stored: add, never renumber. */
enum portal_outcome {
    PORTAL_ACCEPTED = 1,
    PORTAL_REFUSED = 2,
    PORTAL_WAITING = 3,
    PORTAL_CLOSED = 4,
};

enum portal_presence {
    PORTAL_ABSENT = 0,  /* as far as we know the portal does not have it */
    PORTAL_PRESENT = 1, /* the portal accepted it */
    PORTAL_LOADING = 2, /* a first load has begun to send it */
};

enum {
    PORTAL_CODE_BYTES = 64 + 1,
    PORTAL_ID_BYTES = 36 + 4 + 1, /* a message's, or a receipt's with the place of its item */
    PORTAL_TYPE_BYTES = 32,
};

struct portal_dossier {
    enum portal_presence presence;
    enum dossier_state state;
    json_t *facts; /* owned by the reader: json_decref; NULL: none yet */
};

/* One message about one dossier. Texts are the caller's. */
struct portal_row {
    const char *message_id;
    const char *code;
    const char *type;
    enum portal_service service; /* 0: it did not come to that */
    enum dossier_state state;    /* after it */
    int64_t at_ms;
    enum portal_outcome outcome;
    enum reason reason;
    const char *text;      /* what the portal said, for a person; may be NULL */
    const json_t *message; /* kept, so that it can be told again */
};

/* A ledger that was begun before is never begun anew: REASON_PORTAL_LEDGER_LOST when the file is
 * empty, gone, another program's or another ledger's, as the mark beside it says. What can be read
 * in a few seconds is looked through: REASON_STORE_CORRUPT. */
enum reason portal_ledger_open(const char *path, struct portal_ledger **ret_ledger);
/* For the adapter. has_history: it has had messages already, so that without any ledger
 * REASON_PORTAL_LEDGER_LOST is answered also when there is no mark. */
enum reason portal_ledger_open_kept(const char *path, bool has_history,
                                    struct portal_ledger **ret_ledger);
/* Looks through it again. REASON_STORE_CORRUPT; anything else says nothing against it. */
enum reason portal_ledger_check(struct portal_ledger *ledger);
void portal_ledger_close(struct portal_ledger **ledger);

/* Everything between begin and commit is one transaction. commit after a failed write answers that
 * failure and nothing has changed. */
enum reason portal_ledger_begin(struct portal_ledger *ledger);
enum reason portal_ledger_commit(struct portal_ledger *ledger);
void portal_ledger_rollback(struct portal_ledger *ledger);

/* REASON_NOT_FOUND: never heard of. */
enum reason portal_ledger_dossier(struct portal_ledger *ledger, const char *code,
                                  struct portal_dossier *ret_dossier);
enum reason portal_ledger_put_dossier(struct portal_ledger *ledger, const char *code,
                                      enum portal_presence presence, const json_t *facts,
                                      wall_t now);
/* Only its presence. */
enum reason portal_ledger_mark(struct portal_ledger *ledger, const char *code,
                               enum portal_presence presence, wall_t now);
enum reason portal_ledger_forget(struct portal_ledger *ledger, const char *code);
/* The outcome of a message; REASON_NOT_FOUND. */
enum reason portal_ledger_outcome(struct portal_ledger *ledger, const char *message_id,
                                  enum portal_outcome *ret_outcome, enum reason *ret_reason);
struct portal_known {
    enum portal_outcome outcome;
    enum reason reason;
    char code[PORTAL_CODE_BYTES], type[PORTAL_TYPE_BYTES];
};
/* What the message was about; REASON_NOT_FOUND. */
enum reason portal_ledger_find(struct portal_ledger *ledger, const char *message_id,
                               struct portal_known *ret_known);
/* Adds or replaces by message_id; an ACCEPTED one stays as it is. */
enum reason portal_ledger_put_event(struct portal_ledger *ledger, const struct portal_row *row,
                                    wall_t now);

/* ---- walking. Each calls once a row until it answers false; no writes of the ledger meanwhile. */

struct portal_event_view {
    int64_t number;
    const char *message_id, *code, *type, *text, *message;
    int service, state;
    enum portal_outcome outcome;
    enum reason reason;
    int64_t at_ms, changed_ms;
};
/* Events of a dossier after a number, oldest first. */
enum reason portal_ledger_events(struct portal_ledger *ledger, const char *code, int64_t after,
                                 bool (*each)(void *context, const struct portal_event_view *view),
                                 void *context);
/* REFUSED and WAITING ones, oldest first. */
enum reason portal_ledger_worklist(struct portal_ledger *ledger,
                                   bool (*each)(void *context,
                                                const struct portal_event_view *view),
                                   void *context);

/* How many there are of those; -1: the ledger cannot say. */
int64_t portal_ledger_open_items(struct portal_ledger *ledger);

struct portal_dossier_view {
    const char *code, *agency;
    enum portal_presence presence;
    int state, channel, supplements;
    int64_t received_ms, due_ms, finished_ms, handed_ms, pause_ms;
    bool has_result_file, is_digitised;
};
/* Dossiers received in [from, to), by code, after a code. presence 0: all but LOADING. */
enum reason portal_ledger_dossiers(
    struct portal_ledger *ledger, wall_t from, wall_t to, const char *after, int limit,
    bool (*each)(void *context, const struct portal_dossier_view *view), void *context);
/* LOADING ones, with their facts as a text. */
enum reason portal_ledger_loading(struct portal_ledger *ledger,
                                  bool (*each)(void *context, const char *code, const char *facts),
                                  void *context);

/* ---- repairs: asked for by a command, done by the adapter, in order with everything else */

struct portal_repair {
    int64_t number;
    char code[PORTAL_CODE_BYTES];
    int64_t first, last; /* event numbers to be told again; 0, 0: only the present facts */
};
enum reason portal_ledger_ask_repair(struct portal_ledger *ledger, const char *code, int64_t first,
                                     int64_t last, wall_t now);
/* The oldest open one after a number. */
enum reason portal_ledger_repair(struct portal_ledger *ledger, int64_t after,
                                 struct portal_repair *ret_repair);
enum reason portal_ledger_end_repair(struct portal_ledger *ledger, int64_t number,
                                     enum reason reason, wall_t now);
enum reason portal_ledger_close_event(struct portal_ledger *ledger, const char *message_id,
                                      wall_t now);

/* *ret_is_done false: it is still open. REASON_NOT_FOUND. */
enum reason portal_ledger_repair_state(struct portal_ledger *ledger, int64_t number,
                                       bool *ret_is_done, enum reason *ret_reason);

/* ---- what a reconciliation found; kept, so that it can go on where it stopped */

enum portal_difference { PORTAL_MISSING = 1, PORTAL_EXTRA, PORTAL_STATE, PORTAL_TIME };

struct portal_difference_view {
    const char *code;
    enum portal_difference kind;
    int ours, theirs; /* states; 0: none */
    int64_t repair;   /* number of the repair that was asked for; 0: a person's */
};
/* Adds or replaces. */
enum reason portal_ledger_put_difference(struct portal_ledger *ledger,
                                         const struct portal_difference_view *difference,
                                         wall_t now);
enum reason portal_ledger_drop_difference(struct portal_ledger *ledger, const char *code);
/* After a code, by code. */
enum reason portal_ledger_differences(struct portal_ledger *ledger, const char *after,
                                      bool (*each)(void *context,
                                                   const struct portal_difference_view *view),
                                      void *context);
/* The number that portal_ledger_ask_repair gave last on this ledger. */
int64_t portal_ledger_last_repair(const struct portal_ledger *ledger);

/* A first load has no message; what it could not load stands in the work list under this prefix and
 * the dossier's code. Later accepted after all: it leaves the list. Not there: nothing happens. */
#define PORTAL_LOAD_PREFIX "load:"
enum reason portal_ledger_settle_load(struct portal_ledger *ledger, const char *id, wall_t now);

/* ---- what goes after years

 * A dossier's messages go when its state is an end, a reconciliation found both sides equal after
 * its last change, that change is older than what is kept, and there is no open item of the work
 * list, no difference and no open repair of it. Its row with its present facts stays: reports count
 * it, a reconciliation compares it and can still have the present facts told again, a first load
 * knows it. Closed items of the work list, and repairs that are done, go when they are that old. */

/* Found equal by a comparison that began to read it at read. Any change takes it back, also one
 * that came meanwhile. */
enum reason portal_ledger_mark_equal(struct portal_ledger *ledger, const char *code, wall_t read,
                                     wall_t now);
enum {
    PORTAL_PRUNE_DOSSIERS_MAX = 100, /* in one transaction: some hundred messages, ten ms */
};
/* One transaction of its own. *ret_is_more: there may be more. */
enum reason portal_ledger_prune(struct portal_ledger *ledger, wall_t before, bool *ret_is_more);

/* ---- small named values: cursors of commands */

enum { PORTAL_NOTE_BYTES = 256 };
/* REASON_NONE and "" when there is none. */
enum reason portal_ledger_note(struct portal_ledger *ledger, const char *name,
                               char ret_value[PORTAL_NOTE_BYTES]);
enum reason portal_ledger_put_note(struct portal_ledger *ledger, const char *name,
                                   const char *value);
