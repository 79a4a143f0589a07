/* desk - the centre's desk of a sandbox province: forwards dossiers, reads results, keeps its own
 * book.
 *
 * A thread with a database of its own (DIR/desk/desk.sqlite) that knows only the local API of the
 * centre's adapter. What it forwarded and what came back is counted from that database, not from
 * the gateway.
 */
#ifndef OPS_SANDBOX_DESK_H
#define OPS_SANDBOX_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "routing/registry/registry.h"

struct desk;

/* Texts and registry outlive the desk. */
struct desk_options {
    const char *directory; /* of the desk */
    const char *adapter;   /* state directory of the centre's adapter */
    const struct registry *registry;
    uint32_t dossiers;                       /* to be forwarded in all */
    uint32_t forward_delay_ms;               /* between two dossiers; 0: as fast as it goes */
    uint64_t file_bytes_min, file_bytes_max; /* of one attachment */
};

bool desk_start(const struct desk_options *options, struct desk **ret_desk);
void desk_stop(struct desk **desk);

/* The schema's tables that figures are read from:
 *   dossier(number, code, agency, message_id, forwarded_ms, result_ms, results, progress,
 * supplements) event(message_id, type, dossier_code, sender, sequence, accepted_ms) fault(kind,
 * dossier_code): kind is "duplicate", "order" or "attachment" */

#endif
