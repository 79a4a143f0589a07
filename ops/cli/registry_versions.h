/* registry_versions - a registry folder that is replaced whole, by two persons, and never lost.
 *
 *   PLACE                     the registry in use
 *   PLACE.history/proposed    a whole copy that waits for the second person
 *   PLACE.history/proposal    who proposed it, when, why: one JSON object
 *   PLACE.history/VERSION     what was in use before, whole
 *   PLACE.history/log         what happened: one JSON object a line
 *
 *   versions_open(place, &versions)       locked; what a kill left half done is finished
 *   versions_propose / versions_apply / versions_log / versions_find
 *   versions_close(&versions)
 *
 * The swap is one exchange of two folders (renameat2, RENAME_EXCHANGE): a reader finds the old one
 * or the new one, whole, also after a kill. A person is whoever the kernel says that runs the
 * command; who works as root through sudo is the one that sudo names.
 */
#pragma once

#include <jansson.h>

#include "ops/client/file.h"
#include "routing/registry/registry.h"

enum {
    VERSIONS_DEPTH_MAX = 4,    /* REGISTRY/trust/lists/FILE */
    VERSIONS_FILES_MAX = 8192, /* participants with certificates, lists, tables */
    VERSIONS_FILE_BYTES_MAX = 64 * 1024 * 1024,
};

struct versions {
    char place[PATH_BYTES_MAX]; /* without links */
    char history[PATH_BYTES_MAX];
    int lock; /* -1: not open */
};

/* REASON_FILE_UNREADABLE, REASON_ACCESS_DENIED; REASON_BUSY: somebody else is at it. */
enum reason versions_open(const char *place, struct versions *ret_versions);
void versions_close(struct versions *versions);

/* A registry's folder with all that is below it, within the bounds above; `to` may be there. */
enum reason versions_copy(const char *from, const char *to);
/* The proposal that waits, the caller's; NULL: none. */
json_t *versions_proposal(const struct versions *versions);
/* A whole copy of a folder waits from now on; one of before is replaced. version: what its own
 * "version" file is to say; NULL: as it stands. */
enum reason versions_propose(const struct versions *versions, const char *folder,
                             const char *version, const char *why);
/* Nothing waits any more. */
void versions_withdraw(const struct versions *versions);
/* The folder that waits. */
void versions_proposed(const struct versions *versions, char ret_folder[PATH_BYTES_MAX]);
/* Puts it in use. REASON_NOT_FOUND: none waits; SECOND_PERSON_NEEDED. old_version: of the registry
 * in use, as registry_version gives it. */
enum reason versions_apply(const struct versions *versions, const char *old_version,
                           const char *new_version);
/* Takes the last one back at once: the gateway has refused it. */
enum reason versions_undo(const struct versions *versions, const char *old_version,
                          const char *new_version);
/* The folder of an earlier version: its whole name, or its beginning up to the plus sign. False:
 * there is none, or several. */
bool versions_find(const struct versions *versions, const char *version,
                   char ret_folder[PATH_BYTES_MAX]);
/* The log as an array, oldest first; NULL: it cannot be read. */
json_t *versions_log(const struct versions *versions);
