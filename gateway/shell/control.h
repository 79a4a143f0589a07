/* control - the operator's socket: one JSON line in, one JSON line out, over a Unix socket (0600).
 *
 * Requests: {"command":"status"}; {"command":"queues", "destination", "state", "dossier_code",
 * "after", "limit"}; {"command":"dossier", "dossier_code"}; {"command":"hold" | "release" |
 * "withdraw" | "expire", "message_id", "sender", "destination"}, of which sender and destination
 * may be left out when one message has that id and waits in one place. Answers carry "ok", and
 * "error" with code, texts and detail when it is false. Each entry of the queues carries "cause":
 * why it has not left yet. What changes an entry is answered after its commit.
 *
 * Bounds: CONTROL_CONNECTIONS_MAX at once, further ones wait in the kernel; CONTROL_LINE_BYTES_MAX
 * a request; a connection that does not finish its line in CONTROL_SILENT_MS, or does not take its
 * answer in CONTROL_TAKE_MS, is closed. An answer of any size leaves as its reader takes it, while
 * the gateway goes on.
 */
#ifndef GATEWAY_SHELL_CONTROL_H
#define GATEWAY_SHELL_CONTROL_H

#include <stdbool.h>

#include "proto/base/reason.h"

enum {
    CONTROL_CONNECTIONS_MAX = 8,
    CONTROL_LINE_BYTES_MAX = 64 * 1024,
    CONTROL_SILENT_MS = 5000,
    CONTROL_TAKE_MS = 30 * 1000,
};

struct control;
struct gateway;

/* Reasons: unix_socket_listen; REASON_OUT_OF_MEMORY. */
enum reason control_new(const char *path, struct gateway *gateway, struct control **ret_control);
void control_destroy(struct control **control);
/* Readable when there is something to do. */
int control_fd(const struct control *control);
/* Reads requests, and goes on with answers; requests that change something become part of the step.
 */
void control_step(struct control *control);
/* Something was asked in this step. */
bool control_has_answers(const struct control *control);
/* Answers what was asked in this step; outcome: of the step's commit. */
void control_answer(struct control *control, enum reason outcome);

#endif
