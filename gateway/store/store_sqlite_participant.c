/* Keys and their numbers, all of them in memory: a store knows a few dozen, at most
 * PARTICIPANT_NUMBER_MAX. Rows of other tables name a participant by number, which is never given
 * to another one; who left the registry keeps his. */
#include "gateway/store/store_sqlite_internal.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

static uint32_t slot_of(const struct participants *participants, const struct key *key)
{
    uint32_t mask = participants->capacity * 2 - 1;
    uint32_t slot = (uint32_t)hash_bytes(key_bytes(key)) & mask;
    while (participants->slots[slot] != 0 &&
           !key_equal(&participants->rows[participants->slots[slot]].key, key))
        slot = (slot + 1) & mask;
    return slot;
}

/* Number 0 is nobody, so that a look-up that finds none gives a number that no row has. Twice as
 * many slots as rows, so that a free one ends every search. After a failure rows may be larger than
 * capacity says, which harms nothing. */
static bool grow(struct participants *participants)
{
    uint32_t capacity = participants->capacity == 0 ? FIRST_CAPACITY : participants->capacity * 2;
    struct known_participant *rows = realloc(participants->rows, capacity * sizeof *rows);
    if (rows == NULL)
        return false;
    participants->rows = rows;
    if (participants->capacity == 0)
        rows[0] = (struct known_participant){0};
    uint32_t *slots = calloc((size_t)capacity * 2, sizeof *slots);
    if (slots == NULL)
        return false;
    free(participants->slots);
    participants->slots = slots;
    participants->capacity = capacity;
    for (uint32_t number = 1; number <= participants->count; number++)
        slots[slot_of(participants, &rows[number].key)] = number;
    return true;
}

static bool add(struct participants *participants, const struct key *key)
{
    if (participants->count + 1 >= participants->capacity && !grow(participants))
        return false;
    uint32_t number = ++participants->count;
    participants->slots[slot_of(participants, key)] = number;
    participants->rows[number] = (struct known_participant){.key = *key};
    return true;
}

void participants_release(struct participants *participants)
{
    free(participants->rows);
    free(participants->slots);
    *participants = (struct participants){0};
}

/* NULL: no row of his has gone. */
static bool load_forgotten(struct known_participant *participant, struct bytes id)
{
    if (id.size == MESSAGE_ID_BYTES)
        memcpy(participant->forgotten.bytes, id.data, MESSAGE_ID_BYTES);
    return id.size == MESSAGE_ID_BYTES || id.size == 0;
}

static enum reason load_counts(struct store_sqlite *store)
{
    sqlite3_stmt *statement = store->statements[SQL_COUNT_WAITING];
    enum reason reason = REASON_NONE;
    while (sql_next(store, statement, &reason)) {
        uint64_t number = sql_number(statement, 0);
        if (number > 0 && number <= store->participants.count)
            store->participants.rows[number].waiting += sql_number(statement, 2);
        else
            reason = REASON_STORE_CORRUPT;
    }
    return reason;
}

enum reason participants_load(struct store_sqlite *store)
{
    sqlite3_stmt *statement = store->statements[SQL_PARTICIPANTS];
    participants_release(&store->participants);
    if (!grow(&store->participants))
        return REASON_OUT_OF_MEMORY;
    enum reason reason = REASON_NONE;
    while (sql_next(store, statement, &reason)) {
        struct key key;
        if (sql_number(statement, 0) != store->participants.count + 1 ||
            !key_parse(sql_blob(statement, 1), &key))
            reason = REASON_STORE_CORRUPT;
        else if (!add(&store->participants, &key))
            reason = REASON_OUT_OF_MEMORY;
        else if (!load_forgotten(&store->participants.rows[store->participants.count],
                                 sql_blob(statement, 2)))
            reason = REASON_STORE_CORRUPT;
    }
    return reason == REASON_NONE ? load_counts(store) : reason;
}

uint64_t participants_find(const struct participants *participants, const struct key *key)
{
    return key_is_none(key) ? 0 : participants->slots[slot_of(participants, key)];
}

/* Within the transaction that first names him: a roll-back takes the row back, and
 * participants_load the number in memory. */
enum reason participants_intern(struct store_sqlite *store, const struct key *key,
                                uint64_t *ret_number)
{
    *ret_number = participants_find(&store->participants, key);
    if (*ret_number != 0 || key_is_none(key))
        return REASON_NONE;
    if (store->participants.count >= PARTICIPANT_NUMBER_MAX)
        return REASON_STORE_FULL;
    if (!add(&store->participants, key))
        return REASON_OUT_OF_MEMORY;
    *ret_number = store->participants.count;
    return sql_run(store,
                   BIND(store, SQL_ADD_PARTICIPANT, NUMBER(*ret_number), TEXT(key_bytes(key))));
}

enum reason participants_key(const struct participants *participants, uint64_t number,
                             struct key *ret_key)
{
    if (number > participants->count)
        return REASON_STORE_CORRUPT;
    *ret_key = participants->rows[number].key;
    return REASON_NONE;
}
