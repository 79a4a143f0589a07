/* portal_client - one question to the portal at a time, answered before the call returns: for the
 * commands of `lienthong portal`. Logs in by itself, and again once when the session has ended.
 *
 *   portal_client_new ─▶ portal_client_ask … ─▶ portal_client_destroy
 */
#pragma once

#include "adapters/portal/portal_dialect.h"
#include "proto/base/time.h"

struct portal_client;

struct portal_client_options {
    struct portal_dialect_options dialect;
    const char *ca_file; /* NULL: the system's */
    uint32_t connect_timeout_ms;
    uint32_t timeout_ms;
};

enum reason portal_client_new(const struct portal_client_options *options,
                              struct portal_client **ret_client,
                              char ret_fault[MAPPING_FAULT_BYTES]);
void portal_client_destroy(struct portal_client **client);

/* ret_answer is always to be released; its reason is also what this answers. */
enum reason portal_client_ask(struct portal_client *client, const struct portal_question *question,
                              struct portal_answer *ret_answer);
/* portal_dialect_can_say; nothing is sent. */
bool portal_client_can_say(struct portal_client *client, const struct portal_question *question);

/* The portal's own dossiers by day of reception, page after page: `each` gets every row, and
 * anything but REASON_NONE from it ends the walk. `ask` asks one question, as portal_client_ask
 * does. A dialect without a listing has no rows. */
enum reason portal_listing(wall_t from, wall_t to,
                           enum reason (*ask)(void *context, const struct portal_question *question,
                                              struct portal_answer *ret_answer),
                           enum reason (*each)(void *context, const json_t *row), void *context);
