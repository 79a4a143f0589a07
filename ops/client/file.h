/* file - small files, whole: keys, tokens, ports, JSON.
 *
 * Writing is atomic: a new file beside the old one, flushed, then renamed over it, so that a
 * reader, and a start after a crash, find the old content or the new, never half of one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "proto/base/bytes.h"
#include "proto/base/reason.h"

enum { PATH_BYTES_MAX = 1024 /* of the paths that ops builds; far below the kernel's 4096 */ };

/* Opens a file for reading: a regular one, at most size_max bytes. A pipe, a device or a folder is
 * refused without waiting for it. REASON_FILE_UNREADABLE, REASON_ATTACHMENT_TOO_LARGE. */
enum reason file_open_regular(const char *path, uint64_t size_max, int *ret_file);
/* Appends the content. REASON_FILE_UNREADABLE; REASON_OUT_OF_MEMORY at the buffer's limit. */
enum reason file_load(const char *path, struct buffer *content);
/* The same from an open file. */
enum reason file_load_from(int file, struct buffer *content);
/* REASON_STORE_FULL when there is no room, else REASON_FILE_UNREADABLE. */
enum reason file_write(const char *path, struct bytes content, mode_t mode);
/* A new file under the name, whatever stands there: it is unlinked and never written through, since
 * root writes in folders whose owner may have made it a link. -1: errno says why. */
int file_create(const char *path, mode_t mode);
/* Into an open file. False: errno says why. */
bool file_write_all(int file, struct bytes content);
/* First line without its end; false when it cannot be read, is empty or does not fit. */
bool file_read_line(const char *path, char *ret_line, size_t size);
/* Makes the folder and those above it. */
enum reason folder_make(const char *path, mode_t mode);
/* A rename in it is on the disk. REASON_STORE_FULL, REASON_STORE_FAILED. */
enum reason folder_sync(const char *path);
/* snprintf of a path; false when it does not fit. */
bool path_make(char ret_path[PATH_BYTES_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
