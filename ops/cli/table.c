/* Tables for people and for programs. At a terminal columns are narrowed until a row fits on a
 * line, names first; whatever is cut can be read in whole without a terminal, where each row is a
 * line of fields between tabs. */
#include "ops/cli/table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ops/cli/short_id.h"
#include "proto/base/check.h"
#include "proto/base/printable.h"

enum { GAP_COLUMNS = 2, NAME_COLUMNS_MIN = 10, TEXT_COLUMNS_MIN = 4, NOTE_INDENT = 4 };

/* How wide each column is shown; 0: not at all, or below its row. */
struct layout {
    size_t widths[TABLE_COLUMNS_MAX];
    bool has_notes_below;
    size_t id_bytes; /* of an id */
};

void table_init(struct table *table, const struct table_column *columns, size_t count,
                size_t width_columns)
{
    check(count > 0 && count <= TABLE_COLUMNS_MAX);
    *table =
        (struct table){.columns = columns, .column_count = count, .width_columns = width_columns};
}

void table_release(struct table *table)
{
    for (size_t i = 0; i < table->row_count * table->column_count; i++)
        free(table->cells[i]);
    free(table->cells);
    *table = (struct table){0};
}

/* Memory that is not to be had leaves rows out, which the last line of the table says. */
static bool make_room(struct table *table)
{
    char **cells = rows_grow(table->cells, table->row_count, &table->row_capacity,
                             table->column_count * sizeof table->cells[0]);
    if (cells != NULL)
        table->cells = cells;
    return cells != NULL;
}

/* cells NULL: a heading, whose other cells stay NULL. */
static bool add(struct table *table, const char *first, const char *const *cells)
{
    if (table->row_count == TABLE_ROWS_MAX || !make_room(table)) {
        table->left_off++;
        return false;
    }
    char **row = table->cells + table->row_count * table->column_count;
    for (size_t i = 0; i < table->column_count; i++) {
        const char *cell = i == 0 ? first : cells == NULL ? NULL : cells[i];
        row[i] = NULL;
        if (i > 0 && cells == NULL)
            continue;
        row[i] = printable_new(bytes_of_text(cell != NULL ? cell : ""));
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

bool table_row(struct table *table, const char *const *cells)
{
    return add(table, cells[0], cells);
}

bool table_heading(struct table *table, const char *text)
{
    check(table->column_count > 1);
    return add(table, text, NULL);
}

/* ---- widths ---------------------------------------------------------------------------------- */

static char *const *row_at(const struct table *table, size_t row)
{
    return table->cells + row * table->column_count;
}

static bool is_heading(const struct table *table, char *const *row)
{
    return table->column_count > 1 && row[1] == NULL;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The shortest beginning that no two different ids of the table share. */
static size_t id_bytes_of(const struct table *table, size_t column)
{
    size_t bytes = SHORT_ID_BYTES_MIN, count = 0;
    const char **ids = calloc(table->row_count + 1, sizeof *ids);
    for (size_t i = 0; ids != NULL && i < table->row_count; i++) {
        if (!is_heading(table, row_at(table, i)))
            ids[count++] = row_at(table, i)[column];
    }
    if (count > 0)
        qsort(ids, count, sizeof *ids, compare_texts);
    for (size_t i = 1; i < count; i++) {
        size_t same = 0;
        while (ids[i][same] != 0 && ids[i][same] == ids[i - 1][same])
            same++;
        if (ids[i][same] != 0 && same >= bytes)
            bytes = same + 1;
    }
    free(ids);
    return bytes;
}

/* What the layout reckons with and what print_cell shows of an id must be the same. */
static size_t cell_width(const struct table *table, const struct layout *layout, const char *cell,
                         size_t column)
{
    size_t width = text_width(cell);
    bool is_cut = table->columns[column].kind == TABLE_ID && width > layout->id_bytes + 1;
    return is_cut ? layout->id_bytes + 1 : width;
}

/* 0: all of its cells are empty. */
static size_t natural_width(const struct table *table, const struct layout *layout,
                            enum language language, size_t column)
{
    size_t widest = 0;
    for (size_t i = 0; i < table->row_count; i++) {
        char *const *row = row_at(table, i);
        size_t width = is_heading(table, row) ? 0 : cell_width(table, layout, row[column], column);
        if (width > widest)
            widest = width;
    }
    size_t title = text_width(text_of(table->columns[column].title, language));
    return widest == 0 && table->row_count > 0 ? 0 : title > widest ? title : widest;
}

static size_t total_width(const struct table *table, const struct layout *layout)
{
    size_t total = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        if (layout->widths[i] > 0)
            total += layout->widths[i] + (total > 0 ? GAP_COLUMNS : 0);
    }
    return total;
}

/* Takes columns off the widest one that may lose some; false when none may. */
static bool narrow(const struct table *table, struct layout *layout, bool only_names)
{
    size_t widest = table->column_count;
    for (size_t i = 0; i < table->column_count; i++) {
        bool is_name = table->columns[i].kind == TABLE_NAME;
        size_t least = is_name && only_names ? NAME_COLUMNS_MIN : TEXT_COLUMNS_MIN;
        if ((is_name || !only_names) && layout->widths[i] > least &&
            (widest == table->column_count || layout->widths[i] > layout->widths[widest]))
            widest = i;
    }
    if (widest == table->column_count)
        return false;
    layout->widths[widest]--;
    return true;
}

/* Notes are long sentences: when a row does not fit they go below it before any name is cut. Then
 * names lose columns, down to NAME_COLUMNS_MIN, and after them everything else. */
static struct layout lay_out(const struct table *table, enum language language)
{
    struct layout layout = {.id_bytes = SIZE_MAX - 1};
    size_t notes[TABLE_COLUMNS_MAX] = {0};
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].kind == TABLE_ID && table->width_columns > 0)
            layout.id_bytes = id_bytes_of(table, i);
        layout.widths[i] = natural_width(table, &layout, language, i);
        if (table->columns[i].kind == TABLE_NOTE)
            notes[i] = layout.widths[i];
    }
    if (table->width_columns == 0 || total_width(table, &layout) <= table->width_columns)
        return layout;
    for (size_t i = 0; i < table->column_count; i++) {
        layout.has_notes_below = layout.has_notes_below || notes[i] > 0;
        if (notes[i] > 0)
            layout.widths[i] = 0;
    }
    while (total_width(table, &layout) > table->width_columns &&
           (narrow(table, &layout, true) || narrow(table, &layout, false)))
        continue;
    return layout;
}

