/* registry_parts - the inside of a registry, shared by the files that build it. Not for others.
 *
 * One block of memory, measured before it is taken: the registry itself, the texts, the arrays and
 * their indexes. Built in this order: agencies, participants, carriers, procedures, policy, areas,
 * competence, retention, calendar. Each function below takes the text of its file, fills its array
 * and index, and adds what is wrong to faults; arrays and indexes have room for every row that the
 * text can hold.
 */
#pragma once

#include <stdatomic.h>

#include "proto/base/arena.h"
#include "routing/registry/registry.h"
#include "routing/table/csv_field.h"
#include "routing/table/text_index.h"

enum { NAME_BYTES_MAX = 1000 /* the longest procedure titles are near 600 bytes of UTF-8 */ };

struct registry {
    struct arena arena; /* holds this registry and all that it points at, but the calendar */
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

    struct carrier *carriers;
    size_t carrier_count;
    const struct participant **carried; /* the carriers' participants, one carrier's together */
    size_t carried_count;
    struct text_index carriers_by_key;
    struct text_index carriers_by_curve_key;

    struct procedure *procedures;
    size_t procedure_count;
    struct text_index procedures_by_code;

    struct policy_rule *rules;
    size_t rule_count;
    /* Place in rules plus one; 0 forbids. */
    uint16_t rule_of[ROLE_COUNT][MESSAGE_TYPE_BUSINESS_COUNT + 1][ROLE_COUNT];

    struct area *areas;
    size_t area_count;
    struct text_index areas_by_code;

    struct competence *competences; /* by procedure's place (none first), area, first day */
    size_t competence_count;

    uint32_t keep_days[RETENTION_KINDS]; /* where the procedure has no row of its own */

    struct calendar *calendar;
};

void registry_read_agencies(struct registry *registry, struct faults *faults);
void registry_read_participants(struct registry *registry, struct faults *faults);
void registry_read_carriers(struct registry *registry, struct faults *faults);
void registry_read_procedures(struct registry *registry, struct faults *faults);
void registry_read_policy(struct registry *registry, struct faults *faults);
void registry_read_areas(struct registry *registry, struct faults *faults);
void registry_read_competence(struct registry *registry, struct faults *faults);
void registry_read_retention(struct registry *registry, struct faults *faults);

/* Hands each row of a file's table to read_row. False: no rows to be had; why stands in faults. */
bool registry_read_table(struct registry *registry, enum registry_file file,
                         const struct csv_shape *shape,
                         void (*read_row)(struct registry *registry, const struct csv_row *row),
                         struct faults *faults);
/* The agency whose key stands in a column; NULL when there is none (reported). */
const struct agency *registry_read_agency(const struct registry *registry,
                                          const struct csv_row *row, size_t column);
/* The centre, an agency or the portal, and the gateway when allow_gateway. */
bool registry_read_role(const struct csv_row *row, size_t column, bool allow_gateway,
                        enum participant_role *ret_role);
/* A CURVE key, 40 characters of Z85, into its index: of the participants, or of others, whose keys
 * are no participant's. One that stood for both would let either speak as the other. */
void registry_read_curve_key(const struct registry *registry, const struct csv_row *row,
                             size_t column, struct text_index *by_curve_key, uint32_t index,
                             char ret_text[CURVE_KEY_TEXT_BYTES]);
/* Digits, capital letters and the marks given; not empty. */
bool registry_is_code(const char *code, const char *marks);
