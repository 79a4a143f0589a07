/* step - the engine under both cores: one step takes, plans and says, all or nothing.
 *
 *   step_begin                     what the store brings: leases, returns, what was woken
 *   step_next … step_took          frames in their turn (step_turn.c)
 *     step_fits                    is there room? Asked before anything is taken (room.h)
 *     step_reply…, step_owe, step_tell, step_settle, step_note, plan_…
 *   step_write                     the receipts that were told
 *   step_end ─▶ plan ─▶ store commit ─▶ step_committed(effects), or step_aborted(reason, effects)
 *
 * A core above it (gateway/core: the broker; adapters/core: the session) is policy: who may, where
 * to, what next. It calls the engine; the engine calls nobody back but the effects. Nothing is said
 * before the commit (invariant 1). After step_aborted nothing of the step has happened: the senders
 * hear "not now", and the core reads its store again before it takes anything in.
 *
 * Peers: the engine gives each participant that it meets a number, which is its destination in the
 * outbox as well. What a core knows of a peer beyond struct peer stands in an array of its own.
 *
 * Ownership: the options' ports outlive the step; memory comes from the given arena. What a core
 * reads here is its to read; it changes what it changes through the verbs, and struct peer.
 *
 * Bounds: room.h; the options say how much memory is kept for what one step collects.
 */
#pragma once

#include "gateway/custody/allowance.h"
#include "gateway/custody/clock_sense.h"
#include "gateway/custody/effects.h"
#include "gateway/custody/fetch.h"
#include "gateway/custody/plan.h"
#include "gateway/custody/room.h"
#include "gateway/custody/sealer.h"
#include "proto/codec/message_type.h"
#include "routing/outbox/outbox.h"

enum {
    STEP_WORK_ID = 1, /* of an acknowledgement; units: see step_options.turn_work */
    /* While steps are quick, of each millisecond so much is for those who send much. A step of
     * theirs costs its signature and its write, and each unit of work; beyond what may be owed they
     * wait. */
    STEP_HEAVY_SHARE_US = 500,
    STEP_HEAVY_PLAN_US = 1000,
    STEP_HEAVY_UNIT_US = 3,
    STEP_HEAVY_OWED_US = 4000,
};

struct step_options {
    struct key self;
    int32_t offset_minutes; /* of the local clock, for stamps */
    uint32_t peers_max;
    uint32_t flights_max;
    uint64_t attachment_bytes_max;
    struct store *store;
    struct blobs *blobs;
    const struct crypto_port *crypto;
    /* What one step may hold; NULL: all that memory is kept for. At least room_least beside what a
     * step does by itself: smaller bounds are for tests. */
    const struct room_need *step_max;
    /* What memory is kept for. */
    uint32_t replies_max, deliveries_max, events_max;
    size_t arena_bytes, scratch_bytes;
    uint32_t intakes_max; /* frames that one step finishes: bounds a commit */
    uint32_t queue_max;   /* frames that wait for their turn */
    /* Work is counted in units of about a microsecond: what a turn adds to a peer's credit, and
     * after how much a step ends while others wait too. */
    int64_t turn_work, shared_work;
    /* What all who send much have of a step together while one who sends little waits for its end
     * (step_turn.c), and what such a step brings from the store and gives back. 0: none is quick.
     */
    int64_t quick_work;
    size_t quick_leases, quick_returns;
    uint32_t clock_quorum;  /* peers that must agree to end a doubt about the clock */
    bool peers_are_authors; /* of what they send; otherwise the peer is a gateway (fetch.h) */
};

/* Work of late: half of it is forgotten every quarter of a second. */
struct lately {
    mono_t since;
    int64_t work;
};

