/* faults - everything that is wrong in a set of files, with file, line and column.
 *
 * Staff mend a registry faster when they see all faults at once. A reader adds what it finds and
 * goes on; whoever called it looks at faults_total at the end. What a spreadsheet did it did to a
 * whole column: people read it as one line ("156 lines: 12, 15, …"). The list is bounded: beyond
 * FAULTS_MAX only the number is kept ("and N more").
 *
 * Details quote the value found, cut to FAULT_DETAIL_BYTES and cleared of control characters.
 * The files hold no personal data, so the texts may be logged.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/bytes.h"
#include "proto/base/language.h"

enum {
    FAULTS_MAX = 4096,      /* two columns of the national catalogue, spoilt in every line */
    FAULTS_ALONE_MAX = 3,   /* of one kind in one column; more are told together */
    FAULTS_QUOTED_MAX = 10, /* lines of such a group that are named */
    FAULT_DETAIL_BYTES = 96,
};

enum fault_kind {
#define FAULT(name, wire_name, vietnamese, english) FAULT_##name,
#include "routing/table/fault.def"
#undef FAULT
};

struct fault {
    enum fault_kind kind;
    unsigned line;      /* from 1; 0: the file as a whole */
    const char *file;   /* a name in our source: lives for ever */
    const char *column; /* the same, or NULL */
    char detail[FAULT_DETAIL_BYTES];
};

struct faults {
    size_t count;    /* of items */
    size_t left_out; /* seen, and not kept */
    struct fault items[FAULTS_MAX];
};

void faults_init(struct faults *faults);
/* detail may be empty. */
void faults_add(struct faults *faults, enum fault_kind kind, const char *file, unsigned line,
                const char *column, struct bytes detail);
size_t faults_total(const struct faults *faults);
/* By file, then line, as a person reads them. */
void faults_sort(struct faults *faults);

/* "no such key in agencies.csv", without place and detail. */
const char *fault_text(enum fault_kind kind, enum language language);
/* A stable name for programs: "agency_unknown". */
const char *fault_name(enum fault_kind kind);
/* The next line for people: one fault, or a group. *at begins at 0. False after the last. */
bool faults_next_line(const struct faults *faults, size_t *at, enum language language,
                      struct buffer *line);
/* All of them, then "and N more" when some were left out. False at the buffer's limit. */
bool faults_print(const struct faults *faults, enum language language, struct buffer *buffer);
