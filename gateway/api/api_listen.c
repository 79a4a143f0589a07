/* Sockets of the doors, and the trial of them for `--check`: that a port is taken, or that a
 * folder may not be written to, is found before the program is restarted and not after. */
#include "gateway/api/api_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/workers/unix_socket.h"

static enum reason reason_of(int error)
{
    return error == EADDRINUSE ? REASON_ADDRESS_TAKEN : unix_socket_reason(error);
}

/* "[::]" takes IPv4 as well, whatever the machine's default is. */
static enum reason listen_at(const struct sockaddr *address, socklen_t size, int *ret_socket)
{
    const int on = 1, off = 0;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return reason_of(errno);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, address, size) == 0 && listen(fd, API_BACKLOG) == 0) {
        *ret_socket = fd;
        return REASON_NONE;
    }
    enum reason reason = reason_of(errno);
    (void)close(fd);
    return reason;
}

/* Host without its brackets, and what follows the last colon. */
static bool split(const char *address, char ret_host[API_ADDRESS_BYTES], const char **ret_port)
{
    const char *colon = strrchr(address, ':');
    bool is_bracketed = address[0] == '[';
    if (colon == NULL || strlen(address) >= API_ADDRESS_BYTES || colon[1] == 0 ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return false;
    const char *end = is_bracketed ? colon - 1 : colon;
    const char *begin = address + (is_bracketed ? 1 : 0);
    if (end <= begin || (is_bracketed && *end != ']'))
        return false;
    memcpy(ret_host, begin, (size_t)(end - begin));
    ret_host[end - begin] = 0;
    *ret_port = colon + 1;
    return is_bracketed == (strchr(ret_host, ':') != NULL);
}

/* Numbers only: a name may mean another address tomorrow. */
static struct addrinfo *resolve(const char *address)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    char host[API_ADDRESS_BYTES];
    const char *port;
    struct addrinfo *found = NULL;
    if (!split(address, host, &port) || getaddrinfo(host, port, &hints, &found) != 0)
        return NULL;
    return found;
}

enum reason api_listen_tcp(const char *address, int *ret_socket)
{
    struct addrinfo *found = resolve(address);
    if (found == NULL)
        return REASON_LISTEN_FAILED;
    enum reason reason = listen_at(found->ai_addr, found->ai_addrlen, ret_socket);
    freeaddrinfo(found);
    return reason;
}

enum reason api_listen_loopback(uint16_t port, int *ret_socket)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    return listen_at((const struct sockaddr *)&address, sizeof address, ret_socket);
}

uint16_t api_listen_port(int socket)
{
    struct sockaddr_in6 address = {0}; /* the port stands in the same place in both families */
    socklen_t size = sizeof address;
    return getsockname(socket, (struct sockaddr *)&address, &size) == 0 ? ntohs(address.sin6_port)
                                                                        : 0;
}

/* What the settings' own rows cannot say: values that need one another. The name of the row at
 * fault, for the message. */
const char *api_doors_fault(const struct api_doors *doors)
{
    struct addrinfo *found = doors->listen[0] == 0 ? NULL : resolve(doors->listen);
    if (doors->listen[0] == 0)
        return NULL;
    if (found == NULL)
        return "api.listen";
    freeaddrinfo(found);
    if (doors->certificate_file[0] == 0)
        return "api.certificate_file";
    return doors->key_file[0] == 0 ? "api.key_file" : NULL;
}

/* Bound and closed again; what is tried is what the start will do, by the same function. */
static enum reason try_tcp(enum reason (*listen)(const struct api_doors *doors, int *ret_socket),
                           const struct api_doors *doors)
{
    int socket;
    enum reason reason = listen(doors, &socket);
    if (reason == REASON_NONE)
        (void)close(socket);
    return reason;
}

static enum reason listen_port(const struct api_doors *doors, int *ret_socket)
{
    return api_listen_loopback((uint16_t)doors->port, ret_socket);
}

static enum reason listen_address(const struct api_doors *doors, int *ret_socket)
{
    return api_listen_tcp(doors->listen, ret_socket);
}

/* The state's folder is made at the first start: there is nothing in the way yet. */
static enum reason try_unix(const struct api_doors *doors)
{
    struct unix_socket made = {.fd = -1};
    char folder[FILE_PATH_BYTES_MAX];
    struct stat there;
    (void)snprintf(folder, sizeof folder, "%s", doors->socket);
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        *slash = 0;
    if (slash != NULL && stat(folder, &there) != 0)
        return REASON_NONE;
    enum reason reason = unix_socket_listen(doors->socket, 0600, API_BACKLOG, &made);
    unix_socket_close(&made);
    return reason;
}

void api_doors_settle(struct api_doors *doors, const char *state_directory)
{
    if (doors->socket[0] == 0 && !file_path_join(state_directory, "api.socket", doors->socket))
        doors->socket[0] = 0;
}

/* Which setting, and what stands there: "address taken" alone would leave three doors to look at.
 */
void api_door_describe(const struct api_doors *doors, const char *name,
                       char ret_text[API_WHAT_BYTES])
{
    if (strcmp(name, "api.port") == 0)
        (void)snprintf(ret_text, API_WHAT_BYTES, "%s %lld", name, (long long)doors->port);
    else
        (void)snprintf(ret_text, API_WHAT_BYTES, "%s %s", name,
                       strcmp(name, "api.listen") == 0   ? doors->listen
                       : strcmp(name, "api.socket") == 0 ? doors->socket
                                                         : "");
}

enum reason api_doors_try(const struct api_doors *doors, char ret_what[API_WHAT_BYTES])
{
    const char *what = "api.socket";
    enum reason reason = doors->socket[0] != 0 ? try_unix(doors) : REASON_NONE;
    if (reason == REASON_NONE && doors->port > 0) {
        what = "api.port";
        reason = try_tcp(listen_port, doors);
    }
    if (reason == REASON_NONE && doors->listen[0] != 0) {
        what = "api.listen";
        reason = try_tcp(listen_address, doors);
    }
    api_door_describe(doors, what, ret_what);
    return reason;
}
