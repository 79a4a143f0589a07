/* control_parts - what the files of the operator's requests share. Nobody else includes this.
 *
 *   control_request.c  status, one dossier, changes
 *   control_queues.c   what waits, and why
 */
#ifndef GATEWAY_SHELL_CONTROL_PARTS_H
#define GATEWAY_SHELL_CONTROL_PARTS_H

#include "gateway/shell/control_request.h"
#include "gateway/shell/gateway.h"

/* A member of the request; "" when it is not there or no text. */
const char *control_text(const json_t *request, const char *name);
/* RFC 3339 in Vietnam's time; null for none. */
json_t *control_time(wall_t at);
/* control_error with what it is about. */
json_t *control_refusal(enum reason reason, const char *detail);

json_t *control_queues(struct gateway *gateway, const json_t *request);

#endif
