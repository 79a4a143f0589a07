/* gateway_call - how the commands talk to a gateway's control socket, and say what failed. */
#ifndef OPS_CLI_GATEWAY_CALL_H
#define OPS_CLI_GATEWAY_CALL_H

#include <jansson.h>

#include "ops/cli/commands.h"
#include "ops/cli/short_id.h"

/* socket "": the usual place. EXIT_CODE_OK: *ret_answer is the caller's. Otherwise it was printed
 * why: EXIT_CODE_NEGATIVE for not_found, _REFUSED, _UNREACHABLE. */
int gateway_call(const struct invocation *invocation, const char *socket, const json_t *request,
                 json_t **ret_answer);
/* Completes a short id (short_id.h) from what waits there, as gateway_call. */
int gateway_find_id(const struct invocation *invocation, const char *socket, const char *text,
                    struct short_id *ret_id);

#endif
