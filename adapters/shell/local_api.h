/* local_api - HTTP on loopback, for the systems of this participant: adapters/openapi.yaml.
 *
 * Runs in the thread of the session, driven by the adapter's loop:
 *
 *   local_api_new
 *   when local_api_fd is readable or local_api_timeout_ms has passed: local_api_run
 *       reads requests; what only reads is answered at once, from what is committed
 *   in a step, between session_begin and session_end: local_api_step
 *       applies the requests that change something; their connections are suspended
 *   after the commit or its failure: local_api_settle
 *       answers them and resumes the connections (commit, then speak: invariant 1)
 *   local_api_destroy
 *
 * Who may call: whoever has the token of STATE/api.token, from this machine; a Host header other
 * than 127.0.0.1 or localhost is refused (DNS rebinding). The port that is in use is written to
 * STATE/api.port.
 *
 * Bounds: connections, bytes of a request body, time of an idle connection; uploads are streamed to
 * disk, memory does not grow with their size. The places are for those with a token. Whoever has
 * not sent a whole head with one within LOCAL_API_STRANGER_MS loses his connection, and strangers
 * share a few places, of which the oldest goes first (local_api_places.c).
 */
#ifndef ADAPTERS_SHELL_LOCAL_API_H
#define ADAPTERS_SHELL_LOCAL_API_H

#include "adapters/core/session.h"
#include "adapters/shell/message_json.h"
#include "adapters/shell/token.h"

struct local_api;
struct registry;

enum {
    LOCAL_API_CONNECTIONS_MAX = 64,        /* a few local programs; each has one or two */
    LOCAL_API_BODY_BYTES_MAX = 512 * 1024, /* twice the largest envelope, as JSON */
    LOCAL_API_IDLE_SECONDS = 60,
    LOCAL_API_STRANGERS_MAX = 64, /* a token that is on its way must not be overtaken by as many */
    LOCAL_API_STRANGER_MS = 2000,
};

/* How many connections there may be. */
struct local_api_bounds {
    uint32_t known, strangers;
    uint32_t connections; /* both, and a few that are being closed */
};
/* With that many descriptors for the whole program: what is left when office, link, store and
 * registry have theirs. */
struct local_api_bounds local_api_bounds_of(uint32_t descriptors);

struct local_api_options {
    uint16_t port; /* 0: a free one */
    const char *state_directory;
    const char *version;
    struct key self;
    struct key gateway;
    uint64_t attachment_bytes_max;
    struct session *session;
    struct store *store;
    struct blobs *blobs;
    const struct crypto_port *crypto;
    const struct registry *registry; /* whose messages there may be; see set_registry */
    uint32_t descriptors;            /* that the program may have; 0: plenty */
};

/* REASON_FILE_UNREADABLE, REASON_KEY_UNREADABLE: the token files. REASON_BUSY: the port is taken.
 * REASON_OUT_OF_MEMORY. */
enum reason local_api_new(const struct local_api_options *options, struct local_api **ret_api);
/* Those who wait are told "shutting down". */
void local_api_destroy(struct local_api **api);
/* The old snapshot is no longer looked at. */
void local_api_set_registry(struct local_api *api, const struct registry *registry);
/* What of our own keeps the office's driver from working; shown in the health. */
void local_api_set_office_trouble(struct local_api *api, enum reason reason);
uint16_t local_api_port(const struct local_api *api);
/* For links to attachments; lives as long as the api. */
const struct message_links *local_api_links(const struct local_api *api);

int local_api_fd(const struct local_api *api);
/* -1: nothing to do before the fd is readable. */
int local_api_timeout_ms(const struct local_api *api);
void local_api_run(struct local_api *api, wall_t now, mono_t mono);
/* Something waits for a step. */
bool local_api_has_changes(const struct local_api *api);
void local_api_step(struct local_api *api);
/* REASON_NONE: the step is committed. */
void local_api_settle(struct local_api *api, enum reason reason);

#endif
