/* ledger - this gateway's evidence log: entries, their hashes and a head, written with the commit.
 *
 * Calling sequence: ledger_load after the store is open; per step ledger_begin, ledger_append any
 * number, ledger_head (once, when something was appended), ledger_finish with the sealed head; then
 * ledger_adopt after the commit. A step that failed leaves no trace: ledger_begin starts over.
 */
#pragma once

#include "gateway/custody/plan.h"
#include "proto/codec/envelope.h"
#include "proto/codec/frame.h"
#include "proto/ledger/merkle.h"

/* Values of enum EntryKind in schema/ledger.proto. */
enum ledger_kind {
    LEDGER_CUSTODY = 1,
    LEDGER_REFUSED,
    LEDGER_DELIVERED,
    LEDGER_EXPIRED,
    LEDGER_WITHDRAWN,
    LEDGER_ALARM,
    LEDGER_OPERATOR,
    LEDGER_RESTORED,
    LEDGER_CAME_BACK,
};

struct ledger_fact {
    enum ledger_kind kind;
    wall_t at;
    struct key sender;
    struct key destination;
    struct message_id message_id;
    struct digest digest;
    uint32_t type;
    enum reason reason;
    const char *registry_version;
    struct digest evidence; /* zero: none */
    civil_day_t judged;     /* custody: the day that validity was judged by; .number 0: not said */
    uint64_t tree_size;     /* RESTORED: of the ledger before, whose id is message_id */
};

enum { LEDGER_STEP_ENTRIES_MAX = PLAN_MESSAGES_MAX + PLAN_MOVES_MAX };

struct ledger {
    uint8_t id[LEDGER_ID_BYTES];
    hash_function *hash;
    struct merkle_frontier committed;
    struct merkle_frontier frontier; /* with this step's entries */
    struct plan *plan;
    struct bytes *entries;
    struct digest *hashes;
    size_t entry_count;
    size_t hash_count;
    struct store_segment segment;
};

size_t ledger_memory_bytes(void);
void ledger_init(struct ledger *ledger, hash_function *hash, struct plan *plan,
                 struct arena *memory);
/* Reads where the store's ledger stands. REASON_STORE_CORRUPT when its hashes are not there. */
enum reason ledger_load(struct ledger *ledger, struct store *store,
                        const struct store_positions *positions);
void ledger_begin(struct ledger *ledger);
/* The index of the entry. */
uint64_t ledger_append(struct ledger *ledger, const struct ledger_fact *fact);
bool ledger_has_news(const struct ledger *ledger);
void ledger_head(const struct ledger *ledger, wall_t now, struct tree_head *ret_head);
/* Puts the segment into the plan. head_seq: the message that carries the sealed head. */
void ledger_finish(struct ledger *ledger, uint64_t head_seq);
void ledger_adopt(struct ledger *ledger);

/* The consistency proof from an older size to the committed one, not less. LEDGER_PROOF_GONE: its
 * hashes have gone by the days of ids; another reason: the store cannot say now. */
enum reason ledger_prove(struct ledger *ledger, struct store *store, uint64_t from_size,
                         uint64_t to_size, struct digest *ret_proof, size_t *ret_count);