/* A participant that we have met. */
struct peer {
    struct key key;
    uint32_t index; /* its number, and its destination in the outbox */
    bool is_local;  /* no frames leave for it: it is called */
    bool is_connected;
    mono_t heard;
    wall_t heard_wall;
    mono_t heartbeat_due;
    uint32_t link_version;    /* that both ends use, since its hello */
    uint32_t window_messages; /* what it grants us */
    uint32_t window_held;     /* what it grants us while we hold what it is owed; 0: we do not */
    uint32_t readings;        /* of its registry, as it says; 0: not said yet */
    /* Brings forward what waits for another registry: page by page (step_wake). */
    bool is_wake_wanted;
    uint64_t woken_seq;         /* looked at so far */
    struct clock_voice voice;   /* what its clock shows */
    struct allowance allowance; /* for what is refused, repeated or alarming */
    struct key served; /* whose message the store brought for it last: senders take turns */
    uint64_t gave_in;  /* the last step that took something of a frame of parcels */
    struct lately lately;
    /* Its turn: step_turn.c. */
    struct intake *first_intake, *last_intake;
    int64_t credit;
    struct peer *next_ready;
};

/* A fact for a receipt of ours. */
struct told {
    struct receipt_item item;
    uint64_t *receipt_seq; /* where the receipt's seq is kept; NULL */
    const void *record;    /* the core's own, that belongs to it */
    struct told *next;
};

/* Facts for one participant, of one kind: they become one receipt when the step ends. */
struct draft {
    struct key to;
    uint32_t type;
    bool is_queued; /* goes through the outbox: nobody is waiting for it on the line */
    struct told *first, *last;
    size_t count, text_bytes;
    struct draft *next;
};

enum reply_kind { REPLY_FRAME = 1, REPLY_TAKEN, REPLY_NOT_TAKEN, REPLY_STORED, REPLY_SEALED };

/* Something for one peer that leaves after the commit. */
struct reply {
    enum reply_kind kind;
    enum reason reason; /* NOT_TAKEN */
    struct key peer;
    struct bytes frame;   /* FRAME: its bytes */
    struct message_id id; /* TAKEN, NOT_TAKEN */
    uint64_t number;      /* STORED: seq of a receipt of old; SEALED: index of one of this step */
    uint64_t before;      /* STORED: seq of what stands before it in its frame; 0: nothing */
};

/* A message that leaves for a destination after the commit. */
struct delivery {
    uint64_t message_seq;
    const struct parcel *parcel; /* NULL: read from the store */
    uint32_t document_index, attempt;
    uint32_t destination;
    uint32_t next; /* of the same destination */
    struct key sender;
    struct message_id id;
};

struct step {
    struct step_options options;
    struct store *store; /* of the options */
    struct plan plan;
    struct sealer sealer;
    struct outbox *outbox;
    struct fetch *fetch;
    struct arena arena; /* what lives until the step's frames have left */
    struct arena scratch, build;
    struct buffer frame;
    uint8_t *chunk;
    struct peer *peers;
    uint32_t peer_count;
    uint32_t lease_from; /* the destination that is the first of the next step */

    enum reason store_state; /* NONE, or why the store cannot commit */
    mono_t retry_at;         /* when to try it again */
    bool has_failed;         /* and has not committed since */
    wall_t failed_since;
    struct clock_sense clock;
    bool clock_is_known; /* the store's last known time was read */
    mono_t clock_note_due;

    /* Turns: step_turn.c. */
    struct peer *first_ready, *last_ready; /* who has frames */
    struct peer *worker;                   /* whose turn it is */
    const struct peer *last_worker;
    struct peer *first_stuck; /* whose frame this step has no room for, or who had enough */
    struct lately most;       /* of all peers' */
    mono_t quick_at;          /* when one who sends little was served; 0: never */
    bool is_worker_heavy;
    bool has_full;         /* somebody's frame waits for the next step's room */
    mono_t heavy_due;      /* when those who send much have the next turn of quick steps */
    int64_t heavy_owed_us; /* of the core's time beyond their share, at heavy_at */
    mono_t heavy_at;
    int64_t heavy_work, heavy_limit; /* in this step, of those who send much; -1: not known yet */
    mono_t shared_at;                /* when two took turns */
    int64_t credit_before, work_done;
    size_t queued_count; /* frames that wait */

    /* A local peer may know what was made before: the first call of it is told to be a later one,
     * which looks before it sends. The core's. */
    wall_t look_until;

