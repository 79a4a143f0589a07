/* api_listen - the doors of an API: a Unix socket, loopback, and TLS on an address.
 *
 * Each is bound before anything is served, so that what is taken is said by its own name, and
 * --check can try it: api_doors_try binds what api_new would, and lets go.
 */
#pragma once

#include <stdint.h>

#include "gateway/workers/file_read.h"
#include "proto/base/reason.h"

enum {
    API_ADDRESS_BYTES = 128,
    API_WHAT_BYTES = FILE_PATH_BYTES_MAX + 32,
    API_BACKLOG = 128,
    API_PORT_NONE = -1,
};

struct api_doors {
    char socket[FILE_PATH_BYTES_MAX]; /* Unix socket, mode 0660; "": none */
    int64_t port;                     /* of 127.0.0.1; 0: a free one; API_PORT_NONE: none */
    char listen[API_ADDRESS_BYTES];   /* TLS: "10.0.0.5:7651", "[::]:7651" (both); "": none */
    char certificate_file[FILE_PATH_BYTES_MAX]; /* PEM, with its chain */
    char key_file[FILE_PATH_BYTES_MAX];         /* PEM, mode 0600 */
    char client_ca_file[FILE_PATH_BYTES_MAX];   /* "": the token only */
};

/* The rows of gateway/api/api_settings.def, for a table of settings over a struct api_doors. */
enum { API_SETTINGS_ROWS = 6 };

/* NULL: well; otherwise the name of the setting at fault ("api.listen"). */
const char *api_doors_fault(const struct api_doors *doors);

/* A bound, listening, non-blocking socket. "10.0.0.5:7651"; "[::]:7651" takes IPv4 as well; port 0
 * is a free one. REASON_ADDRESS_TAKEN, REASON_ACCESS_DENIED, REASON_LISTEN_FAILED,
 * REASON_OUT_OF_MEMORY. */
enum reason api_listen_tcp(const char *address, int *ret_socket);
enum reason api_listen_loopback(uint16_t port, int *ret_socket);
uint16_t api_listen_port(int socket);

/* The default of api.socket: STATE/api.socket. */
void api_doors_settle(struct api_doors *doors, const char *state_directory);
/* "api.port 7650", for people. */
void api_door_describe(const struct api_doors *doors, const char *name,
                       char ret_text[API_WHAT_BYTES]);
/* Binds every door and lets go. ret_what: the one at fault, as api_door_describe has it. */
enum reason api_doors_try(const struct api_doors *doors, char ret_what[API_WHAT_BYTES]);
