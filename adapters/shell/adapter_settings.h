/* adapter_settings - what an operator may set for lienthong-adapter; the table is the manual. */
#pragma once

#include "adapters/port/kind.h"
#include "gateway/api/api_listen.h"
#include "proto/base/limits.h"

struct adapter_settings {
    char participant[PARTICIPANT_KEY_BYTES_MAX + 1];
    struct {
        char participant[PARTICIPANT_KEY_BYTES_MAX + 1];
        char endpoint[256];
        char public_key[48];
    } gateway;
    char curve_secret_file[FILE_PATH_BYTES_MAX];
    char signing_key_file[FILE_PATH_BYTES_MAX];
    char signing_certificate_file[FILE_PATH_BYTES_MAX];
    char registry_directory[FILE_PATH_BYTES_MAX];
    char state_directory[FILE_PATH_BYTES_MAX];
    struct api_doors api;
    struct office_settings office;
    struct {
        _Alignas(max_align_t) uint8_t bytes[KIND_SETTINGS_BYTES_MAX];
    } kinds[OFFICE_KIND_COUNT]; /* each kind's own struct */
    int log_format;             /* enum log_format */
    int64_t attachment_bytes_max;
    int64_t window_messages;
    int64_t flights_max;
    int64_t workers;
    int64_t store_cache_bytes;
};

/* The rows of the adapter and of every kind. They live as long as the program. */
const struct setting *adapter_settings_rows(size_t *ret_count);

/* What the rows cannot say: keys that parse, an office that is called with its url and mapping,
 * what each kind knows of its own. Takes a struct adapter_settings. NULL: all is well; otherwise
 * the name of the setting at fault. */
const char *adapter_settings_fault(const void *settings);

/* The kind in use, and its own struct. */
const struct office_kind *adapter_settings_kind(const struct adapter_settings *settings);
const void *adapter_settings_of_kind(const struct adapter_settings *settings);
