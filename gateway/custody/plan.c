/* What a step wants written, as data: the store applies all of it or nothing (invariants 1 and 7).
 * Arrays of a fixed size, taken at the start; the room for a piece of work is asked for before it
 * begins (room.h), so that a full array here is a mistake of our own. Texts are in the step's
 * arena, or views of frames that the step holds. */
#include "gateway/custody/plan.h"

#include <string.h>

#include "proto/base/check.h"

/* array, its count, how many it holds: of struct plan, and of the store_plan that shows it. */
#define PLAN_ARRAYS(X)                                                                             \
    X(parcels, parcel_count, PLAN_PARCELS_MAX)                                                     \
    X(messages, message_count, PLAN_MESSAGES_MAX)                                                  \
    X(entries, entry_count, PLAN_ENTRIES_MAX)                                                      \
    X(moves, move_count, PLAN_MOVES_MAX)                                                           \
    X(notes, note_count, PLAN_NOTES_MAX)                                                           \
    X(routes, route_count, PLAN_ROUTES_MAX)                                                        \
    X(seals, seal_count, PLAN_SEALS_MAX)                                                           \
    X(deadlines, deadline_count, PLAN_DEADLINES_MAX)                                               \
    X(purges, purge_count, PLAN_PURGES_MAX)

size_t plan_memory_bytes(void)
{
    enum { ALIGNMENT_SLACK = 256 };
#define SIZE(array, array_count, array_max) +(array_max) * sizeof *((struct plan *)NULL)->array
    return ALIGNMENT_SLACK PLAN_ARRAYS(SIZE);
#undef SIZE
}

void plan_init(struct plan *plan, struct arena *memory, struct arena *step)
{
    *plan = (struct plan){.step = step};
#define TAKE(array, array_count, array_max)                                                        \
    plan->array = arena_take(memory, (array_max) * sizeof *plan->array);                           \
    check(plan->array != NULL);                                                                    \
    plan->store.array = plan->array;
    PLAN_ARRAYS(TAKE)
#undef TAKE
}

/* As the store has them; until the first commit nothing else says where numbers go on. */
void plan_set_positions(struct plan *plan, const struct store_positions *positions)
{
    plan->base = *positions;
    plan_begin(plan);
}

/* Numbers begin again where the last commit ended: those of a step that failed are given out once
 * more, and no gap is left in the store. */
void plan_begin(struct plan *plan)
{
    struct store_plan *store = &plan->store;
#define EMPTY(array, array_count, array_max) store->array_count = 0;
    PLAN_ARRAYS(EMPTY)
#undef EMPTY
    store->segment = NULL;
    plan->next_parcel_seq = plan->base.next_parcel_seq;
    plan->next_message_seq = plan->base.next_message_seq;
    arena_reset(plan->step);
}

/* After the commit: only then do numbers that were given out count as used. */
void plan_adopt(struct plan *plan)
{
    plan->base.next_parcel_seq = plan->next_parcel_seq;
    plan->base.next_message_seq = plan->next_message_seq;
    const struct store_segment *segment = plan->store.segment;
    if (segment != NULL) {
        plan->base.ledger_size = segment->first_index + segment->entry_count;
        plan->base.ledger_hashes = segment->first_hash + segment->hash_count;
        plan->base.ledger_head_seq = segment->head_seq;
    }
}

bool plan_is_empty(const struct plan *plan)
{
    const struct store_plan *store = &plan->store;
#define ADD(array, array_count, array_max) +store->array_count
    return 0 PLAN_ARRAYS(ADD) == 0 && store->segment == NULL;
#undef ADD
}

/* Documents are views: they stay the step's until the commit is over. */
uint64_t plan_parcel(struct plan *plan, const struct bytes *documents, size_t document_count,
                     struct bytes manifest, struct bytes signature, struct bytes certificate)
{
    check(plan->store.parcel_count < PLAN_PARCELS_MAX);
    plan->parcels[plan->store.parcel_count++] = (struct store_parcel){
        .seq = plan->next_parcel_seq,
        .manifest = manifest,
        .signature = signature,
        .certificate = certificate,
        .documents = documents,
        .document_count = document_count,
    };
    return plan->next_parcel_seq++;
}

/* Valid until the next plan_begin; callers fill it and keep its number. */
struct store_message *plan_message(struct plan *plan)
{
    check(plan->store.message_count < PLAN_MESSAGES_MAX);
    struct store_message *message = &plan->messages[plan->store.message_count++];
    *message = (struct store_message){.seq = plan->next_message_seq++};
    return message;
}