/* ---- print ----------------------------------------------------------------------------------- */

static void print_cell(const struct table *table, const struct layout *layout, const char *cell,
                       size_t column, bool is_last, FILE *to)
{
    char id[SHORT_ID_TEXT_BYTES];
    bool is_right = table->columns[column].kind == TABLE_NUMBER;
    size_t width = layout->widths[column];
    if (table->columns[column].kind == TABLE_ID && text_width(cell) > layout->id_bytes + 1 &&
        layout->id_bytes < SHORT_ID_TEXT_BYTES) {
        short_id_print(cell, layout->id_bytes, id);
        cell = id;
    }
    if (is_last && !is_right && text_width(cell) <= width)
        (void)fputs(cell, to);
    else
        text_print_fitted(cell, width, is_right, to);
    if (!is_last)
        (void)fprintf(to, "%*s", GAP_COLUMNS, "");
}

/* The notes of a row stand below it and not below the table, so that a reader needs no numbers to
 * match them. */
static void print_row(const struct table *table, const struct layout *layout,
                      const char *const *cells, FILE *to)
{
    size_t last = 0; /* that says something: a line does not end in blanks */
    for (size_t i = 0; i < table->column_count; i++)
        last = layout->widths[i] > 0 && cells[i][0] != 0 ? i : last;
    for (size_t i = 0; i <= last; i++) {
        if (layout->widths[i] > 0)
            print_cell(table, layout, cells[i], i, i == last, to);
    }
    (void)fputc('\n', to);
    for (size_t i = 0; layout->has_notes_below && i < table->column_count; i++) {
        if (table->columns[i].kind == TABLE_NOTE && cells[i][0] != 0)
            text_print_wrapped(cells[i], NOTE_INDENT, table->width_columns, to);
    }
}

static void print_heads(const struct table *table, const struct layout *layout,
                        enum language language, FILE *to)
{
    const char *titles[TABLE_COLUMNS_MAX];
    for (size_t i = 0; i < table->column_count; i++) {
        bool is_below = layout->has_notes_below && table->columns[i].kind == TABLE_NOTE;
        titles[i] = is_below ? "" : text_of(table->columns[i].title, language);
    }
    print_row(table, layout, titles, to);
}

void table_print(const struct table *table, enum language language, FILE *to)
{
    struct layout layout = lay_out(table, language);
    print_heads(table, &layout, language, to);
    for (size_t i = 0; i < table->row_count; i++) {
        char *const *row = row_at(table, i);
        if (is_heading(table, row))
            text_print_wrapped(row[0], 0, table->width_columns, to);
        else
            print_row(table, &layout, (const char *const *)row, to);
    }
    if (table->left_off > 0)
        (void)fprintf(to, text_of(TEXT_TABLE_LEFT_OFF, language), table->left_off);
}

void table_end(struct table *table, enum language language)
{
    table_print(table, language, stdout);
    table_release(table);
}
