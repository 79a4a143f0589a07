/* procedures.csv: the catalogue of administrative procedures and who is competent for each. It is
 * exported from the national data base by spreadsheets, so that what these do to a code has a fault
 * of its own for the clerk who made the file. */
#include "routing/registry/registry_parts.h"

#define COLUMNS(X)                                                                                 \
    X(CODE, "code", true, PROCEDURE_CODE_BYTES_MAX, false)                                         \
    X(NAME_VI, "name_vi", true, NAME_BYTES_MAX, false)                                             \
    X(NAME_EN, "name_en", true, NAME_BYTES_MAX, false)                                             \
    X(FIELD_CODE, "field_code", false, PROCEDURE_CODE_BYTES_MAX, false)                            \
    X(AGENCY, "agency", false, BOUNDED_BY_READER, false)                                           \
    X(SERVICE_LEVEL, "service_level", true, BOUNDED_BY_READER, false)                              \
    X(PROCESSING_DAYS, "processing_days", true, BOUNDED_BY_READER, false)                          \
    X(VALID_FROM, "valid_from", false, BOUNDED_BY_READER, false)                                   \
    X(VALID_TO, "valid_to", false, BOUNDED_BY_READER, false)                                       \
    X(SAMPLE, "sample", true, BOUNDED_BY_READER, false)

enum column { COLUMNS(CSV_COLUMN_NAME) COLUMN_COUNT };

static const struct csv_column columns[COLUMN_COUNT] = {COLUMNS(CSV_COLUMN_ROW)};

static const struct csv_shape shape = {"procedures.csv", columns, COLUMN_COUNT, PROCEDURES_MAX};

static const char *const level_names[SERVICE_LEVEL_COUNT] = {
    [SERVICE_NONE] = "none",
    [SERVICE_PARTIAL] = "partial",
    [SERVICE_FULL] = "full",
};

/* The national number stays the same while the agency's code behind it changes with every reform,
 * so the number alone is what is compared. */
struct bytes procedure_code_bare(struct bytes code)
{
    /* A digit, a dot, six digits: the national data base's own number. */
    enum { BARE_SIZE = 8 };
    if (code.size < BARE_SIZE || (code.size > BARE_SIZE && code.data[BARE_SIZE] != '.'))
        return code;
    for (size_t i = 0; i < BARE_SIZE; i++) {
        bool dot = i == 1;
        bool digit = code.data[i] >= '0' && code.data[i] <= '9';
        if (dot ? code.data[i] != '.' : !digit)
            return code;
    }
    return (struct bytes){code.data, BARE_SIZE};
}

/* How much of the text is of the shape: 9 stands for a digit, A for a capital letter. */
static size_t shape_size(const char *text, const char *shape_text)
{
    size_t size = 0;
    for (; shape_text[size] != 0; size++) {
        char letter = text[size];
        bool fits = shape_text[size] == '9'   ? letter >= '0' && letter <= '9'
                    : shape_text[size] == 'A' ? letter >= 'A' && letter <= 'Z'
                                              : letter == shape_text[size];
        if (!fits)
            break;
    }
    return size;
}

/* The national number, alone or with the code of the agency that keeps the procedure. A spreadsheet
 * takes the number for a decimal fraction. */
static bool check_code(const struct csv_row *row, const char *code)
{
    static const char number[] = "9.999999";
    static const char *const tails[] = {"", ".A99", ".999.99.99.A99"};
    size_t size = shape_size(code, number);
    if (number[size] == 0) {
        for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
            size_t tail = shape_size(code + size, tails[i]);
            if (tails[i][tail] == 0 && code[size + tail] == 0)
                return true;
        }
        csv_fault(row, CODE, FAULT_CODE_NOT_NATIONAL);
    } else {
        /* "1.01144", and "1" of 1.000000 */
        bool is_cut = code[size] == 0 && size != 2;
        csv_fault(row, CODE, is_cut ? FAULT_CODE_ZEROS_CUT : FAULT_CODE_NOT_NATIONAL);
    }
    return false;
}

static void read_procedure(struct registry *registry, const struct csv_row *row)
{
    uint32_t index = (uint32_t)registry->procedure_count;
    struct procedure *procedure = &registry->procedures[index];
    size_t level;
    *procedure = (struct procedure){.line = row->line,
                                    .code = row->fields[CODE],
                                    .valid_from = DAY_FIRST,
                                    .valid_to = DAY_LAST,
                                    .name_vi = row->fields[NAME_VI],
                                    .name_en = row->fields[NAME_EN],
                                    .field_code = row->fields[FIELD_CODE]};
    procedure->agency = registry_read_agency(registry, row, AGENCY);
    if (csv_text(row, AGENCY).size == 0 && registry->texts[REGISTRY_FILE_COMPETENCE] == NULL)
        csv_fault(row, AGENCY, FAULT_VALUE_MISSING);
    if (csv_read_choice(row, SERVICE_LEVEL, level_names, SERVICE_LEVEL_COUNT, &level))
        procedure->level = (enum service_level)level;
    (void)csv_read_number(row, PROCESSING_DAYS, 0, PROCESSING_DAYS_MAX,
                          &procedure->processing_days);
    (void)csv_read_validity(row, VALID_FROM, VALID_TO, &procedure->valid_from,
                            &procedure->valid_to);
    (void)csv_read_yes_no(row, SAMPLE, &procedure->sample);
    if (procedure->code[0] == 0)
        return;
    if (!check_code(row, procedure->code))
        return;
    struct bytes bare = procedure_code_bare(bytes_of_text(procedure->code));
    if (!text_index_put(&registry->procedures_by_code, bare, index)) {
        csv_fault(row, CODE, FAULT_CODE_REPEATED);
        return;
    }
    registry->procedure_count++;
}

void registry_read_procedures(struct registry *registry, struct faults *faults)
{
    (void)registry_read_table(registry, REGISTRY_FILE_PROCEDURES, &shape, read_procedure, faults);
}

size_t registry_procedure_count(const struct registry *registry)
{
    return registry->procedure_count;
}

const struct procedure *registry_procedure_at(const struct registry *registry, size_t index)
{
    return index < registry->procedure_count ? &registry->procedures[index] : NULL;
}

const struct procedure *registry_procedure(const struct registry *registry, struct bytes code)
{
    uint32_t index;
    if (!text_index_find(&registry->procedures_by_code, procedure_code_bare(code), &index))
        return NULL;
    return &registry->procedures[index];
}

/* For new dossiers only: one that was begun goes on under its procedure (route.c,
 * find_procedure). */
bool procedure_in_force(const struct procedure *procedure, civil_day_t day)
{
    return procedure->valid_from.number <= day.number && day.number <= procedure->valid_to.number;
}
