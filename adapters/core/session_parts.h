/* session_parts - what the files of the session share. Nobody else includes this.
 *
 *   session.c           life cycle, the step, the commit
 *   session_link.c      hello, heartbeats, acknowledgements, the gateway's tree heads
 *   session_clock.c     whether the wall clock may be believed
 *   session_inbound.c   messages and receipts from the gateway
 *   session_outbound.c  what local systems submit
 *   session_office.c    what the back office answers, operators, life times
 */
#ifndef ADAPTERS_CORE_SESSION_PARTS_H
#define ADAPTERS_CORE_SESSION_PARTS_H

#include "adapters/core/session.h"
#include "gateway/custody/dispatch.h"
#include "gateway/custody/fetch.h"
#include "gateway/custody/plan.h"
#include "gateway/custody/sealer.h"
#include "gateway/custody/wake.h"
#include "proto/codec/message_type.h"
#include "routing/outbox/outbox.h"

enum {
    SESSION_INTAKES_MAX = 64, /* frames in one step */
    SESSION_DELIVERIES_MAX = 4096,
    SESSION_CALLS_MAX = 1024,
    SESSION_REPLIES_MAX = 4096,
    SESSION_EVENTS_MAX = 4096,
    SESSION_STEP_BYTES = 6 * 1024 * 1024,
    SESSION_SCRATCH_BYTES = 1024 * 1024,
    SESSION_TICK_MS = 500,
    SESSION_RETRY_MS = 1000, /* a store that cannot commit is tried this often */
    /* Longer than a call to a back office may last, so that a lease never ends under a call. */
    SESSION_OFFICE_LEASE_MS = 150 * 1000,
    REFERENCE_BYTES_MAX = 64,
    SESSION_CLOCK_QUORUM = 1, /* the gateway is the only one that we hear */
};

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

    enum session_link link;
    uint8_t incarnation[INCARNATION_BYTES];
    mono_t heard;
    wall_t heard_wall;
    mono_t heartbeat_due;
    struct head_seen head;
    bool ledger_alarm;
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
void session_link_frame(struct session *session, struct intake *intake);
void session_link_tick(struct session *session);
enum reason session_load_head(struct session *session);
/* For fetch: the gateway may have the files of the messages that we send it. */
enum reason session_entitle(void *context, const struct key *peer, const struct frame_blob *want);

/* session_clock.c */
enum reason session_load_clock(struct session *session, const struct store_positions *positions);
void session_look_at_clock(struct session *session, wall_t wall);
void session_hear_clock(struct session *session);

/* session_inbound.c */
void session_take_parcels(struct session *session, struct intake *intake);
void session_take_waiting(struct session *session);

/* session_office.c */
void session_tell(struct session *session, const struct key *to, uint32_t type,
                  const struct receipt_item *item, size_t move);
/* The gateway sends again what has ended here. When it refused the receipt (a clock that was wrong,
 * a certificate that it did not know yet) nobody but us can say it once more. */
void session_tell_again(struct session *session, const struct key *sender,
                        const struct message_id *id);
enum reason session_write_receipts(struct session *session);
void session_expire(struct session *session);

/* How one of our own messages ended: kept so that track can show it. */
void session_note_outcome(struct session *session, const struct message_id *id,
                          const struct key *destination, uint32_t receipt_type, enum reason reason,
                          uint64_t receipt_seq, wall_t at);

#endif
