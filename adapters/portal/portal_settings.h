/* portal_settings - the section "portal" of an adapter's settings; the table is the manual. */
#pragma once

#include "adapters/port/kind.h"

struct portal_settings {
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
};

enum { PORTAL_SETTINGS_ROWS = 13 };
extern const struct setting portal_settings_table[PORTAL_SETTINGS_ROWS];

/* Of a struct portal_settings: "portal.maintenance", or NULL. */
const char *portal_settings_fault(const void *own);
