/* broker_parts - what the files of the broker share. Nobody else includes this.
 *
 *   broker.c           life cycle, the step, what it collects
 *   broker_send.c      what leaves after the commit
 *   broker_admit.c     messages: authorise, resolve, plan
 *   broker_receipts.c  what the gateway says, and what receipts of adapters settle
 *   broker_peers.c     hello, heartbeats, acknowledgements, attachments
 *   broker_operate.c   operators and life times
 *   broker_clock.c     whether the wall clock may be believed
 */
#ifndef GATEWAY_CORE_BROKER_PARTS_H
#define GATEWAY_CORE_BROKER_PARTS_H

#include "gateway/core/broker.h"
#include "gateway/core/ledger.h"
#include "gateway/custody/dispatch.h"
#include "gateway/custody/fetch.h"
#include "gateway/custody/plan.h"
#include "gateway/custody/sealer.h"
#include "gateway/custody/wake.h"
#include "routing/outbox/outbox.h"
#include "routing/registry/route.h"

enum {
    STEP_DELIVERIES_MAX = PLAN_ENTRIES_MAX + PLAN_MOVES_MAX,
    STEP_REPLIES_MAX = 8192, /* frames, acknowledgements and repeated receipts of one step */
    STEP_EVENTS_MAX = 16384, /* log lines of one step; more are counted, not kept */
    STEP_ARENA_BYTES = 24 * 1024 * 1024,
    SCRATCH_BYTES = 2 * 1024 * 1024,
};

struct peer {
    struct key key;
    uint32_t destination; /* in the outbox */
    bool is_connected;    /* its hello was accepted */
    uint64_t connection;  /* of the transport */
    mono_t heard;
    wall_t heard_wall;
    mono_t heartbeat_due;
    uint32_t window_messages; /* what it grants us */
    struct head_seen head;    /* the last head that it says it has verified */
    mono_t head_due;
    struct message_id last_id;              /* largest id taken from it; more than this is new */
    uint8_t incarnation[INCARNATION_BYTES]; /* of its process, from its last hello */
    uint32_t readings;                      /* of its registry, as it says */
    struct wake wake;
    struct clock_voice voice; /* what its clock shows */
    mono_t refusals_since;
    uint32_t refusals;
};

/* One thing that the gateway will tell in a receipt of its own. */
struct fact {
    struct receipt_item item;
    struct ledger_fact ledger;
    struct store_message *about; /* gets the receipt's seq; NULL */
    struct fact *next;
};

/* Facts for one participant, of one kind: become receipts when the step ends. */
struct receipt_draft {
    struct key to;
    uint32_t type;
    bool is_queued; /* goes through the outbox: nobody is waiting for it on the line */
    struct fact *first, *last;
    size_t count;
    struct receipt_draft *next;
};

enum reply_kind { REPLY_FRAME = 1, REPLY_TAKEN, REPLY_NOT_TAKEN, REPLY_STORED, REPLY_SEALED };

/* Something for one peer that leaves after the commit. */
struct reply {
    enum reply_kind kind;
    struct key peer;
    struct bytes frame;   /* FRAME: its bytes */
    struct message_id id; /* TAKEN, NOT_TAKEN */
    enum reason reason;   /* NOT_TAKEN */
    uint64_t message_seq; /* STORED: a receipt of old, read from the store */
    size_t sealed_index;  /* SEALED: a receipt of this step */
};

/* A message that leaves for a destination after the commit. */
struct delivery {
    struct dispatch_item item;
    uint32_t destination;
    struct key sender;
    struct message_id id;
    uint32_t next; /* of the same destination */
};

struct broker {
    struct broker_options options;
    struct registry *registry;
    const char *registry_version;
    uint32_t readings; /* of the registry: the heartbeats tell it */
    struct plan plan;
    struct sealer sealer;
    struct ledger ledger;
    struct outbox *outbox;
    struct fetch *fetch;
    struct arena step, scratch, build;
    struct buffer frame;
    uint8_t *chunk;

    struct peer *peers;
    uint32_t peer_count;
    uint32_t *peer_index; /* by hash of the key: index + 1 */
    uint32_t peer_index_mask;

    struct clock_sense clock;
    bool clock_is_known; /* the store's last known time was read */
    mono_t clock_note_due;

    enum reason store_state; /* NONE, or why the store cannot commit */
    mono_t retry_at;         /* when to try it again */
    bool has_failed;         /* and has not committed since */
    bool ledger_id_is_new;

