/* unix_socket - a listening Unix socket at a path, without harm to what stands there already.
 *
 *   unix_socket_listen … unix_socket_close     the path is ours between
 *
 * Only a socket that nobody answers at any more (left by a program that died) is replaced. A file,
 * a folder, a link, or a socket with a living program behind it stays as it is. At the end the path
 * is removed if it still is the socket that was made.
 *
 * A path may be longer than the kernel's address (108 bytes): its folder is opened and named by its
 * descriptor. unix_socket_short_path does the same for the other end.
 */
#pragma once

#include <sys/stat.h>

#include "gateway/workers/file_read.h"
#include "proto/base/reason.h"

struct unix_socket {
    int fd; /* -1: not open */
    char path[FILE_PATH_BYTES_MAX];
    struct stat made;
};

/* Non-blocking, with that mode: 0600, or 0660 for a group. REASON_SOCKET_TAKEN,
 * REASON_ACCESS_DENIED, REASON_LISTEN_FAILED (its folder is not there, …), REASON_OUT_OF_MEMORY. */
enum reason unix_socket_listen(const char *path, mode_t mode, int backlog,
                               struct unix_socket *ret_socket);
/* Why a socket could not be had, from errno; also of those that are no Unix sockets. */
enum reason unix_socket_reason(int error);
/* Also of one that is zeroed but for fd -1. */
void unix_socket_close(struct unix_socket *socket);

enum { UNIX_PATH_BYTES = 108 /* sockaddr_un.sun_path */ };
/* A name of the path that fits an address. *ret_folder is a descriptor to be closed after its use,
 * -1: none was needed. False: there is no such folder. */
bool unix_socket_short_path(const char *path, char ret_path[UNIX_PATH_BYTES], int *ret_folder);
