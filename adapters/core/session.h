/* session - one participant's side: what it owes to the gateway, and what it owes to its back
 * office.
 *
 * Deterministic: no clock, no socket, no disk of its own. The shell (adapters/shell) or the
 * simulator feeds events and applies what comes out:
 *
 *   session_begin(now)
 *     session_link_up, session_link_down, session_intake, session_submit, … any number
 *   session_end ─▶ plan ─▶ store commit ─┬▶ session_committed(effects)
 *                                         └▶ session_aborted(reason, effects)
 *
 * Nothing is said before its commit (invariant 1): frames, office calls and answers to submitters
 * leave through the effects of session_committed. After session_aborted nothing of the step has
 * happened; the session answers "not now" to the gateway and begins again from its store.
 *
 * Two destinations in its store: the gateway's key (messages and receipts on their way out), and
 * SESSION_OFFICE (messages that the back office has not accepted yet). A message from the gateway
 * is verified, its attachments are fetched, then it is committed and taken; the delivered receipt
 * is signed only when the back office has it (invariant 9). Duplicates are answered from the store
 * and never reach the back office twice (invariant 5).
 *
 * Ownership: the options' ports outlive the session; memory comes from the given arenas.
 */
#pragma once

#include "gateway/custody/clock_sense.h"
#include "gateway/custody/effects.h"
#include "gateway/custody/standing.h"
#include "gateway/port/blobs.h"
#include "gateway/port/crypto.h"
#include "gateway/port/store.h"
#include "routing/outbox/failure.h"

struct session;
struct room_need;
struct registry;
struct Lienthong__V1__Body;

#define SESSION_OFFICE KEY_RESERVED

struct session_options {
    struct key self;
    struct key gateway;       /* participant key of the gateway: who signs custody and heads */
    int32_t offset_minutes;   /* of the local clock, for stamps */
    uint32_t window_messages; /* how many messages the gateway may have under way to us */
    bool office_has_book;     /* the kind's (adapters/port/kind.h) */
    uint32_t office_window;   /* how many calls the back office gets at once; 0: it fetches and
                                 acknowledges by itself (inbox kind) */
    uint64_t attachment_bytes_max;
    uint32_t flights_max;
    const char *program; /* for the hello, "lienthong-adapter 1.0.0" */
    struct store *store;
    struct blobs *blobs;
    const struct crypto_port *crypto;
    const struct room_need *step_max; /* as broker_options; NULL: all that memory is kept for */
};

/* Bytes that the arena `memory` of session_new must have. */
size_t session_memory_bytes(const struct session_options *options);
struct session *session_new(const struct session_options *options, struct arena *memory);
/* Releases buffers; the arena is the caller's. */
void session_release(struct session *session);
/* Reads where the store stands: after open and recover, and by itself after an abort. */
enum reason session_load(struct session *session, wall_t wall);

void session_begin(struct session *session, mono_t now, wall_t wall);
/* The time that the session goes by when the clocks show these: the wall clock, unless it jumped
 * (gateway/custody/clock_sense.h). Frames are stamped, and certificates judged, at this time. */
wall_t session_time(const struct session *session, mono_t now, wall_t wall);
/* A person has looked at the wall clock, and it is right. */
void session_trust_clock(struct session *session);

/* By whose days off and procedures the clocks of dossiers are reckoned; lives until the next call.
 * NULL, as in the beginning: appointments are taken as the messages say them. */
void session_set_registry(struct session *session, const struct registry *registry);
/* Registry, lists or certificates were read anew: what waits for them is tried again at once, here
 * and at the gateway, which hears of it. */
void session_registry_read(struct session *session);

/* The link is connected (its handshake is done) or lost. */
void session_link_up(struct session *session);
void session_link_down(struct session *session);
/* The transport is turned away before any frame: its key, most likely. */
void session_link_refused(struct session *session, enum reason reason);
/* A frame from the gateway, examined. It waits for its turn at the end of this step or of a later
 * one; effects->intake_done gives it back. Only while session_wants_frame. */
bool session_wants_frame(const struct session *session);
void session_intake(struct session *session, struct intake *intake);

/* What a local system hands over. */
struct submission {
    struct envelope draft; /* type, recipient, dossier and procedure code, source_time, expires,
                              in_reply_to, attachments, acting_for; the rest is filled in */
    const struct Lienthong__V1__Body *body;
    struct bytes reference; /* the submitter's own key for this message, at most 64 bytes; the same
                               reference again answers the first message and sends nothing; with
                               other content it is refused: REASON_REFERENCE_REUSED */
    enum reason fault; /* why it may not be taken as a new one; what was taken before is answered */
};
struct submitted {
    struct message_id id;
    struct digest digest;
    uint64_t message_seq;
    bool is_repeated; /* the reference was known */
};
/* Attachments must be in the blobs store (REASON_ATTACHMENT_MISSING). Errors are those of
 * envelope_build and of the store. The answer counts only after session_committed. */
enum reason session_submit(struct session *session, const struct submission *submission,
                           struct submitted *ret_submitted);

/* What became of a call to the back office, or what it said by itself (inbox kind). */
struct office_answer {
    uint64_t message_seq;
    enum reason reason; /* NONE: it has it; otherwise routing/outbox/failure.h decides */
    /* Whose word the reason is. On unsure ground, which is what zero says, the message is tried
     * again whatever the reason, also "it has it". */
    enum failure_ground ground;
    uint32_t retry_after_ms;
    struct bytes office_reference; /* its own number, at most 64 bytes */
    struct bytes text;             /* a person's remark, at most 500 bytes */
    struct bytes acting_for;       /* who took or refused it; empty: not said. base/person_name.h */
};
/* REASON_NOT_FOUND when no such message waits for the office. */
enum reason session_office_answer(struct session *session, const struct office_answer *answer);

