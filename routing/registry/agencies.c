/* agencies.csv: organisations, their codes, and who takes over from whom. The other tables name
 * agencies by key and are read after this one (registry.c). Successors are linked when all rows are
 * in, for a row may name one that stands below it. */
#include "routing/registry/registry_parts.h"

#include <string.h>

#define COLUMNS(X)                                                                                 \
    X(KEY, "key", true, BOUNDED_BY_READER, false)                                                  \
    X(OFFICIAL_CODE, "official_code", false, CODE_BYTES_MAX, false)                                \
    X(FORMER_CODES, "former_codes", false, BOUNDED_BY_READER, false)                               \
    X(NAME_VI, "name_vi", true, NAME_BYTES_MAX, false)                                             \
    X(NAME_EN, "name_en", true, NAME_BYTES_MAX, false)                                             \
    X(ROLE, "role", true, BOUNDED_BY_READER, false)                                                \
    X(VALID_FROM, "valid_from", false, BOUNDED_BY_READER, false)                                   \
    X(VALID_TO, "valid_to", false, BOUNDED_BY_READER, false)                                       \
    X(SUCCESSOR, "successor", false, BOUNDED_BY_READER, false)                                     \
    X(SYSTEM, "system", false, NAME_BYTES_MAX, false)                                              \
    X(SAMPLE, "sample", true, BOUNDED_BY_READER, false)                                            \
    X(HANDOVER, "handover", false, BOUNDED_BY_READER, true)

enum column { COLUMNS(CSV_COLUMN_NAME) COLUMN_COUNT };

enum { CODE_BYTES_MAX = 35 /* QCVN 102:2016: 13 characters; twice that and a little */ };

static const struct csv_column columns[COLUMN_COUNT] = {COLUMNS(CSV_COLUMN_ROW)};

static const struct csv_shape shape = {"agencies.csv", columns, COLUMN_COUNT, PARTICIPANTS_MAX};

/* Capitals, digits and dots, none of them at an end: the identifier of QCVN 102:2016/BTTTT. */
static bool code_is_valid(const char *code)
{
    size_t size = strlen(code);
    return size > 0 && size <= CODE_BYTES_MAX && code[0] != '.' && code[size - 1] != '.' &&
           registry_is_code(code, ".");
}

/* "0.30.H38" or "30" for 000.00.30.H38. */
static bool has_lost_zeros(const char *code)
{
    size_t digits = strspn(code, "0123456789");
    return digits > 0 && digits < 3 && (code[digits] == '.' || code[digits] == 0);
}

/* Present and former codes share one index: a message may be addressed by either for years after a
 * merger, and two agencies must never answer to one code. */
static void index_code(struct registry *registry, const struct csv_row *row, size_t column,
                       const char *code, uint32_t index)
{
    if (has_lost_zeros(code))
        csv_fault_detail(row, column, FAULT_CODE_ZEROS_LOST, bytes_of_text(code));
    else if (!code_is_valid(code))
        csv_fault_detail(row, column, FAULT_CODE_INVALID, bytes_of_text(code));
    else if (!text_index_put(&registry->agencies_by_code, bytes_of_text(code), index))
        csv_fault_detail(row, column, FAULT_CODE_REPEATED, bytes_of_text(code));
}

static void read_codes(struct registry *registry, const struct csv_row *row, struct agency *agency,
                       uint32_t index)
{
    agency->official_code = row->fields[OFFICIAL_CODE];
    if (agency->official_code[0] != 0)
        index_code(registry, row, OFFICIAL_CODE, agency->official_code, index);
    if (!csv_read_list(row, FORMER_CODES, agency->former_codes, AGENCY_FORMER_CODES_MAX,
                       &agency->former_code_count))
        agency->former_code_count = 0;
    for (size_t i = 0; i < agency->former_code_count; i++)
        index_code(registry, row, FORMER_CODES, agency->former_codes[i], index);
}

/* A row is filled in before it is known to be good, and becomes an agency when its count goes up: a
 * bad row is written over by the next one. */
static void read_agency(struct registry *registry, const struct csv_row *row)
{
    uint32_t index = (uint32_t)registry->agency_count;
    struct agency *agency = &registry->agencies[index];
    *agency = (struct agency){.line = row->line,
                              .role = ROLE_COUNT,
                              .valid_from = DAY_FIRST,
                              .valid_to = DAY_LAST,
                              .handover = DAY_LAST,
                              .name_vi = row->fields[NAME_VI],
                              .name_en = row->fields[NAME_EN],
                              .system = row->fields[SYSTEM]};
    (void)csv_read_validity(row, VALID_FROM, VALID_TO, &agency->valid_from, &agency->valid_to);
    (void)csv_read_key(row, SUCCESSOR, &agency->successor_key);
    (void)csv_read_day(row, HANDOVER, DAY_LAST, &agency->handover);
    (void)csv_read_yes_no(row, SAMPLE, &agency->sample);
    (void)registry_read_role(row, ROLE, true, &agency->role);
    read_codes(registry, row, agency, index);
    if (!csv_read_key(row, KEY, &agency->key))
        return;
    if (bytes_equal(key_bytes(&agency->key), bytes_of_text(KEY_RESERVED))) {
        csv_fault(row, KEY, FAULT_KEY_RESERVED);
        return;
    }
    if (!text_index_put(&registry->agencies_by_key, key_bytes(&agency->key), index)) {
        csv_fault(row, KEY, FAULT_KEY_REPEATED);
        return;
    }
    registry->agency_count++;
}

