/* CSV as people's spreadsheets write it, read in place: fields are cut out of the file's own
 * memory. Every fault is collected with its line, so that a file is mended in one go; a line at
 * fault is left out and the reading goes on.
 *
 * Refused with a name of their own are the forms in which spreadsheets save by default in Vietnam
 * (semicolons, tabs, UTF-16), because the person who made the file sees nothing wrong with it. */
#include "routing/table/csv.h"

#include <string.h>

#include "proto/base/check.h"
#include "proto/base/utf8.h"

static void report(struct csv_reader *reader, enum fault_kind kind, const char *column,
                   struct bytes detail)
{
    faults_add(reader->faults, kind, reader->shape->file, reader->line, column, detail);
}

static const struct bytes no_detail = {NULL, 0};

/* The next line that is not a comment, terminated, without its line end. NULL at the end. */
static char *take_line(struct csv_reader *reader)
{
    while (reader->at < reader->end) {
        char *line = reader->at;
        char *stop = memchr(line, '\n', (size_t)(reader->end - line));
        if (stop == NULL)
            stop = reader->end;
        reader->at = stop < reader->end ? stop + 1 : stop;
        reader->line++;
        if (stop > line && stop[-1] == '\r')
            stop--;
        *stop = 0;
        struct bytes whole = {(const uint8_t *)line, (size_t)(stop - line)};
        if (whole.size == 0 || line[0] == '#')
            continue;
        if (whole.size > CSV_LINE_BYTES_MAX)
            report(reader, FAULT_LINE_TOO_LONG, NULL, no_detail);
        else if (!utf8_is_valid(whole, NULL))
            report(reader, FAULT_TEXT_NOT_UTF8, NULL, no_detail);
        else
            return line;
    }
    return NULL;
}

static bool is_blank(char character)
{
    return character == ' ' || character == '\t';
}

/* Takes a quoted field apart in place; *at is behind the opening mark. */
static bool take_quoted(struct csv_reader *reader, char **at, char **ret_field)
{
    char *from = *at;
    char *to = from;
    *ret_field = to;
    while (*from != '"' || from[1] == '"') {
        if (*from == 0) {
            report(reader, FAULT_QUOTE_UNCLOSED, NULL, bytes_of_text(*ret_field));
            return false;
        }
        from += *from == '"';
        *to++ = *from++;
    }
    from++;
    *to = 0;
    while (is_blank(*from))
        from++;
    if (*from != ',' && *from != 0) {
        report(reader, FAULT_QUOTE_MISPLACED, NULL, bytes_of_text(*ret_field));
        return false;
    }
    *at = from;
    return true;
}

/* A mark inside a field that did not begin with one is no CSV; spreadsheets would write the whole
 * field quoted, so that somebody edited the line by hand and may have lost a column. */
static bool take_plain(struct csv_reader *reader, char **at, char **ret_field)
{
    char *from = *at;
    char *stop = from;
    while (*stop != ',' && *stop != 0 && *stop != '"')
        stop++;
    if (*stop == '"') {
        report(reader, FAULT_QUOTE_MISPLACED, NULL, bytes_of_text(from));
        return false;
    }
    *at = stop;
    *ret_field = from;
    return true;
}

/* Blanks in front were passed over by the caller. In quotation marks blanks are kept: there they
 * were meant. */
static void cut_blanks(char *field, char *stop)
{
    while (stop > field && is_blank(stop[-1]))
        stop--;
    *stop = 0;
}

/* Splits a line into fields. More than CSV_COLUMNS_MAX are counted and not kept. */
static bool split(struct csv_reader *reader, char *line, char *fields[CSV_COLUMNS_MAX],
                  size_t *ret_count)
{
    size_t count = 0;
    char *at = line;
    for (;;) {
        char *field;
        while (is_blank(*at))
            at++;
        bool quoted = *at == '"';
        if (quoted)
            at++;
        if (!(quoted ? take_quoted(reader, &at, &field) : take_plain(reader, &at, &field)))
            return false;
        bool last = *at == 0;
        if (!quoted)
            cut_blanks(field, at);
        if (count < CSV_COLUMNS_MAX)
            fields[count] = field;
        count++;
        if (last)
            break;
        at++;
    }
    *ret_count = count;
    return true;
}

/* A line that a spreadsheet wrote for a comment or for an empty row. */
static bool is_remark(char *const fields[CSV_COLUMNS_MAX], size_t count)
{
    size_t at = 0;
    while (at < count && at < CSV_COLUMNS_MAX && fields[at][0] == 0)
        at++;
    return fields[0][0] == '#' || (count > 1 && (at == count || at == CSV_COLUMNS_MAX));
}

/* The columns' names came out as one field, or none of them was meant. */
static bool is_other_form(struct csv_reader *reader, const char *line)
{
    const char *first = reader->shape->columns[0].name;
    if (strncmp(line, "sep=", 4) == 0)
        report(reader, FAULT_SEPARATOR_LINE, NULL, bytes_of_text(line));
    else if (strstr(line, first) != NULL && strchr(line, ',') == NULL &&
             strpbrk(line, ";\t") != NULL)
        report(reader, FAULT_SEPARATOR_WRONG, NULL, bytes_of_text(line));
    else
        return false;
    return true;
}