    /* of the step */
    uint64_t number;
    mono_t now;
    wall_t wall;
    mono_t tick_due;
    bool more_to_do;
    enum reason failure;      /* not NONE: see step_fail */
    size_t finished_count;    /* frames whose turn is over */
    size_t returned_count;    /* entries that came back */
    size_t waiting_count;     /* messages whose wait was over */
    uint32_t forbidden_count; /* questions for files that were not answered, ever */
    size_t record_count;      /* the core's, for the room */
    struct room room;
    struct draft *drafts;
    struct reply *replies;
    size_t reply_count;
    struct delivery *deliveries;
    size_t delivery_count;
    struct transition *events;
    size_t event_count;
    uint64_t events_left_out;
    struct intake **intakes; /* that are finished */
    size_t intake_count;
    const struct step_effects *effects; /* during step_committed and step_aborted */
};

/* ---- life cycle: step.c ---- */

size_t step_memory_bytes(const struct step_options *options);
void step_init(struct step *step, const struct step_options *options, struct arena *memory);
/* Releases buffers; the arena is the caller's. */
void step_release(struct step *step);
/* Reads where the store stands: after open, and when step_wants_load. The core reads its own part
 * after it, and says in .store_state when it cannot. */
enum reason step_load(struct step *step, wall_t wall);
/* True: the store could not be read or written, and is to be tried again before this step. */
bool step_wants_load(const struct step *step, mono_t now);
/* While the store cannot be read nothing comes of it but the time. */
void step_begin(struct step *step, mono_t now, wall_t wall);
/* True: time for what is done now and then; call step_tick, and do the core's own part with it. */
bool step_is_tick(const struct step *step);
/* False: there was no room, or no store. */
bool step_tick(struct step *step);
/* Files that have come, or will not. */
void step_settle_files(struct step *step);
/* A message whose files have come, or will not, while there is room for need. The intake goes back
 * to its owner when the step's frames have left. */
bool step_next_waiting(struct step *step, const struct room_need *need, struct peer **ret_peer,
                       struct intake **ret_intake, struct sealed **ret_sealed,
                       enum reason *ret_reason);
/* Seals what is said and gives the plan; NULL: nothing to commit. */
enum reason step_end(struct step *step, const struct store_plan **ret_plan);
/* False also while the store cannot be read: memory may then hold flights whose commit failed, and
 * what a lost connection makes of them is not to be written. */
bool step_has_plan(const struct step *step);
/* The store could not say what the plan needs to know: the step ends as one whose commit failed,
 * and everything that it took is still the senders'. */
void step_fail(struct step *step, enum reason reason);
/* When a step is wanted without an event. */
mono_t step_deadline(const struct step *step);

/* ---- peers: step_peers.c ---- */

struct peer *step_find_peer(const struct step *step, const struct key *key);
/* Makes it; NULL at peers_max. */
struct peer *step_get_peer(struct step *step, const struct key *key);
/* It is connected by a link of that version (frame.h), and grants so much under way. While the
 * store cannot be read step_load does the rest. */
void step_connect(struct step *step, struct peer *peer, uint32_t link_version,
                  uint32_t window_messages, uint32_t window_bytes);
/* What it is owed waits, connected or not, until it is let go; both once or more often. */
void step_hold(struct step *step, struct peer *peer);
void step_let_go(struct step *step, struct peer *peer);
/* What is under way to it comes back, in this step as far as there is room for it. */
void step_disconnect(struct step *step, struct peer *peer, enum reason reason, const char *event);
/* It still gives back what was under way: nothing of it is looked at before that is done. */
bool step_is_closing(const struct step *step, const struct peer *peer);
/* What waits for another registry is brought forward, a page in each step. */
void step_wake(struct peer *peer);
/* The parts of a heartbeat that both sides read. */
void step_take_heartbeat(struct step *step, struct peer *peer,
                         const struct frame_heartbeat *heartbeat);
/* TAKEN or NOT_TAKEN for single messages: as many as fit, and as its turn allows. is_custody: who
 * says "taken" has the message; otherwise only our receipts end by it. Pays STEP_WORK_ID each. */
