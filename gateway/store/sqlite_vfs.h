/* sqlite_vfs - a layer under SQLite that notices damaged pages and writes the log in large pieces.
 *
 * Every page of the database file carries a 64-bit checksum in its last PAGE_CHECKSUM_BYTES
 * (SQLite's own "reserved bytes", so that the file stays an ordinary SQLite file for any reader).
 * It is set when a page is written to the database file and compared when one is read: a page that
 * fails is SQLITE_IOERR_DATA, never data. Zero means "not set": pages that SQLite's online backup
 * took from the log are copied without one, until they are written again.
 *
 * The write-ahead log has checksums of SQLite's own, looked at when it is recovered. What is
 * written to it one header and one page at a time is gathered here and handed to the system in one
 * piece before it is synced or read: fewer calls, same order, same durability.
 *
 * One layer serves one database handle: sqlite_vfs_new, open with sqlite_vfs_name, close the
 * handle, sqlite_vfs_destroy.
 */
#pragma once

#include <stdbool.h>

enum {
    /* A block of parcels is a chain of two. Larger ones make each commit rewrite more of the
     * indexes, smaller ones make longer chains. */
    PAGE_BYTES = 8192,
    PAGE_CHECKSUM_BYTES = 8,
};

struct sqlite_vfs;

/* under_name: the VFS to stand on; NULL: SQLite's default. NULL when there is none of that name or
 * no memory. */
struct sqlite_vfs *sqlite_vfs_new(const char *under_name);
/* For a second handle of the same file, which may live in another thread and goes before owner: the
 * two share the memory of a loss (sqlite_vfs_sync_log). */
struct sqlite_vfs *sqlite_vfs_new_beside(const char *under_name, struct sqlite_vfs *owner);
void sqlite_vfs_destroy(struct sqlite_vfs **vfs);
const char *sqlite_vfs_name(const struct sqlite_vfs *vfs);

/* While true, syncing the log hands its bytes to the system and does not wait for the disk: that is
 * left to sqlite_vfs_sync_log. Only the header of a log that begins anew is waited for, once in a
 * log's length. Never while a checkpoint runs, which relies on the log. */
void sqlite_vfs_defer_log(struct sqlite_vfs *vfs, bool defer);
/* Waits until the disk has what was handed over so far. An answer of SQLite. May run in another
 * thread than the handle. Once it has failed, or a checkpoint's sync while something was deferred,
 * every later sync of the log fails too, so that nothing relies on pages that the disk may have
 * lost, neither a commit nor a checkpoint (closing makes one): a system reports such a loss once
 * and takes the next sync for good. The next open reads what is there. */
int sqlite_vfs_sync_log(struct sqlite_vfs *vfs);
