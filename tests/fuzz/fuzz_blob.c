/* Blob chunks: whatever a line does to the frames of an exchange, and whatever frames a hostile end
 * makes, the rules of tests/support/blob_pair.h hold; and once a line that only lost, repeated and
 * mixed up is good again, everything arrives. Input: two bytes a size in pieces of 37 bytes for
 * each file, a byte for the mode, then one byte a move. */
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "tests/support/blob_pair.h"

enum { HEAD_BYTES = 2 * BLOB_PAIR_ITEMS + 1, FORGED_BYTES = 12, ROUNDS_MAX = 16 };

static uint64_t number_at(const uint8_t *data)
{
    uint64_t number;
    memcpy(&number, data, sizeof number);
    return number;
}

/* Twelve bytes of the input as a frame of an end that may say anything. */
static void forge(struct blob_pair *pair, const uint8_t *data)
{
    static const uint8_t content[BLOB_CHUNK_BYTES_MAX];
    static const enum frame_kind kinds[] = {FRAME_BLOB_OFFER, FRAME_BLOB_WANT, FRAME_BLOB_CHUNK,
                                            FRAME_BLOB_REFUSED};
    uint64_t number = number_at(data + 4);
    struct frame frame = {.kind = kinds[data[0] % 4]};
    frame.blob.digest = blob_pair_digest(data[1] % (BLOB_PAIR_ITEMS + 1));
    frame.blob.size_bytes = frame.blob.offset = data[2] % 2 == 0 ? number : number % 4096;
    frame.blob.credit_until = data[2] % 3 == 0 ? number * 7 : UINT64_MAX;
    frame.blob.content = (struct bytes){content, 1 + data[3] * 512U % sizeof content};
    frame.blob.reason = (enum reason)(100 + data[3]);
    blob_pair_forge(pair, data[0] % 8 < 4 ? BLOB_PAIR_TO_RECEIVER : BLOB_PAIR_TO_SENDER, &frame);
}

static void move(struct blob_pair *pair, uint8_t what)
{
    enum blob_pair_end end = what % 2 == 0 ? BLOB_PAIR_TO_RECEIVER : BLOB_PAIR_TO_SENDER;
    switch (what / 2 % 8) {
    case 0:
        (void)blob_pair_offer(pair, what / 16 % pair->item_count);
        break;
    case 1:
        (void)blob_pair_send(pair);
        break;
    case 2:
        blob_pair_drop(pair, end);
        break;
    case 3:
        blob_pair_repeat(pair, end);
        break;
    case 4:
        blob_pair_swap(pair, end);
        break;
    case 5:
        if (what >= 0xf0)
            blob_pair_cut(pair);
        break;
    default:
        (void)blob_pair_deliver(pair, end);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct blob_pair pair;
    uint64_t sizes[BLOB_PAIR_ITEMS];
    if (size < HEAD_BYTES)
        return 0;
    for (size_t i = 0; i < BLOB_PAIR_ITEMS; i++)
        sizes[i] = 37 * (UINT64_C(256) * data[2 * i] + data[2 * i + 1]);
    blob_pair_init(&pair, sizes, BLOB_PAIR_ITEMS, BLOB_BYTES_DEFAULT_MAX);
    bool may_forge = data[HEAD_BYTES - 1] % 2 != 0;
    for (size_t at = HEAD_BYTES; at < size; at++) {
        if (may_forge && data[at] == 0xff && size - at > FORGED_BYTES) {
            forge(&pair, data + at + 1);
            at += FORGED_BYTES;
        } else {
            move(&pair, data[at]);
        }
    }
    bool arrived = blob_pair_drain(&pair, ROUNDS_MAX);
    check(arrived || pair.is_hostile);
    return 0;
}
