#include "gateway/api/json_text.h"

#include <stdlib.h>
#include <string.h>

/* Counts outside of strings; jansson finds what is not JSON. */
static bool is_within_bounds(struct bytes text, size_t values_max)
{
    size_t depth = 0;
    size_t values = 1;
    bool in_string = false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (in_string) {
            if (byte == '\\')
                i++;
            in_string = byte != '"';
            continue;
        }
        in_string = byte == '"';
        if (byte == '[' || byte == '{')
            depth++;
        if ((byte == ']' || byte == '}') && depth > 0)
            depth--;
        if (byte == '[' || byte == '{' || byte == ',')
            values++;
        if (depth > JSON_DEPTH_MAX || values > values_max)
            return false;
    }
    return true;
}

struct bytes json_text_skip_mark(struct bytes text)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    if (text.size >= sizeof mark && memcmp(text.data, mark, sizeof mark) == 0) {
        text.data += sizeof mark;
        text.size -= sizeof mark;
    }
    return text;
}

/* jansson's reader does not notice that its buffer could not grow: the character is missing from
 * the text that it gives out, or sound JSON counts as broken. So failures are noted here. */
static _Thread_local bool was_refused;

static void *noting_malloc(size_t size)
{
    void *memory = malloc(size);
    if (memory == NULL)
        was_refused = true;
    return memory;
}

enum reason json_text_read(struct bytes text, json_t **ret_value)
{
    return json_text_read_within(text, JSON_VALUES_MAX, ret_value);
}

enum reason json_text_read_within(struct bytes text, size_t values_max, json_t **ret_value)
{
    json_error_t error;
    text = json_text_skip_mark(text);
    if (text.size == 0 || !is_within_bounds(text, values_max))
        return REASON_REQUEST_MALFORMED;
    json_set_alloc_funcs(noting_malloc, free);
    was_refused = false;
    json_t *value = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
    if (was_refused) {
        json_decref(value);
        return REASON_OUT_OF_MEMORY;
    }
    if (value == NULL)
        return REASON_REQUEST_MALFORMED;
    *ret_value = value;
    return REASON_NONE;
}

bool json_put(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

bool json_put_text(json_t *object, const char *name, struct bytes text)
{
    if (text.size == 0)
        return true;
    return json_put(object, name, json_stringn((const char *)text.data, text.size));
}

bool json_take_text(const json_t *object, const char *name, struct bytes *ret_text)
{
    const json_t *value = json_object_get(object, name);
    if (value == NULL || json_is_null(value)) {
        *ret_text = (struct bytes){NULL, 0};
        return true;
    }
    if (!json_is_string(value))
        return false;
    *ret_text =
        (struct bytes){(const uint8_t *)json_string_value(value), json_string_length(value)};
    return true;
}

static int append(const char *text, size_t size, void *context)
{
    return buffer_append(context, (struct bytes){(const uint8_t *)text, size}) ? 0 : -1;
}

bool json_text_write(const json_t *value, struct buffer *into)
{
    size_t before = into->size;
    if (json_dump_callback(value, append, into, JSON_COMPACT | JSON_ENCODE_ANY) == 0)
        return true;
    into->size = before;
    return false;
}
