/* store - custody: what has been taken in, what is owed to whom, and the evidence of both.
 *
 * A port: the broker and the participant session know these verbs and nothing of SQL. Each verb is
 * one transaction. Writes leave the core as data (struct store_plan) and are applied all or nothing
 * by commit; when it answers REASON_NONE everything in the plan is on disk (fsynced), otherwise
 * nothing of it is (invariants 1, 7). One thread uses a store.
 *
 * Calling sequence: an implementation's own open function gives a struct store *, then recover
 * once, then reads and commits, then close.
 *
 * Ownership: everything in a plan belongs to the caller and is only read during the call. Bytes
 * that reads give out live in the store's own buffer until the next call on that store.
 *
 * Numbers: seqs (messages, parcels) are given by the caller, increasing, from the next_… of
 * struct store_positions; they are local to this store and never travel.
 *
 * Cost: no verb's cost grows with history; commit is linear in the plan, reads in what they return.
 *
 * Errors: REASON_STORE_FULL (disk), REASON_STORE_BUSY (locked too long), REASON_STORE_FAILED (I/O),
 * REASON_STORE_CORRUPT (checksums, integrity), REASON_STORE_NEWER (schema, at open),
 * REASON_NOT_FOUND, REASON_CONTENT_PURGED (read_document alone: its row says so before),
 * REASON_OUT_OF_MEMORY, REASON_STORE_ROLLED_BACK (another file stands in its place, or its
 * content was replaced: from then on nothing is committed or recovered). After a commit that failed
 * the caller's memory of what was planned is void; what was committed before still stands.
 *
 * The contract is tested on every implementation by tests/contract/.
 */
#pragma once

#include "proto/base/digest.h"
#include "proto/base/id.h"
#include "proto/base/key.h"
#include "proto/base/limits.h"
#include "proto/base/reason.h"
#include "proto/base/time.h"
#include "proto/codec/envelope.h"
#include "routing/deadline/deadline.h"
#include "routing/outbox/entry.h"

enum {
    STORE_NOTE_NAME_BYTES_MAX = 128,
    STORE_DUE_SENDERS_MAX = 256, /* that one look at what is due serves */
    STORE_NOTE_BYTES_MAX = 64 * 1024,
    STORE_IDS_MAX = 64,
    STORE_PAGE_MAX = 1024, /* rows that one read returns at most */
};

/* Documents sealed together: written once, never changed. A message is one document of a parcel. */
struct store_parcel {
    uint64_t seq;
    struct bytes manifest; /* empty in single mode */
    struct bytes signature;
    struct bytes certificate; /* empty when the signer is registered */
    const struct bytes *documents;
    size_t document_count; /* 1 to STORE_PARCEL_DOCUMENTS_MAX */
};
/* A gateway's own commit seals receipts for every participant at once. */
enum { STORE_PARCEL_DOCUMENTS_MAX = PARTICIPANTS_MAX };

/* What is kept beside the document so that it can be found; immutable like the document, but for
 * the parcel (struct store_seal). */
struct store_message {
    uint64_t seq;
    uint64_t parcel_seq;
    uint32_t document_index; /* in that parcel */
    struct key sender;
    struct key recipient; /* as resolved; none for a tree head */
    struct message_id id; /* (sender, id) is unique: a plan that breaks this is our own mistake */
    struct digest digest; /* SHA-256 of the document */
    uint32_t type;        /* MessageType of envelope.proto */
    struct bytes dossier_code;
    struct bytes procedure_code;
    uint64_t sequence;
    struct message_id in_reply_to; /* zero: none */
    wall_t custody;                /* when this store took it */
    uint64_t receipt_seq;          /* message seq of its custody receipt; 0 none */
    uint32_t gone;                 /* parts of it that were purged: enum store_part */
    /* In a plan alone: the files that it names. A read gives none; unnamed_files is what they are
     * kept for. */
    const struct attachment *attachments;
    size_t attachment_count;
};

