/* broker_parts - what the files of the broker share. Nobody else includes this.
 *
 *   broker.c            life cycle, the step
 *   broker_turn.c       whose turn it is
 *   broker_collect.c    what the step collects, and whether there is room
 *   broker_send.c       what leaves after the commit
 *   broker_duplicates.c messages that came before
 *   broker_admit.c      messages: authorise, resolve, plan
 *   broker_receipts.c   what the gateway says, and what receipts of adapters settle
 *   broker_peers.c      hello, heartbeats, acknowledgements, attachments
 *   broker_operate.c    operators and life times
 *   broker_clock.c      whether the wall clock may be believed
 *   broker_past.c       adapters that were put back, or run twice
 *   broker_standing.c   where messages stand, for people
 */
#ifndef GATEWAY_CORE_BROKER_PARTS_H
#define GATEWAY_CORE_BROKER_PARTS_H

#include "gateway/core/broker.h"
#include "gateway/core/ledger.h"
#include "gateway/custody/allowance.h"
#include "gateway/custody/dispatch.h"
#include "gateway/custody/fetch.h"
#include "gateway/custody/plan.h"
#include "gateway/custody/room.h"
#include "gateway/custody/sealer.h"
#include "gateway/custody/wake.h"
#include "routing/outbox/outbox.h"
#include "routing/registry/route.h"

enum {
    STEP_REPLIES_MAX = 8192, /* frames, acknowledgements and repeated receipts of one step */
    STEP_EVENTS_MAX = 16384, /* log lines of one step; more are counted and told as left out */
    STEP_ARENA_BYTES = 24 * 1024 * 1024,
    SCRATCH_BYTES = 2 * 1024 * 1024,
    /* What a step gives back: what it finished, messages whose files had come, and those that found
     * no place at all. */
    BROKER_INTAKES_MAX = BROKER_STEP_INTAKES_MAX + 2 * FETCH_WAITING_MAX + BROKER_QUEUE_MAX,
};
_Static_assert((size_t)STEP_ARENA_BYTES / 2 >
                   STEP_EXPIRIES_MAX * (ROOM_FACT_ALL_BYTES + ROOM_RECEIPT_BYTES) +
                       STEP_WAITING_MAX * ROOM_MESSAGE_ALL_BYTES + ROOM_LEAST_BYTES,
               "a step has memory for what arrives beside all that it does by itself");
_Static_assert(STEP_REPLIES_MAX / 2 >= 3 * FETCH_WANTED_MAX + FETCH_WAITING_MAX + 2 &&
                   (int)STEP_WAITING_MAX == FETCH_WAITING_MAX,
               "and replies: a step may begin and end each file that is wanted");
_Static_assert(PARTICIPANTS_MAX * sizeof(struct store_count) < STEP_ARENA_BYTES,
               "backlogs are counted in it");

struct peer {
    struct key key;
    uint32_t destination; /* in the outbox */
    bool is_connected;    /* its hello was accepted */
    uint64_t connection;  /* of the transport */
    mono_t heard;
    wall_t heard_wall;
    mono_t heartbeat_due;
    mono_t heartbeat_heard;
    uint32_t window_messages; /* what it grants us */
    struct head_seen head;    /* the last head that it says it has verified */
    mono_t head_due;
    struct message_id last_id;              /* largest id taken from it; more than this is new */
    uint8_t incarnation[INCARNATION_BYTES]; /* of its process, from its last hello */
    uint8_t incarnation_before[INCARNATION_BYTES];
    mono_t incarnation_since;
    mono_t past_alarm_due;  /* the next alarm about its past, not before */
    enum reason past_alarm; /* of the last: why its past is not what it was */
    mono_t past_alarm_since;
    uint32_t readings;  /* of its registry, as it says */
    enum reason office; /* what keeps its office from accepting, as it says */
    wall_t office_since;
    struct wake wake;
    struct clock_voice voice;   /* what its clock shows */
    struct allowance allowance; /* for what is refused, repeated or alarming */
    /* Its turn: broker_turn.c. */
    struct intake *first_intake, *last_intake;
    int64_t credit;
    struct peer *next_ready;
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
    uint32_t readings;     /* of the registry: the heartbeats tell it */
    uint32_t window_bytes; /* granted to each who is connected, by the last tick */
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
    struct allowance strangers; /* for those that no place is left for */
    struct allowance_lines lines;

    struct peer *first_ready, *last_ready; /* who has frames */
    const struct peer *last_worker;        /* whose turn was last */
    mono_t shared_at;                      /* when two took turns */
    int64_t work_done;                     /* in this step */
    size_t queued_count;                   /* frames that wait */
    size_t finished_count;                 /* and those whose turn is over, in this step */
    uint32_t lease_from;                   /* the destination that is the first of the next step */
    uint32_t tick_at;                      /* the peer that the tick goes on with */
    uint32_t forbidden_count;              /* questions for files that were not answered */
    size_t returned_count;                 /* entries that came back in this step */

    struct last_sequence *sequences; /* BROKER_SEQUENCES_MAX; broker_past.c */

    struct clock_sense clock;
    bool clock_is_known; /* the store's last known time was read */
    mono_t clock_note_due;

    enum reason store_state; /* NONE, or why the store cannot commit */
    mono_t retry_at;         /* when to try it again */
    bool has_failed;         /* and has not committed since */
    wall_t failed_since;
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
    struct room room;
    struct reply *replies;
    size_t reply_count;
    struct delivery *deliveries;
    size_t delivery_count;
    struct broker_transition *events;
    size_t event_count;
    uint64_t events_left_out;
    struct intake **intakes; /* that are finished */
    size_t intake_count;
    const struct broker_effects *effects; /* during broker_committed and broker_aborted */
};

