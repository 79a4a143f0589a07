/* operators_api - the gateway's HTTP API, for its operators: gateway/openapi.yaml.
 *
 * The routes and their handlers; the server below them is gateway/api/api.h. Whoever may connect to
 * the Unix socket may call; on loopback and over TLS the token of STATE/api.token, or a
 * certificate, says so.
 *
 * What reads the store, figures (/metrics) excepted, is answered in a step and after the disk has
 * it, as what changes something: what is applied and not yet synced is nobody's to tell
 * (invariant 1).
 *
 * A change of the registry (operators_api_set_registry) and a reload that is asked for go through
 * the owner: he alone knows who else holds the registry.
 */
#pragma once

#include "gateway/api/metrics.h"
#include "gateway/core/broker.h"
#include "proto/link/link.h"

struct operators_api;

struct operators_api_options {
    struct api_doors doors;
    const char *state_directory;
    const char *version;
    const struct crypto_port *crypto;
    uint32_t descriptors;
    struct broker *broker;
    struct store *store;
    struct link_server *link;
    struct metrics *metrics;
    const struct registry *registry;
    /* Reads registry and trust again, all or nothing, and says so by operators_api_set_registry.
     * Runs outside of a step. */
    bool (*reload)(void *context);
    wall_t (*now)(void);
    void *context;
};

/* Reasons and ret_what: api_new. */
enum reason operators_api_new(const struct operators_api_options *options,
                              struct operators_api **ret_api, char ret_what[API_WHAT_BYTES]);
void operators_api_destroy(struct operators_api **api);
/* For the loop: api_fd, api_run, … */
struct api *operators_api_server(const struct operators_api *api);
void operators_api_set_registry(struct operators_api *api, const struct registry *registry);
