#include "tests/support/blob_pair.h"

#include <string.h>

#include "proto/base/check.h"

static const uint8_t content[BLOB_CHUNK_BYTES_MAX];

struct digest blob_pair_digest(size_t item)
{
    struct digest digest;
    memset(digest.bytes, (int)item + 1, sizeof digest.bytes);
    return digest;
}

/* BLOB_PAIR_ITEMS when it is none of ours. */
static size_t item_of(const struct blob_pair *pair, const struct digest *digest)
{
    for (size_t i = 0; i < pair->item_count; i++) {
        struct digest own = blob_pair_digest(i);
        if (digest_equal(&own, digest))
            return i;
    }
    return BLOB_PAIR_ITEMS;
}

void blob_pair_init(struct blob_pair *pair, const uint64_t *sizes, size_t count,
                    uint64_t size_max_bytes)
{
    check(count <= BLOB_PAIR_ITEMS);
    *pair = (struct blob_pair){.item_count = count};
    blob_sender_init(&pair->sender);
    blob_receiver_init(&pair->receiver, size_max_bytes);
    for (size_t i = 0; i < count; i++)
        pair->items[i].size_bytes = sizes[i];
}

/* A line that is full loses what comes next, as any line does. */
static void put(struct blob_pair *pair, enum blob_pair_end end, const struct frame *frame)
{
    if (pair->lines[end].count < BLOB_PAIR_LINE)
        pair->lines[end].frames[pair->lines[end].count++] = *frame;
}

void blob_pair_drop(struct blob_pair *pair, enum blob_pair_end end)
{
    struct frame *frames = pair->lines[end].frames;
    if (pair->lines[end].count == 0)
        return;
    pair->lines[end].count--;
    memmove(frames, frames + 1, pair->lines[end].count * sizeof *frames);
}

void blob_pair_repeat(struct blob_pair *pair, enum blob_pair_end end)
{
    if (pair->lines[end].count > 0) {
        struct frame frame = pair->lines[end].frames[0];
        put(pair, end, &frame);
    }
}

void blob_pair_swap(struct blob_pair *pair, enum blob_pair_end end)
{
    struct frame *frames = pair->lines[end].frames;
    if (pair->lines[end].count < 2)
        return;
    struct frame first = frames[0];
    frames[0] = frames[1];
    frames[1] = first;
}

void blob_pair_forge(struct blob_pair *pair, enum blob_pair_end end, const struct frame *frame)
{
    pair->is_hostile = true;
    put(pair, end, frame);
}

void blob_pair_cut(struct blob_pair *pair)
{
    blob_sender_reset(&pair->sender);
    blob_receiver_reset(&pair->receiver);
    pair->lines[BLOB_PAIR_TO_RECEIVER].count = pair->lines[BLOB_PAIR_TO_SENDER].count = 0;
}

bool blob_pair_offer(struct blob_pair *pair, size_t item)
{
    struct digest digest = blob_pair_digest(item);
    struct frame offer;
    if (!blob_sender_offer(&pair->sender, &digest, pair->items[item].size_bytes, &offer))
        return false;
    put(pair, BLOB_PAIR_TO_RECEIVER, &offer);
    return true;
}

bool blob_pair_send(struct blob_pair *pair)
{
    struct frame frame = {.kind = FRAME_BLOB_CHUNK};
    size_t size;
    if (!blob_sender_next(&pair->sender, &frame.blob.digest, &frame.blob.offset, &size))
        return false;
    size_t item = item_of(pair, &frame.blob.digest);
    check(item < pair->item_count && size >= 1 && size <= BLOB_CHUNK_BYTES_MAX);
    check(frame.blob.offset + size <= pair->items[item].size_bytes);
    frame.blob.content = (struct bytes){content, size};
    blob_sender_sent(&pair->sender, &frame.blob.digest, size);
    put(pair, BLOB_PAIR_TO_RECEIVER, &frame);
    pair->chunks_sent++;
    return true;
}