/* The last number that a sender gave in a dossier. */
struct last_sequence {
    uint64_t class; /* hash of sender and dossier; 0: free */
    uint64_t sequence;
};
/* Dossiers whose last number is in memory, by a hash: the newest take the place of others. What is
 * not here is looked up when its sender gives reason to (broker_past.c). */
enum { BROKER_SEQUENCES_MAX = 16384 };

/* broker_turn.c */
void broker_queue_intake(struct broker *broker, struct peer *peer, struct intake *intake);
void broker_take_turns(struct broker *broker);

/* broker.c */
enum turn broker_take_intake(struct broker *broker, struct peer *peer, struct intake *intake);

/* broker_collect.c */
/* Whether this can still be planned, collected and told in this step (gateway/custody/room.h). */
bool broker_fits(struct broker *broker, const struct room_need *need);
/* How many times that fits, up to limit. */
size_t broker_fit_count(struct broker *broker, const struct room_need *need, size_t limit);
/* Room for it was asked for. */
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
/* The same for what is refused, repeated or alarming and writes only this line: left out, and
 * counted, when the peer had its share of this second. */
void broker_event_of(struct broker *broker, struct peer *peer,
                     const struct broker_transition *transition);
void broker_deliver(struct broker *broker, uint32_t destination, const struct entry *entry,
                    const struct key *sender, const struct message_id *id,
                    const struct parcel *parcel, uint32_t document_index);
/* Plans an entry for a destination and lets it leave at once when it may. */
void broker_owe(struct broker *broker, const struct store_message *message,
                const struct key *destination, const struct parcel *parcel, uint32_t document_index,
                bool is_receipt, wall_t expires);

/* A frame of a file's exchange. They are not evidence and promise nothing that is not already
 * fsynced: while frames may leave they are sent at once, so that only one chunk is in memory. */
enum reason broker_emit_file(void *context, const struct key *peer, const struct frame *frame);

/* broker_peers.c */
struct peer *broker_find_peer(struct broker *broker, const struct key *key);
/* Makes it; NULL at the bound. */
struct peer *broker_get_peer(struct broker *broker, const struct key *key);
enum turn broker_peer_frame(struct broker *broker, struct peer *peer, struct intake *intake);
/* What is under way to it comes back, in this step as far as there is room for it. */
void broker_close_peer(struct broker *broker, struct peer *peer, enum reason reason);
void broker_return(struct broker *broker);
/* False: there was no room for all; the next step goes on. */
bool broker_tick_peers(struct broker *broker);
/* What waits for another registry, after one was read here or there. */
void broker_wake_peers(struct broker *broker);
/* For fetch: whether a peer may have a file, and where it shows one that is here. */
enum reason broker_entitle(void *context, const struct key *peer, const struct frame_blob *want,
                           uint64_t *ret_size_bytes);
uint64_t broker_draw(void *context);

/* broker_past.c */
/* A hello beside what its participant said before: the same key in two programs, or a state
 * that was put back. */
void broker_compare_past(struct broker *broker, struct peer *peer, const struct frame_hello *hello);
/* NONE, or SEQUENCE_REPEATED: another message of this sender has its number in the dossier. Other
 * reasons: the store cannot say. Remembers it. */
enum reason broker_compare_sequence(struct broker *broker, struct peer *peer,
                                    const struct envelope *envelope);
enum reason broker_past_alarm(const struct broker *broker, const struct peer *peer);

/* broker_clock.c */
/* At the load: the last known time. At the begin of a step, and at every tick: what the clocks
 * show, and what the peers say. */
enum reason broker_load_clock(struct broker *broker, const struct store_positions *positions);
void broker_look_at_clock(struct broker *broker, wall_t wall);
void broker_hear_clocks(struct broker *broker);

/* broker_duplicates.c */
/* NONE: new. DUPLICATE: answered. Another reason: refused, or the store could not say. */
enum reason broker_check_duplicate(struct broker *broker, struct peer *peer,
                                   const struct sealed *sealed);

/* broker_admit.c */
enum turn broker_admit_parcels(struct broker *broker, struct peer *peer, struct intake *intake);
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
enum turn broker_refuse_frame(struct broker *broker, struct peer *peer, struct intake *intake);
/* A receipt that a participant signed. True: it was taken (planned as a message of its parcel). */
bool broker_take_receipt(struct broker *broker, struct peer *peer, const struct sealed *sealed,
                         struct store_message **ret_message);
/* Builds the receipts and the head of this step. */
enum reason broker_write_receipts(struct broker *broker);

/* broker_standing.c */
/* What keeps a peer from taking or accepting anything; reason NONE: nothing that is known. */
void broker_peer_trouble(const struct broker *broker, const struct peer *peer,
                         struct standing *ret_trouble);
enum turn broker_hear_standing(struct broker *broker, struct peer *peer, struct intake *intake);
enum turn broker_answer_ask(struct broker *broker, struct peer *peer, struct intake *intake);

/* broker_operate.c */
/* A new entry that waits for a person from the beginning. */
void broker_hold_new(struct broker *broker, const struct store_message *message,
                     const struct key *destination, const struct sealed *sealed, wall_t expires,
                     enum reason reason);
void broker_expire(struct broker *broker);

#endif
