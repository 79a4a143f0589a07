/* JSON from outside: bounded before it is parsed, strict, and in one form.
 *
 * Its depth and its number of values are counted over the bytes first, because a parser's memory
 * is many times that of the text: "[[[[…" of a megabyte must not become a tree. Names that stand
 * twice are refused, since two readers would take different ones of them. Texts are brought to
 * NFC, for the same name typed on two keyboards has to be found as the same name. */
#include "gateway/api/json_text.h"

#include <stdlib.h>
#include <string.h>
#include <uninorm.h>

/* Counts outside of strings; jansson finds what is not JSON. */
static enum reason check_bounds(struct bytes text, size_t values_max, size_t *ret_at)
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
        *ret_at = i;
        if (depth > JSON_DEPTH_MAX)
            return REASON_JSON_TOO_DEEP;
        if (values > values_max)
            return REASON_JSON_TOO_MANY;
    }
    return REASON_NONE;
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

/* With its mark, or without: JSON begins with a character of US-ASCII (RFC 4627 §3). */
static bool is_utf16(struct bytes text)
{
    const uint8_t *at = text.data;
    return text.size >= 2 && ((at[0] == 0xff && at[1] == 0xfe) ||
                              (at[0] == 0xfe && at[1] == 0xff) || (at[0] == 0) != (at[1] == 0));
}

/* ---- one form of each text ------------------------------------------------------------------- */

/* "ạ" may be written in one, two or three code points, by who typed it: NFC has one way. */
static bool normalize_text(json_t *value)
{
    enum { SHORT_BYTES = 256 };
    uint8_t room[SHORT_BYTES];
    struct bytes text = {(const uint8_t *)json_string_value(value), json_string_length(value)};
    size_t size = sizeof room;
    size_t at = 0;
    while (at < text.size && text.data[at] < 0x80)
        at++;
    if (at == text.size)
        return true;
    uint8_t *form = u8_normalize(UNINORM_NFC, text.data, text.size, room, &size);
    bool is_kept = form != NULL && (bytes_equal((struct bytes){form, size}, text) ||
                                    json_string_setn(value, (const char *)form, size) == 0);
    if (form != room)
        free(form);
    return is_kept;
}

/* Calls itself as deep as the text nests: JSON_DEPTH_MAX. */
static bool normalize(json_t *value)
{
    bool is_kept = true;
    size_t index;
    const char *name;
    json_t *inner;
    if (json_is_string(value))
        return normalize_text(value);
    json_array_foreach(value, index, inner) is_kept = is_kept && normalize(inner);
    json_object_foreach(value, name, inner) is_kept = is_kept && normalize(inner);
    return is_kept;
}

/* ---- reading --------------------------------------------------------------------------------- */

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

/* A comma before the bracket where the reader stopped. */
static bool has_comma_before(struct bytes text, size_t at)
{
    at = at < text.size ? at : text.size;
    while (at > 0 && (text.data[at - 1] == ']' || text.data[at - 1] == '}'))
        at--;
    while (at > 0 && strchr(" \t\r\n", text.data[at - 1]) != NULL && text.data[at - 1] != 0)
        at--;
    return at > 0 && text.data[at - 1] == ',';
}

static enum reason reason_of(const json_error_t *error, struct bytes text)
{
    switch (json_error_code(error)) {
    case json_error_out_of_memory:
        return REASON_OUT_OF_MEMORY;
    case json_error_duplicate_key:
        return REASON_JSON_KEY_REPEATED;
    case json_error_invalid_utf8:
        return REASON_TEXT_NOT_UTF8;
    case json_error_invalid_syntax:
        return has_comma_before(text, (size_t)error->position) ? REASON_JSON_COMMA
                                                               : REASON_JSON_MALFORMED;
    default:
        return REASON_JSON_MALFORMED;
    }
}

/* Lines and columns as an editor counts them, in characters. */
static void find_place(struct bytes text, size_t at, struct json_fault *fault)
{
    fault->line = 1;
    fault->column = 1;
    for (size_t i = 0; i < at && i < text.size; i++) {
        bool is_inside = (text.data[i] & 0xc0) == 0x80; /* of a character */
        fault->column = text.data[i] == '\n' ? 1 : fault->column + !is_inside;
        fault->line += text.data[i] == '\n';
    }
}

enum reason json_text_read(struct bytes text, json_t **ret_value)
{
    struct json_fault ignored;
    return json_text_read_within(text, JSON_VALUES_MAX, ret_value, &ignored);
}

enum reason json_text_read_within(struct bytes text, size_t values_max, json_t **ret_value,
                                  struct json_fault *ret_fault)
{
    json_error_t error = {0};
    size_t at = 0;
    text = json_text_skip_mark(text);
    *ret_fault = (struct json_fault){REASON_JSON_MALFORMED, 1, 1};
    if (text.size == 0)
        return REASON_JSON_MALFORMED;
    ret_fault->reason = is_utf16(text) ? REASON_TEXT_UTF16 : check_bounds(text, values_max, &at);
    find_place(text, at, ret_fault);
    if (ret_fault->reason != REASON_NONE)
        return ret_fault->reason;
    json_set_alloc_funcs(noting_malloc, free);
    was_refused = false;
    json_t *value = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
    if (value != NULL && !was_refused && normalize(value)) {
        *ret_value = value;
        return REASON_NONE;
    }
    ret_fault->reason =
        value != NULL || was_refused ? REASON_OUT_OF_MEMORY : reason_of(&error, text);
    json_decref(value);
    find_place(text, error.position > 0 ? (size_t)error.position - 1 : 0, ret_fault);
    return ret_fault->reason;
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