enum turn step_take_ids(struct step *step, struct peer *peer, struct intake *intake,
                        bool is_custody);
/* NOT_TAKEN for everything that is under way: the peer threw its step away. */
enum turn step_nothing_taken(struct step *step, struct peer *peer, struct intake *intake);
void step_take_file_frame(struct step *step, struct peer *peer, struct intake *intake);
/* Once a second, when there were too many: how much of a peer's, or a carrier's, was left out. */
void step_note_left_out(struct step *step, const struct key *from, struct allowance *allowance);

/* ---- the clock: step_clock.c ---- */

/* The time to go by when the clocks show these: the wall clock, unless it jumped. */
wall_t step_time(const struct step *step, mono_t now, wall_t wall);
/* A person has looked at the wall clock, and it is right. */
void step_trust_clock(struct step *step);
/* At the last step. */
struct clock_report step_clock_report(const struct step *step);

/* ---- turns: step_turn.c ---- */

bool step_has_queue_room(const struct step *step);
/* It waits for its peer's turn. Only while step_has_queue_room. */
void step_queue(struct step *step, struct peer *peer, struct intake *intake);
/* The frame whose turn it is; NULL: nobody has a turn in this step any more. The core takes what it
 * can of it, pays with peer->credit, and says what became of it by step_took. */
struct intake *step_next(struct step *step, struct peer **ret_peer);
void step_took(struct step *step, enum turn turn);
/* A message of the peer was taken: if it sends little, it waits for the end of the step. */
void step_note_taken(struct step *step, struct peer *peer);
/* Lately one who sends little was served beside one who sends much: steps are to be short. */
bool step_is_quick(const struct step *step);
/* It goes back to its owner when the step's frames have left. */
void step_give_back(struct step *step, struct intake *intake);

/* ---- what is collected: step_collect.c ---- */

/* Whether this can still be planned, collected and told in this step. */
bool step_fits(struct step *step, const struct room_need *need);
/* How many times that fits, up to limit. */
size_t step_fit_count(struct step *step, const struct room_need *need, size_t limit);
void step_reply_frame(struct step *step, const struct key *peer, const struct frame *frame);
void step_reply_taken(struct step *step, const struct peer *peer, const struct message_id *id);
void step_reply_not_now(struct step *step, const struct peer *peer, const struct message_id *id,
                        enum reason reason);
/* What is under way to that peer comes back to its queue, and leaves again later. sender NULL: by
 * id alone. False: it is not under way, or the peer has taken it. Room: one move. */
bool step_put_off(struct step *step, const struct peer *peer, const struct key *sender,
                  const struct message_id *id, enum reason reason, uint32_t at_least_ms);
/* The stored receipt with that seq, once in a step. */
void step_reply_stored(struct step *step, const struct peer *peer, uint64_t message_seq);
/* A stored message behind a stored receipt about it, in one frame; receipt_seq 0: alone. */
void step_reply_proven(struct step *step, const struct peer *peer, uint64_t receipt_seq,
                       uint64_t message_seq);
/* A row for a document that came from outside; recipient none: it was refused. */
struct store_message *step_plan_sealed(struct step *step, const struct sealed *sealed,
                                       const struct key *recipient);
/* Behind what an entry waits at its destination. */
enum step_line {
    STEP_LINE_NONE,    /* nothing: a receipt */
    STEP_LINE_DOSSIER, /* what came before in its dossier */
    STEP_LINE_SENDER,  /* what came before in its dossier from its sender, whom nobody else knows to
                        * be one of the dossier's: what is stuck there holds up nobody else */
};
/* Plans an entry for the peer and lets it leave at once when it may. parcel and index: where its
 * bytes are; NULL for a local peer. */
void step_owe(struct step *step, const struct store_message *message, struct peer *peer,
              const struct parcel *parcel, uint32_t document_index, enum step_line line,
              wall_t expires);
