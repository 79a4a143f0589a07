/* table - columns of text on a terminal, measured as people see them and not in bytes.
 *
 *   struct table table;
 *   table_init(&table, columns, 3);
 *   table_row(&table, (const char *[]){"stnmt", "12", "…"});       as often as needed
 *   table_print(&table, language, width, stdout);
 *   table_release(&table);
 *
 * Cells are copied; what could move a terminal's cursor or colour it is replaced by '?'. When
 * width_columns is not 0 and the table is wider, the flexible column is cut and ends in '…'.
 */
#ifndef OPS_CLI_TABLE_H
#define OPS_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ops/cli/text.h"
#include "ops/terminal/terminal.h"

enum {
    TABLE_COLUMNS_MAX = 12,
    TABLE_ROWS_MAX = 100000, /* what a person may scroll through; more rows are counted only */
};

struct table_column {
    enum text title;
    bool right;    /* numbers */
    bool flexible; /* may be cut to fit */
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    char **cells; /* row by row */
    size_t row_count;
    size_t row_capacity;
    size_t left_off; /* rows that were not kept */
};

void table_init(struct table *table, const struct table_column *columns, size_t count);
void table_release(struct table *table);
/* A NULL cell is empty. False when the row was not kept: memory, or TABLE_ROWS_MAX. */
bool table_row(struct table *table, const char *const *cells);
void table_print(const struct table *table, enum language language, size_t width_columns, FILE *to);

#endif
