/* broker - the deterministic heart of the gateway: takes custody, decides, owes, records.
 *
 *   frame ─parse▶ envelope ─verify▶ sealed ─authorise▶ admitted ─resolve▶ routed ─plan▶ ONE commit
 *   └──────── gateway/custody/examine ────┘└────────────── broker_intake ───────────┘   │
 *                         frames leave ◀── broker_committed ◀───────────────────────────┘
 *
 * No clock, no socket, no disk of its own; the daemon and the simulator drive the same object code:
 *
 *   broker_begin(now)
 *     broker_intake, broker_peer_gone, broker_operate, broker_set_registry … any number
 *   broker_end ─▶ plan ─▶ store commit ─┬▶ broker_committed(effects)
 *                                        └▶ broker_aborted(reason, effects)
 *
 * Everything that is said (receipts, acknowledgements, deliveries) leaves in broker_committed,
 * after the commit (invariant 1). After broker_aborted nothing was said and nothing changed: the
 * broker tells the senders "not now" and reads its state from the store again before it takes
 * anything in.
 *
 * One signature per commit covers the custody and refusal receipts of all senders and the head of
 * the ledger (a manifest lists them), so evidence costs the same for one message and for a
 * thousand.
 *
 * A message whose certificate the registry does not know is put off, not refused. The registry is
 * a copy of what people decide, and the next reload may bring the row: a refusal would end for good
 * whatever an agency sends between the renewal of its certificate and our operator's reload. What
 * waits stays with its sender, who sees the reason, until its own end; nothing of it is kept here
 * but a line of the log, within the sender's allowance. What a registered certificate shows
 * (another signer, a revocation, a signature that does not fit) is sure ground, and refused.
 *
 * Reads go through the store port inside the step; writes leave as data. Registry and trust are
 * snapshots. Bounds: BROKER_… below, gateway/custody/plan.h, proto/base/limits.h.
 */
#pragma once

#include "gateway/custody/clock_sense.h"
#include "gateway/custody/effects.h"
#include "gateway/custody/standing.h"
#include "gateway/port/blobs.h"
#include "gateway/port/crypto.h"
#include "gateway/port/store.h"
#include "routing/registry/registry.h"

enum {
    BROKER_STEP_INTAKES_MAX = 256, /* frames that one step finishes: bounds a commit */
    BROKER_QUEUE_MAX = 2 * BROKER_STEP_INTAKES_MAX, /* frames that wait for their turn */
    /* Work is counted in units of about a microsecond on a plain machine (step.h). A turn is a full
     * parcel. A step for whose end others wait is shorter than one of a peer that is alone; were it
     * much shorter, its signature and its write would cost more than the wait. */
    BROKER_WORK_MESSAGE = 8,    /* looked at, taken, written, sent on */
    BROKER_WORK_REPEAT = 16,    /* two reads of the store, and what they found is sent */
    BROKER_WORK_READ = 4,       /* of one message that it is compared with */
    BROKER_WORK_ITEM = 2,       /* of a receipt */
    BROKER_WORK_FRAME = 4,      /* any other frame */
    BROKER_WORK_HELLO = 64,     /* a proof for the witness reads hashes of the ledger */
    BROKER_WORK_FILE_FRAME = 8, /* a piece is written, a question reads rows */
    BROKER_WORK_BYTES = 1024,   /* so many bytes of a document are one unit more */
    BROKER_TURN_WORK = 64 * BROKER_WORK_MESSAGE,
    BROKER_SHARED_WORK = 2048 * BROKER_WORK_MESSAGE,
    /* While somebody who sends little waits for the end of steps, all who send much together have
     * no more of one than a turn: a millisecond or two, about what its signature costs. */
    BROKER_QUICK_WORK = BROKER_TURN_WORK,
    BROKER_QUICK_LEASES = 16,
    BROKER_QUICK_RETURNS = 64,
    BROKER_HEAD_INTERVAL_MS = 60 * 1000, /* every witness sees the ledger grow this often */
    BROKER_CLOCK_QUORUM = 2,             /* peers that must agree: one alone never ends a doubt */
    /* An entry that was ever sent may be at the agency although we do not know: it is declared
     * expired only this long after its end, when the agency's adapter must have refused it too. */
    BROKER_EXPIRY_GRACE_MS = 24 * 60 * 60 * 1000,
    BROKER_EXPIRY_HEAR_MS = 60 * 60 * 1000, /* from its start on, at the least */
    BROKER_REDIRECTS_MAX = 64, /* mergers that nobody has entered into the registry yet */
};

struct broker;
struct jobs;      /* gateway/custody/job.h */
struct hold;      /* gateway/custody/hold.h */
struct room_need; /* gateway/custody/room.h */

struct broker_options {
    struct key self; /* participant key of this gateway */
    int32_t offset_minutes;
    uint32_t window_messages; /* granted to each adapter */
    uint32_t participants_max;
    uint32_t flights_max;
    uint64_t attachment_bytes_max;
    struct store *store;
    struct blobs *blobs;
    const struct crypto_port *crypto;
    /* What one step may hold; NULL: all that memory is kept for. At least room_least beside what a
     * step does by itself: smaller bounds are for tests. */
    const struct room_need *step_max;
};

