/* session_parts - what the files of the session share. Nobody else includes this. Calls go
 * downwards:
 *
 *   session.c           life cycle, the step
 *   session_inbound.c   messages from the gateway
 *   session_office.c    what the back office answers, operators, life times
 *   session_receipts.c  receipts for what we sent
 *   session_restore.c   our store was put back from a backup
 *   session_offers.c    the gateway's store was put back: what it may have lost of ours
 *   session_proof.c     seals whose certificate ended on the way
 *   session_purge.c     what goes by its days, and holds
 *   session_again.c     what is sent again, and what a job does with an entry
 *   session_outbound.c  what local systems submit, and the notes about it
 *   session_deadline.c  the clocks of dossiers
 *   session_link.c      hello, heartbeats, acknowledgements, the gateway's tree heads
 *   session_breaks.c    breaks of that ledger, and what people say of them
 *   session_standing.c  where messages stand, for people, here and at the gateway
 */
#pragma once

#include "adapters/core/session.h"
#include "gateway/custody/job.h"
#include "gateway/custody/step.h"

enum {
    SESSION_INTAKES_MAX = 64,      /* frames that one step finishes */
    SESSION_QUEUE_MAX = 64,        /* frames that wait for their turn */
    SESSION_DELIVERIES_MAX = 4096, /* calls to the office among them */
    SESSION_REPLIES_MAX = 4096,
    SESSION_EVENTS_MAX = 4096,
    /* A fact for a receipt of ours, with a remark, the office's number and who said it, here and in
     * it; and the receipt, in case it is the first. */
    SESSION_TOLD_BYTES =
        ROOM_FACT_ALL_BYTES + ROOM_RECEIPT_BYTES +
        3 * (REASON_TEXT_BYTES_MAX + 64 + UTF8_BYTES_MAX * PERSON_NAME_CHARACTERS_MAX) +
        9 * ROOM_PIECE_BYTES,
    SESSION_STEP_BYTES = 6 * 1024 * 1024,
    SESSION_SCRATCH_BYTES = 1024 * 1024,
    SESSION_TURN_WORK = 64 * 1024, /* the gateway is alone: it has all of every step */
    /* Longer than a call to a back office may last, so that a lease never ends under a call. */
    SESSION_OFFICE_LEASE_MS = 150 * 1000,
    REFERENCE_BYTES_MAX = 64,
    /* What the gateway may have under way to one participant stands in this process's memory, and a
     * host may run hundreds of them: 10 MB/s over a line of 100 ms. */
    SESSION_WINDOW_BYTES = 1024 * 1024,
    SESSION_HELLO_WAIT_MAX_MS = 60 * 1000, /* between hellos of one that is turned away */
    /* A head overtakes our word of what we have seen now and then; not so often in a row. */
    SESSION_HEAD_GAPS_MAX = 5,
    SESSION_HEAD_GAP_MS = 30 * 1000, /* between two that count: time to say what we have seen */
    SESSION_CLOCK_QUORUM = 1,        /* the gateway is the only one that we hear */
    SESSION_ASK_MS = 5000,     /* between questions where messages stand that have no receipt yet */
    SESSION_ASK_AGE_MS = 2000, /* the receipts of most are there by then */
    SESSION_OFFERED_DOSSIERS = 4096, /* that share a place wait a round for each other */
};

_Static_assert((int)SESSION_WINDOW_BYTES >= (int)MESSAGE_WINDOW_BYTES_MIN &&
                   (int)SESSION_WINDOW_BYTES <= (int)MESSAGE_WINDOW_BYTES_MAX,
               "a window that the gateway takes");
_Static_assert(2 * OUTBOX_FETCH_MAX + OUTBOX_TICK_MAX + ROUTE_DESTINATIONS_MAX + 1 <=
                   SESSION_DELIVERIES_MAX / 2,
               "a step has room for what arrives beside all that it does by itself");
_Static_assert(3 * FETCH_WANTED_MAX + 16 <= SESSION_REPLIES_MAX,
               "a step may begin and end each file that is wanted");
_Static_assert(SESSION_STEP_BYTES > STEP_EXPIRIES_MAX * SESSION_TOLD_BYTES +
                                        FETCH_WAITING_MAX * SESSION_TOLD_BYTES +
                                        2 * ROOM_LEAST_BYTES + ENVELOPE_BYTES_MAX,
               "and memory");

