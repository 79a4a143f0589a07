/* csv - plain tables that staff edit, read line by line with every fault reported.
 *
 *   struct csv_reader reader;
 *   if (csv_open(&reader, &shape, text, size, faults))
 *       while (csv_next(&reader, &row))
 *           ... row.fields[COLUMN] ...        csv_field.h turns them into values
 *
 * The form is RFC 4180 with less freedom: comma, optional double quotes, one row per line (a quoted
 * field may not hold a line break). UTF-8 with or without a byte order mark, LF or CRLF. Lines that
 * are empty or begin with '#' are comments, also with a quotation mark before it or commas behind,
 * as spreadsheets write them. The first other line names the columns, in any order; all columns of
 * the shape must be there, but those that may be absent, and no others. Blanks around an unquoted
 * value are dropped.
 *
 * The text is taken apart in place: fields point into it and live as long as it does. Nothing is
 * allocated. Rows that cannot be taken apart are reported and left out; rows with a bad value are
 * reported and handed over, so that their other values are checked too.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "routing/table/faults.h"

enum {
    BOUNDED_BY_READER = 0,
    CSV_COLUMNS_MAX = 16,
    CSV_LINE_BYTES_MAX = 8 * 1024,         /* two long names and change, several times over */
    CSV_FILE_BYTES_MAX = 16 * 1024 * 1024, /* 16,384 procedures at 1 KB */
};

struct csv_column {
    const char *name;
    bool required;      /* may not be empty */
    size_t bytes_max;   /* of a text; BOUNDED_BY_READER where only certain values are taken */
    bool may_be_absent; /* older files have no such column: its values are empty */
};

/* A table's columns are listed once, COLUMNS(X) with X(NAME, "name", required, bytes_max,
 * may_be_absent) for each, and give `enum { COLUMNS(CSV_COLUMN_NAME) COLUMN_COUNT }` and
 * `struct csv_column columns[] = {COLUMNS(CSV_COLUMN_ROW)}`. */
#define CSV_COLUMN_NAME(column, ...)      column,
#define CSV_COLUMN_ROW(column, name, ...) [column] = {name, __VA_ARGS__},

struct csv_shape {
    const char *file; /* the name that faults carry */
    const struct csv_column *columns;
    size_t column_count; /* at most CSV_COLUMNS_MAX */
    size_t rows_max;
};

struct csv_reader {
    const struct csv_shape *shape;
    struct faults *faults;
    char *at;
    char *end;
    unsigned line;
    size_t row_count;
    size_t field_count;                /* of the header */
    size_t column_of[CSV_COLUMNS_MAX]; /* position in the file → column of the shape */
};

struct csv_row {
    struct csv_reader *reader;
    unsigned line;
    char *fields[CSV_COLUMNS_MAX]; /* by column of the shape; never NULL, "" when empty */
};

/* text has size + 1 bytes; the last one is written. False when there is no usable header; why
 * stands in faults. */
bool csv_open(struct csv_reader *reader, const struct csv_shape *shape, char *text, size_t size,
              struct faults *faults);
/* False at the end, or when rows_max is reached (reported). */
bool csv_next(struct csv_reader *reader, struct csv_row *ret_row);
/* Upper bound of the rows that a text can give. */
size_t csv_count_lines(struct bytes text);
