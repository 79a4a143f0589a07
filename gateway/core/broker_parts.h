/* broker_parts - what the files of the broker share. Nobody else includes this. Calls go downwards:
 *
 *   broker.c            life cycle, the step
 *   broker_admit.c      messages: authorise, resolve, plan
 *   broker_receipts.c   what receipts of adapters settle
 *   broker_peers.c      hello, heartbeats, acknowledgements, attachments
 *   broker_refuse.c     what came before, and what cannot come in
 *   broker_dossier.c    which agency has a dossier, and who may speak of it
 *   broker_past.c       adapters that were put back, or run twice
 *   broker_restore.c    the gateway's own store was put back
 *   broker_prove.c      since when we have what a certificate ended under
 *   broker_standing.c   where messages stand, for people
 *   broker_operate.c    operators and life times
 *   broker_copies.c     copies of what came to nothing
 *   broker_redirect.c   queues that another participant takes over
 *   broker_job.c        what a job does with an entry (gateway/custody/job.h)
 *   broker_tell.c       what the gateway says and records for itself
 */
#pragma once

#include "gateway/core/broker.h"
#include "gateway/core/ledger.h"
#include "gateway/custody/job.h"
#include "gateway/custody/step.h"
#include "routing/registry/route.h"

enum {
    BROKER_RETOLD_MAX = 256, /* a page of questions has STANDING_ASK_MAX messages; 6 KB a peer */
    BROKER_RETOLD_FIRST_MS = 15 * 1000,
    BROKER_RETOLD_GAP_MAX_MS = 60 * 60 * 1000,
    BROKER_REPLIES_MAX = 8192, /* frames, acknowledgements and repeated receipts of one step */
    BROKER_EVENTS_MAX = 16384, /* log lines of one step; more are counted and told as left out */
    BROKER_STEP_BYTES = 24 * 1024 * 1024,
    BROKER_SCRATCH_BYTES = 2 * 1024 * 1024,
    /* Dossiers whose last number is in memory, by a hash: the newest take the place of others. What
     * is not here is looked up when its sender gives reason to (broker_past.c). */
    BROKER_SEQUENCES_MAX = 16384,
};
_Static_assert((size_t)BROKER_STEP_BYTES / 2 >
                   2 * STEP_EXPIRIES_MAX * (ROOM_FACT_ALL_BYTES + ROOM_RECEIPT_BYTES) +
                       STEP_WAITING_MAX * ROOM_MESSAGE_ALL_BYTES + ROOM_LEAST_BYTES,
               "a step has memory for what arrives beside all that it does by itself");
_Static_assert(BROKER_REPLIES_MAX / 2 >= 3 * FETCH_WANTED_MAX + FETCH_WAITING_MAX + 2 &&
                   (int)STEP_WAITING_MAX == FETCH_WAITING_MAX,
               "and replies: a step may begin and end each file that is wanted");
_Static_assert(ROOM_FACT_BYTES >= sizeof(struct told) + sizeof(struct ledger_fact) +
                                      sizeof(struct receipt_item) + 3 * ROOM_PIECE_BYTES,
               "room.h knows what a fact takes");

/* What is kept of an adapter's past over a restart of the gateway, as bytes: a store stays on
 * machines of one kind. */
struct past_note {
    enum reason alarm;
    struct head_seen head;
};

/* What the broker knows of a participant's adapter beside struct peer; by the same number. */
/* A receipt that a peer has heard again in this session, because it asks for what else its message
 * waits for. Told at once to one that lost it, and to one that has it at ever longer gaps. */
struct retold {
    uint64_t receipt_seq; /* 0: none */
    mono_t due;           /* not again before */
    uint32_t gap_ms;
};

struct adapter {
    uint64_t connection; /* of the transport */
    mono_t heartbeat_heard;
    struct head_seen head; /* the last head that it says it has verified */
    mono_t head_due;
    bool is_proof_gone; /* said once since its hello */
    enum reason office; /* what keeps its office from accepting, as it says */
    wall_t office_since;
    bool has_last_id;
    struct message_id last_id;              /* largest id taken from it; more than this is new */
    uint8_t incarnation[INCARNATION_BYTES]; /* of its process, from its last hello */
    uint8_t incarnation_before[INCARNATION_BYTES];
    mono_t incarnation_since;
    mono_t past_alarm_due;  /* the next alarm about its past, not before */
    enum reason past_alarm; /* of the last: why its past is not what it was */
    mono_t past_alarm_since;
    /* Of the registry that it goes by, as it says; "": it has not said, or nothing of that form. */
    char registry_version[REGISTRY_VERSION_TEXT_BYTES];
    wall_t registry_since; /* when it said so first */
    bool is_recalled;      /* the store's note of before is read */
    struct past_note noted;
    mono_t note_due;
    mono_t greeted;
    wall_t offered_until; /* the end of the last gap whose messages it has offered again */
    struct retold retold[BROKER_RETOLD_MAX]; /* one that is pushed out is told once more */
};

