/* route_json - where a message goes and why, as JSON: the gateway's API and `route explain --json`.
 *
 * {allowed, reason, destinations: [{key, role, copy, life_hours, policy_line}],
 *  steps: [{file, line, subject, text, text_vi}], registry_version}
 */
#pragma once

#include "gateway/api/json_text.h"
#include "routing/registry/route.h"

/* NULL: memory is short. */
json_t *route_json(const struct route_decision *decision);
