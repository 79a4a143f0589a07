#include "tests/sim/past.h"

#include <stdlib.h>

#include "proto/base/bytes.h"
#include "proto/base/check.h"
#include "proto/base/key.h"

enum { FIRST_ROOM = 4096 };

struct past *past_new(void)
{
    struct past *past = calloc(1, sizeof *past);
    check(past != NULL);
    return past;
}

void past_destroy(struct past **pointer)
{
    struct past *past = *pointer;
    *pointer = NULL;
    if (past == NULL)
        return;
    free(past->messages);
    free(past->buckets);
    free(past);
}

static uint32_t *bucket_of(struct past *past, const struct message_id *id)
{
    size_t size = 2 * past->room;
    size_t at = hash_bytes((struct bytes){id->bytes, MESSAGE_ID_BYTES}) % size;
    while (past->buckets[at] != 0 && !id_equal(&past->messages[past->buckets[at] - 1].id, id))
        at = (at + 1) % size;
    return &past->buckets[at];
}

static void grow(struct past *past)
{
    past->room = past->room == 0 ? (size_t)FIRST_ROOM : 2 * past->room;
    past->messages = realloc(past->messages, past->room * sizeof *past->messages);
    free(past->buckets);
    past->buckets = calloc(2 * past->room, sizeof *past->buckets);
    check(past->messages != NULL && past->buckets != NULL);
    for (size_t i = 0; i < past->count; i++)
        *bucket_of(past, &past->messages[i].id) = (uint32_t)i + 1;
}

void past_add(struct past *past, const struct past_message *message)
{
    if (past->count == past->room)
        grow(past);
    past->messages[past->count++] = *message;
    *bucket_of(past, &message->id) = (uint32_t)past->count;
}

struct past_message *past_find(struct past *past, const struct message_id *id)
{
    uint32_t index = past->room == 0 ? 0 : *bucket_of(past, id);
    return index == 0 ? NULL : &past->messages[index - 1];
}

unsigned int past_dossier_number(struct bytes code)
{
    size_t at = code.size;
    while (at > 0 && code.data[at - 1] != '-')
        at--;
    unsigned int number = 0;
    for (; at > 0 && at < code.size && number < PAST_DOSSIERS_MAX; at++)
        number = number * 10 + (unsigned int)(code.data[at] - '0');
    return number < PAST_DOSSIERS_MAX ? number : 0;
}
