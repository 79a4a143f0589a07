/* office_files - the files that an office's settings name: its dialect and its credentials. */
#pragma once

#include "adapters/port/kind.h"

struct office_files {
    struct buffer mapping; /* the jq program */
    json_t *credentials;   /* NULL: none */
};

/* To be released in any case. On failure *ret_what is the file at fault, or empty. */
enum reason office_files_read(const struct office_settings *settings,
                              struct office_files *ret_files, const char **ret_what);
void office_files_release(struct office_files *files);