/* What may go of a message when its time is over; bits. As long as its row is here, with sender,
 * id, digest, custody and the number of its receipt, the same message again is known. When that
 * goes too, it is known that its id is no new one (forgotten_id). */
enum store_part {
    STORE_PART_DOCUMENT = 1, /* its bytes: read_document says CONTENT_PURGED from now on; and what
                              * it says of files, which may be unnamed after that */
    STORE_PART_SEAL =
        2, /* manifest, signature and certificate, once no document of theirs is left */
    STORE_PART_NAMES =
        4, /* codes of dossier and procedure, what it answers, its ended entries, what
                           * it did to the dossier's route; with the last of a dossier its clock,
                           * also one that nobody has ended */
    STORE_PART_ENTRIES = 8, /* of a ledger's head: the entries that it was the first to cover; their
                             * hashes stay, and with them every proof */
    STORE_PART_ROW = 16,    /* when document, seal and names have gone: that it was here. With a
                             * head the hashes before its tree's end go, but for those that a proof
                             * from there on needs. Never of the last message */
};
enum { STORE_PARTS_OF_CONTENT = STORE_PART_DOCUMENT | STORE_PART_SEAL | STORE_PART_NAMES };

/* Of a message of an earlier plan whose entries have all ended: that something is purged which is
 * still owed to somebody is our own mistake, and ends the program before anything is written.
 * Custody says when a message may go: gateway/custody/retention.h. */
struct store_purge {
    uint64_t message_seq;
    uint32_t parts;
};

/* A message that its own sender sealed again, the same bytes under a newer certificate: from now on
 * it is read with that parcel. The one before stays where it is. */
struct store_seal {
    uint64_t message_seq;
    uint64_t parcel_seq;
    uint32_t document_index;
};

/* A new state for an entry that exists. Only these fields change. */
struct store_move {
    uint64_t message_seq;
    struct key destination;
    enum entry_state state;
    wall_t due;
    uint32_t attempts;
    enum reason reason;
    wall_t since;         /* live */
    uint64_t receipt_seq; /* ended */
};

/* The agency that a transfer took its dossier to, and by which registry. Of the routes of a dossier
 * that of the latest transfer counts; one of a transfer that was refused, expired or taken back is
 * written again with no agency. */
struct store_route {
    struct bytes dossier_code;
    struct key agency; /* none: this transfer is nothing to go by any more */
    struct bytes registry_version;
    uint64_t message_seq; /* of the transfer */
    bool is_later;        /* the dossier has a route of before: kept apart, others cost nothing */
};

/* The statutory clock of a dossier; one row for each. Times: routing/deadline/deadline.h. */
struct store_deadline {
    struct bytes dossier_code;
    struct bytes procedure_code;
    struct key agency; /* that has the dossier; none: not known */
    struct deadline deadline;
};

/* Open ones in the order of their due times, then codes. */
struct store_deadline_filter {
    struct key agency; /* none: any */
    wall_t due_before; /* 0: any */
    wall_t after_due;  /* for paging: behind (after_due, after_dossier) */
    struct bytes after_dossier;
};

/* Entries added to this store's ledger in one commit; numbering: gateway/core/ledger.h. */
struct store_segment {
    uint64_t first_index;        /* of the first entry: the tree size so far */
    const struct bytes *entries; /* LedgerEntry documents */
    size_t entry_count;
    uint64_t first_hash;         /* position in the hash stream: its length so far */
    const struct digest *hashes; /* leaf and inner hashes in order of completion */
    size_t hash_count;
    uint64_t head_seq; /* message seq of this commit's sealed LEDGER_HEAD document */
};

/* A small named value: last id of a maker, next sequence of a dossier, last head seen. */
struct store_note {
    struct bytes name;  /* at most STORE_NOTE_NAME_BYTES_MAX */
    struct bytes value; /* empty: removed */
};

