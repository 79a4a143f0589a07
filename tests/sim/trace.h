/* trace - what happened lately, and a hash of everything that ever did: two runs of one seed that
 * differ anywhere differ here. */
#pragma once

#include <stdio.h>

#include "proto/base/id.h"
#include "proto/base/key.h"

enum { TRACE_EVENTS_MAX = 16384, TRACE_SHOWN_MAX = 60 };

struct trace_event {
    int64_t at_ms;
    const char *node;     /* lives as long as the trace */
    const char *what;     /* a literal */
    struct message_id id; /* zero: of no message */
    int64_t number;
};

struct trace {
    struct trace_event events[TRACE_EVENTS_MAX]; /* a ring */
    uint64_t count;
    uint64_t hash;
    FILE *echo; /* every event as it happens; NULL: not */
};

void trace_clear(struct trace *trace);
/* id may be NULL. */
void trace_add(struct trace *trace, int64_t at_ms, const char *node, const char *what,
               const struct message_id *id, int64_t number);
/* Mixes anything else into the hash. */
void trace_mix(struct trace *trace, struct bytes bytes);
/* The last events of a message, or of all when id is NULL. */
void trace_print(const struct trace *trace, const struct message_id *id, FILE *out);