/* Between a backup and its restore: what was taken then is gone here. */
struct gap {
    wall_t from, until; /* 0: none */
};

/* The last number that a sender gave in a dossier. */
struct last_sequence {
    uint64_t class; /* hash of sender and dossier; 0: free */
    uint64_t sequence;
};

struct broker {
    struct broker_options options;
    struct step step;
    struct ledger ledger;
    bool ledger_id_is_new;
    struct digest signer;      /* the certificate that this step signs with */
    struct digest head_signer; /* that the last head was signed with; zero: not known */
    mono_t hears_until; /* adapters, before what was sent ends by the clock; 0: no tick yet */
    bool is_restored;   /* and the entry that says so is not committed yet */
    uint8_t old_ledger_id[LEDGER_ID_BYTES];
    struct gap gap; /* the last one */
    struct registry *registry;
    const char *registry_version;
    uint32_t readings;     /* of the registry: the heartbeats tell it */
    uint32_t window_bytes; /* granted to each who is connected, by the last tick */
    uint32_t tick_at;      /* the peer that the tick goes on with */
    struct adapter *adapters;
    struct last_sequence *sequences; /* BROKER_SEQUENCES_MAX */
    struct allowance strangers;      /* for those that no place is left for */
    struct allowance_lines lines;    /* of carriers */
    struct redirect redirects[BROKER_REDIRECTS_MAX];
    size_t redirect_count;
    uint32_t redirect_at;  /* the peer whose queue is looked at */
    uint64_t redirect_seq; /* how far */
    bool redirect_moved;   /* something of it */
    struct jobs *jobs;
    struct ledger_fact *records; /* of the step: entries that belong to no receipt of ours */
};

static inline struct adapter *adapter_of(const struct broker *broker, const struct peer *peer)
{
    return &broker->adapters[peer->index];
}

/* broker_admit.c */
enum turn broker_admit_parcels(struct broker *broker, struct peer *peer, struct intake *intake);
/* Messages whose attachments arrived, or will not. */
void broker_admit_waiting(struct broker *broker);

/* broker_receipts.c */
/* A receipt that a participant signed. True: it was taken (planned as a message of its parcel). */
bool broker_take_receipt(struct broker *broker, struct peer *peer, const struct sealed *sealed,
                         struct store_message **ret_message);

/* broker_peers.c */
enum turn broker_peer_frame(struct broker *broker, struct peer *peer, struct intake *intake);
/* False: there was no room for all; the next step goes on. */
bool broker_tick_peers(struct broker *broker);

/* broker_refuse.c */
/* NONE: new. DUPLICATE: answered. Another reason: refused, or the store could not say. */
enum reason broker_check_duplicate(struct broker *broker, struct peer *peer,
                                   const struct sealed *sealed);
void broker_remember_id(struct broker *broker, const struct peer *peer,
                        const struct message_id *id);
/* What cannot come in: refused for good with a receipt, or "not now". The row of a refusal that is
 * remembered, or NULL. */
struct store_message *broker_turn_away(struct broker *broker, struct peer *peer,
                                       const struct sealed *sealed, enum reason reason);
enum turn broker_refuse_frame(struct broker *broker, struct peer *peer, struct intake *intake);

/* broker_dossier.c */
/* Which agency has the dossier; none: that is not known here. The store may not be able to say. */
enum reason broker_find_dossier(struct broker *broker, const struct envelope *envelope,
                                struct key *ret_agency);
/* NONE, NOT_FOUND, or why the store cannot say: whether one message of the dossier does. */
typedef enum reason dossier_matches(struct broker *broker, const struct envelope *envelope,
                                    const struct key *agency, uint64_t message_seq);
/* NONE: one of the dossier's messages matches. The newest first, and of a very long dossier only
 * these: what somebody put there before anybody knew whose it is crowds nothing out. */
enum reason broker_search_dossier(struct broker *broker, struct peer *peer,
                                  const struct envelope *envelope, const struct key *agency,
                                  dossier_matches *matches);
/* DOSSIER_OF_ANOTHER: an agency speaks of a dossier that another one has, and was not asked. */
enum reason broker_check_voice(struct broker *broker, struct peer *peer,
                               const struct envelope *envelope, const struct key *agency);
enum step_line broker_line(const struct broker *broker, const struct envelope *envelope,
                           const struct key *agency);

/* broker_past.c */
/* A hello beside what its participant said before: the same key in two programs, or a state
 * that was put back. */
void broker_compare_past(struct broker *broker, struct peer *peer, const struct frame_hello *hello);
/* NONE, or SEQUENCE_REPEATED: another message of this sender has its number in the dossier. Other
 * reasons: the store cannot say. Remembers it. */
enum reason broker_compare_sequence(struct broker *broker, struct peer *peer,
                                    const struct envelope *envelope);
