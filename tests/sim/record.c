#include "tests/sim/record.h"

#include <string.h>

void records_clear(struct records *records, uint64_t next_seq)
{
    records->first_seq = next_seq;
    records->count = 0;
    memset(records->buckets, 0, sizeof records->buckets);
    memset(records->by_gateway_seq, 0, sizeof records->by_gateway_seq);
}

static int16_t *bucket_of(struct records *records, const struct message_id *id)
{
    uint64_t at = hash_bytes((struct bytes){id->bytes, MESSAGE_ID_BYTES}) % RECORD_BUCKETS;
    while (records->buckets[at] != 0 && !id_equal(&records->rows[records->buckets[at] - 1].id, id))
        at = (at + 1) % RECORD_BUCKETS;
    return &records->buckets[at];
}

struct record *record_find(struct records *records, const struct message_id *id)
{
    int16_t index = *bucket_of(records, id);
    return index == 0 ? NULL : &records->rows[index - 1];
}

/* Numbers from before the records were cleared wrap around: they are past the end. */
struct record *record_of_seq(struct records *records, uint64_t gateway_seq)
{
    uint64_t at = gateway_seq - records->first_seq;
    int16_t index = at < RECORD_SEQS_MAX ? records->by_gateway_seq[at] : 0;
    return index == 0 ? NULL : &records->rows[index - 1];
}

bool record_set_seq(struct records *records, uint64_t gateway_seq, const struct record *record)
{
    uint64_t at = gateway_seq - records->first_seq;
    if (at >= RECORD_SEQS_MAX)
        return false;
    records->by_gateway_seq[at] = record == NULL ? 0 : (int16_t)(record - records->rows + 1);
    return true;
}

void records_give_again(struct records *records, uint64_t next_seq)
{
    if (next_seq >= records->first_seq)
        return;
    records->first_seq = next_seq;
    memset(records->by_gateway_seq, 0, sizeof records->by_gateway_seq);
}

struct record *record_add(struct records *records, const struct message_id *id)
{
    int16_t *bucket = bucket_of(records, id);
    if (records->count == RECORDS_MAX || *bucket != 0)
        return NULL;
    struct record *record = &records->rows[records->count++];
    *record = (struct record){.id = *id};
    *bucket = (int16_t)records->count;
    return record;
}

struct place *record_place(struct record *record, int node)
{
    for (size_t i = 0; i < record->place_count; i++) {
        if (record->places[i].node == node)
            return &record->places[i];
    }
    return NULL;
}
