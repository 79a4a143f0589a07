/* local_api - an adapter's HTTP API, for the systems of this participant: adapters/openapi.yaml.
 *
 * The routes and their handlers; the server below them, who may call, and how the owner's loop
 * drives it are gateway/api/api.h. An adapter's API is always open on a Unix socket and, if wanted,
 * on loopback and over TLS. What changes something is applied in a step of the session and answered
 * after its commit.
 *
 * STATE/api.token opens everything; STATE/office.token opens attachments for reading, and stands in
 * the links that the back office gets.
 */
#pragma once

#include "adapters/json/message_json.h"
#include "adapters/core/session.h"
#include "gateway/api/metrics.h"

struct local_api;
struct registry;

enum { LOCAL_API_BODY_BYTES_MAX = 512 * 1024 /* twice the largest envelope, as JSON */ };

struct local_api_options {
    struct api_doors doors;
    const char *state_directory;
    const char *version;
    struct key self;
    struct key gateway;
    uint64_t attachment_bytes_max;
    struct session *session;
    struct metrics *metrics;
    /* Questions of the office's that wait for a person; -1: it knows none. NULL: as that. */
    int64_t (*questions)(void *context);
    void *context;
    struct store *store;
    struct blobs *blobs;
    const struct crypto_port *crypto;
    const struct registry *registry; /* whose messages there may be; local_api_set_registry */
    uint32_t descriptors;            /* that the program may have; 0: plenty */
};

/* Reasons and ret_what: api_new. */
enum reason local_api_new(const struct local_api_options *options, struct local_api **ret_api,
                          char ret_what[API_WHAT_BYTES]);
/* Those who wait are told "shutting down". */
void local_api_destroy(struct local_api **api);
/* For the loop: api_fd, api_run, … */
struct api *local_api_server(const struct local_api *api);
/* The old snapshot is no longer looked at. */
void local_api_set_registry(struct local_api *api, const struct registry *registry);
/* What of our own keeps the office's driver from working; shown in the health. */
void local_api_set_office_trouble(struct local_api *api, enum reason reason);
/* For links to attachments; lives as long as the api. */
const struct message_links *local_api_links(const struct local_api *api);
