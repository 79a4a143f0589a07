/* kind - one way to drive a back office, as the table kinds.def names it.
 *
 *     kinds.def ──▶ office_kinds[] ──▶ the settings office.kind and NAME.*, and an office.h
 *
 * What is common to all kinds that call somebody is in struct office_settings; what is of one kind
 * alone is in rows of its own, "NAME.…", over a struct of its own.
 */
#pragma once

#include "adapters/port/office.h"
#include "gateway/workers/file_read.h"
#include "proto/settings/settings.h"

enum {
    OFFICE_FAULT_BYTES = 256,
    /* With the largest timeout all steps of one call (login, lookup, call, confirmation, one of
     * them twice) end before the session's lease does (150 s). */
    OFFICE_STEPS_MAX = 6,
    OFFICE_TIMEOUT_MAX_MS = 24 * 1000,
    OFFICE_WINDOW_MAX = 64,
    KIND_SETTINGS_BYTES_MAX = 4096, /* of one kind's struct */
};

/* The section "office" of an adapter's settings. */
struct office_settings {
    int kind; /* place in office_kinds */
    char url[1024];
    char mapping[FILE_PATH_BYTES_MAX];
    char credentials_file[FILE_PATH_BYTES_MAX]; /* "": none */
    char ca_file[FILE_PATH_BYTES_MAX];          /* "": the system's */
    int64_t window;
    int64_t connect_timeout_ms;
    int64_t timeout_ms;
};

struct office_kind {
    const char *name;
    /* It keeps a book of its own beside the store, of what the office has accepted: after a restore
     * it is given that again (office_delivery.was_accepted). */
    bool has_book;
    const struct setting *settings; /* rows over the kind's own struct; NULL: none */
    size_t settings_count;
    /* Names the first setting at fault that the rows let pass; NULL: none. May be NULL itself.
     * Every kind is asked, also those that are not in use. */
    const char *(*settings_fault)(const void *own);
    /* NULL: nobody is called. Comes before the adapter's threads and secrets, and state_directory
     * may not be there yet. own: the kind's struct. On failure ret_fault may say what is at fault.
     */
    enum reason (*open)(const struct office_settings *settings, const void *own,
                        const char *state_directory, struct office **ret_office,
                        char ret_fault[OFFICE_FAULT_BYTES]);
};

#define KIND(name, english, vietnamese) OFFICE_KIND_##name,
enum {
#include "adapters/kinds.def"
    OFFICE_KIND_COUNT
};
#undef KIND

#define KIND(name, english, vietnamese) extern const struct office_kind office_kind_##name;
#include "adapters/kinds.def"
#undef KIND

extern const struct office_kind *const office_kinds[OFFICE_KIND_COUNT];
