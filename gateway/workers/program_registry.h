/* program_registry - the registry as a daemon reads it: at its start, and again on SIGHUP.
 *
 * What is wrong with its files goes into the log, a line "registry_fault" for each fault, with file
 * and line. A daemon builds all that it needs anew, then swaps, or keeps what it has and says why.
 */
#pragma once

#include "gateway/workers/registry_directory.h"
#include "proto/base/language.h"
#include "proto/link/link.h"
#include "proto/log/log.h"

/* The registry alone, for a program that verifies nothing. The log: program_log.h. Reasons:
 * registry_directory_load. */
enum reason program_registry_read(const char *path, enum language language, const struct log *log,
                                  struct registry **ret_registry);

/* The registry, and the trust that it and its folder give: the caller's, both. False: neither; the
 * log then ends with "registry_refused" and the folder, or "trust_refused" and what is at fault.
 * A line "registry_finding" for each of registry_check.h. */
bool program_registry_load(const char *path, enum language language, const struct log *log,
                           struct registry **ret_registry, struct trust **ret_trust);

/* The link key of the gateway that a program dials: what its settings say; when they leave it
 * empty, what the registry says of that participant. False: neither is a key. */
bool program_gateway_key(const char *setting, const struct registry *registry,
                         const char *participant, struct curve_key *ret_key);
