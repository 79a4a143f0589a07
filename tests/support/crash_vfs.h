/* crash_vfs - a disk in memory under SQLite, that loses power at a chosen operation.
 *
 *   crash_vfs_new(seed)            a disk with nothing on it; stand a store on crash_vfs_name
 *   crash_vfs_die_at(disk, n)      the n-th operation from now that changes something (write,
 *                                  truncate, sync, delete, create) is the last: it may be done, in
 *                                  part or not at all; it and all others fail from then on
 *   close the store
 *   crash_vfs_restart(disk)        what survived is what the disk now holds
 *
 * What survives is what POSIX promises and no more. Of what was written to a file since its last
 * sync each sector is as before, as after, or torn in its middle; the file has its old or its new
 * length, and what lies between is zero or what was written. A name that was made or removed since
 * the folder's last sync is there or is not. Sectors are CRASH_SECTOR_BYTES; a write does not touch
 * its neighbours' bytes (SQLITE_IOCAP_POWERSAFE_OVERWRITE, as SQLite assumes of real disks). The
 * folder is synced when SQLite's own unix VFS does it: with a new journal's or log's first sync,
 * and when a delete asks for it.
 *
 * The draws come from the seed. One connection at a time; one thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { CRASH_SECTOR_BYTES = 512, CRASH_NAMES_MAX = 8 };

struct crash_vfs;

/* Ends the process when there is no memory: a test has no use for less. */
struct crash_vfs *crash_vfs_new(uint64_t seed);
/* Its store is closed. */
void crash_vfs_destroy(struct crash_vfs **disk);
const char *crash_vfs_name(const struct crash_vfs *disk);

void crash_vfs_die_at(struct crash_vfs *disk, uint64_t operation); /* from 1; 0: never */
void crash_vfs_cut_power(struct crash_vfs *disk);                  /* now */
/* From now on whole runs of sectors share a fate, as when a system writes long pieces back: 1 at
 * first. */
void crash_vfs_tear_in_runs(struct crash_vfs *disk, uint64_t sectors);
/* The next sync fails, and what it should have written is gone; the one after it succeeds: what
 * Linux does with a piece that it could not write, on some of its file systems. */
void crash_vfs_lose_sync(struct crash_vfs *disk);
bool crash_vfs_is_dead(const struct crash_vfs *disk);
void crash_vfs_restart(struct crash_vfs *disk);

/* What the disk holds: rot in a file whose store is closed. False: no such byte. */
uint64_t crash_vfs_file_bytes(const struct crash_vfs *disk, const char *name);
bool crash_vfs_flip(struct crash_vfs *disk, const char *name, uint64_t offset, uint8_t mask);
/* Another number from the disk's seed. */
uint64_t crash_vfs_draw(struct crash_vfs *disk, uint64_t below);
