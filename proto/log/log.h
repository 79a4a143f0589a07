/* log - one line for one transition: always the same keys in the same order, never content.
 *
 *     time=2026-10-08T09:30:00.123+07:00 level=info event=entry_state message=0199… from=centre
 *     to=bqlkkt type=transfer state=deferred reason=office_timeout attempt=3 delay_ms=4000
 *
 * (on one line). Keys that do not apply are left out; those that are there keep their order:
 * time level event message dossier from to type state reason attempt delay_ms detail.
 * As JSON the same keys are members of one object, attempt and delay_ms as numbers.
 *
 * Values from outside cannot forge a line, a key or a terminal's colours: in text, a value that is
 * not made of plain characters is quoted, and what is not printable UTF-8 is written as \xHH; in
 * JSON such bytes become U+FFFD or \u00HH. A value that is too long ends in "…"; a line is never
 * longer than LOG_LINE_BYTES_MAX.
 *
 * What may stand in a line: identifiers (message, dossier code, participant), states, reasons,
 * counts, times. Names of persons, contents, file names, tokens never do (invariant 11).
 *
 * Library and core code do not log: they hand out transitions, and a program's shell logs them.
 * The sink is the shell's; it is called once per line and owns nothing that it is given.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/id.h"
#include "proto/base/reason.h"
#include "proto/base/time.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

enum {
    LOG_VALUE_BYTES_MAX = 200, /* of one value, as it is given; the rest is cut */
    /* Thirteen keys; every byte of a value may become the six of \u00HH. Under PIPE_BUF (4096) in
     * practice; a longer line is cut at a value, never in the middle of one. */
    LOG_LINE_BYTES_MAX = 8192,
};

/* Everything but level and event may be left empty (zero). Texts are views for the call's time. */
struct log_line {
    enum log_level level;
    const char *event; /* lower-case words with underscores, from the program's own source */
    const struct message_id *message;
    struct bytes dossier;
    struct bytes from;
    struct bytes to;
    const char *type;
    const char *state;
    enum reason reason; /* REASON_NONE is left out */
    uint32_t attempt;   /* 0 is left out */
    bool has_delay;     /* whether delay_ms applies: 0 is a delay too */
    int64_t delay_ms;
    struct bytes detail; /* a short technical remark: a file of the settings, a peer's address */
};

/* The line with its end-of-line character, written from the start of ret_line. Never fails;
 * ret_size is at most LOG_LINE_BYTES_MAX. */
void log_line_format(const struct log_line *line, enum log_format format, struct stamp now,
                     char ret_line[LOG_LINE_BYTES_MAX], size_t *ret_size);

typedef void log_sink(void *context, struct bytes line);

/* What a program's shell holds: where lines go, how they look, which are left out. */
struct log {
    log_sink *sink;
    void *context;
    enum log_format format;
    enum log_level lowest;  /* levels below it are not written */
    int32_t offset_minutes; /* of the time that is shown */
};

void log_write(const struct log *log, wall_t now, const struct log_line *line);

/* "text" or "json", as options and settings spell them. */
bool log_format_parse(struct bytes text, enum log_format *ret_format);
