/* adapter_address - where the API of one of our programs is: an adapter's, or a gateway's.
 *
 * In its state directory lie the Unix socket `api.socket`, and, if it is open on loopback,
 * `api.port` (a decimal port of 127.0.0.1) with `api.token` (mode 0600). Whoever may use the
 * socket, or read the token, may speak for the participant.
 */
#pragma once

#include "ops/client/file.h"
#include "ops/client/http.h"

enum { API_TOKEN_BYTES_MAX = 256 };

#define ADAPTER_SETTINGS_DEFAULT "/etc/lienthong/adapter.yaml"
#define GATEWAY_SOCKET_DEFAULT   "/run/lienthong/gateway.socket"

struct adapter_address {
    char settings[PATH_BYTES_MAX]; /* its settings file; "": not found beside the state directory */
    char state_directory[PATH_BYTES_MAX];
    char socket[PATH_BYTES_MAX]; /* "": over TCP */
    char base_url[64];
    char token[API_TOKEN_BYTES_MAX];
};

/* where: an adapter's settings file, the folder that holds it as adapter.yaml, or the adapter's
 * state directory; NULL: the environment's LIENTHONG_ADAPTER (given here as environment), else
 * ADAPTER_SETTINGS_DEFAULT.
 * REASON_FILE_UNREADABLE, REASON_ACCESS_DENIED: ret_address->state_directory is then the path that
 * could not be read. */
enum reason adapter_locate(const char *where, const char *environment,
                           struct adapter_address *ret_address);

/* The same for a gateway: its socket, its settings file, the folder that holds it as gateway.yaml,
 * or its state directory; "": GATEWAY_SOCKET_DEFAULT. */
enum reason gateway_locate(const char *where, struct adapter_address *ret_address);

/* The path that a settings file's top-level `name:` gives, from where the file lies. Only that one
 * row is looked for: the file may hold settings that this program does not know. */
bool settings_path_find(const char *settings, const char *name, char ret_path[PATH_BYTES_MAX]);
