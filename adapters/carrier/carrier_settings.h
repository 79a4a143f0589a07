/* carrier_settings - what an operator may set for lienthong-carrier; the table is the manual. */
#pragma once

#include "gateway/workers/file_read.h"
#include "proto/base/limits.h"
#include "proto/link/link.h"
#include "proto/settings/settings.h"

struct carrier_settings {
    char carrier[PARTICIPANT_KEY_BYTES_MAX + 1];
    char listen[LINK_ENDPOINT_BYTES_MAX + 1];
    struct {
        char participant[PARTICIPANT_KEY_BYTES_MAX + 1];
        char endpoint[LINK_ENDPOINT_BYTES_MAX + 1];
        char public_key[CURVE_KEY_TEXT_BYTES];
    } gateway;
    char curve_secret_file[FILE_PATH_BYTES_MAX];
    char registry_directory[FILE_PATH_BYTES_MAX];
    int log_format; /* enum log_format */
};

enum { CARRIER_SETTINGS_ROWS = 8 };
extern const struct setting carrier_settings_table[CARRIER_SETTINGS_ROWS];

/* What the table cannot say: keys that parse. NULL: all is well; otherwise the name of the setting
 * at fault. */
const char *carrier_settings_fault(const void *settings);
