/* forgetful_vfs - SQLite's own VFS over real files, from any thread, whose system once forgets what
 * it could not write to the database file.
 *
 *   forgetful_vfs_begin()            registers FORGETFUL_VFS, for one store
 *   forgetful_vfs_lose_next_copy()   the next write to the database file waits …
 *   forgetful_vfs_go_on()            … until here; the sync after it fails, and what was written
 *                                    since the one before is gone; all later ones succeed
 *   forgetful_vfs_end()              true: it has forgotten something. Its store is closed.
 *
 * One at a time. The wait is bounded. */
#pragma once

#include <stdbool.h>

#define FORGETFUL_VFS "forgetful"

void forgetful_vfs_begin(void);
void forgetful_vfs_lose_next_copy(void);
void forgetful_vfs_go_on(void);
bool forgetful_vfs_end(void);
