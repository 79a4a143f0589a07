/* areas.csv and competence.csv: which unit is competent where, and since when. Rows are sorted by
 * procedure, area and day, so that a question is a binary search; rows for no procedure stand first
 * and hold for all that leave it to the area. Both files may be absent. */
#include "routing/registry/registry_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- areas ---- */

enum area_column {
    CODE,
    NAME_VI,
    NAME_EN,
    AREA_VALID_FROM,
    AREA_VALID_TO,
    SUCCESSOR,
    AREA_COLUMN_COUNT
};

static const struct csv_column area_columns[AREA_COLUMN_COUNT] = {
    [CODE] = {"code", true, AREA_CODE_BYTES_MAX, false},
    [NAME_VI] = {"name_vi", true, NAME_BYTES_MAX, false},
    [NAME_EN] = {"name_en", false, NAME_BYTES_MAX, false},
    [AREA_VALID_FROM] = {"valid_from", false, BOUNDED_BY_READER, false},
    [AREA_VALID_TO] = {"valid_to", false, BOUNDED_BY_READER, false},
    [SUCCESSOR] = {"successor", false, AREA_CODE_BYTES_MAX, false},
};

static const struct csv_shape area_shape = {"areas.csv", area_columns, AREA_COLUMN_COUNT,
                                            AREAS_MAX};

/* As in agencies.c, a row is filled in first and counts only when it is good. */
static void read_area(struct registry *registry, const struct csv_row *row)
{
    struct area *area = &registry->areas[registry->area_count];
    *area = (struct area){.line = row->line,
                          .code = row->fields[CODE],
                          .name_vi = row->fields[NAME_VI],
                          .name_en = row->fields[NAME_EN],
                          .valid_from = DAY_FIRST,
                          .valid_to = DAY_LAST,
                          .successor_code = row->fields[SUCCESSOR]};
    (void)csv_read_validity(row, AREA_VALID_FROM, AREA_VALID_TO, &area->valid_from,
                            &area->valid_to);
    if (area->code[0] == 0)
        return;
    if (!registry_is_code(area->code, ".")) {
        csv_fault(row, CODE, FAULT_CODE_INVALID);
        return;
    }
    if (!text_index_put(&registry->areas_by_code, bytes_of_text(area->code),
                        (uint32_t)registry->area_count)) {
        csv_fault(row, CODE, FAULT_CODE_REPEATED);
        return;
    }
    registry->area_count++;
}

static void area_fault(struct faults *faults, enum fault_kind kind, const struct area *area)
{
    faults_add(faults, kind, area_shape.file, area->line, area_columns[SUCCESSOR].name,
               bytes_of_text(area->successor_code));
}

/* As for agencies: an area that was merged ends on a day and names what it became. */
static void link_area(struct registry *registry, struct area *area, struct faults *faults)
{
    if (area->successor_code[0] == 0)
        return;
    area->successor = registry_area(registry, bytes_of_text(area->successor_code));
    if (area->successor == NULL)
        area_fault(faults, FAULT_AREA_UNKNOWN, area);
    if (area->valid_to.number == DAY_LAST.number)
        area_fault(faults, FAULT_SUCCESSOR_WITHOUT_END, area);
}

/* A circle of successors would let area_on walk without an end. */
static void check_area_chain(const struct area *area, struct faults *faults)
{
    size_t hops = 0;
    for (const struct area *at = area; at->successor != NULL && hops <= SUCCESSOR_HOPS_MAX; hops++)
        at = at->successor;
    if (hops > SUCCESSOR_HOPS_MAX)
        area_fault(faults, FAULT_SUCCESSOR_ENDLESS, area);
}

void registry_read_areas(struct registry *registry, struct faults *faults)
{
    (void)registry_read_table(registry, REGISTRY_FILE_AREAS, &area_shape, read_area, faults);
    for (size_t i = 0; i < registry->area_count; i++)
        link_area(registry, &registry->areas[i], faults);
    for (size_t i = 0; i < registry->area_count; i++)
        check_area_chain(&registry->areas[i], faults);
}

