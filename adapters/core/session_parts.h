/* session_parts - what the files of the session share. Nobody else includes this.
 *
 *   session.c           life cycle, the step, the commit
 *   session_turn.c      what the gateway sent waits for its turn; room in the step
 *   session_link.c      hello, heartbeats, acknowledgements, the gateway's tree heads
 *   session_clock.c     whether the wall clock may be believed
 *   session_inbound.c   messages from the gateway
 *   session_receipts.c  receipts for what we sent
 *   session_outbound.c  what local systems submit
 *   session_office.c    what the back office answers, operators, life times
 */
#ifndef ADAPTERS_CORE_SESSION_PARTS_H
#define ADAPTERS_CORE_SESSION_PARTS_H

#include "adapters/core/session.h"
#include "gateway/custody/allowance.h"
#include "gateway/custody/dispatch.h"
#include "gateway/custody/fetch.h"
#include "gateway/custody/plan.h"
#include "gateway/custody/room.h"
#include "gateway/custody/sealer.h"
#include "gateway/custody/wake.h"
#include "proto/codec/message_type.h"
#include "routing/outbox/outbox.h"

enum {
    SESSION_INTAKES_MAX = 64,      /* frames that one step finishes */
    SESSION_QUEUE_MAX = 64,        /* frames that wait for their turn */
    SESSION_DELIVERIES_MAX = 4096, /* calls to the office among them */
    SESSION_REPLIES_MAX = 4096,
    SESSION_EVENTS_MAX = 4096,
    /* A fact for a receipt of ours, with a remark and the office's number, here and in it; and the
     * receipt, in case it is the first. */
    SESSION_TOLD_BYTES = ROOM_FACT_ALL_BYTES + ROOM_RECEIPT_BYTES +
                         3 * (REASON_TEXT_BYTES_MAX + 64) + 8 * ROOM_PIECE_BYTES,
    SESSION_NOTE_BYTES = 448, /* name and value of a note, and the names that it is looked up by */
    SESSION_STEP_BYTES = 6 * 1024 * 1024,
    SESSION_SCRATCH_BYTES = 1024 * 1024,
    SESSION_TICK_MS = 500,
    SESSION_RETRY_MS = 1000, /* a store that cannot commit is tried this often */
    /* Longer than a call to a back office may last, so that a lease never ends under a call. */
    SESSION_OFFICE_LEASE_MS = 150 * 1000,
    REFERENCE_BYTES_MAX = 64,
    SESSION_HELLO_WAIT_MAX_MS = 60 * 1000, /* between hellos of one that is turned away */
    /* A head overtakes our word of what we have seen now and then; not so often in a row. */
    SESSION_HEAD_GAPS_MAX = 5,
    SESSION_HEAD_GAP_MS = 30 * 1000, /* between two that count: time to say what we have seen */
    SESSION_CLOCK_QUORUM = 1,        /* the gateway is the only one that we hear */
};

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

struct session_reply {
    bool is_taken;
    bool is_frame;
    struct bytes frame;
    struct message_id id; /* TAKEN, NOT_TAKEN */
    enum reason reason;
};

struct session_delivery {
    struct dispatch_item item;
    struct message_id id;
};

struct office_call {
    uint64_t message_seq;
    uint32_t attempt;
};

/* A fact that goes into a receipt of ours. */
struct told {
    struct key to;
    uint32_t type;
    struct receipt_item item;
    size_t move; /* of the plan: the end of an entry, which keeps the receipt's seq; TOLD_NO_MOVE */
    struct told *next;
    bool is_written;
};
#define TOLD_NO_MOVE SIZE_MAX

struct session {
    struct session_options options;
    struct key office;
    struct plan plan;
    struct sealer sealer;
    struct outbox *outbox;
    struct fetch *fetch;
    struct arena step, scratch, build;
    struct buffer frame;
    uint8_t *chunk;
    uint32_t to_gateway, to_office; /* destinations in the outbox */

    struct room room;
    struct intake *first_intake, *last_intake; /* that wait */
    size_t queued_count;
    size_t returned_count;      /* entries that came back in this step */
    struct allowance allowance; /* of the gateway, for what is refused, repeated or alarming */

    enum session_link link;
    uint8_t incarnation[INCARNATION_BYTES];
    uint32_t window_messages; /* what the gateway grants */
    mono_t heard;
    wall_t heard_wall;
    mono_t heartbeat_due;
    struct head_seen head;
    bool ledger_alarm;
    uint32_t head_gaps; /* moments in a row at which a head did not start from ours */
    mono_t head_gap_due;
    bool hello_is_out;   /* and was not welcomed */
    bool may_be_refused; /* a goodbye has not answered the last hello yet */
    uint32_t hello_wait_ms;
    enum reason goodbye;       /* the last one; NONE since a welcome */
    uint32_t readings;         /* of our registry */
    uint32_t gateway_readings; /* of its, as it says; 0: not said yet */
    struct wake wake_gateway, wake_office;

