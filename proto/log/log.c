/* One line a happening, as key=value or as JSON, of a bounded size. What may be in it is fixed by
 * struct log_line: ids, codes, keys and reasons, and no text that a citizen or an official wrote
 * (invariant 11). Formatting takes no memory and writes nowhere: log_write gives the line to the
 * sink of the log, which is log_stream.c in the programs and a buffer in tests. */
#include "proto/log/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/printable.h"
#include "proto/base/utf8.h"

/* A line under construction. A value that does not fit whole is left out with its key. */
struct writer {
    char *line;
    size_t size;
    size_t limit;
    bool json;
    bool overflow;
};

static const char hex_digits[] = "0123456789abcdef";
static const char cut_mark[] = "…";
static const char *const level_names[] = {"debug", "info", "warning", "error"};

/* Once something did not fit nothing of that value counts: its caller takes the line back to where
 * the value began. */
static void put(struct writer *writer, const char *text, size_t size)
{
    if (size > writer->limit - writer->size) {
        writer->overflow = true;
        return;
    }
    memcpy(writer->line + writer->size, text, size);
    writer->size += size;
}

static void put_text(struct writer *writer, const char *text)
{
    put(writer, text, strlen(text));
}

/* How many bytes the printable character at the start of text has; 0 when there is none. */
static size_t printable_size(struct bytes text)
{
    uint32_t character;
    size_t size = utf8_next(text, &character);
    return size > 0 && printable_is_character(character) ? size : 0;
}

/* Letters, digits and what identifiers and addresses are made of: no quotes needed in text. */
static bool is_plain(struct bytes value)
{
    static const bool plain[256] = {
        ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['-'] = true,
        ['_'] = true,         ['.'] = true,         [':'] = true,         ['/'] = true,
        ['+'] = true,         ['@'] = true,
    };
    for (size_t i = 0; i < value.size; i++) {
        uint8_t c = value.data[i];
        if (!plain[c])
            return false;
    }
    return value.size > 0;
}

/* A value may come from outside: it must neither end the line nor move the terminal's cursor. */
static void put_escaped_byte(struct writer *writer, uint8_t byte)
{
    char hex[2] = {hex_digits[byte >> 4], hex_digits[byte & 15]};
    if (writer->json && (byte == 0 || byte >= 0x80)) { /* many readers refuse \u0000 */
        put_text(writer, "\xef\xbf\xbd");              /* U+FFFD */
        return;
    }
    put_text(writer, writer->json ? "\\u00" : "\\x");
    put(writer, hex, sizeof hex);
}

/* What is printable stays as it is, so that an agency's name can be read and searched for. */
static void put_quoted(struct writer *writer, struct bytes value, bool cut)
{
    put_text(writer, "\"");
    size_t at = 0;
    while (at < value.size) {
        struct bytes rest = {value.data + at, value.size - at};
        size_t size = printable_size(rest);
        if (size == 0)
            put_escaped_byte(writer, value.data[at]);
        else if (value.data[at] == '"' || value.data[at] == '\\')
            put(writer, (const char[]){'\\', (char)value.data[at]}, 2);
        else
            put(writer, (const char *)value.data + at, size);
        at += size == 0 ? 1 : size;
    }
    if (cut)
        put_text(writer, cut_mark);
    put_text(writer, "\"");
}

static void put_key(struct writer *writer, const char *key)
{
    if (writer->json) {
        put_text(writer, writer->size == 0 ? "{\"" : ",\"");
        put_text(writer, key);
        put_text(writer, "\":");
        return;
    }
    if (writer->size > 0)
        put_text(writer, " ");
    put_text(writer, key);
    put_text(writer, "=");
}

/* The largest size up to limit at which value (longer than that) can be cut between characters. */
static size_t whole_characters(struct bytes value, size_t limit)
{
    size_t size = limit;
    while (size > limit - 3 && value.data[size] >> 6 == 2)
        size--;
    return size;
}

/* An empty value is left out with its key, which means the same and keeps lines short. */
static void put_value(struct writer *writer, const char *key, struct bytes value)
{
    size_t before = writer->size;
    bool cut = value.size > LOG_VALUE_BYTES_MAX;
    if (value.size == 0)
        return;
    if (cut)
        value.size = whole_characters(value, LOG_VALUE_BYTES_MAX);
    put_key(writer, key);
    if (!writer->json && !cut && is_plain(value))
        put(writer, (const char *)value.data, value.size);
    else
        put_quoted(writer, value, cut);
    if (writer->overflow)
        writer->size = before;
    writer->overflow = false;
}

static void put_word(struct writer *writer, const char *key, const char *word)
{
    if (word != NULL)
        put_value(writer, key, bytes_of_text(word));
}

/* 24 bytes hold any number of 64 bits with its sign. */
static void put_number(struct writer *writer, const char *key, int64_t number)
{
    char text[24];
    size_t before = writer->size;
    (void)snprintf(text, sizeof text, "%" PRId64, number);
    put_key(writer, key);
    put_text(writer, text);
    if (writer->overflow)
        writer->size = before;
    writer->overflow = false;
}

/* In an order that is the same for every line: time, what, whom, why. */
void log_line_format(const struct log_line *line, enum log_format format, struct stamp now,
                     char ret_line[LOG_LINE_BYTES_MAX], size_t *ret_size)
{
    enum { END_BYTES = 2 }; /* the brace and the end of line */
    struct writer writer = {
        .line = ret_line, .limit = LOG_LINE_BYTES_MAX - END_BYTES, .json = format == LOG_JSON};
    char time[TIME_TEXT_BYTES];
    char message[MESSAGE_ID_TEXT_BYTES];
    stamp_format(now, time);
    put_word(&writer, "time", time);
    put_word(&writer, "level", level_names[line->level]);
    put_word(&writer, "event", line->event);
    if (line->message != NULL) {
        id_format(line->message, message);
        put_word(&writer, "message", message);
    }
    put_value(&writer, "dossier", line->dossier);
    put_value(&writer, "from", line->from);
    put_value(&writer, "to", line->to);
    put_word(&writer, "type", line->type);
    put_word(&writer, "state", line->state);
    if (line->reason != REASON_NONE)
        put_word(&writer, "reason", reason_code(line->reason));
    if (line->attempt > 0)
        put_number(&writer, "attempt", line->attempt);
    if (line->has_delay)
        put_number(&writer, "delay_ms", line->delay_ms);
    put_value(&writer, "detail", line->detail);
    if (writer.json)
        ret_line[writer.size++] = '}';
    ret_line[writer.size++] = '\n';
    *ret_size = writer.size;
}

/* On the stack and in one piece: a line of one thread is never inside a line of another. */
void log_write(const struct log *log, wall_t now, const struct log_line *line)
{
    char text[LOG_LINE_BYTES_MAX];
    size_t size;
    if (line->level < log->lowest)
        return;
    log_line_format(line, log->format, (struct stamp){now, log->offset_minutes}, text, &size);
    log->sink(log->context, (struct bytes){(const uint8_t *)text, size});
}

bool log_format_parse(struct bytes text, enum log_format *ret_format)
{
    bool json = bytes_equal(text, bytes_of_text("json"));
    if (!json && !bytes_equal(text, bytes_of_text("text")))
        return false;
    *ret_format = json ? LOG_JSON : LOG_TEXT;
    return true;
}
