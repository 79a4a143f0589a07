/* backup - a program's store and files in a folder, and back again.
 *
 *   DIR/store.sqlite, portal.sqlite   the store, and a portal adapter's ledger, by SQLite's online
 *                                     backup: the program may run and write meanwhile
 *   DIR/blobs/…                       its files; whatever the copied store names is among them
 *   DIR/SHA256SUMS                    of all of them: sha256sum -c reads it
 *   DIR/backup.json                   whose it is, and the digest of SHA256SUMS; written last, when
 *                                     everything was read back: without it there is no backup
 *
 * Keys, settings and the registry are not in it, nor are tokens.
 *
 * backup_restore puts such a folder back, into a state directory that no program uses. What was
 * there is moved aside, never overwritten. While it is not finished no program starts over that
 * directory (gateway/workers/program.h), and the same call again finishes it. The store is marked
 * as put back: its program finds out from the others what it does not know any more
 * (gateway/core/broker_restore.c, adapters/core/session_restore.c).
 */
#pragma once

#include "ops/client/file.h"
#include "proto/base/key.h"
#include "proto/base/time.h"

enum { BACKUP_PROVINCE_BYTES = 32 };

struct backup_place {
    const char *program; /* "gateway", "adapter" */
    struct key participant;
    char province[BACKUP_PROVINCE_BYTES]; /* H38; "": the registry does not say */
    char state_directory[PATH_BYTES_MAX];
};

struct backup_report {
    char what[PATH_BYTES_MAX]; /* the file, or whose it is, when it is not NONE */
    uint64_t files, bytes;
    wall_t made;                /* when the backup was begun: what it knows ends here */
    char moved[PATH_BYTES_MAX]; /* where what was there before is now; "": nothing was */
};

/* directory: made; must be empty. REASON_FIELD_INVALID: it is not. REASON_FILE_UNREADABLE: there is
 * no store. REASON_STORE_FULL, REASON_STORE_FAILED, REASON_STORE_CORRUPT (a page of the store is
 * damaged), REASON_BACKUP_DAMAGED (what was read back is not what was written). Whatever was begun
 * stays without backup.json. */
enum reason backup_make(const struct backup_place *place, const char *directory, wall_t now,
                        struct backup_report *ret_report);
/* is_over: move what is there aside. REASON_PROGRAM_RUNS, _BACKUP_INCOMPLETE, _BACKUP_DAMAGED,
 * _BACKUP_OF_ANOTHER, _STATE_IN_PLACE, _STORE_NEWER, _STORE_FULL, _STORE_FAILED. */
enum reason backup_restore(const struct backup_place *place, const char *directory, bool is_over,
                           wall_t now, struct backup_report *ret_report);
