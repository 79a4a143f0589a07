/* gateway_settings - what an operator may set of the gateway; the table is the manual. */
#pragma once

#include "gateway/api/api_listen.h"
#include "proto/link/link.h"
#include "proto/log/log.h"
#include "proto/settings/settings.h"

enum { GATEWAY_PATH_BYTES = 512, GATEWAY_SETTINGS_ROWS = 16 + API_SETTINGS_ROWS };

struct gateway_settings {
    char participant[PARTICIPANT_KEY_BYTES_MAX + 1];
    char listen[LINK_ENDPOINT_BYTES_MAX + 1];
    char curve_secret_file[GATEWAY_PATH_BYTES];
    char signing_key_file[GATEWAY_PATH_BYTES];
    char signing_certificate_file[GATEWAY_PATH_BYTES];
    char registry_directory[GATEWAY_PATH_BYTES];
    char state_directory[GATEWAY_PATH_BYTES];
    struct api_doors api;
    int log_format; /* enum log_format */
    int64_t attachment_bytes_max;
    int64_t window_messages;
    int64_t workers;
    int64_t flights_max;
    int64_t participants_max;
    int64_t store_cache_bytes;
    int64_t batch_delay_ms;
};

extern const struct setting gateway_settings_table[GATEWAY_SETTINGS_ROWS];
