/* backup_parts - what the files of this folder share: the manifest (manifest.c), copies
 * (copy.c). Nobody else includes this. */
#pragma once

#include "ops/backup/backup.h"
#include "proto/base/digest.h"

#define BACKUP_SUMS       "SHA256SUMS"
#define BACKUP_ABOUT      "backup.json"
#define BACKUP_STORE      "store.sqlite"
#define BACKUP_PORTAL     "portal.sqlite"
#define BACKUP_BLOBS      "blobs"
#define BACKUP_FORMAT     1
#define RESTORE_UNDER_WAY "restore-under-way" /* also in gateway/workers/program.c */

enum { ABOUT_BYTES_MAX = 64 * 1024 };

struct backup_about {
    char program[16];
    char participant[PARTICIPANT_KEY_BYTES_MAX + 1];
    char province[BACKUP_PROVINCE_BYTES];
    wall_t made;
    int64_t schema; /* of the store */
    uint64_t files, bytes;
    struct digest sums;
};

enum reason backup_about_write(const char *directory, const struct backup_about *about);
/* REASON_BACKUP_INCOMPLETE: there is none; REASON_BACKUP_DAMAGED: it cannot be read. */
enum reason backup_about_read(const char *directory, struct backup_about *ret_about);

/* Each file of a backup: its path in it and its digest. Not NONE ends the walk. */
typedef enum reason backup_file(void *context, const char *name, const struct digest *digest);
enum reason backup_sums_visit(const char *directory, const struct backup_about *about,
                              backup_file *visit, void *context);

/* The file's digest, read from the disk. */
enum reason copy_hash(const char *path, struct digest *ret_digest, uint64_t *ret_bytes);
/* A new file, flushed; *ret_digest of what was read. REASON_FILE_UNREADABLE, _STORE_FULL,
 * _STORE_FAILED. */
enum reason copy_file(const char *from, const char *to, struct digest *ret_digest,
                      uint64_t *ret_bytes);
/* The folders above a path. */
enum reason copy_folders(const char *path);
