/* retention.csv: how long what is over is kept, by kind and procedure. The law gives no single
 * number, so that none stands in the program: without a row everything is kept for ever. */
#include "routing/registry/registry_parts.h"

enum column { PROCEDURE, KIND, DAYS, COLUMN_COUNT };

static const struct csv_column columns[COLUMN_COUNT] = {
    [PROCEDURE] = {"procedure", false, PROCEDURE_CODE_BYTES_MAX, false},
    [KIND] = {"kind", true, BOUNDED_BY_READER, false},
    [DAYS] = {"days", true, BOUNDED_BY_READER, false},
};

static const struct csv_shape shape = {"retention.csv", columns, COLUMN_COUNT,
                                       RETENTION_KINDS *(PROCEDURES_MAX + 1)};

static const char *const kind_names[RETENTION_KINDS] = {
    [RETENTION_BODIES] = "bodies",
    [RETENTION_METADATA] = "metadata",
    [RETENTION_EVIDENCE] = "evidence",
    [RETENTION_IDS] = "ids",
};

const char *retention_kind_name(enum retention_kind kind)
{
    return kind_names[kind];
}

/* Of keep_days while the file is read: there is no row. */
#define UNSAID (RETENTION_FOR_EVER - 1)

/* A row with a fault still takes its place, so that the next one is not called a repetition. */
static void read_row(struct registry *registry, const struct csv_row *row)
{
    struct bytes code = csv_text(row, PROCEDURE);
    uint32_t *days = registry->keep_days;
    size_t kind;
    if (code.size > 0) {
        const struct procedure *procedure = registry_procedure(registry, code);
        if (procedure == NULL) {
            csv_fault(row, PROCEDURE, FAULT_PROCEDURE_UNKNOWN);
            return;
        }
        days = registry->procedures[procedure - registry->procedures].keep_days;
    }
    if (!csv_read_choice(row, KIND, kind_names, RETENTION_KINDS, &kind))
        return;
    if (days[kind] != UNSAID)
        csv_fault(row, KIND, FAULT_RULE_REPEATED);
    /* Permanent is the commonest word of the tables that the archives' law knows. */
    days[kind] = RETENTION_FOR_EVER;
    if (!bytes_equal(csv_text(row, DAYS), bytes_of_text("for_ever")))
        (void)csv_read_number(row, DAYS, kind == RETENTION_IDS ? RETENTION_IDS_DAYS_MIN : 0,
                              RETENTION_DAYS_MAX, &days[kind]);
}

/* What a message says cannot outlast where it is found by: nobody would find it again. And what is
 * known of it goes before that it was here. */
static void check_order(const struct registry *registry, struct faults *faults)
{
    for (size_t i = 0; i <= registry->procedure_count; i++) {
        bool is_rest = i == registry->procedure_count;
        const uint32_t *days = is_rest ? registry->keep_days : registry->procedures[i].keep_days;
        if (days[RETENTION_METADATA] < days[RETENTION_BODIES] ||
            days[RETENTION_EVIDENCE] < days[RETENTION_BODIES] ||
            days[RETENTION_IDS] < days[RETENTION_METADATA] ||
            days[RETENTION_IDS] < days[RETENTION_EVIDENCE])
            faults_add(faults, FAULT_RETENTION_REVERSED, shape.file, 0, columns[DAYS].name,
                       bytes_of_text(is_rest ? "" : registry->procedures[i].code));
    }
}

static uint32_t or_else(uint32_t days, uint32_t otherwise)
{
    return days == UNSAID ? otherwise : days;
}

/* A receipt speaks of many messages, and so does a seal; an id stands for all of its sender's
 * before it: they stay as long as any row asks for. */
static void keep_longest(struct registry *registry, enum retention_kind kind)
{
    uint32_t *longest = &registry->keep_days[kind];
    for (size_t i = 0; i < registry->procedure_count; i++) {
        uint32_t days = registry->procedures[i].keep_days[kind];
        *longest = days > *longest ? days : *longest;
    }
    for (size_t i = 0; i < registry->procedure_count; i++)
        registry->procedures[i].keep_days[kind] = *longest;
}

void registry_read_retention(struct registry *registry, struct faults *faults)
{
    uint32_t *rest = registry->keep_days;
    for (size_t kind = 0; kind < RETENTION_KINDS; kind++) {
        rest[kind] = UNSAID;
        for (size_t i = 0; i < registry->procedure_count; i++)
            registry->procedures[i].keep_days[kind] = UNSAID;
    }
    (void)registry_read_table(registry, REGISTRY_FILE_RETENTION, &shape, read_row, faults);
    for (size_t kind = 0; kind < RETENTION_KINDS; kind++) {
        rest[kind] = or_else(rest[kind], RETENTION_FOR_EVER);
        for (size_t i = 0; i < registry->procedure_count; i++) {
            uint32_t *days = &registry->procedures[i].keep_days[kind];
            *days = or_else(*days, rest[kind]);
        }
    }
    check_order(registry, faults);
    keep_longest(registry, RETENTION_EVIDENCE);
    keep_longest(registry, RETENTION_IDS);
}

uint32_t registry_keep_days(const struct registry *registry, struct bytes procedure_code,
                            enum retention_kind kind)
{
    const struct procedure *procedure = registry_procedure(registry, procedure_code);
    return procedure == NULL ? registry->keep_days[kind] : procedure->keep_days[kind];
}