/* A new entry that never leaves by itself: HELD, or ended at once. The move in the plan. */
struct store_move *step_owe_as(struct step *step, const struct store_message *message,
                               struct peer *peer, enum step_line line, enum entry_state state,
                               enum reason reason, uint32_t size_bytes, wall_t expires);
/* Goes into a receipt for that participant, which the end of the step writes. The item's texts are
 * copied. Room was asked for: room_fact, and room_receipt for the first. */
struct told *step_tell(struct step *step, const struct key *to, uint32_t type, bool is_queued,
                       const struct receipt_item *item);
/* Makes the draft's receipt of this envelope (recipient, type and items are filled in), and says or
 * owes it to the peer that it leaves for. */
enum reason step_write(struct step *step, const struct draft *draft, struct peer *peer,
                       struct envelope *envelope);
/* A call of a local peer that this step has planned is not made. */
void step_recall(struct step *step, uint64_t message_seq);
void step_note(struct step *step, const struct transition *transition);
/* What is refused, repeated or alarming and writes only this line: left out, and counted, when the
 * peer had its share of this second. */
void step_note_of(struct step *step, struct peer *peer, const struct transition *transition);
/* The line of an envelope from its sender; of: see step_note_of, NULL: never left out. */
void step_note_message(struct step *step, struct peer *of, const char *event,
                       const struct envelope *envelope, const struct key *to, enum reason reason);
void step_note_entry(struct step *step, const char *event, const struct store_message *message,
                     const struct entry *entry);
/* A line about the peer itself; counts as step_note_of. */
void step_note_peer(struct step *step, struct peer *peer, const char *event, enum reason reason);

/* ---- what is known already: step_settle.c ---- */

/* NONE: never seen. DUPLICATE: the same, ret_receipt_seq is the seq of its custody receipt, 0 when
 * it has none or is of this step. ID_REUSED, or why the store cannot say. */
enum reason step_check_seen(struct step *step, const struct sealed *sealed,
                            uint64_t *ret_receipt_seq);
/* Ends the entry that a receipt's item names, at that peer. DUPLICATE: it has this outcome.
 * RECEIPT_FORBIDDEN: another one. NOT_FOUND, REPLY_DIGEST_MISMATCH, or why the store cannot say. */
enum reason step_settle(struct step *step, struct peer *peer, const struct key *sender,
                        const struct receipt_item *item, enum entry_state state,
                        uint64_t receipt_seq, uint64_t *ret_message_seq);
/* A receipt about nothing that is under way, from a peer that had its share of alarms: most likely
 * the next of them. Who is honest says it again in a moment. */
bool step_is_put_off(struct step *step, struct peer *peer, const struct envelope *envelope);
/* The flight of a message to that peer; NULL: it is not under way. */
struct flight *step_flight(struct step *step, const struct peer *peer,
                           const struct store_message *message);
/* Entries whose life is over: at most STEP_EXPIRIES_MAX. None while the clock is in doubt. What was
 * ever sent ends grace_ms later. */
size_t step_expired(struct step *step, int64_t grace_ms, struct entry *ret_entries);
/* One of them as the plan leaves it, with its message and peer. False: it is not to be ended now.
 */
bool step_is_idle(struct step *step, struct entry *entry, struct store_message *ret_message,
                  struct peer **ret_peer);
/* A live entry as the plan leaves it. NOT_FOUND; HAS_ENDED; UNDER_WAY: only its receipt is awaited.
 */
enum reason step_find_live(struct step *step, uint64_t message_seq, const struct key *destination,
                           struct entry *ret_entry, struct store_message *ret_message,
                           struct peer **ret_peer);
/* An entry that is not under way moves; the backlog follows. The move in the plan. */
struct store_move *step_move(struct step *step, struct peer *peer, struct entry *entry,
                             enum entry_state state, enum reason reason);
/* HELD or DEFERRED becomes due now. UNDER_WAY, NOT_HELD: neither. */
enum reason step_release_entry(struct step *step, struct peer *peer, struct entry *entry);

/* ---- the end: step_send.c ---- */

void step_committed(struct step *step, const struct step_effects *effects);
void step_aborted(struct step *step, enum reason reason, const struct step_effects *effects);
