/* Fields of a row by their type. What a spreadsheet silently rewrote, a date or a number, is told
 * apart from what was merely typed wrongly. */
#include "routing/table/csv_field.h"

#include <string.h>

void csv_fault_detail(const struct csv_row *row, size_t column, enum fault_kind kind,
                      struct bytes detail)
{
    const struct csv_shape *shape = row->reader->shape;
    faults_add(row->reader->faults, kind, shape->file, row->line, shape->columns[column].name,
               detail);
}

/* The value itself is the detail: it is what the clerk searches the file for. */
void csv_fault(const struct csv_row *row, size_t column, enum fault_kind kind)
{
    csv_fault_detail(row, column, kind, csv_text(row, column));
}

struct bytes csv_text(const struct csv_row *row, size_t column)
{
    return bytes_of_text(row->fields[column]);
}

/* False without a fault when the field is empty: whether it may be is the column's rule, which the
 * reader has judged. */
bool csv_read_key(const struct csv_row *row, size_t column, struct key *ret_key)
{
    struct bytes text = csv_text(row, column);
    if (text.size == 0)
        return false;
    if (key_parse(text, ret_key))
        return true;
    csv_fault(row, column, FAULT_KEY_INVALID);
    return false;
}

/* "28/2/2025", "2/28/25", "28-Feb-25", and the number of the day, 45716. */
static bool is_spreadsheet_day(struct bytes text)
{
    enum { SERIAL_DIGITS = 5, DAY_SIZE = DAY_TEXT_BYTES - 1 };
    size_t digits = 0;
    size_t marks = 0;
    if (text.size == DAY_SIZE && text.data[4] == '-') /* ours, but no such day */
        return false;
    for (size_t i = 0; i < text.size; i++) {
        digits += text.data[i] >= '0' && text.data[i] <= '9';
        marks += text.data[i] == '/' || text.data[i] == '-';
    }
    return (digits == SERIAL_DIGITS && text.size == SERIAL_DIGITS) || (marks == 2 && digits >= 3);
}

bool csv_read_day(const struct csv_row *row, size_t column, civil_day_t if_empty,
                  civil_day_t *ret_day)
{
    struct bytes text = csv_text(row, column);
    if (text.size == 0) {
        *ret_day = if_empty;
        return true;
    }
    if (day_parse(text, ret_day))
        return true;
    csv_fault(row, column, is_spreadsheet_day(text) ? FAULT_DATE_REWRITTEN : FAULT_DATE_INVALID);
    return false;
}

/* Both days are read before either is judged, so that two wrong ones are two faults. */
bool csv_read_validity(const struct csv_row *row, size_t from_column, size_t to_column,
                       civil_day_t *ret_from, civil_day_t *ret_to)
{
    civil_day_t from;
    civil_day_t to;
    bool from_read = csv_read_day(row, from_column, DAY_FIRST, &from);
    if (!csv_read_day(row, to_column, DAY_LAST, &to) || !from_read)
        return false;
    if (to.number < from.number) {
        csv_fault(row, to_column, FAULT_DATES_REVERSED);
        return false;
    }
    *ret_from = from;
    *ret_to = to;
    return true;
}

/* Digits alone: "1.000" of a Vietnamese spreadsheet is a thousand to its writer and one to a parser
 * of fractions, and is refused. */
bool csv_read_number(const struct csv_row *row, size_t column, uint32_t min, uint32_t max,
                     uint32_t *ret_number)
{
    struct bytes text = csv_text(row, column);
    uint64_t number = 0;
    /* Ten digits hold every uint32_t and cannot overflow the sum. */
    bool valid = text.size > 0 && text.size <= 10;
    for (size_t i = 0; valid && i < text.size; i++) {
        valid = text.data[i] >= '0' && text.data[i] <= '9';
        number = number * 10 + (uint64_t)(text.data[i] - '0');
    }
    if (valid && number >= min && number <= max) {
        *ret_number = (uint32_t)number;
        return true;
    }
    if (text.size > 0)
        csv_fault(row, column, FAULT_NUMBER_INVALID);
    return false;
}

bool csv_read_choice(const struct csv_row *row, size_t column, const char *const *names,
                     size_t name_count, size_t *ret_index)
{
    const char *text = row->fields[column];
    for (size_t i = 0; i < name_count; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret_index = i;
            return true;
        }
    }
    if (text[0] != 0)
        csv_fault(row, column, FAULT_CHOICE_INVALID);
    return false;
}

bool csv_read_yes_no(const struct csv_row *row, size_t column, bool *ret_yes)
{
    static const char *const names[] = {"no", "yes"};
    size_t index;
    if (!csv_read_choice(row, column, names, 2, &index))
        return false;
    *ret_yes = index == 1;
    return true;
}

/* Semicolons, because the comma ends a field and a list without quotation marks survives a
 * spreadsheet. Items are cut out in place like fields, so that the list may be read once. */
bool csv_read_list(const struct csv_row *row, size_t column, const char **ret_items,
                   size_t items_max, size_t *ret_count)
{
    size_t count = 0;
    char *at = row->fields[column];
    while (*at != 0) {
        if (count == items_max) {
            csv_fault(row, column, FAULT_LIST_TOO_LONG);
            return false;
        }
        char *stop = at;
        while (*stop != ';' && *stop != 0)
            stop++;
        bool last = *stop == 0;
        *stop = 0;
        ret_items[count++] = at;
        at = last ? stop : stop + 1;
    }
    *ret_count = count;
    return true;
}
