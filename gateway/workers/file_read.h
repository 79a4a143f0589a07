/* file_read - a whole file into memory, with a bound. For settings, registries, keys, mappings. */
#pragma once

#include "proto/base/bytes.h"
#include "proto/base/reason.h"

enum { FILE_PATH_BYTES_MAX = 1024 };

/* Appends the file's bytes; the buffer's limit is the bound. REASON_NOT_FOUND: there is no such
 * file. REASON_FILE_UNREADABLE: not a regular file, not readable, or larger than the bound. */
enum reason file_read(const char *path, struct buffer *ret_content);
/* The same for a secret: also REASON_KEY_UNREADABLE when group or others may read it. */
enum reason file_read_secret(const char *path, struct buffer *ret_content);
/* "folder/name". False when it would not fit FILE_PATH_BYTES_MAX. */
bool file_path_join(const char *folder, const char *name, char ret_path[FILE_PATH_BYTES_MAX]);
