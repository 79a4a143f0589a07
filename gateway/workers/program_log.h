/* program_log - a daemon's log: to standard error, where the journal takes it.
 *
 * The log that program_log_init makes writes into its stream. A daemon's loop flushes the stream
 * once a step (log_stream.h); the functions here write their line at once.
 */
#pragma once

#include "gateway/custody/effects.h"
#include "proto/log/log_stream.h"

/* From LOG_INFO on, in local time. The stream stays the caller's and must outlive the log. */
void program_log_init(enum log_format format, struct log_stream *stream, struct log *ret_log);
/* Both are for a log of program_log_init. */
void program_log_line(const struct log *log, const struct log_line *line);
/* detail may be NULL. */
void program_log_event(const struct log *log, enum log_level level, const char *event,
                       enum reason reason, const char *detail);
/* What a step did, as its effects tell it; the stream is flushed by the loop. */
void program_log_transition(const struct log *log, const struct transition *transition);
