#include "ops/cli/table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "proto/base/check.h"

enum { GAP_COLUMNS = 2, FLEXIBLE_MIN_COLUMNS = 8 };

/* --- width of UTF-8 ----------------------------------------------------------------------------
 */

struct range {
    uint32_t first;
    uint32_t last;
};

/* Unicode 15: marks that stand on the letter before them, and the invisible ones. */
static const struct range marks[] = {{0x0300, 0x036F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
                                     {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE20, 0xFE2F}};
/* Unicode 15, East Asian Width W and F, in blocks. */
static const struct range wide[] = {{0x1100, 0x115F}, {0x2E80, 0xA4CF},   {0xAC00, 0xD7A3},
                                    {0xF900, 0xFAFF}, {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
                                    {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD}};

static bool among(const struct range *ranges, size_t count, uint32_t letter)
{
    for (size_t i = 0; i < count; i++)
        if (letter >= ranges[i].first && letter <= ranges[i].last)
            return true;
    return false;
}

/* Bytes of the letter at text (at least 1, text is not empty), and its code point; a byte that is
 * not UTF-8 stands for itself. */
static size_t decode(const char *text, uint32_t *ret_letter)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t more = at[0] < 0x80 ? 0 : at[0] >= 0xF0 ? 3 : at[0] >= 0xE0 ? 2 : at[0] >= 0xC2 ? 1 : 0;
    static const uint8_t masks[] = {0x7F, 0x1F, 0x0F, 0x07};
    uint32_t letter = more == 0 ? at[0] : at[0] & masks[more];
    for (size_t i = 1; i <= more; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            *ret_letter = at[0];
            return 1;
        }
        letter = letter << 6 | (at[i] & 0x3F);
    }
    *ret_letter = letter;
    return more + 1;
}

static size_t letter_width(uint32_t letter)
{
    if (among(marks, sizeof marks / sizeof marks[0], letter))
        return 0;
    return among(wide, sizeof wide / sizeof wide[0], letter) ? 2 : 1;
}

size_t text_width(const char *text)
{
    size_t width = 0;
    while (*text != 0) {
        uint32_t letter;
        text += decode(text, &letter);
        width += letter_width(letter);
    }
    return width;
}

size_t text_fit(const char *text, size_t columns)
{
    size_t bytes = 0, width = 0;
    while (text[bytes] != 0) {
        uint32_t letter;
        size_t more = decode(text + bytes, &letter);
        width += letter_width(letter);
        if (width > columns)
            break;
        bytes += more;
    }
    return bytes;
}

size_t terminal_width(FILE *stream)
{
    struct winsize size;
    if (!isatty(fileno(stream)) || ioctl(fileno(stream), TIOCGWINSZ, &size) != 0)
        return 0;
    return size.ws_col;
}

/* --- the table -----------------------------------------------------------------------------------
 */

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

/* A copy without control characters (C0, DEL, and C1 in UTF-8). */
static char *clean_copy(const char *cell)
{
    char *copy = strdup(cell != NULL ? cell : "");
    if (copy == NULL)
        return NULL;
    for (char *at = copy; *at != 0; at++) {
        bool c1 = (uint8_t)at[0] == 0xC2 && (uint8_t)at[1] >= 0x80 && (uint8_t)at[1] < 0xA0;
        if ((uint8_t)*at < ' ' || *at == 0x7F)
            *at = '?';
        else if (c1)
            at[0] = at[1] = '?';
    }
    return copy;
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
        row[i] = clean_copy(cells[i]);
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

static void print_cell(const char *cell, size_t width, bool right, bool last, FILE *to)
{
    size_t own = text_width(cell);
    if (own > width) {
        size_t bytes = text_fit(cell, width - 1);
        fprintf(to, "%.*s…", (int)bytes, cell);
        own = width;
    } else {
        fprintf(to, "%*s%s", right ? (int)(width - own) : 0, "", cell);
    }
    if (!last)
        fprintf(to, "%*s", (right ? 0 : (int)(width - own)) + GAP_COLUMNS, "");
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
