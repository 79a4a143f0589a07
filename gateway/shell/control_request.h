/* control_request - what an operator may ask the gateway; see control.h for the shapes. */
#ifndef GATEWAY_SHELL_CONTROL_REQUEST_H
#define GATEWAY_SHELL_CONTROL_REQUEST_H

#include <jansson.h>
#include <stdbool.h>

#include "proto/base/reason.h"

struct gateway;

/* The answer, owned by the caller; NULL only without memory. request may be NULL (not JSON).
 * ret_is_change: the answer counts only when the step commits. Called within a step. */
json_t *control_request(struct gateway *gateway, const json_t *request, bool *ret_is_change);
/* {"ok":false,"error":{code, hint, detail, and texts in both languages}} */
json_t *control_error(enum reason reason);

#endif
