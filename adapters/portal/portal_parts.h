/* portal_parts - what the files of the portal kind share. Nobody else includes this.
 *
 *   portal_office.c   the port, batches and requests
 *   portal_call.c     one message: what it wants, and what follows from an answer
 *   portal_ended.c    messages that came to nothing at their recipients
 *   portal_blame.c    which message of a batch the mapping fails on
 *   portal_repair.c   what commands asked to be told again
 *   portal_upkeep.c   the ledger: opening it, leaving it when it is damaged, pruning it */
#pragma once

#include "adapters/portal/portal_office.h"
#include "adapters/http/http_client.h"

enum portal_stage { PORTAL_NEW = 0, PORTAL_READY, PORTAL_UNDER_WAY };
enum portal_want { WANT_LOOK = 0, WANT_CREATE, WANT_UPDATE, WANT_STEP, PORTAL_WANTS };

struct portal_office;

struct portal_call {
    struct portal_office *office;
    uint64_t message_seq; /* 0: a repair */
    int64_t repair;       /* its number; 0: a message */
    int64_t event;        /* of a repair: the event told again; 0: the present facts */
    bool advances;        /* the ledger's facts become those after it */
    bool is_replay;       /* .before are the facts to go by, also when there are none */
    char id[PORTAL_ID_BYTES];
    char code[PORTAL_CODE_BYTES];
    json_t *message; /* NULL: present facts only */
    json_t *receipt; /* its items become messages, one after the other; NULL: it is no receipt */
    size_t item;     /* the one that it is at */
    bool is_untold;  /* the portal was not told of the message that it speaks of */
    json_t *before;  /* facts before it; NULL: none */
    struct portal_event what;
    enum portal_stage stage;
    enum portal_want want;
    bool was_accepted; /* the portal has it; what it shows may be of later */
    bool must_look, has_looked, has_switched, has_logged_in;
    bool goes_alone;     /* together with others it was too much for the mapping */
    enum reason refused; /* why it was, while it is looked up */
    char text[REASON_TEXT_BYTES_MAX + 1];
    struct portal_call *next;
};

struct portal_batch {
    struct portal_office *office;
    enum portal_want want;
    bool is_login;
    bool has_logged_in;
    struct portal_question question;
    struct portal_call *calls[PORTAL_RECORDS_MAX];
    size_t count;
    struct portal_batch *next;
};

struct portal_office {
    struct office office;
    struct portal_options options;
    char *ledger_path, *ca_file;
    struct portal_dialect *dialect;
    struct portal_ledger *ledger;
    enum reason ledger_state; /* why it is not open, or not used any more */
    int64_t ledger_next_ms;   /* when it is looked for again */
    bool has_history, is_ledger_suspected;
    struct http_client *http;
    int epoll, wake, timer;
    struct portal_call *calls; /* oldest first */
    size_t call_count, request_count;
    struct portal_batch *batches; /* under way */
    bool is_logging_in;
    int64_t closed_until_ms; /* the portal said so */
    int64_t prune_next_ms;   /* when the ledger is looked through again for what goes */
    /* during run */
    office_answered *answered;
    void *context;
    wall_t now;
};

/* portal_call.c */
/* Looks at a NEW call: answers it, or makes it READY. False: its dossier is busy. */
bool portal_call_prepare(struct portal_call *call);
/* What the request says of this call; a new reference. */
json_t *portal_call_item(const struct portal_call *call);
/* Within a transaction of the ledger: what an answer means. True: the call has come to its end with
 * *ret_end; false: it is READY again. */
bool portal_call_take(struct portal_call *call, struct reply_judgement said, const json_t *item,
                      struct reply_judgement *ret_end);
/* The portal, or the table of states, will not have it. */
bool portal_is_refusal(struct reply_judgement end);
/* Within a transaction: writes down how it ended. */
void portal_call_note_end(struct portal_call *call, struct reply_judgement end);
/* Answers the session, or goes on with the repair; the call is gone. */
void portal_call_end(struct portal_call *call, struct reply_judgement end, uint32_t retry_after_ms);
void portal_call_free(struct portal_call *call);
/* It goes again as it was before its batch. */
void portal_call_give_back(struct portal_call *call);

/* portal_ended.c */
/* The next item that the portal is to hear becomes the call's message. NOT_FOUND: none is left.
 * Other reasons are the ledger's. */
enum reason portal_end_choose(struct portal_call *call);
/* True: the item has its end, and the call is NEW with the next. */
bool portal_end_go_on(struct portal_call *call, struct reply_judgement end);

/* portal_blame.c */
/* The request of this batch could not be made: the batch is gone, its calls have ended or go again.
 */
void portal_batch_not_sent(struct portal_batch *batch, enum reason reason);
/* What the mapping fails on ends, named; the others go again without it, and the batch is gone.
 * False: it is none of them, and nothing has changed. */
bool portal_batch_pass_over(struct portal_batch *batch);

/* portal_office.c */
bool portal_dossier_is_busy(const struct portal_office *office, const struct portal_call *except);
struct portal_call *portal_call_add(struct portal_office *office);
/* Its calls come back as they were before it; it is still to be freed. */
void portal_batch_give_back(struct portal_batch *batch);
void portal_batch_free(struct portal_batch *batch);
/* All its calls have this end, which is our fault; the batch is gone. */
void portal_batch_fail(struct portal_batch *batch, enum reason reason);

/* portal_upkeep.c */
/* Opens the ledger when it is time, and leaves one that is damaged. False: nothing may be begun. */
bool portal_ledger_is_usable(struct portal_office *office);
/* What an answer of ours says of the ledger. */
void portal_ledger_suspect(struct portal_office *office, struct reply_judgement end);
void portal_ledger_prune_some(struct portal_office *office);

/* portal_repair.c */
/* Begins what commands have asked for since. */
void portal_repairs_begin(struct portal_office *office);
/* One call of a repair has ended. */
void portal_repair_go_on(struct portal_office *office, int64_t repair, int64_t event,
                         struct reply_judgement end);