static void receive_chunk(struct blob_pair *pair, size_t item, const struct frame_blob *chunk)
{
    struct frame answer;
    enum blob_step step = blob_receiver_chunk(&pair->receiver, chunk, &answer);
    if (step == BLOB_REFUSE)
        put(pair, BLOB_PAIR_TO_SENDER, &answer);
    if (step != BLOB_WRITE)
        return;
    check(item < pair->item_count && chunk->offset == pair->items[item].have);
    check(chunk->content.size <= pair->items[item].size_bytes - pair->items[item].have);
    pair->items[item].have += chunk->content.size;
    bool is_complete = blob_receiver_written(&pair->receiver, chunk);
    check(is_complete == (pair->items[item].have == pair->items[item].size_bytes));
    if (is_complete) {
        pair->items[item].is_finished = true;
        blob_receiver_finished(&pair->receiver, &chunk->digest, REASON_NONE, &answer);
    }
    if (is_complete || blob_receiver_grant(&pair->receiver, &chunk->digest, &answer))
        put(pair, BLOB_PAIR_TO_SENDER, &answer);
}

static void receive(struct blob_pair *pair, const struct frame *frame)
{
    struct frame answer;
    size_t item = item_of(pair, &frame->blob.digest);
    if (frame->kind == FRAME_BLOB_CHUNK) {
        receive_chunk(pair, item, &frame->blob);
    } else if (frame->kind == FRAME_BLOB_OFFER && item < pair->item_count &&
               frame->blob.size_bytes == pair->items[item].size_bytes) {
        blob_receiver_offer(&pair->receiver, &frame->blob, pair->items[item].have, &answer);
        if (pair->items[item].have == pair->items[item].size_bytes)
            pair->items[item].is_finished = true;
        put(pair, BLOB_PAIR_TO_SENDER, &answer);
    }
}

static void answer(struct blob_pair *pair, const struct frame *frame)
{
    struct digest digest;
    enum reason reason = REASON_NONE;
    enum blob_outcome outcome = blob_sender_answer(&pair->sender, frame, &digest, &reason);
    if (outcome != BLOB_COMPLETE && outcome != BLOB_FAILED)
        return;
    size_t item = item_of(pair, &digest);
    check(item < pair->item_count);
    check(outcome != BLOB_COMPLETE || pair->items[item].is_finished || pair->is_hostile);
    check(outcome != BLOB_FAILED || reason == frame->blob.reason);
    if (outcome == BLOB_COMPLETE)
        pair->items[item].is_complete = true;
    else
        pair->items[item].failures++;
}

bool blob_pair_deliver(struct blob_pair *pair, enum blob_pair_end end)
{
    if (pair->lines[end].count == 0)
        return false;
    struct frame frame = pair->lines[end].frames[0];
    blob_pair_drop(pair, end);
    if (end == BLOB_PAIR_TO_RECEIVER)
        receive(pair, &frame);
    else
        answer(pair, &frame);
    return true;
}

static bool is_complete(const struct blob_pair *pair)
{
    for (size_t i = 0; i < pair->item_count; i++) {
        if (!pair->items[i].is_complete)
            return false;
    }
    return true;
}

bool blob_pair_drain(struct blob_pair *pair, unsigned rounds)
{
    for (unsigned round = 0; round < rounds && !is_complete(pair); round++) {
        for (size_t i = 0; i < pair->item_count; i++) {
            if (!pair->items[i].is_complete)
                (void)blob_pair_offer(pair, i);
        }
        bool moved;
        do {
            moved = blob_pair_deliver(pair, BLOB_PAIR_TO_RECEIVER);
            moved = blob_pair_deliver(pair, BLOB_PAIR_TO_SENDER) || moved;
            moved = blob_pair_send(pair) || moved;
        } while (moved);
    }
    return is_complete(pair);
}
