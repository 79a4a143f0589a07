#include "gateway/workers/program_log.h"

#include <unistd.h>

#include "gateway/workers/program.h"

void program_log_init(enum log_format format, struct log_stream *stream, struct log *ret_log)
{
    log_stream_init(stream, STDERR_FILENO);
    *ret_log = (struct log){.sink = log_stream_write,
                            .context = stream,
                            .format = format,
                            .lowest = LOG_INFO,
                            .offset_minutes = program_offset_minutes()};
}

void program_log_line(const struct log *log, const struct log_line *line)
{
    log_write(log, program_wall(), line);
    log_stream_flush(log->context);
}

void program_log_event(const struct log *log, enum log_level level, const char *event,
                       enum reason reason, const char *detail)
{
    struct log_line line = {.level = level, .event = event, .reason = reason};
    if (detail != NULL)
        line.detail = bytes_of_text(detail);
    program_log_line(log, &line);
}
