/* desk - the centre's desk of a sandbox province: forwards dossiers, reads results, keeps its own
 * book.
 *
 * A program with a database of its own (DIR/desk.sqlite) that knows only the local API of the
 * centre's adapter. What it forwarded and what came back is counted from that database, not from
 * the gateway: the tables dossier, event and fault (kind "duplicate", "order" or "attachment").
 *
 *   desk_open ─▶ desk_work, again and again ─▶ desk_close
 */
#pragma once

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

bool desk_open(const struct desk_options *options, struct desk **ret_desk);
void desk_close(struct desk **desk);
/* One round: forwards a few dossiers and reads the inbox once. How long to wait before the next. */
uint32_t desk_work(struct desk *desk);