enum session_link { LINK_DOWN = 0, LINK_GREETED, LINK_WELCOMED };

struct session {
    struct session_options options;
    struct step step;
    struct peer *gateway, *office;
    struct jobs *jobs;

    enum session_link link;
    uint8_t incarnation[INCARNATION_BYTES];
    struct head_seen head;      /* the last one that was verified, in this step perhaps */
    struct head_seen head_kept; /* that the store has: what the gateway is told (invariant 1) */
    bool ledger_alarm;
    bool has_open_break;
    uint32_t head_gaps; /* moments in a row at which a head did not start from ours */
    mono_t head_gap_due;
    bool hello_is_out;   /* and was not welcomed */
    bool may_be_refused; /* a goodbye has not answered the last hello yet */
    uint32_t hello_wait_ms;
    enum reason goodbye; /* the last one; NONE since a welcome */
    enum reason refused; /* before any frame; NONE since the link was up */
    wall_t link_since;   /* since when it is as it is; 0: since the start */
    uint32_t readings;   /* of our registry */
    const struct registry *registry;

    /* session_restore.c */
    wall_t put_back;  /* when our store was, until all is back; 0: it was not */
    wall_t backed_up; /* what it knows ends there */
    bool has_own;     /* all that we sent is back */
    uint64_t others_after;
    bool page_is_short; /* something that came with it was not taken: it is asked for again */
    wall_t look_until;  /* what was made before then may be known by the office */

    /* What the gateway was told and says of where messages stand: session_standing.c. */
    enum reason office_told;
    bool is_telling; /* all that the office has not accepted, page by page */
    uint64_t told_seq;
    mono_t ask_due;
    uint64_t asked_seq;
    /* What the gateway may have lost of ours: session_offers.c. */
    wall_t forgot_since, forgot_until, offered_until;
    bool is_offering, has_offered; /* in this round */
    bool is_unheard;               /* the question that was asked last */
    mono_t hold_until;
    struct message_id offered_after; /* a receipt of the gateway's, all of which was looked at */
    size_t offered_item;             /* how far in the one behind it */
    uint64_t offer_end;              /* the first number here since the Welcome */
    uint64_t offered_dossiers[SESSION_OFFERED_DOSSIERS / 64]; /* in this round, by a hash */
    bool asks_all;               /* without a pause, once round: something of before was lost */
    enum reason gateway_trouble; /* of its own */
    wall_t gateway_trouble_since;
};

/* Notes about messages, by what follows each: id and participant; dossier code; the random part of
 * an id; id; id; digest; digest; number here. session_purge.c takes them with their message. */
#define NOTE_OUTCOME  "out/"
#define NOTE_SEQUENCE "seq/"
#define NOTE_OWN      "own/"
#define NOTE_AGAIN    "again/"  /* of the first: the new one, as a reference's note */
#define NOTE_BEFORE   "before/" /* of the new one: the id of the first */
#define NOTE_HELD     "held/"
#define NOTE_TOLD     "told/"
#define NOTE_SEALED   "sealed/"

/* session_inbound.c */
enum turn session_take_parcels(struct session *session, struct intake *intake);
void session_take_waiting(struct session *session);

/* session_deadline.c */
/* Behind what a message waits at our office. */
enum step_line session_line(struct session *session, const struct envelope *envelope);

/* session_office.c */
/* The gateway sends again what has ended here. When it refused the receipt (a clock that was wrong,
 * a certificate that it did not know yet), or has lost it (it was put back from a backup), nobody
 * but us can say it once more. */
void session_tell_again(struct session *session, const struct key *sender,
                        const struct message_id *id);
void session_expire(struct session *session);

/* session_receipts.c */
void session_take_receipt(struct session *session, const struct sealed *sealed);
/* A document from the gateway as a message of its own parcel. */
struct store_message *session_plan_sealed(struct session *session, const struct sealed *sealed);

/* session_restore.c */
enum reason session_load_restore(struct session *session);
bool session_is_recovering(const struct session *session);
/* What we sent ourselves, from the gateway. */
void session_take_own(struct session *session, struct sealed *sealed);
void session_ask_back(struct session *session);
void session_hear_back(struct session *session, const struct frame_standing *frame);
/* How a message that comes back ended, by our own receipt. NOT_FOUND: nothing is known. */
enum reason session_find_told(struct session *session, const struct digest *digest,
                              enum entry_state *ret_state, enum reason *ret_why,
                              uint64_t *ret_receipt_seq);