/* A message of ours that came to nothing without the office's own word, as a new message with the
 * same content and files, for as long a life. Asked again: the same new message. HAS_ENDED: it has
 * arrived; NOT_ENDED; OFFICE_HAS_REFUSED; NOT_FOUND: it is not ours, or a receipt; otherwise as
 * session_submit. */
enum reason session_send_again(struct session *session, uint64_t message_seq,
                               struct submitted *ret_submitted);
/* The two are one for the submitter: its new message, and the one of before. NOT_FOUND: none. */
enum reason session_find_again(struct session *session, const struct message_id *id,
                               struct message_id *ret_again);
enum reason session_find_before(struct session *session, const struct message_id *id,
                                struct message_id *ret_before);

/* Operations on sets: planned and started within a step; each step does a page. */
struct jobs;
struct jobs *session_jobs(const struct session *session);

/* A dossier that nothing is purged of, or no more: gateway/custody/hold.h. Fills in when. */
struct hold;
enum reason session_hold_dossier(struct session *session, struct hold *hold);

enum session_operation { SESSION_HOLD = 1, SESSION_RELEASE, SESSION_WITHDRAW, SESSION_EXPIRE };
/* An operator's hand on one entry. REASON_NOT_FOUND; when its state does not allow it, why, with
 * what can be done instead: UNDER_WAY, SENT_BEFORE, HAS_ENDED, HELD_ALREADY, NOT_HELD or
 * RECEIPT_STAYS. */
enum reason session_operate(struct session *session, uint64_t message_seq,
                            const struct key *destination, enum session_operation operation);

/* A file of the inbox is damaged or gone: it is fetched again from the gateway, for a message that
 * the office has still to end. ATTACHMENT_DAMAGED: it will come; NOT_FOUND: no such message among
 * the first STORE_PAGE_MAX names it; BUSY: ask again. May be called between steps. */
enum reason session_fetch_again(struct session *session, const struct digest *digest);

/* False: this step takes no submission and no answer any more; end it first. */
bool session_has_room(struct session *session);

/* Ends the step: seals what was said and gives the plan; NULL: nothing to commit, but
 * session_committed must still be called. */
enum reason session_end(struct session *session, const struct store_plan **ret_plan);

/* effects->call_office calls the back office with a message; its answer comes as
 * session_office_answer. */
void session_committed(struct session *session, const struct step_effects *effects);
void session_aborted(struct session *session, enum reason reason,
                     const struct step_effects *effects);

/* When the session wants a step without an event. */
mono_t session_deadline(const struct session *session);

/* How a message that we sent ended, or where it is: from the notes of the store. */
struct outcome {
    uint32_t receipt_type; /* MESSAGE_TYPE_RECEIPT_… */
    enum reason reason;
    uint64_t receipt_seq; /* message_seq of the receipt in our store; 0: none */
    wall_t at;
};
/* destination: the participant that the receipt is about; the gateway's key for custody.
 * REASON_NOT_FOUND: nothing heard yet. */
enum reason session_outcome(struct session *session, const struct message_id *id,
                            const struct key *destination, struct outcome *ret_outcome);

/* A message whose seal was judged at the gateway's custody, because its certificate had ended or
 * was revoked when it came here. */
struct session_proof {
    wall_t at;            /* since when the gateway had it */
    uint64_t receipt_seq; /* message_seq of the receipt that says so */
    enum reason verdict;  /* of the day on which it came; NONE: it has not come again yet */
};
/* By the digest of the message. REASON_NOT_FOUND: it was judged when it came, as most are. */
enum reason session_proof(struct session *session, const struct digest *digest,
                          struct session_proof *ret_proof);

/* The gateway's ledger went on under another id. */
enum { LEDGER_BREAKS_MAX = 32, LEDGER_EXPLANATION_BYTES = 256 };
struct ledger_break {
    struct head_seen before, after; /* the last that we had verified; the first of the other */
    wall_t at;
    wall_t closed;                              /* 0: open */
    char explanation[LEDGER_EXPLANATION_BYTES]; /* what a person wrote, zero-terminated */
};
/* Room for LEDGER_BREAKS_MAX, oldest first. */
enum reason session_breaks(struct session *session, struct ledger_break *ret_breaks,
                           size_t *ret_count);
/* Closes all that are open, and ends the alarm of a contradiction, which the next head that does
 * not continue ours raises again. REASON_NOT_FOUND: there is neither; FIELD_MISSING,
 * FIELD_TOO_LONG. */
enum reason session_explain_break(struct session *session, struct bytes explanation);

/* Whether the message came back after our store was put back, and a receipt of ours says that the
 * office had accepted it: then its book alone is to be brought up to date. */
bool session_has_accepted(struct session *session, const struct digest *digest);

struct session_status {
    bool is_linked;    /* the gateway said welcome */
    enum reason store; /* NONE, or why nothing can be committed */
    struct clock_report clock;
    wall_t last_heard;   /* from the gateway */
    uint64_t to_gateway; /* live entries */
    uint64_t to_office;
    struct head_seen head; /* last verified tree head of the gateway */
    bool ledger_alarm;     /* one of the next two */
    bool is_contradicted;  /* a head contradicted an earlier one, since we started */
    bool has_open_break;   /* one is of another ledger, and nobody has explained it yet */
    wall_t put_back;       /* our store was, and what came since is asked for; 0: no */
    wall_t last_put_back;  /* also once all of that is back; 0: never */
    bool is_offering;      /* the gateway's store was, and what it lost of ours is offered */
};
void session_status(const struct session *session, struct session_status *ret_status);

/* Where a live entry of the store stands, for people. */
void session_standing(struct session *session, const struct entry *entry,
                      struct standing *ret_standing);