/* Now and then, and at once when it gave reason: for the next start of the gateway. */
void broker_note_past(struct broker *broker, struct peer *peer);
enum reason broker_past_alarm(const struct broker *broker, const struct peer *peer);

/* broker_restore.c */
enum reason broker_load_restore(struct broker *broker);
/* The first entry of the new ledger. */
void broker_record_restore(struct broker *broker);
/* To a participant whose store was put back: a page of what it sent, or of what was sent to it. It
 * leaves before the answer. How many messages. */
enum { BROKER_BACK_PAGE_MAX = 32 };
size_t broker_give_back(struct broker *broker, struct peer *peer, const struct frame_taken *ask,
                        struct frame_standing *answer);
bool broker_is_of_gap(const struct broker *broker, const struct message_id *id);
/* A reply to a message that is not here: it may have been lost, and come again. */
enum reason broker_check_lost_reply(const struct broker *broker, const struct envelope *envelope,
                                    const struct key *recipient);
/* True: somebody else may still offer what was lost. */
bool broker_is_incomplete(const struct broker *broker, const struct peer *peer);
/* MESSAGE_FORGOTTEN: what stands before it in its dossier may have been lost, and comes first. */
enum reason broker_check_order(const struct broker *broker, const struct peer *peer,
                               const struct envelope *envelope, const struct key *recipient);

/* broker_former.c */
/* Our own receipt of before our store was put back, that a message came back with. */
struct former {
    const struct sealed *receipt; /* NULL: none */
    const struct receipt_item *item;
};
/* It says nothing by itself. */
bool broker_is_former(const struct broker *broker, const struct peer *peer,
                      const struct sealed *sealed);
/* Of such a receipt: the message behind it is one of its items. */
bool broker_former_is_used(const struct intake *intake, const struct sealed *receipt);
/* True: it proves that the message was in custody; its seal is then judged as of that time. */
bool broker_find_former(struct broker *broker, const struct peer *peer, const struct intake *intake,
                        struct sealed *sealed, struct former *ret_former);
/* To the recipients of then. False: they cannot be read, of no former that was found. */
bool broker_route_former(const struct broker *broker, const struct former *former,
                         struct route_decision *ret_decision);
/* True: the dossier has the route of a later transfer, which stays. */
bool broker_is_overtaken(struct broker *broker, const struct envelope *envelope);
/* Of a message that is planned with its entries. */
void broker_take_former(struct broker *broker, const struct former *former,
                        const struct sealed *sealed, struct store_message *message);
/* Since when it is in custody, also of one that came back. */
wall_t broker_custody_of(struct broker *broker, const struct store_message *message);

/* broker_prove.c */
void broker_prove_custody(struct broker *broker, struct peer *peer,
                          const struct frame_taken *frame);

/* broker_standing.c */
/* What keeps a peer from taking or accepting anything; reason NONE: nothing that is known. */
void broker_peer_trouble(const struct broker *broker, const struct peer *peer,
                         struct standing *ret_trouble);
enum turn broker_hear_standing(struct broker *broker, struct peer *peer, struct intake *intake);
enum turn broker_answer_ask(struct broker *broker, struct peer *peer, struct intake *intake);

/* broker_redirect.c */
enum reason broker_load_redirects(struct broker *broker);
/* Who has by now what is for that participant: itself, or who takes over. */
struct key broker_heir(struct broker *broker, const struct key *key);
/* The first destination as it is now. */
void broker_redirect_route(struct broker *broker, struct route_decision *decision);
/* One entry alone goes over to that participant: UNDER_WAY, SENT_BEFORE, RECEIPT_STAYS,
 * BEHIND_EARLIER, or as broker_redirect; BUSY: ask again. */
enum reason broker_redirect_entry(struct broker *broker, const struct entry *entry,
                                  const struct key *to);
/* A page of what waits for somebody who has an heir. */
void broker_move_redirected(struct broker *broker);

/* broker_operate.c */
/* The transfer came to nothing: the dossier is where it was before. */
void broker_end_route(struct broker *broker, const struct key *sender, const struct message_id *id,
                      const struct key *destination);
void broker_expire(struct broker *broker);

/* broker_job.c */
struct job_hand broker_job_hand(struct broker *broker);

/* broker_copies.c */
/* What that destination was owed has ended in this step. */
void broker_tell_copy(struct broker *broker, uint64_t message_seq, const struct key *ended,
                      enum entry_state state);

/* broker_tell.c */
/* An entry of the ledger; its time and registry are filled in. Room was asked for. */
void broker_record(struct broker *broker, const struct ledger_fact *fact);
/* The same, and an item of a receipt of ours for that participant. Custody and refusal are said on
 * the line, where somebody waits for them; other ends go through the outbox and name the fact's
 * destination. */
struct told *broker_tell(struct broker *broker, const struct key *to, uint32_t type,
                         const struct ledger_fact *fact, struct bytes recipients);
/* Builds the receipts and the head of this step. */
enum reason broker_write_receipts(struct broker *broker);
