/* unix_socket - a listening Unix socket at a path, without harm to what stands there already.
 *
 * Only a socket that nobody answers at any more (left by a program that died) is replaced. A file,
 * a folder, a link, or a socket with a living program behind it stays as it is.
 */
#ifndef GATEWAY_WORKERS_UNIX_SOCKET_H
#define GATEWAY_WORKERS_UNIX_SOCKET_H

#include "proto/base/reason.h"

/* Non-blocking, mode 0600. REASON_SOCKET_TAKEN, REASON_ACCESS_DENIED, REASON_LISTEN_FAILED (the
 * path is too long, its folder is not there, …), REASON_OUT_OF_MEMORY. */
enum reason unix_socket_listen(const char *path, int backlog, int *ret_socket);

#endif
