/* csv_field - values out of a row. Each answers false and reports file, line and column when the
 * field does not hold one; an empty field that is required was reported by csv_next already, so
 * these are silent about it.
 */
#pragma once

#include <stdint.h>

#include "proto/base/day.h"
#include "proto/base/key.h"
#include "routing/table/csv.h"

/* Reports a fault of this row; the value of the column is the detail. */
void csv_fault(const struct csv_row *row, size_t column, enum fault_kind kind);
/* The same with another detail, such as one item of a list. */
void csv_fault_detail(const struct csv_row *row, size_t column, enum fault_kind kind,
                      struct bytes detail);
struct bytes csv_text(const struct csv_row *row, size_t column);

bool csv_read_key(const struct csv_row *row, size_t column, struct key *ret_key);
/* An empty field reads as if_empty. */
bool csv_read_day(const struct csv_row *row, size_t column, civil_day_t if_empty,
                  civil_day_t *ret_day);
/* Two columns that bound a time of validity, both days included; empty means without end. */
bool csv_read_validity(const struct csv_row *row, size_t from_column, size_t to_column,
                       civil_day_t *ret_from, civil_day_t *ret_to);
bool csv_read_number(const struct csv_row *row, size_t column, uint32_t min, uint32_t max,
                     uint32_t *ret_number);
/* One of the names; ret_index is its place in the list. */
bool csv_read_choice(const struct csv_row *row, size_t column, const char *const *names,
                     size_t name_count, size_t *ret_index);
/* "yes" or "no". */
bool csv_read_yes_no(const struct csv_row *row, size_t column, bool *ret_yes);
/* Values separated by ';'. Taken apart in place; an empty field is an empty list. */
bool csv_read_list(const struct csv_row *row, size_t column, const char **ret_items,
                   size_t items_max, size_t *ret_count);