/* One commit. Order of application: parcels, messages, seals, routes, entries, moves, purges,
 * deadlines, segment, notes. */
struct store_plan {
    const struct store_parcel *parcels;
    size_t parcel_count;
    const struct store_message *messages;
    size_t message_count;
    const struct store_seal *seals; /* of messages of earlier plans */
    size_t seal_count;
    const struct store_route *routes; /* in the order of their messages */
    size_t route_count;
    const struct store_deadline *deadlines;
    size_t deadline_count;
    /* New entries, QUEUED, LEASED or AWAITED. A QUEUED entry whose order class (not 0) has an
     * earlier live entry for the same destination stands behind it: due does not return it before
     * that one ends. A new LEASED entry is the caller's word that nothing live is ahead of it. */
    const struct entry *entries;
    size_t entry_count;
    const struct store_move *moves; /* may name an entry of the same plan */
    size_t move_count;
    const struct store_purge *purges;
    size_t purge_count;
    const struct digest *forgotten_files; /* of unnamed_files, that are no more */
    size_t forgotten_file_count;
    const struct store_segment *segment; /* NULL: none */
    const struct store_note *notes;
    size_t note_count;
};

struct store_positions {
    uint64_t next_parcel_seq;  /* from 1 */
    uint64_t next_message_seq; /* from 1 */
    uint64_t ledger_size;      /* entries */
    uint64_t ledger_hashes;    /* length of the hash stream */
    uint64_t ledger_head_seq;  /* message seq of the last head; 0 none */
};

/* A message with its bytes. */
struct store_document {
    struct store_message message;
    struct bytes document;
    struct bytes manifest;
    struct bytes signature;
    struct bytes certificate;
};

struct store_count {
    struct key destination;
    uint64_t count[ENTRY_STATES]; /* live states only: terminal ones are history */
    wall_t oldest;                /* custody of the oldest live entry; 0 none */
};

/* What an entry list shows. Zero and none mean "any". */
struct store_filter {
    struct key destination;
    enum entry_state state; /* 0: all live states */
    struct bytes dossier_code;
    uint64_t after_seq; /* for paging: entries after (after_seq, after_destination) */
    struct key after_destination;
};

struct store;

