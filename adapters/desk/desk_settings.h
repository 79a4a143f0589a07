/* desk_settings - what an operator may set for lienthong-desk; the table is the manual. */
#pragma once

#include "gateway/api/api_listen.h"
#include "gateway/workers/file_read.h"
#include "proto/base/limits.h"
#include "proto/settings/settings.h"

enum { DESK_URL_BYTES = 160 };

struct desk_settings {
    char participant[PARTICIPANT_KEY_BYTES_MAX + 1];
    char state_directory[FILE_PATH_BYTES_MAX];
    char registry_directory[FILE_PATH_BYTES_MAX];
    char adapter_state[FILE_PATH_BYTES_MAX];
    char adapter_url[DESK_URL_BYTES];
    char gateway_state[FILE_PATH_BYTES_MAX]; /* "": this desk does not talk to it */
    char gateway_url[DESK_URL_BYTES];
    char public_url[DESK_URL_BYTES];
    struct api_doors doors; /* its Unix socket: of a proxy */
    int log_format;         /* enum log_format */
};

enum { DESK_SETTINGS_ROWS = 14 };
extern const struct setting desk_settings_table[DESK_SETTINGS_ROWS];

/* The setting at fault that the table let pass; NULL: none. */
const char *desk_settings_fault(const void *settings);
