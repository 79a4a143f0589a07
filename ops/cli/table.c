#include "ops/cli/table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "proto/base/printable.h"

enum { GAP_COLUMNS = 2, FLEXIBLE_MIN_COLUMNS = 8 };

void table_init(struct table *table, const struct table_column *columns, size_t count)
{
    check(count > 0 && count <= TABLE_COLUMNS_MAX);
    *table = (struct table){.columns = columns, .column_count = count};
}

void table_release(struct table *table)
{
    for (size_t i = 0; i < table->row_count * table->column_count; i++)
        free(table->cells[i]);
    free(table->cells);
    *table = (struct table){0};
}

static bool make_room(struct table *table)
{
    if (table->row_count < table->row_capacity)
        return true;
    size_t capacity = table->row_capacity == 0 ? 32 : 2 * table->row_capacity;
    char **cells =
        reallocarray(table->cells, capacity, table->column_count * sizeof table->cells[0]);
    if (cells == NULL)
        return false;
    table->cells = cells;
    table->row_capacity = capacity;
    return true;
}

bool table_row(struct table *table, const char *const *cells)
{
    if (table->row_count == TABLE_ROWS_MAX || !make_room(table)) {
        table->left_off++;
        return false;
    }
    char **row = table->cells + table->row_count * table->column_count;
    for (size_t i = 0; i < table->column_count; i++) {
        row[i] = printable_new(bytes_of_text(cells[i] != NULL ? cells[i] : ""));
        if (row[i] == NULL) {
            while (i > 0)
                free(row[--i]);
            table->left_off++;
            return false;
        }
    }
    table->row_count++;
    return true;
}

static const char *cell_at(const struct table *table, enum language language, size_t line,
                           size_t column)
{
    return line == 0 ? text_of(table->columns[column].title, language)
                     : table->cells[(line - 1) * table->column_count + column];
}

static void measure(const struct table *table, enum language language, size_t width_columns,
                    size_t *ret_widths)
{
    size_t total = GAP_COLUMNS * (table->column_count - 1);
    for (size_t column = 0; column < table->column_count; column++) {
        ret_widths[column] = 0;
        for (size_t line = 0; line <= table->row_count; line++) {
            size_t width = text_width(cell_at(table, language, line, column));
            if (width > ret_widths[column])
                ret_widths[column] = width;
        }
        total += ret_widths[column];
    }
    for (size_t column = 0; column < table->column_count; column++) {
        if (width_columns == 0 || total <= width_columns || !table->columns[column].flexible)
            continue;
        size_t over = total - width_columns, width = ret_widths[column];
        size_t cut = width > over + FLEXIBLE_MIN_COLUMNS ? over
                     : width > FLEXIBLE_MIN_COLUMNS      ? width - FLEXIBLE_MIN_COLUMNS
                                                         : 0;
        ret_widths[column] -= cut;
        total -= cut;
    }
}

/* The last column of a line is not filled up with blanks. */
static void print_cell(const char *cell, size_t width, bool right, bool last, FILE *to)
{
    if (last && !right && text_width(cell) <= width)
        (void)fputs(cell, to);
    else
        text_print_fitted(cell, width, right, to);
    if (!last)
        (void)fprintf(to, "%*s", GAP_COLUMNS, "");
}

void table_print(const struct table *table, enum language language, size_t width_columns, FILE *to)
{
    size_t widths[TABLE_COLUMNS_MAX];
    measure(table, language, width_columns, widths);
    for (size_t line = 0; line <= table->row_count; line++) {
        for (size_t column = 0; column < table->column_count; column++)
            print_cell(cell_at(table, language, line, column), widths[column],
                       table->columns[column].right, column + 1 == table->column_count, to);
        fputc('\n', to);
    }
    if (table->left_off > 0)
        fprintf(to, text_of(TEXT_TABLE_LEFT_OFF, language), table->left_off);
}
