/* control_socket - one JSON line there, one JSON line back, over a Unix stream socket (mode 0600).
 *
 * How `lienthong` asks the gateway and a running sandbox. A request is an object with a "command";
 * an answer is an object with "ok". One connection serves one request.
 */
#ifndef OPS_CLIENT_CONTROL_SOCKET_H
#define OPS_CLIENT_CONTROL_SOCKET_H

#include <jansson.h>

#include "proto/base/reason.h"

enum { CONTROL_LINE_BYTES_MAX = 16 * 1024 * 1024 };

/* REASON_NONE: *ret_answer is the caller's, an object. Otherwise REASON_OFFICE_UNREACHABLE,
 * _TIMEOUT, _REPLY_MALFORMED (also: cut), _REPLY_TOO_LARGE, REASON_ACCESS_DENIED or
 * REASON_OUT_OF_MEMORY. */
enum reason control_ask(const char *socket_path, const json_t *request, int timeout_ms,
                        json_t **ret_answer);

/* The other end, at a socket of gateway/workers/unix_socket.h. Serves one connection that is ready
 * to be accepted: reads one line, calls, writes the answer. answer may return NULL (refused as
 * malformed); its result is released here. */
typedef json_t *control_answer(void *context, const json_t *request);
void control_serve(int listening, control_answer *answer, void *context);

#endif
