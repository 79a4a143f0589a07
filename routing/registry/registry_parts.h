/* registry_parts - the inside of a registry, shared by the files that build it. Not for others.
 *
 * Built in this order: agencies, participants, procedures, policy, calendar. Each registry_read_x
 * takes the bytes of its file, fills its array and index, and adds what is wrong to faults. They
 * answer false only when memory is short.
 */
#ifndef ROUTING_REGISTRY_REGISTRY_PARTS_H
#define ROUTING_REGISTRY_REGISTRY_PARTS_H

#include <stdatomic.h>

#include "routing/registry/registry.h"
#include "routing/table/csv_field.h"
#include "routing/table/text_index.h"

enum { NAME_BYTES_MAX = 1000 /* the longest procedure titles are near 600 bytes of UTF-8 */ };

struct registry {
    atomic_uint references;
    char version[REGISTRY_VERSION_TEXT_BYTES];
    struct digest digest;
    char *texts[REGISTRY_FILE_COUNT]; /* copies that fields point into; NULL for an absent file */
    size_t text_sizes[REGISTRY_FILE_COUNT];

    struct agency *agencies;
    size_t agency_count;
    struct text_index agencies_by_key;
    struct text_index agencies_by_code;
    const struct agency *centre;

    struct participant *participants;
    size_t participant_count;
    struct text_index participants_by_key;
    struct text_index participants_by_curve_key;

    struct procedure *procedures;
    size_t procedure_count;
    struct text_index procedures_by_code;

    struct policy_rule *rules;
    size_t rule_count;
    /* Place in rules plus one; 0 forbids. */
    uint16_t rule_of[ROLE_COUNT][MESSAGE_TYPE_BUSINESS_COUNT + 1][ROLE_COUNT];

    struct calendar *calendar;
};

bool registry_read_agencies(struct registry *registry, struct faults *faults);
bool registry_read_participants(struct registry *registry, struct faults *faults);
bool registry_read_procedures(struct registry *registry, struct faults *faults);
bool registry_read_policy(struct registry *registry, struct faults *faults);

/* The rows that a file can have at most: room to allocate. */
size_t registry_rows_bound(const struct registry *registry, enum registry_file file,
                           size_t rows_max);
/* Begins to read a file's table. False: no rows to be had; why stands in faults. */
bool registry_open_table(struct registry *registry, enum registry_file file,
                         const struct csv_shape *shape, struct csv_reader *ret_reader,
                         struct faults *faults);
/* The agency whose key stands in a column; NULL when there is none (reported). */
const struct agency *registry_read_agency(const struct registry *registry,
                                          const struct csv_row *row, size_t column);
/* The centre, an agency or the portal, and the gateway when allow_gateway. */
bool registry_read_role(const struct csv_row *row, size_t column, bool allow_gateway,
                        enum participant_role *ret_role);

#endif