    /* of the step */
    mono_t now;
    wall_t wall;
    mono_t tick_due;
    bool more_to_do;
    enum reason step_reason; /* not NONE: see broker_fail_step */
    struct receipt_draft *drafts;
    struct ledger_fact *records; /* ledger entries that belong to no receipt of ours */
    size_t record_count;
    size_t fact_count; /* in all drafts */
    struct reply *replies;
    size_t reply_count;
    struct delivery *deliveries;
    size_t delivery_count;
    struct broker_transition *events;
    size_t event_count;
    struct intake **intakes;
    size_t intake_count;
    const struct broker_effects *effects; /* during broker_committed and broker_aborted */
};

enum { STEP_RECORDS_MAX = PLAN_MOVES_MAX };

/* broker.c */
void broker_reply(struct broker *broker, const struct reply *reply);
/* The stored receipt with that seq, once in a step. */
void broker_reply_stored(struct broker *broker, const struct key *peer, uint64_t message_seq);
void broker_reply_frame(struct broker *broker, const struct key *peer, const struct frame *frame);
/* The store could not say what the plan needs to know: the step ends as one whose commit failed,
 * and everything that it took is still the senders'. */
void broker_fail_step(struct broker *broker, enum reason reason);
/* False also while the store cannot be read: memory may then hold flights whose commit failed, and
 * what a lost connection makes of them is not to be written. */
bool broker_has_plan(const struct broker *broker);
void broker_event(struct broker *broker, const struct broker_transition *transition);
void broker_deliver(struct broker *broker, uint32_t destination, const struct entry *entry,
                    const struct key *sender, const struct message_id *id,
                    const struct parcel *parcel, uint32_t document_index);
/* Plans an entry for a destination and lets it leave at once when it may. */
void broker_owe(struct broker *broker, const struct store_message *message,
                const struct key *destination, const struct parcel *parcel, uint32_t document_index,
                bool is_receipt, wall_t expires);

/* broker_peers.c */
struct peer *broker_find_peer(struct broker *broker, const struct key *key);
/* Makes it; NULL at the bound. */
struct peer *broker_get_peer(struct broker *broker, const struct key *key);
void broker_peer_frame(struct broker *broker, struct peer *peer, struct intake *intake);
void broker_close_peer(struct broker *broker, struct peer *peer, enum reason reason);
void broker_tick_peers(struct broker *broker);
/* What waits for another registry, after one was read here or there. */
void broker_wake_peers(struct broker *broker);
/* For fetch: whether a peer may have a file, and where it shows one that is here. */
enum reason broker_entitle(void *context, const struct key *peer, const struct frame_blob *want);
uint64_t broker_draw(void *context);

/* broker_clock.c */
/* At the load: the last known time. At the begin of a step, and at every tick: what the clocks
 * show, and what the peers say. */
enum reason broker_load_clock(struct broker *broker, const struct store_positions *positions);
void broker_look_at_clock(struct broker *broker, wall_t wall);
void broker_hear_clocks(struct broker *broker);

/* broker_admit.c */
void broker_admit_parcels(struct broker *broker, struct peer *peer, struct intake *intake);
/* What cannot come in: refused for good with a receipt, or "not now". The row of a refusal that is
 * remembered, or NULL. */
struct store_message *broker_turn_away(struct broker *broker, struct peer *peer,
                                       const struct sealed *sealed, enum reason reason);
/* A row for a document of a parcel that came from outside; recipient none: it was refused. */
struct store_message *broker_plan_sealed(struct broker *broker, const struct sealed *sealed,
                                         const struct key *recipient);
/* Messages whose attachments arrived, or will not. */
void broker_admit_waiting(struct broker *broker);

/* broker_receipts.c */
void broker_tell(struct broker *broker, const struct key *to, uint32_t type, bool is_queued,
                 const struct fact *fact);
void broker_record(struct broker *broker, const struct ledger_fact *fact);
/* The row in the plan when the refusal is remembered (see there); NULL. */
struct store_message *broker_refuse(struct broker *broker, struct peer *peer,
                                    const struct sealed *sealed, enum reason reason);
void broker_refuse_frame(struct broker *broker, struct peer *peer, const struct intake *intake);
/* A receipt that a participant signed. True: it was taken (planned as a message of its parcel). */
bool broker_take_receipt(struct broker *broker, struct peer *peer, const struct sealed *sealed,
                         struct store_message **ret_message);
/* Builds the receipts and the head of this step. */
enum reason broker_write_receipts(struct broker *broker);

/* broker_operate.c */
void broker_expire(struct broker *broker);

#endif