size_t registry_area_count(const struct registry *registry)
{
    return registry->area_count;
}

const struct area *registry_area(const struct registry *registry, struct bytes code)
{
    uint32_t index;
    if (!text_index_find(&registry->areas_by_code, code, &index))
        return NULL;
    return &registry->areas[index];
}

/* A form may carry the code of years ago: the dossier goes to what that place is on the day. */
const struct area *area_on(const struct area *area, civil_day_t day)
{
    while (area->valid_to.number < day.number && area->successor != NULL)
        area = area->successor;
    return area;
}

/* ---- competence ---- */

enum column { PROCEDURE, AREA, AGENCY, VALID_FROM, VALID_TO, COLUMN_COUNT };

static const struct csv_column columns[COLUMN_COUNT] = {
    [PROCEDURE] = {"procedure", false, PROCEDURE_CODE_BYTES_MAX, false},
    [AREA] = {"area", true, AREA_CODE_BYTES_MAX, false},
    [AGENCY] = {"agency", true, BOUNDED_BY_READER, false},
    [VALID_FROM] = {"valid_from", false, BOUNDED_BY_READER, false},
    [VALID_TO] = {"valid_to", false, BOUNDED_BY_READER, false},
};

static const struct csv_shape shape = {"competence.csv", columns, COLUMN_COUNT,
                                       COMPETENCE_ROWS_MAX};

static void read_competence(struct registry *registry, const struct csv_row *row)
{
    struct competence *competence = &registry->competences[registry->competence_count];
    struct bytes code = csv_text(row, PROCEDURE);
    *competence = (struct competence){.line = row->line,
                                      .area = row->fields[AREA],
                                      .valid_from = DAY_FIRST,
                                      .valid_to = DAY_LAST};
    (void)csv_read_validity(row, VALID_FROM, VALID_TO, &competence->valid_from,
                            &competence->valid_to);
    competence->agency = registry_read_agency(registry, row, AGENCY);
    if (code.size > 0)
        competence->procedure = registry_procedure(registry, code);
    bool is_known = code.size == 0 || competence->procedure != NULL;
    if (!is_known)
        csv_fault(row, PROCEDURE, FAULT_PROCEDURE_UNKNOWN);
    if (competence->area[0] == 0)
        return;
    if (registry->texts[REGISTRY_FILE_AREAS] != NULL &&
        registry_area(registry, bytes_of_text(competence->area)) == NULL) {
        csv_fault(row, AREA, FAULT_AREA_UNKNOWN);
        return;
    }
    if (is_known && competence->agency != NULL)
        registry->competence_count++;
}

/* None before all; the procedures stand in one array. */
static int compare_procedures(const struct procedure *a, const struct procedure *b)
{
    uintptr_t left = (uintptr_t)a, right = (uintptr_t)b;
    return (left > right) - (left < right);
}

static int compare_places(const struct competence *a, const struct competence *b)
{
    int order = compare_procedures(a->procedure, b->procedure);
    return order != 0 ? order : strcmp(a->area, b->area);
}

/* The line decides last, so that two rows that are otherwise equal always sort alike and the fault
 * names the later one. */
static int compare(const void *left, const void *right)
{
    const struct competence *a = left, *b = right;
    int order = compare_places(a, b);
    int days = (a->valid_from.number > b->valid_from.number) -
               (a->valid_from.number < b->valid_from.number);
    int lines = (a->line > b->line) - (a->line < b->line);
    return order != 0 ? order : days != 0 ? days : lines;
}

/* Neighbours only, since the rows are sorted. Two units for one place on one day would make the way
 * of a dossier depend on the order of the file. */
static void check_overlaps(const struct registry *registry, struct faults *faults)
{
    for (size_t i = 1; i < registry->competence_count; i++) {
        const struct competence *before = &registry->competences[i - 1];
        const struct competence *row = &registry->competences[i];
        if (compare_places(before, row) == 0 && before->valid_to.number >= row->valid_from.number)
            faults_add(faults, FAULT_COMPETENCE_OVERLAPS, shape.file,
                       before->line > row->line ? before->line : row->line, columns[AREA].name,
                       bytes_of_text(row->area));
    }
}