/* A message that came twice in one step: the store does not know the first one yet. */
const struct store_message *plan_find_message(const struct plan *plan, const struct key *sender,
                                              const struct message_id *id)
{
    for (size_t i = 0; i < plan->store.message_count; i++) {
        const struct store_message *message = &plan->messages[i];
        if (id_equal(&message->id, id) && key_equal(&message->sender, sender))
            return message;
    }
    return NULL;
}

void plan_entry(struct plan *plan, const struct entry *entry)
{
    check(plan->store.entry_count < PLAN_ENTRIES_MAX);
    plan->entries[plan->store.entry_count++] = *entry;
}

struct store_move *plan_move(struct plan *plan, const struct entry *entry)
{
    check(plan->store.move_count < PLAN_MOVES_MAX);
    struct store_move *move = &plan->moves[plan->store.move_count++];
    *move = (struct store_move){
        .message_seq = entry->message_seq,
        .destination = entry->destination,
        .state = entry->state,
        .due = entry->due,
        .attempts = entry->attempts,
        .reason = entry->reason,
        .since = entry->since,
        .receipt_seq = entry->receipt_seq,
    };
    return move;
}

/* An entry as it will be after this step: the store still shows what was before. From the end, for
 * the last move is the one that counts. */
void plan_apply_moves(const struct plan *plan, struct entry *entry)
{
    for (size_t i = plan->store.move_count; i-- > 0;) {
        const struct store_move *move = &plan->moves[i];
        if (move->message_seq != entry->message_seq ||
            !key_equal(&move->destination, &entry->destination))
            continue;
        entry->state = move->state;
        entry->due = move->due;
        entry->attempts = move->attempts;
        entry->reason = move->reason;
        entry->since = move->since;
        entry->receipt_seq = move->receipt_seq;
        return;
    }
}

void plan_change(void *context, const struct entry *entry)
{
    (void)plan_move(context, entry);
}

void plan_route(struct plan *plan, const struct store_route *route)
{
    check(plan->store.route_count < PLAN_ROUTES_MAX);
    plan->routes[plan->store.route_count++] = *route;
}

struct store_seal *plan_seal(struct plan *plan, uint64_t message_seq)
{
    check(plan_has_seal_room(plan));
    struct store_seal *seal = &plan->seals[plan->store.seal_count++];
    *seal = (struct store_seal){.message_seq = message_seq};
    return seal;
}

bool plan_has_seal_room(const struct plan *plan)
{
    return plan->store.seal_count < PLAN_SEALS_MAX;
}

/* From the end, for the last route that was set is the one in force. */
const struct store_route *plan_find_route(const struct plan *plan, struct bytes dossier_code)
{
    for (size_t i = plan->store.route_count; i-- > 0;) {
        if (bytes_equal(plan->routes[i].dossier_code, dossier_code))
            return &plan->routes[i];
    }
    return NULL;
}

struct store_deadline *plan_find_deadline(const struct plan *plan, struct bytes dossier_code)
{
    for (size_t i = 0; i < plan->store.deadline_count; i++) {
        if (bytes_equal(plan->deadlines[i].dossier_code, dossier_code))
            return &plan->deadlines[i];
    }
    return NULL;
}

/* One clock for a dossier in a plan: a second event of the step changes the row that the first one
 * planned. */
void plan_deadline(struct plan *plan, const struct store_deadline *deadline)
{
    struct store_deadline *place = plan_find_deadline(plan, deadline->dossier_code);
    if (place == NULL) {
        check(plan->store.deadline_count < PLAN_DEADLINES_MAX);
        place = &plan->deadlines[plan->store.deadline_count++];
    }
    *place = *deadline;
}

void plan_purge(struct plan *plan, uint64_t message_seq, uint32_t parts)
{
    check(plan->store.purge_count < PLAN_PURGES_MAX);
    plan->purges[plan->store.purge_count++] = (struct store_purge){message_seq, parts};
}

void plan_note(struct plan *plan, struct bytes name, struct bytes value)
{
    check(plan->store.note_count < PLAN_NOTES_MAX);
    plan->notes[plan->store.note_count++] = (struct store_note){name, value};
}

void *plan_take(struct plan *plan, size_t size_bytes)
{
    void *memory = arena_take(plan->step, size_bytes);
    check(memory != NULL);
    return memory;
}