    struct clock_sense clock;
    bool clock_is_known; /* the store's last known time was read */
    mono_t clock_note_due;
    struct clock_voice voice; /* the gateway's clock */

    enum reason store_state;
    mono_t retry_at;
    bool has_failed; /* to commit, and has not since */

    /* of the step */
    mono_t now;
    wall_t wall;
    mono_t tick_due;
    bool more_to_do;
    enum reason step_reason; /* not NONE: see session_fail_step */
    struct session_reply *replies;
    size_t reply_count;
    struct session_delivery *deliveries;
    size_t delivery_count;
    struct office_call *calls;
    size_t call_count;
    struct transition *events;
    size_t event_count;
    struct intake **intakes;
    size_t intake_count;
    struct told *told;
    const struct session_effects *effects;
};

/* session_turn.c */
void session_begin_room(struct session *session);
/* Whether this can still be planned, collected and told in this step. */
bool session_fits(struct session *session, const struct room_need *need);
size_t session_fit_count(struct session *session, const struct room_need *need, size_t limit);
void session_take_turns(struct session *session);
void session_return(struct session *session);
/* A line about what is refused, repeated or alarming: left out, and counted, when there were too
 * many of them in this second. */
void session_event_of(struct session *session, const struct transition *transition);
void session_say_left_out(struct session *session);

/* session.c */
void session_reply_frame(struct session *session, const struct frame *frame);
void session_reply_taken(struct session *session, const struct message_id *id);
void session_reply_not_now(struct session *session, const struct message_id *id,
                           enum reason reason);
/* The store could not say what the plan needs to know: the step ends as one whose commit failed,
 * and everything that it took is still the other side's. */
void session_fail_step(struct session *session, enum reason reason);
void session_event(struct session *session, const struct transition *transition);
/* Plans an entry and lets it leave at once when it may. parcel and index: where its bytes are. */
void session_owe(struct session *session, const struct store_message *message,
                 const struct key *destination, const struct parcel *parcel,
                 uint32_t document_index, bool is_receipt, wall_t expires);
uint32_t session_random(struct session *session);

/* session_link.c */
enum turn session_link_frame(struct session *session, struct intake *intake);
void session_link_tick(struct session *session);
enum reason session_load_head(struct session *session);
/* For fetch: the gateway may have the files of the messages that we send it. */
enum reason session_entitle(void *context, const struct key *peer, const struct frame_blob *want,
                            uint64_t *ret_size_bytes);

/* session_clock.c */
enum reason session_load_clock(struct session *session, const struct store_positions *positions);
void session_look_at_clock(struct session *session, wall_t wall);
void session_hear_clock(struct session *session);

/* session_inbound.c */
enum turn session_take_parcels(struct session *session, struct intake *intake);
struct fetch_options session_fetch_options(const struct session_options *options);
void session_settle_files(struct session *session);
void session_take_waiting(struct session *session);
struct store_message *session_plan_sealed(struct session *session, const struct sealed *sealed);
void session_log_message(struct session *session, const char *event, const struct sealed *sealed,
                         enum reason reason);

/* session_receipts.c */
void session_take_receipt(struct session *session, const struct sealed *sealed);

/* session_office.c */
void session_tell(struct session *session, const struct key *to, uint32_t type,
                  const struct receipt_item *item, size_t move);
/* The gateway sends again what has ended here. When it refused the receipt (a clock that was wrong,
 * a certificate that it did not know yet) nobody but us can say it once more. */
void session_tell_again(struct session *session, const struct key *sender,
                        const struct message_id *id);
enum reason session_write_receipts(struct session *session);
void session_expire(struct session *session);

/* How one of our own messages ended: kept so that track can show it. recipients: of custody. */
void session_note_outcome(struct session *session, const struct message_id *id,
                          const struct key *destination, uint32_t receipt_type, enum reason reason,
                          uint64_t receipt_seq, wall_t at, struct bytes recipients);
/* By the gateway's custody of our message, of this step or before. RECEIPT_FORBIDDEN: it did not go
 * there. NOT_FOUND: custody has not reached us, or named nobody. */
enum reason session_check_recipient(struct session *session, const struct message_id *id,
                                    const struct key *who);

#endif