/* The first row at or behind (procedure, area); area NULL: of the procedure. */
static size_t lower_bound(const struct registry *registry, const struct procedure *procedure,
                          const char *area)
{
    size_t low = 0, high = registry->competence_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct competence *row = &registry->competences[middle];
        int order = compare_procedures(row->procedure, procedure);
        if (order == 0 && area != NULL)
            order = strcmp(row->area, area);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_rows(const struct registry *registry, const struct procedure *procedure)
{
    size_t at = lower_bound(registry, procedure, NULL);
    return at < registry->competence_count && registry->competences[at].procedure == procedure;
}

/* A procedure that leaves it to the area must be somebody's somewhere. */
static void check_procedures(const struct registry *registry, struct faults *faults)
{
    bool has_default = has_rows(registry, NULL);
    for (size_t i = 0; i < registry->procedure_count; i++) {
        const struct procedure *procedure = &registry->procedures[i];
        if (procedure->agency == NULL && !has_default && !has_rows(registry, procedure))
            faults_add(faults, FAULT_COMPETENCE_MISSING,
                       registry_file_name(REGISTRY_FILE_PROCEDURES), procedure->line,
                       columns[AGENCY].name, bytes_of_text(procedure->code));
    }
}

void registry_read_competence(struct registry *registry, struct faults *faults)
{
    if (!registry_read_table(registry, REGISTRY_FILE_COMPETENCE, &shape, read_competence, faults))
        return;
    qsort(registry->competences, registry->competence_count, sizeof *registry->competences,
          compare);
    check_overlaps(registry, faults);
    if (faults_total(faults) == 0)
        check_procedures(registry, faults);
}

static bool is_in_force(const struct competence *row, civil_day_t day)
{
    return row->valid_from.number <= day.number && day.number <= row->valid_to.number;
}

/* Of rows for that procedure (NULL: for every one) alone. */
static const struct competence *find_row(const struct registry *registry,
                                         const struct procedure *procedure, const char *area,
                                         civil_day_t day)
{
    for (size_t i = lower_bound(registry, procedure, area); i < registry->competence_count; i++) {
        const struct competence *row = &registry->competences[i];
        if (row->procedure != procedure || strcmp(row->area, area) != 0)
            break;
        if (is_in_force(row, day))
            return row;
    }
    return NULL;
}

/* A procedure that has an agency of its own is not looked for among the rows for all: those are for
 * procedures that leave it to the area. */
const struct competence *registry_competence(const struct registry *registry,
                                             const struct procedure *procedure, struct bytes area,
                                             civil_day_t day)
{
    char code[AREA_CODE_BYTES_MAX + 1];
    if (area.size == 0 || area.size > AREA_CODE_BYTES_MAX)
        return NULL;
    memcpy(code, area.data, area.size);
    code[area.size] = 0;
    const struct competence *row = find_row(registry, procedure, code, day);
    return row != NULL || procedure->agency != NULL ? row : find_row(registry, NULL, code, day);
}

/* Any area of the agency counts: the question is whether it has to do with the procedure at all. */
static const struct competence *find_of(const struct registry *registry,
                                        const struct procedure *procedure,
                                        const struct agency *agency, civil_day_t day)
{
    for (size_t i = lower_bound(registry, procedure, NULL); i < registry->competence_count; i++) {
        const struct competence *row = &registry->competences[i];
        if (row->procedure != procedure)
            break;
        if (row->agency == agency && is_in_force(row, day))
            return row;
    }
    return NULL;
}

const struct competence *registry_competence_of(const struct registry *registry,
                                                const struct procedure *procedure,
                                                const struct agency *agency, civil_day_t day)
{
    const struct competence *row = find_of(registry, procedure, agency, day);
    return row != NULL || procedure->agency != NULL ? row : find_of(registry, NULL, agency, day);
}
