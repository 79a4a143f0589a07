/* checkpointer - copies the write-ahead log of an SQLite store into its file, on a thread of its
 * own and through a handle of its own, while the owner of the store goes on committing.
 *
 *   owner                              thread
 *   checkpointer_copy ──── asked ────▶ copies what is in the log, and again what came meanwhile,
 *                                      until little comes; syncs the file
 *   checkpointer_has_copied ◀─ done ── rests
 *   copies the short rest itself, so that its next commit begins the log anew
 *   checkpointer_copy …
 *
 * Nothing is lost by a copy that fails (a full disk): the log stays and grows, and the owner's own
 * copy meets the same error. SQLite keeps the two handles apart (https://sqlite.org/wal.html,
 * "Concurrency"); a copy never passes a page that the disk may not have in the log, because it
 * syncs the log first and shares the owner's memory of what was lost (sqlite_vfs.h).
 *
 * Ownership: the checkpointer owns its handle, its layer and its thread; destroy it before the
 * owner's handle is closed. Errors: of checkpointer_new only, those of an open.
 */
#pragma once

#include "gateway/store/sqlite_vfs.h"
#include "proto/base/reason.h"

struct checkpointer;

/* under_name as for sqlite_vfs_new; owner: the layer of the owner's handle, which is open. */
enum reason checkpointer_new(const char *path, const char *under_name, struct sqlite_vfs *owner,
                             struct checkpointer **ret_checkpointer);
void checkpointer_destroy(struct checkpointer **checkpointer);
/* Asks for a copy; nothing while one runs. */
void checkpointer_copy(struct checkpointer *checkpointer);
/* True once after a copy that was asked for has ended. */
bool checkpointer_has_copied(struct checkpointer *checkpointer);
