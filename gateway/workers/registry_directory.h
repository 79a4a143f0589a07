/* registry_directory - the registry, and whom it lets sign, read from the folder that staff edit.
 *
 *   REGISTRY/version, agencies.csv, participants.csv, …   routing/registry/registry.h
 *   REGISTRY/CERTIFICATE                        as participants.csv names them, relative
 *   REGISTRY/trust/anchors/                     certificates of the root authorities, PEM or DER
 *   REGISTRY/trust/intermediates/               of authorities between; may be absent
 *   REGISTRY/trust/lists/                       revocation lists, PEM or DER; may be absent
 *
 * In the trust folders every regular file that does not begin with a dot is read. A reload builds
 * both anew and swaps them, or keeps the old ones and says why.
 */
#pragma once

#include "gateway/workers/file_read.h"
#include "proto/base/digest.h"
#include "proto/base/time.h"
#include "routing/table/faults.h"

struct registry;
struct trust;

enum {
    REGISTRY_FILE_BYTES_MAX = 16 * 1024 * 1024, /* 16,384 procedures with long names */
    TRUST_FILES_MAX = 256,                      /* in one folder */
};

/* REASON_REGISTRY_INVALID: see ret_faults. REASON_FILE_UNREADABLE, REASON_OUT_OF_MEMORY. */
enum reason registry_directory_load(const char *path, hash_function *hash,
                                    struct faults *ret_faults, struct registry **ret_registry);

/* The snapshot of everybody's certificates. REASON_REGISTRY_INVALID, _FILE_UNREADABLE,
 * REASON_NOT_FOUND: ret_culprit is then the path of the file or folder at fault, otherwise "".
 * now: see trust_freeze. The caller holds the snapshot. */
enum reason trust_directory_load(const char *path, const struct registry *registry, wall_t now,
                                 struct trust **ret_trust, char ret_culprit[FILE_PATH_BYTES_MAX]);
