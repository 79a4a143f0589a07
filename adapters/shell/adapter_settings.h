/* adapter_settings - what an operator may set for lienthong-adapter; the table is the manual. */
#ifndef ADAPTERS_SHELL_ADAPTER_SETTINGS_H
#define ADAPTERS_SHELL_ADAPTER_SETTINGS_H

#include "gateway/api/api_listen.h"
#include "gateway/workers/file_read.h"
#include "proto/base/limits.h"
#include "proto/settings/settings.h"

enum adapter_office_kind { OFFICE_INBOX, OFFICE_REST, OFFICE_PORTAL };

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
    struct {
        int kind; /* enum adapter_office_kind */
        char url[1024];
        char mapping[FILE_PATH_BYTES_MAX];
        char credentials_file[FILE_PATH_BYTES_MAX];
        char ca_file[FILE_PATH_BYTES_MAX];
        int64_t window;
        int64_t connect_timeout_ms;
        int64_t timeout_ms;
    } office;
    struct {
        char unit[64];
        char dstcode[128];
        char auth_path[256];
        char integration_path[256];
        char headers[1024];
        char files_url[1024];
        char maintenance[128];
        int64_t batch;
        int64_t requests;
        int64_t keep_days;
        bool repair_missing;
        bool repair_state;
        bool repair_time;
    } portal;
    int log_format; /* enum log_format */
    int64_t attachment_bytes_max;
    int64_t window_messages;
    int64_t flights_max;
    int64_t workers;
    int64_t store_cache_bytes;
};

enum { ADAPTER_SETTINGS_ROWS = 36 + API_SETTINGS_ROWS };
extern const struct setting adapter_settings_table[ADAPTER_SETTINGS_ROWS];

/* What the table cannot say: keys that parse, a rest office or portal with its url and
 * mapping, maintenance windows. NULL: all is
 * well; otherwise the name of the setting at fault. */
const char *adapter_settings_fault(const struct adapter_settings *settings);

#endif
