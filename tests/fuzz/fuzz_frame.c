/* Frames: any bytes are refused, or become a frame that is built and parsed again without a
 * difference; and examined, they give only messages that a signature was asked about. */
#include <stdlib.h>

#include "gateway/custody/examine.h"
#include "proto/base/check.h"
#include "proto/seal/sha256.h"

/* A signature that counts is "seal": the fuzzer can make messages that pass. */
static enum reason verify(void *context, struct bytes content, struct bytes signature,
                          struct bytes certificate, const struct key *sender, wall_t now)
{
    (void)context;
    (void)certificate;
    (void)now;
    check(content.size > 0 && !key_is_none(sender));
    return bytes_equal(signature, bytes_of_text("seal")) ? REASON_NONE : REASON_SIGNATURE_WRONG;
}

static void build_again(const struct frame *frame)
{
    static struct arena arena;
    struct buffer built;
    struct buffer again;
    struct frame parsed;
    check(arena.block != NULL || arena_init(&arena, FRAME_ARENA_BYTES));
    arena_reset(&arena);
    buffer_init(&built, FRAME_BYTES_MAX);
    buffer_init(&again, FRAME_BYTES_MAX);
    check(frame_build(frame, NULL, &built) == REASON_NONE);
    check(frame_parse(buffer_view(&built), &arena, &parsed) == REASON_NONE);
    check(frame_build(&parsed, NULL, &again) == REASON_NONE);
    check(bytes_equal(buffer_view(&built), buffer_view(&again)));
    buffer_release(&built);
    buffer_release(&again);
}

static void examine(struct bytes bytes)
{
    static const struct crypto_port crypto = {.hash = sha256_parts, .verify = verify};
    struct intake intake = {.bytes = bytes};
    check(arena_init(&intake.arena, examine_memory_bytes(bytes.size)));
    examine_frame(&intake, &crypto, (wall_t){1791426600000});
    for (size_t i = 0; intake.reason == REASON_NONE && i < intake.message_count; i++) {
        const struct sealed *sealed = &intake.messages[i];
        check(sealed->envelope.document.size ==
              sealed->parcel->documents[sealed->document_index].size);
        if (sealed->verdict == REASON_NONE)
            check(sealed->is_parsed &&
                  bytes_equal(sealed->parcel->signature, bytes_of_text("seal")));
    }
    arena_release(&intake.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct frame frame;
    check(arena.block != NULL || arena_init(&arena, FRAME_ARENA_BYTES));
    arena_reset(&arena);
    enum reason reason = frame_parse((struct bytes){data, size}, &arena, &frame);
    check(reason != REASON_OUT_OF_MEMORY);
    if (reason == REASON_NONE)
        build_again(&frame);
    examine((struct bytes){data, size});
    return 0;
}
