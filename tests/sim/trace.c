#include "tests/sim/trace.h"

void trace_clear(struct trace *trace)
{
    trace->count = 0;
    trace->hash = UINT64_C(0xcbf29ce484222325);
}

static void mix(struct trace *trace, uint64_t value)
{
    uint64_t z = (trace->hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    trace->hash = z ^ (z >> 29);
}

void trace_mix(struct trace *trace, struct bytes bytes)
{
    mix(trace, hash_bytes(bytes));
}

static void print_event(const struct trace_event *event, FILE *out)
{
    char id[MESSAGE_ID_TEXT_BYTES] = "";
    if (!id_is_zero(&event->id))
        id_format(&event->id, id);
    (void)fprintf(out, "%9lld.%03d %-8s %-28s %lld %s\n", (long long)(event->at_ms / 1000),
                  (int)(event->at_ms % 1000), event->node, event->what, (long long)event->number,
                  id);
}

void trace_add(struct trace *trace, int64_t at_ms, const char *node, const char *what,
               const struct message_id *id, int64_t number)
{
    struct trace_event *event = &trace->events[trace->count++ % TRACE_EVENTS_MAX];
    *event = (struct trace_event){.at_ms = at_ms, .node = node, .what = what, .number = number};
    if (id != NULL)
        event->id = *id;
    mix(trace, (uint64_t)at_ms);
    mix(trace, hash_bytes(bytes_of_text(node)) ^ hash_bytes(bytes_of_text(what)));
    mix(trace, hash_bytes((struct bytes){event->id.bytes, MESSAGE_ID_BYTES}));
    mix(trace, (uint64_t)number);
    if (trace->echo != NULL)
        print_event(event, trace->echo);
}

void trace_print(const struct trace *trace, const struct message_id *id, FILE *out)
{
    uint64_t oldest = trace->count > TRACE_EVENTS_MAX ? trace->count - TRACE_EVENTS_MAX : 0;
    uint64_t shown[TRACE_SHOWN_MAX];
    size_t count = 0;
    for (uint64_t i = trace->count; i > oldest && count < TRACE_SHOWN_MAX; i--) {
        const struct trace_event *event = &trace->events[(i - 1) % TRACE_EVENTS_MAX];
        if (id == NULL || id_equal(&event->id, id))
            shown[count++] = i - 1;
    }
    while (count > 0)
        print_event(&trace->events[shown[--count] % TRACE_EVENTS_MAX], out);
}
