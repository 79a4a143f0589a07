/* upstream - the adapter's API, asked for a person or for the index, and the gateway's where this
 * desk may (gateway.state_directory).
 *
 * Where each listens and its token stand in its state folder (adapter.state_directory) and are read
 * for each question: an adapter that was started anew may have another port. A call goes on while
 * the loop turns, and `done` is called from upstream_run; at the end (upstream_destroy) it is not.
 */
#pragma once

#include <jansson.h>

#include "adapters/desk/desk_settings.h"
#include "adapters/http/http_client.h"

enum {
    UPSTREAM_CONNECT_MS = 3000,
    UPSTREAM_TIMEOUT_MS = 20000, /* what changes something waits for a commit */
    UPSTREAM_PATH_BYTES = 512,
};

struct upstream;

enum upstream_end { UPSTREAM_ADAPTER = 0, UPSTREAM_GATEWAY };

/* reason: upstream_away of its end, or NONE: then status and json (NULL: none could be read) are
 * what it answered; json is the callee's to keep (json_incref). */
typedef void upstream_done(void *context, enum reason reason, long status, json_t *json);

struct upstream_question {
    enum upstream_end end;
    const char *method;
    const char *path; /* with its query */
    json_t *body;     /* NULL: none; not taken over */
    const char *key;  /* Idempotency-Key; NULL: none */
    /* A file, by the context of `done`: the client's rules (http_client.h). NULL: none. */
    http_give *give;
    uint64_t give_bytes;
    http_take *take;
};

struct upstream *upstream_new(const struct desk_settings *settings);
void upstream_destroy(struct upstream **upstream);
int upstream_fd(const struct upstream *upstream);
void upstream_run(struct upstream *upstream);
/* REASON_BUSY, REASON_OUT_OF_MEMORY, upstream_away (its files): done is not called. */
enum reason upstream_ask(struct upstream *upstream, const struct upstream_question *question,
                         upstream_done *done, void *context);
/* REASON_ADAPTER_UNREACHABLE, REASON_GATEWAY_UNREACHABLE. */
enum reason upstream_away(enum upstream_end end);
/* The settings name that end. */
bool upstream_has(const struct upstream *upstream, enum upstream_end end);
/* Of the question with that context; done is not called any more. */
void upstream_drop(struct upstream *upstream, const void *context);
void upstream_go_on(struct upstream *upstream, const void *context);