static void add_fault(struct faults *faults, enum fault_kind kind, const struct agency *agency,
                      size_t column, struct bytes detail)
{
    faults_add(faults, kind, shape.file, agency->line, columns[column].name, detail);
}

/* A merger: the one that takes over has the same role, and the one that ends has a last day, or
 * nobody could say which of the two is competent on a day. */
static void link_successor(struct registry *registry, struct agency *agency, struct faults *faults)
{
    struct bytes key = key_bytes(&agency->successor_key);
    bool has_handover = agency->handover.number != DAY_LAST.number;
    if (has_handover && key_is_none(&agency->successor_key))
        add_fault(faults, FAULT_HANDOVER_WITHOUT_SUCCESSOR, agency, HANDOVER, key);
    if (has_handover && agency->handover.number <= agency->valid_to.number)
        add_fault(faults, FAULT_HANDOVER_EARLY, agency, HANDOVER, key);
    if (key_is_none(&agency->successor_key))
        return;
    agency->successor = registry_agency(registry, &agency->successor_key);
    if (agency->successor == NULL)
        add_fault(faults, FAULT_AGENCY_UNKNOWN, agency, SUCCESSOR, key);
    else if (agency->successor->role != agency->role)
        add_fault(faults, FAULT_SUCCESSOR_ROLE_DIFFERS, agency, SUCCESSOR, key);
    if (agency->valid_to.number == DAY_LAST.number)
        add_fault(faults, FAULT_SUCCESSOR_WITHOUT_END, agency, SUCCESSOR, key);
}

/* Bounded, so that a message finds its way in a few steps, and so that a circle is found at all.
 */
static void check_chain(const struct agency *agency, struct faults *faults)
{
    size_t hops = 0;
    const struct agency *at = agency;
    while (at->successor != NULL && hops <= SUCCESSOR_HOPS_MAX) {
        at = at->successor;
        hops++;
    }
    if (hops > SUCCESSOR_HOPS_MAX)
        add_fault(faults, FAULT_SUCCESSOR_ENDLESS, agency, SUCCESSOR,
                  key_bytes(&agency->successor_key));
}

/* There is exactly one: what is for "the centre" must not depend on the order of rows. */
static void find_centre(struct registry *registry, struct faults *faults)
{
    for (size_t i = 0; i < registry->agency_count; i++) {
        const struct agency *agency = &registry->agencies[i];
        if (agency->role != ROLE_CENTRE)
            continue;
        if (registry->centre != NULL)
            add_fault(faults, FAULT_CENTRE_REPEATED, agency, ROLE, key_bytes(&agency->key));
        else
            registry->centre = agency;
    }
    if (registry->centre == NULL)
        faults_add(faults, FAULT_CENTRE_MISSING, shape.file, 0, columns[ROLE].name,
                   (struct bytes){NULL, 0});
}

void registry_read_agencies(struct registry *registry, struct faults *faults)
{
    if (!registry_read_table(registry, REGISTRY_FILE_AGENCIES, &shape, read_agency, faults))
        return;
    for (size_t i = 0; i < registry->agency_count; i++)
        link_successor(registry, &registry->agencies[i], faults);
    for (size_t i = 0; i < registry->agency_count; i++)
        check_chain(&registry->agencies[i], faults);
    find_centre(registry, faults);
}

size_t registry_agency_count(const struct registry *registry)
{
    return registry->agency_count;
}

/* In the order of the file, for lists; NULL ends a walk without a count. */
const struct agency *registry_agency_at(const struct registry *registry, size_t index)
{
    return index < registry->agency_count ? &registry->agencies[index] : NULL;
}

const struct agency *registry_agency(const struct registry *registry, const struct key *key)
{
    uint32_t index;
    if (!text_index_find(&registry->agencies_by_key, key_bytes(key), &index))
        return NULL;
    return &registry->agencies[index];
}

const struct agency *registry_agency_by_code(const struct registry *registry, struct bytes code)
{
    uint32_t index;
    if (!text_index_find(&registry->agencies_by_code, code, &index))
        return NULL;
    return &registry->agencies[index];
}

const struct agency *registry_centre(const struct registry *registry)
{
    return registry->centre;
}

/* Both days count: a decree says "from" and "until the end of". */
bool agency_in_force(const struct agency *agency, civil_day_t day)
{
    return agency->valid_from.number <= day.number && day.number <= agency->valid_to.number;
}

/* The registry refuses chains longer than SUCCESSOR_HOPS_MAX. */
const struct agency *agency_heir(const struct agency *agency, civil_day_t day)
{
    while (agency->successor != NULL && agency->handover.number <= day.number)
        agency = agency->successor;
    return agency;
}

enum party registry_party(const struct registry *registry, const struct key *key)
{
    const struct agency *agency = registry == NULL ? NULL : registry_agency(registry, key);
    if (agency == NULL)
        return PARTY_ADAPTER;
    return agency->role == ROLE_GATEWAY  ? PARTY_GATEWAY
           : agency->role == ROLE_PORTAL ? PARTY_PORTAL
                                         : PARTY_ADAPTER;
}