size_t broker_memory_bytes(const struct broker_options *options);
struct broker *broker_new(const struct broker_options *options, struct arena *memory);
/* Releases buffers; the arena is the caller's. */
void broker_release(struct broker *broker);
/* Reads where the store stands; after open. Makes the ledger's id at the very first start. */
enum reason broker_load(struct broker *broker, wall_t wall);
/* The registry that decides from now on; the broker keeps a reference. */
void broker_set_registry(struct broker *broker, struct registry *registry);

void broker_begin(struct broker *broker, mono_t now, wall_t wall);
/* The time that the broker goes by when the clocks show these: the wall clock, unless it jumped
 * (gateway/custody/clock_sense.h). Frames are stamped, and certificates judged, at this time. */
wall_t broker_time(const struct broker *broker, mono_t now, wall_t wall);
/* An operator has looked at the wall clock, and it is right: evidence. BUSY: ask again. */
enum reason broker_trust_clock(struct broker *broker);
/* False: BROKER_QUEUE_MAX frames wait; end the step and offer the intake again. */
bool broker_has_room(const struct broker *broker);
/* An examined frame. It waits for its participant's turn, which may come in this step's broker_end
 * or in a later step (custody/step.h); effects->intake_done says when it is no longer needed. */
void broker_intake(struct broker *broker, struct intake *intake);
/* The transport noticed that this connection of the peer is gone. */
void broker_peer_gone(struct broker *broker, const struct key *peer);

enum broker_operation { BROKER_HOLD = 1, BROKER_RELEASE, BROKER_WITHDRAW, BROKER_EXPIRE };
/* An operator's hand on one entry. REASON_NOT_FOUND; REASON_BUSY: ask again, this step is full;
 * when its state does not allow it, why, with what can be done instead: UNDER_WAY, SENT_BEFORE
 * (what was ever sent to an agency cannot be withdrawn here, only by a withdrawal message),
 * HAS_ENDED, HELD_ALREADY, NOT_HELD or RECEIPT_STAYS. */
enum reason broker_operate(struct broker *broker, uint64_t message_seq,
                           const struct key *destination, enum broker_operation operation);

/* Operations on sets: planned and started within a step; each step does a page. */
struct jobs *broker_jobs(const struct broker *broker);

/* Nothing of a dossier is purged from now on, or may be again: evidence. Reasons: hold_plan. */
enum reason broker_hold_dossier(struct broker *broker, struct hold *hold);

/* Who takes over what waits and what comes for a participant. */
struct redirect {
    struct key from, to;
    bool is_sent_too; /* also what was sent to it before, whose office is known not to have it */
};
/* An operator's decision; to none: it ends. From now on the queue moves by itself, page by page,
 * and so does what comes. Evidence, kept in the store. AGENCY_UNKNOWN; REDIRECT_NOWHERE: it cannot
 * take it, or leads back; NOT_FOUND: there is none to end; BUSY: ask again, or there
 * are BROKER_REDIRECTS_MAX. */
enum reason broker_redirect(struct broker *broker, const struct key *from, const struct key *to,
                            bool is_sent_too);
size_t broker_redirect_count(const struct broker *broker);
struct redirect broker_redirect_at(const struct broker *broker, size_t index);

/* Seals what is said and gives the plan; NULL: nothing to commit (broker_committed follows all the
 * same). A reason: the step cannot be committed, call broker_aborted. */
enum reason broker_end(struct broker *broker, const struct store_plan **ret_plan);

void broker_committed(struct broker *broker, const struct step_effects *effects);
void broker_aborted(struct broker *broker, enum reason reason, const struct step_effects *effects);

/* When the broker wants a step without an event. */
mono_t broker_deadline(const struct broker *broker);

struct broker_peer_status {
    struct key key;
    bool is_connected;
    uint32_t link_version; /* of its last hello; 0: none yet */
    wall_t last_heard;
    uint64_t backlog;
    uint32_t under_way;
    bool breaker_is_open;
    /* What keeps it from taking or accepting anything, as far as it is known: not there, paused
     * after failures, its office. NONE: nothing. */
    struct standing trouble;
    uint64_t witnessed_size; /* of the ledger, as it last said that it has verified */
    /* Of the registry that it goes by, as it last said, and since when, as far as this run of the
     * gateway has heard; "": not known, as of a program of release 1.1 and before. */
    const char *registry_version;
    wall_t registry_since;
    enum reason alarm; /* NONE, TWO_PROGRAMS_ONE_KEY, STORE_ROLLED_BACK: of the last minutes */
};
struct broker_status {
    enum reason store; /* NONE, or why nothing can be committed */
    struct clock_report clock;
    uint64_t ledger_size;
    struct digest ledger_root;
    uint8_t ledger_id[LEDGER_ID_BYTES];
    size_t peer_count;
    wall_t put_back; /* when the store last was, from a backup; 0: never */
};
void broker_status(const struct broker *broker, struct broker_status *ret_status);
/* Where a live entry of the store stands, for people. */
void broker_standing(struct broker *broker, const struct entry *entry,
                     struct standing *ret_standing);
/* index below peer_count. */
void broker_peer_status(const struct broker *broker, size_t index,
                        struct broker_peer_status *ret_status);
