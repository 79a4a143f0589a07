/* registry_change - what another registry would change, and whether it may take this one's place.
 *
 *   struct registry_owed owed[…];      what waits at the gateway, by participant
 *   registry_compare(old, new, owed, count, today, &changes);
 *   changes.reason                     NONE: it may
 *
 * The one judgement behind `lienthong registry preview` and `apply` and behind the gateway's
 * reload: a registry that goes back in time, that leaves messages waiting for somebody who cannot
 * fetch them any more and has nobody in his place, or that forgets a participant who is owed
 * something, is refused with each case named. Everything else is shown and allowed.
 *
 * Pure. Procedures are summed up by the agencies that they go from and to.
 */
#pragma once

#include "proto/base/language.h"
#include "routing/registry/registry.h"

enum {
    REGISTRY_CHANGES_MAX = 2048, /* more are counted */
};

struct registry_owed {
    struct key destination;
    uint64_t waiting;   /* messages that have not ended */
    uint64_t under_way; /* dossiers that are with it; 0 also when nobody has said */
};

enum registry_change_kind {
    CHANGE_NONE,
#define CHANGE(name, vietnamese, english) CHANGE_##name,
#include "routing/registry/registry_change.def"
#undef CHANGE
    CHANGE_KIND_COUNT,
};

struct registry_change {
    enum registry_change_kind kind;
    struct key from, to;
    uint64_t count;
    uint64_t under_way; /* dossiers of .from that are under way, as far as it was said */
    civil_day_t day;
};

struct registry_changes {
    enum reason reason; /* NONE, REGISTRY_OLDER, REGISTRY_STRANDS */
    size_t count, left_out;
    struct registry_change items[REGISTRY_CHANGES_MAX]; /* what refuses comes first */
};

void registry_compare(const struct registry *old, const struct registry *new_registry,
                      const struct registry_owed *owed, size_t owed_count, civil_day_t today,
                      struct registry_changes *ret_changes);
bool registry_change_refuses(enum registry_change_kind kind);
/* One sentence without a line end. False at the buffer's limit. */
bool registry_change_print(const struct registry_change *change, enum language language,
                           struct buffer *buffer);

/* The least line after that registry's, and not of a day before today; after a day's last number
 * comes the next day's first. */
void registry_version_next(const struct registry *registry, civil_day_t today,
                           char ret_version[REGISTRY_VERSION_TEXT_BYTES]);