/* The number of columns when there is none of that name. */
static size_t find_column(const struct csv_shape *shape, const char *name)
{
    size_t column = 0;
    while (column < shape->column_count && strcmp(shape->columns[column].name, name) != 0)
        column++;
    return column;
}

/* All faults of the header are told at once, but rows are not read behind a header that has one:
 * every row would be at fault for the same reason. */
static bool read_header(struct csv_reader *reader, char *fields[CSV_COLUMNS_MAX], size_t count)
{
    const struct csv_shape *shape = reader->shape;
    bool seen[CSV_COLUMNS_MAX] = {false};
    bool usable = count <= CSV_COLUMNS_MAX;
    if (!usable)
        report(reader, FAULT_FIELDS_TOO_MANY, NULL, no_detail);
    for (size_t i = 0; i < count && i < CSV_COLUMNS_MAX; i++) {
        size_t column = find_column(shape, fields[i]);
        bool known = column < shape->column_count;
        if (!known || seen[column]) {
            report(reader, known ? FAULT_COLUMN_REPEATED : FAULT_COLUMN_UNKNOWN, NULL,
                   bytes_of_text(fields[i]));
            usable = false;
            continue;
        }
        seen[column] = true;
        reader->column_of[i] = column;
    }
    for (size_t column = 0; column < shape->column_count; column++) {
        if (!seen[column] && !shape->columns[column].may_be_absent) {
            report(reader, FAULT_COLUMN_MISSING, shape->columns[column].name, no_detail);
            usable = false;
        }
    }
    reader->field_count = count;
    return usable;
}

/* Columns are found by their names, in any order; an unknown one is a fault, since it is mostly a
 * known one that was misspelt. */
bool csv_open(struct csv_reader *reader, const struct csv_shape *shape, char *text, size_t size,
              struct faults *faults)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    check(shape->column_count <= CSV_COLUMNS_MAX);
    *reader = (struct csv_reader){.shape = shape, .faults = faults, .at = text, .end = text + size};
    *reader->end = 0;
    if (size > CSV_FILE_BYTES_MAX) {
        report(reader, FAULT_FILE_TOO_LARGE, NULL, no_detail);
        return false;
    }
    if (size >= strlen(byte_order_mark) && memcmp(text, byte_order_mark, 3) == 0)
        reader->at += strlen(byte_order_mark);
    bool is_wide =
        size >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0);
    if (is_wide) {
        report(reader, FAULT_TEXT_UTF16, NULL, no_detail);
        return false;
    }
    char *fields[CSV_COLUMNS_MAX];
    size_t count = 0;
    for (char *line; (line = take_line(reader)) != NULL;) {
        if (is_other_form(reader, line) || !split(reader, line, fields, &count))
            return false;
        if (!is_remark(fields, count))
            return read_header(reader, fields, count);
    }
    report(reader, FAULT_HEADER_MISSING, NULL, no_detail);
    return false;
}

/* The row is handed over all the same, so that its other values are judged too and a file is mended
 * in one go. */
static void check_values(struct csv_row *row)
{
    const struct csv_shape *shape = row->reader->shape;
    for (size_t column = 0; column < shape->column_count; column++) {
        const struct csv_column *rule = &shape->columns[column];
        struct bytes value = bytes_of_text(row->fields[column]);
        if (rule->required && value.size == 0)
            report(row->reader, FAULT_VALUE_MISSING, rule->name, no_detail);
        if (rule->bytes_max != BOUNDED_BY_READER && value.size > rule->bytes_max)
            report(row->reader, FAULT_VALUE_TOO_LONG, rule->name, value);
    }
}

/* A row with too many or too few fields is left out whole: nobody can say which of them is in the
 * wrong place. */
bool csv_next(struct csv_reader *reader, struct csv_row *ret_row)
{
    static char nothing[1];
    char *fields[CSV_COLUMNS_MAX];
    size_t count;
    for (char *line; (line = take_line(reader)) != NULL;) {
        if (reader->row_count == reader->shape->rows_max) {
            report(reader, FAULT_ROWS_TOO_MANY, NULL, no_detail);
            return false;
        }
        if (!split(reader, line, fields, &count) || is_remark(fields, count))
            continue;
        if (count != reader->field_count) {
            report(reader,
                   count < reader->field_count ? FAULT_FIELDS_TOO_FEW : FAULT_FIELDS_TOO_MANY, NULL,
                   bytes_of_text(fields[0]));
            continue;
        }
        reader->row_count++;
        ret_row->reader = reader;
        ret_row->line = reader->line;
        for (size_t i = 0; i < CSV_COLUMNS_MAX; i++)
            ret_row->fields[i] = nothing;
        for (size_t i = 0; i < count; i++)
            ret_row->fields[reader->column_of[i]] = fields[i];
        check_values(ret_row);
        return true;
    }
    return false;
}

/* Comments and empty lines count too: it is a bound for memory, not a number of rows. */
size_t csv_count_lines(struct bytes text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.size; i++)
        count += text.data[i] == '\n';
    return count;
}