/* session_offers.c */
enum reason session_load_offers(struct session *session);
void session_begin_offers(struct session *session, const struct frame_welcome *welcome);
void session_ask_forgotten(struct session *session);
void session_offer_again(struct session *session, const struct store_message *message);

/* session_proof.c */
/* The gateway says since when it has had a message for us. */
bool session_is_statement(const struct session *session, const struct envelope *envelope,
                          const struct receipt_item *item);
/* It has nothing but such items. */
bool session_is_statements(const struct session *session, const struct envelope *envelope);
void session_take_statement(struct session *session, const struct receipt_item *item,
                            uint64_t receipt_seq);
/* Judges the seal anew as of the gateway's custody: .verdict says how. Its verdict of now: nobody
 * has said yet when that was. Other reasons: the store cannot say. */
enum reason session_judge_at_custody(struct session *session, struct sealed *sealed);
/* What the gateway does not take for its certificate's end is sealed again. */
void session_seal_again(struct session *session, const struct frame_taken *frame);

/* session_purge.c */
/* For jobs: what of a message may go by now, and the notes that go with it. */
enum reason session_judge(void *core, uint64_t message_seq, uint32_t *ret_parts);
void session_forget(void *core, uint64_t message_seq, uint32_t parts);

/* session_again.c */
struct job_hand session_job_hand(struct session *session);

/* session_outbound.c */
/* A message of ours that came back: its number within the dossier is used. */
enum reason session_note_own(struct session *session, const struct envelope *envelope,
                             const struct store_message *message);
/* Once under that name of a note; the next time the first message is answered. */
enum reason session_submit_once(struct session *session, const struct submission *submission,
                                struct bytes name, struct submitted *ret_submitted);
/* A name of a note, in the step's memory. */
struct bytes session_note_name(struct plan *plan, const char *prefix, struct bytes rest);
/* A note as this step will leave it: the plan's word, else the store's. */
enum reason session_read_note(struct session *session, struct bytes name, struct bytes *ret_value);
/* How one of our own messages ended: kept so that track can show it. recipients: of custody. */
void session_note_outcome(struct session *session, const struct message_id *id,
                          const struct key *destination, uint32_t receipt_type, enum reason reason,
                          uint64_t receipt_seq, wall_t at, struct bytes recipients);
/* By the gateway's custody of our message, of this step or before. RECEIPT_FORBIDDEN: it did not go
 * there. NOT_FOUND: custody has not reached us, or named nobody. */
enum reason session_check_recipient(struct session *session, const struct message_id *id,
                                    const struct key *who);

/* The gateway has said anew whom a message goes to: what it said before is replaced. */
void session_note_recipients(struct session *session, const struct message_id *id,
                             struct bytes recipients);

/* Noted before, or in this step. */
bool session_has_outcome(struct session *session, const struct message_id *id,
                         const struct key *destination);

/* session_standing.c */
enum turn session_hear_standing(struct session *session, struct intake *intake);
/* The reason of an entry for the office has changed, or the gateway does not know it. */
void session_tell_standing(struct session *session, const struct message_id *id,
                           const struct entry *entry);
void session_begin_standing(struct session *session);
void session_standing_tick(struct session *session);
/* The gateway has custody: the receipt of each recipient is awaited. */
void session_await(struct session *session, uint64_t message_seq, const struct receipt_item *item);
/* The receipt of that one is here. */
enum reason session_end_awaited(struct session *session, uint64_t message_seq,
                                const struct key *recipient, enum entry_state state,
                                enum reason why, uint64_t receipt_seq);

/* session_deadline.c */
/* What a message of ours, or one that was taken, says about its dossier's clock. */
void session_note_deadline(struct session *session, const struct envelope *envelope,
                           const struct Lienthong__V1__Body *body);

/* session_breaks.c */
enum reason session_load_breaks(struct session *session);
/* A head of another ledger than ours, or one that nothing connects with ours any more; why says
 * which. LEDGER_INCONSISTENT: there were too many. */
enum reason session_take_break(struct session *session, const struct tree_head *head,
                               enum reason why);

/* session_link.c */
/* The next head is the first. */
void session_forget_head(struct session *session);
enum turn session_link_frame(struct session *session, struct intake *intake);
void session_link_tick(struct session *session);
enum reason session_load_head(struct session *session);
