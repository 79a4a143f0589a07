/* Log lines of the daemons, to the standard error, where systemd or the caller keeps them. Lines
 * of a step are gathered and written once by the loop; those of a start go out one by one, so that
 * the reason of a start that fails is not lost. */
#include "gateway/workers/program_log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/workers/program.h"
#include "proto/codec/message_type.h"

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

/* Alarms are errors, since a person has to look; refusals are warnings; the rest is the normal
 * course. */
void program_log_transition(const struct log *log, const struct transition *transition)
{
    bool is_alarm = strcmp(transition->event, "alarm") == 0;
    char count[24] = "";
    if (transition->count > 0)
        (void)snprintf(count, sizeof count, "%llu", (unsigned long long)transition->count);
    bool is_refusal = transition->reason != REASON_NONE;
    struct log_line line = {
        .level = is_alarm     ? LOG_ERROR
                 : is_refusal ? LOG_WARNING
                              : LOG_INFO,
        .event = transition->event,
        .message = id_is_zero(&transition->id) ? NULL : &transition->id,
        .dossier = transition->dossier_code,
        .from = key_bytes(&transition->from),
        .to = key_bytes(&transition->to),
        .type =
            transition->type == 0 ? NULL : message_type_name((enum message_type)transition->type),
        .state = transition->state == 0 ? NULL : entry_state_name(transition->state),
        .reason = transition->reason,
        .attempt = transition->attempt,
        .detail = bytes_of_text(count),
    };
    log_write(log, program_wall(), &line);
}