struct store_verbs {
    void (*close)(struct store *store);
    /* After a start: every LEASED entry becomes QUEUED with due 0, because its owner is gone. */
    enum reason (*recover)(struct store *store, uint64_t *ret_count);
    enum reason (*positions)(struct store *store, struct store_positions *ret_positions);
    enum reason (*commit)(struct store *store, const struct store_plan *plan);
    /* As commit, and seen by every read that follows, but on disk only after sync: a crash may lose
     * what was applied and not synced, the last before the first. So the caller goes on while the
     * disk writes, and says nothing of the plan before its sync (invariant 1). */
    enum reason (*apply)(struct store *store, const struct store_plan *plan);
    /* Everything that was applied before the call is on disk. One other thread may call it while
     * the owner uses the store. After a failure nobody knows what of it is: open the store anew. */
    enum reason (*sync)(struct store *store);
    /* By (sender, id). NOT_FOUND when never taken. */
    enum reason (*find_message)(struct store *store, const struct key *sender,
                                const struct message_id *id, struct store_message *ret_message);
    /* By seq. */
    enum reason (*read_message)(struct store *store, uint64_t seq,
                                struct store_message *ret_message);
    /* The first message behind that seq whose row is here. NOT_FOUND: there is none. */
    enum reason (*next_message)(struct store *store, uint64_t after_seq, uint64_t *ret_seq);
    /* The largest id taken from this sender; zero when none. Lets the caller skip find_message. */
    enum reason (*last_id)(struct store *store, const struct key *sender,
                           struct message_id *ret_id);
    /* The largest id of this sender whose row has gone; zero when none. What find_message does not
     * find and is not above it may have been here. */
    enum reason (*forgotten_id)(struct store *store, const struct key *sender,
                                struct message_id *ret_id);
    /* Message seqs of this sender under ids after that one, in the order of the ids; at most
     * STORE_IDS_MAX at once. */
    enum reason (*after_id)(struct store *store, const struct key *sender,
                            const struct message_id *id, uint64_t *ret_seqs, size_t limit,
                            size_t *ret_count);
    enum reason (*read_document)(struct store *store, uint64_t seq,
                                 struct store_document *ret_document);
    /* Entries of a destination that may be leased at now: QUEUED or DEFERRED, due, nothing ahead.
     * The senders of their messages take turns, so that nobody's many keep another's few waiting
     * (invariant 13): each has an equal part of limit, what one does not use goes to the others,
     * and the first is the one that follows `after` in the store's own order of senders, which
     * stays (none: any). One sender's stand together, oldest due first, then seq. At most
     * STORE_DUE_SENDERS_MAX senders in one call: who has more to bring looks again, after the last.
     * ret_next_due: the earliest due of the entries that were not yet due; 0 none. */
    enum reason (*due)(struct store *store, const struct key *destination, wall_t now,
                       const struct key *after, struct entry *ret_entries, size_t limit,
                       size_t *ret_count, wall_t *ret_next_due);
    /* Live entries past their life that are not LEASED, any destination, oldest first: never sent
     * (attempts 0) with 0 < expires <= now, and sent ones that are not HELD with 0 < expires <=
     * sent_now. */
    enum reason (*expired)(struct store *store, wall_t now, wall_t sent_now,
                           struct entry *ret_entries, size_t limit, size_t *ret_count);
    enum reason (*read_entry)(struct store *store, uint64_t message_seq,
                              const struct key *destination, struct entry *ret_entry);
    /* All entries, live and ended, of one message. */
    enum reason (*entries_of)(struct store *store, uint64_t message_seq, struct entry *ret_entries,
                              size_t limit, size_t *ret_count);
    enum reason (*list)(struct store *store, const struct store_filter *filter,
                        struct entry *ret_entries, size_t limit, size_t *ret_count);
    /* May cost a scan of the live entries' index: at start and on an operator's question only. */
    enum reason (*counts)(struct store *store, struct store_count *ret_counts, size_t limit,
                          size_t *ret_count);
    /* Message seqs of a dossier, oldest first, after from_seq; backwards newest first, before it
     * (0: from the newest). */
    enum reason (*history)(struct store *store, struct bytes dossier_code, uint64_t from_seq,
                           bool is_backwards, uint64_t *ret_seqs, size_t limit, size_t *ret_count);
    enum reason (*find_route)(struct store *store, struct bytes dossier_code,
                              struct store_route *ret_route);
    enum reason (*read_deadline)(struct store *store, struct bytes dossier_code,
                                 struct store_deadline *ret_deadline);
    /* The views of all that it gives live until the next call. */
    enum reason (*list_deadlines)(struct store *store, const struct store_deadline_filter *filter,
                                  struct store_deadline *ret_deadlines, size_t limit,
                                  size_t *ret_count);
    /* Of open ones, by agency, at a moment and the day that it belongs to. Costs a look at each. */
    enum reason (*count_deadlines)(struct store *store, wall_t now,
                                   struct deadline_count *ret_counts, size_t limit,
                                   size_t *ret_count);
    /* Files that messages named which were purged, and that no message names which is here. */
    enum reason (*unnamed_files)(struct store *store, struct digest *ret_digests, size_t limit,
                                 size_t *ret_count);
    enum reason (*ledger_hash)(struct store *store, uint64_t position, struct digest *ret_hash);
    enum reason (*ledger_entry)(struct store *store, uint64_t index, struct bytes *ret_entry);
    enum reason (*read_note)(struct store *store, struct bytes name, struct bytes *ret_value);
};

/* Implementations begin with this. */
struct store {
    const struct store_verbs *verbs;
};
