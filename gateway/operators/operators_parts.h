/* operators_parts - what the files of the operators' API share. Nobody else includes this.
 *
 *   operators_api.c       life cycle, routes
 *   operators_status.c    figures, connections, health
 *   operators_metrics.c   the same for Prometheus
 *   operators_messages.c  messages, dossiers, what waits, an operator's hand on an entry
 *   operators_redirect.c  queues that another participant takes over
 *   operators_registry.c  the registry, where a message would go, reload
 */
#pragma once

#include "gateway/api/jobs_json.h"
#include "gateway/api/json_member.h"
#include "gateway/api/standing_json.h"
#include "gateway/operators/operators_api.h"
#include "routing/registry/registry.h"

struct operators_api {
    struct operators_api_options options;
    struct api *server;
};

/* Where an entry stands, or why it ended (gateway/api/standing_json.h). taken: its message. The
 * store is asked: its texts of before are gone. False when memory is short. */
bool operators_put_standing(const struct operators_api *api, json_t *object,
                            const struct entry *entry, wall_t taken);

void operators_health_get(struct api_request *request);
void operators_metrics_get(struct api_request *request);
void operators_status_get(struct api_request *request);
void operators_trust_clock(struct api_request *request);
void operators_connections_get(struct api_request *request);

void operators_dossier_get(struct api_request *request);
void operators_message_get(struct api_request *request);
void operators_queues_get(struct api_request *request);
void operators_operate(struct api_request *request); /* which: enum broker_operation */

void operators_redirects_get(struct api_request *request);
void operators_redirect(struct api_request *request);

void operators_registry_get(struct api_request *request);
void operators_route_get(struct api_request *request);
void operators_reload(struct api_request *request);
