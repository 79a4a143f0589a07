/* settings - what an operator may set: a table per program, filled from a YAML file.
 *
 * A program describes its settings once, as rows over its own struct:
 *
 *     struct example { char store[256]; int64_t port; int64_t retry_ms; };
 *     static const struct setting table[] = {
 *         {SETTING_ROW("store", PATH, struct example, store, NULL, "Folder of the store.",
 *                      "Thư mục kho lưu trữ.")},
 *         {SETTING_ROW("listen.port", INTEGER, struct example, port, "7700", "...", "..."),
 *          .min = 1, .max = 65535},
 *     };
 *
 * The table decides everything: what a file may say, what --help-settings prints, and what holds
 * when the file is silent. A dot in a name is a nested mapping of the file. A file is refused whole
 * at any fault, and all its faults are reported, each with its line: unknown and repeated keys,
 * wrong kinds, values out of range, settings without a fallback that are missing.
 *
 * The parser is libyaml's, the one beneath libcyaml: libcyaml stops at the first fault and does
 * not tell the line of a value that is out of range.
 *
 * Calling sequence: settings_load; when false, settings_faults_print and end. Nothing is kept
 * and nothing needs releasing. Fault texts never quote a value: it may be a secret in the wrong
 * place.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/language.h"

enum setting_kind {
    SETTING_TEXT,     /* char[]; min and max bound its bytes */
    SETTING_PATH,     /* char[]; relative to the folder that settings_load is given */
    SETTING_INTEGER,  /* int64_t */
    SETTING_BOOLEAN,  /* bool; "true" or "false" */
    SETTING_DURATION, /* int64_t milliseconds; "500ms", "2s", "5m", "1h", "7d" */
    SETTING_SIZE,     /* int64_t bytes; "512", "64KiB", "100MiB", "2GiB" */
    SETTING_CHOICE,   /* int: the position in .choices */
    /* A scalar of an earlier release that has no effect any more, in a file that an upgrade finds:
     * taken and not shown. It has neither field nor texts. */
    SETTING_RETIRED,
};

struct setting {
    const char *name; /* domain words in lower case; a dot opens a section */
    enum setting_kind kind;
    size_t offset;        /* of the field in the program's struct: SETTING_FIELD */
    size_t field_bytes;   /* its size; a text with its terminator fits or is refused */
    const char *fallback; /* written as in the file; NULL: the file must have it */
    int64_t min;          /* in the kind's unit; min == max == 0: the kind's own range */
    int64_t max;          /* inclusive */
    const char *choices;  /* "json text": words separated by one space; SETTING_CHOICE only */
    const char *english;  /* what it does, in one or two sentences */
    const char *vietnamese;
};

#define SETTING_FIELD(type, member)                                                                \
    .offset = offsetof(type, member), .field_bytes = sizeof(((type *)0)->member)

#define SETTING_RETIRED_ROW(row_name) .name = row_name, .kind = SETTING_RETIRED, .fallback = ""

/* What every row has, in one order; what only some have (.min, .max, .choices) stands behind it. */
#define SETTING_ROW(row_name, row_kind, type, member, otherwise, in_english, in_vietnamese)        \
    .name = row_name, .kind = SETTING_##row_kind, SETTING_FIELD(type, member),                     \
    .fallback = otherwise, .english = in_english, .vietnamese = in_vietnamese

enum {
    SETTINGS_FILE_BYTES_MAX = 64 * 1024, /* hundreds of settings with their comments */
    SETTINGS_ROWS_MAX = 128,             /* rows of one table */
    SETTINGS_DEPTH_MAX = 4,              /* sections within sections */
    SETTINGS_NAME_BYTES_MAX = 64,        /* a whole dotted name; longer keys are unknown ones */
    SETTINGS_FAULTS_MAX = 64,            /* kept with their lines; more are only counted */
};

enum setting_fault_kind {
    SETTING_FAULT_SYNTAX,       /* not YAML, or YAML that settings do not use: lists, aliases */
    SETTING_FAULT_UNKNOWN,      /* no such setting */
    SETTING_FAULT_REPEATED,     /* set twice */
    SETTING_FAULT_WRONG_KIND,   /* does not read as its kind */
    SETTING_FAULT_OUT_OF_RANGE, /* too small, too large, too long */
    SETTING_FAULT_MISSING,      /* no fallback and not in the file; has no line */
    SETTING_FAULT_FILE_TOO_LARGE,
    SETTING_FAULT_OUT_OF_MEMORY,
};

struct setting_fault {
    enum setting_fault_kind kind;
    size_t line;                        /* from 1; 0 when the fault is not on a line */
    const struct setting *setting;      /* of the table; NULL when none is meant */
    char name[SETTINGS_NAME_BYTES_MAX]; /* as in the file, made printable; may be "" */
};

struct settings_faults {
    struct setting_fault list[SETTINGS_FAULTS_MAX];
    size_t count; /* of list */
    size_t left_off;
};

/* True: ret_values (the program's struct) has every setting of the table. False: ret_faults says
 * why, and ret_values is untouched (but not to be used after SETTING_FAULT_OUT_OF_MEMORY). folder
 * is put before relative paths; NULL leaves them as they are. A table that contradicts itself
 * (field too small, fallback out of range) is our mistake: check. */
bool settings_load(const struct setting *table, size_t row_count, struct bytes yaml,
                   const char *folder, void *ret_values, struct settings_faults *ret_faults);

/* One line per fault, "FILE:LINE: name: what is wrong and what is allowed". False at the buffer's
 * limit. */
bool settings_faults_print(const struct settings_faults *faults, const char *file_name,
                           enum language language, struct buffer *into);

/* The manual of a table: names, kinds, ranges, fallbacks, meaning. False at the buffer's limit. */
bool settings_print_help(const struct setting *table, size_t row_count, enum language language,
                         struct buffer *into);
