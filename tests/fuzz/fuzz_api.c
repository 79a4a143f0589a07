/* Bodies of API requests: any bytes are refused, or become a body that reads the same when it is
 * written as JSON again. */
#include <stdlib.h>

#include "adapters/json/body_json.h"
#include "gateway/api/json_text.h"

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void read_as(enum message_type type, const json_t *object, struct arena *arena)
{
    struct Lienthong__V1__Body *body = NULL;
    struct Lienthong__V1__Body *again = NULL;
    struct body_json_fault fault;
    arena_reset(arena);
    if (body_json_read(type, object, arena, &body, &fault) != REASON_NONE) {
        must(body == NULL && fault.reason != REASON_NONE);
        return;
    }
    json_t *written = body_json_write(body);
    must(written != NULL);
    if (body_json_read(type, written, arena, &again, &fault) == REASON_NONE) {
        json_t *second = body_json_write(again);
        must(json_equal(written, second));
        json_decref(second);
    } else {
        must(fault.reason == REASON_OUT_OF_MEMORY);
    }
    json_decref(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    json_t *value = NULL;
    if (arena.block == NULL)
        must(arena_init(&arena, 1024 * 1024));
    if (json_text_read((struct bytes){data, size}, &value) != REASON_NONE)
        return 0;
    for (int type = 0; type <= MESSAGE_TYPE_NUMBER_END; type++)
        read_as((enum message_type)type, value, &arena);
    json_decref(value);
    return 0;
}
