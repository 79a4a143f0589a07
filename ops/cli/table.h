/* table - columns of text on a terminal, measured as people see them and not in bytes.
 *
 *   struct table table;
 *   table_init(&table, columns, 3, terminal_width(stdout));
 *   table_heading(&table, "24/11/2026");                           a line among the rows
 *   table_row(&table, (const char *[]){"stnmt", "12", "…"});       as often as needed
 *   table_end(&table, language);
 *
 * Cells are copied; what could move a terminal's cursor or colour it is replaced by '?'. A column
 * whose cells are all empty is left out. No line is wider than the window: names are cut first and
 * end in '…', ids stand in the shortest form that tells the table's rows apart, and notes go on
 * lines of their own below their row, broken between words. Where the width is not known (0: a file
 * or a pipe) a row is one line and nothing is cut.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ops/cli/text.h"
#include "ops/terminal/terminal.h"

enum {
    TABLE_COLUMNS_MAX = 12,
    TABLE_ROWS_MAX = 100000, /* what a person may scroll through; more rows are counted only */
};

enum table_kind {
    TABLE_TEXT = 0, /* cut last */
    TABLE_NUMBER,   /* the same, to the right */
    TABLE_NAME,     /* its beginning says enough */
    TABLE_ID,       /* a message id */
    TABLE_NOTE,     /* a sentence */
};

struct table_column {
    enum text title;
    enum table_kind kind;
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    size_t width_columns; /* of the window; 0: not known */
    char **cells;         /* row by row; a heading is a first cell with no others */
    size_t row_count;
    size_t row_capacity;
    size_t left_off; /* rows that were not kept */
};

void table_init(struct table *table, const struct table_column *columns, size_t count,
                size_t width_columns);
void table_release(struct table *table);
/* A NULL cell is empty. False when the row was not kept: memory, or TABLE_ROWS_MAX. */
bool table_row(struct table *table, const char *const *cells);
bool table_heading(struct table *table, const char *text);
/* Printed on standard output, and released. */
void table_end(struct table *table, enum language language);
void table_print(const struct table *table, enum language language, FILE *to);
