/* The snapshot as a whole: copying the files in, version and digest, references. All of it is one
 * block of memory whose size is known from the files before anything is read, and nothing of it
 * changes afterwards: threads share it without a lock, by count. The tables: the other files of
 * this folder. */
#include "routing/registry/registry_parts.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/check.h"

static const char *const file_names[REGISTRY_FILE_COUNT] = {
    [REGISTRY_FILE_VERSION] = "version",
    [REGISTRY_FILE_AGENCIES] = "agencies.csv",
    [REGISTRY_FILE_PARTICIPANTS] = "participants.csv",
    [REGISTRY_FILE_CARRIERS] = "carriers.csv",
    [REGISTRY_FILE_PROCEDURES] = "procedures.csv",
    [REGISTRY_FILE_POLICY] = "policy.csv",
    [REGISTRY_FILE_HOLIDAYS] = "holidays.csv",
    [REGISTRY_FILE_AREAS] = "areas.csv",
    [REGISTRY_FILE_COMPETENCE] = "competence.csv",
    [REGISTRY_FILE_RETENTION] = "retention.csv",
};

const char *registry_file_name(enum registry_file file)
{
    check(file < REGISTRY_FILE_COUNT);
    return file_names[file];
}

/* Without participants and carriers it is a catalogue, which an adapter's or a clerk's program
 * reads to explain routes and nobody connects by. */
bool registry_file_is_optional(enum registry_file file)
{
    return file == REGISTRY_FILE_PARTICIPANTS || file == REGISTRY_FILE_CARRIERS ||
           file >= REGISTRY_FILE_HOLIDAYS;
}

static const char *const role_names[ROLE_COUNT] = {
    [ROLE_CENTRE] = "centre",
    [ROLE_AGENCY] = "agency",
    [ROLE_PORTAL] = "portal",
    [ROLE_GATEWAY] = "gateway",
};

/* For logs and faults, where a number out of range must not stop the one who looks into it. */
const char *role_name(enum participant_role role)
{
    return role < ROLE_COUNT ? role_names[role] : "unknown";
}

bool registry_read_role(const struct csv_row *row, size_t column, bool allow_gateway,
                        enum participant_role *ret_role)
{
    size_t index;
    size_t count = allow_gateway ? ROLE_COUNT : ROLE_GATEWAY;
    if (!csv_read_choice(row, column, role_names, count, &index))
        return false;
    *ret_role = (enum participant_role)index;
    return true;
}

/* The agency that a column of another table names; NULL with the fault noted, or of an empty
 * field. */
const struct agency *registry_read_agency(const struct registry *registry,
                                          const struct csv_row *row, size_t column)
{
    struct key key;
    if (!csv_read_key(row, column, &key))
        return NULL;
    const struct agency *agency = registry_agency(registry, &key);
    if (agency == NULL)
        csv_fault(row, column, FAULT_AGENCY_UNKNOWN);
    return agency;
}

bool registry_is_code(const char *code, const char *marks)
{
    for (size_t i = 0; code[i] != 0; i++) {
        bool plain = (code[i] >= '0' && code[i] <= '9') || (code[i] >= 'A' && code[i] <= 'Z');
        if (!plain && strchr(marks, code[i]) == NULL)
            return false;
    }
    return code[0] != 0;
}

static const struct bytes no_detail = {NULL, 0};

/* False: there is no such file, or its header is at fault. Rows at fault are left out and noted,
 * and the rest is read all the same. */
bool registry_read_table(struct registry *registry, enum registry_file file,
                         const struct csv_shape *shape,
                         void (*read_row)(struct registry *registry, const struct csv_row *row),
                         struct faults *faults)
{
    struct csv_reader reader;
    struct csv_row row;
    if (registry->texts[file] == NULL ||
        !csv_open(&reader, shape, registry->texts[file], registry->text_sizes[file], faults))
        return false;
    while (csv_next(&reader, &row))
        read_row(registry, &row);
    return true;
}

/* A file beyond the bound counts as absent from here on; check_presence has said so. */
static bool is_usable(struct bytes content)
{
    return content.data != NULL && content.size <= CSV_FILE_BYTES_MAX;
}

/* The calendar judges its own file, which it reads by itself. */
static void check_presence(const struct registry_files *files, struct faults *faults)
{
    for (size_t i = 0; i < REGISTRY_FILE_COUNT; i++) {
        struct bytes content = files->content[i];
        if (content.data == NULL && !registry_file_is_optional((enum registry_file)i))
            faults_add(faults, FAULT_FILE_MISSING, file_names[i], 0, NULL, no_detail);
        if (content.data != NULL && !is_usable(content) && i != REGISTRY_FILE_HOLIDAYS)
            faults_add(faults, FAULT_FILE_TOO_LARGE, file_names[i], 0, NULL, no_detail);
    }
}

/* One more than the rows that a file can give: a row is filled in before it is counted. */
static size_t room_for(const struct registry_files *files, enum registry_file file, size_t rows_max)
{
    struct bytes content = files->content[file];
    size_t lines = is_usable(content) ? csv_count_lines(content) : 0;
    return (lines < rows_max ? lines : rows_max) + 1;
}

/* Takes a piece, cleared; or, before there is a block, only adds up what it will need. */
static void *take(struct arena *arena, size_t *need_bytes, size_t count, size_t size_bytes)
{
    *need_bytes += count * size_bytes + alignof(max_align_t);
    if (arena->block == NULL)
        return NULL;
    void *piece = arena_take(arena, count * size_bytes);
    check(piece != NULL);
    return memset(piece, 0, count * size_bytes);
}

static void take_index(struct arena *arena, size_t *need_bytes, size_t entries_max,
                       struct text_index *index)
{
    size_t slot_count = text_index_slots(entries_max);
    struct text_index_slot *slots = take(arena, need_bytes, slot_count, sizeof *slots);
    if (slots != NULL)
        text_index_init(index, slots, slot_count);
}

/* Lays everything out: run once on an empty arena to measure, once more to take. */
static size_t lay_out(const struct registry_files *files, struct arena *arena,
                      struct registry *registry)
{
    enum { CODES = 1 + AGENCY_FORMER_CODES_MAX };
    size_t need = sizeof *registry + alignof(max_align_t);
    size_t agencies = room_for(files, REGISTRY_FILE_AGENCIES, PARTICIPANTS_MAX);
    size_t participants = room_for(files, REGISTRY_FILE_PARTICIPANTS, PARTICIPANTS_MAX);
    size_t carriers = room_for(files, REGISTRY_FILE_CARRIERS, CARRIERS_MAX);
    size_t procedures = room_for(files, REGISTRY_FILE_PROCEDURES, PROCEDURES_MAX);
    size_t rules = room_for(files, REGISTRY_FILE_POLICY, POLICY_RULES_MAX);
    size_t areas = room_for(files, REGISTRY_FILE_AREAS, AREAS_MAX);
    size_t competences = room_for(files, REGISTRY_FILE_COMPETENCE, COMPETENCE_ROWS_MAX);
    registry->agencies = take(arena, &need, agencies, sizeof *registry->agencies);
    registry->participants = take(arena, &need, participants, sizeof *registry->participants);
    registry->carriers = take(arena, &need, carriers, sizeof *registry->carriers);
    registry->carried = take(arena, &need, participants, sizeof(void *));
    registry->procedures = take(arena, &need, procedures, sizeof *registry->procedures);
    registry->rules = take(arena, &need, rules, sizeof *registry->rules);
    registry->areas = take(arena, &need, areas, sizeof *registry->areas);
    registry->competences = take(arena, &need, competences, sizeof *registry->competences);
    take_index(arena, &need, agencies, &registry->agencies_by_key);
    take_index(arena, &need, agencies * CODES, &registry->agencies_by_code);
    take_index(arena, &need, participants, &registry->participants_by_key);
    take_index(arena, &need, participants, &registry->participants_by_curve_key);
    take_index(arena, &need, carriers, &registry->carriers_by_key);
    take_index(arena, &need, carriers, &registry->carriers_by_curve_key);
    take_index(arena, &need, procedures, &registry->procedures_by_code);
    take_index(arena, &need, areas, &registry->areas_by_code);
    for (size_t i = 0; i < REGISTRY_FILE_COUNT; i++) {
        if (is_usable(files->content[i]))
            registry->texts[i] = take(arena, &need, files->content[i].size + 1, 1);
    }
    return need;
}

/* Fields point into these copies, so they stay until the snapshot goes. */
static void copy_texts(struct registry *registry, const struct registry_files *files)
{
    for (size_t i = 0; i < REGISTRY_FILE_COUNT; i++) {
        struct bytes content = files->content[i];
        if (!is_usable(content))
            continue;
        if (content.size > 0)
            memcpy(registry->texts[i], content.data, content.size);
        registry->text_sizes[i] = content.size;
    }
}

/* An empty registry with room for what the files hold; NULL when memory is short. */
static struct registry *allocate(const struct registry_files *files)
{
    struct arena arena = {0};
    struct registry measure = {0};
    if (!arena_init(&arena, lay_out(files, &arena, &measure)))
        return NULL;
    struct registry *registry = arena_take(&arena, sizeof *registry);
    check(registry != NULL);
    memset(registry, 0, sizeof *registry);
    (void)lay_out(files, &arena, registry);
    registry->arena = arena;
    atomic_init(&registry->references, 1);
    copy_texts(registry, files);
    return registry;
}

/* Name, zero byte, size in 8 bytes, content: no two sets of files hash the same bytes. The files
 * that were defined later count only where they are: the digest of a registry without them stays
 * as it was. */
static void hash_files(const struct registry_files *files, hash_function *hash,
                       struct digest *ret_digest)
{
    enum { PARTS = 3, SIZE_BYTES = 8 };
    struct bytes parts[PARTS * REGISTRY_FILE_COUNT];
    uint8_t sizes[REGISTRY_FILE_COUNT][SIZE_BYTES];
    size_t count = 0;
    for (size_t i = 0; i < REGISTRY_FILE_COUNT; i++) {
        uint64_t size = files->content[i].size;
        if (i > REGISTRY_FILE_HOLIDAYS && files->content[i].data == NULL)
            continue;
        for (size_t k = 0; k < SIZE_BYTES; k++)
            sizes[i][k] = (uint8_t)(size >> (56 - 8 * k));
        parts[count++] = (struct bytes){(const uint8_t *)file_names[i], strlen(file_names[i]) + 1};
        parts[count++] = (struct bytes){sizes[i], SIZE_BYTES};
        parts[count++] = files->content[i];
    }
    hash(parts, count, ret_digest);
}

/* A day, a dot and a number without signs: two versions can be compared by anybody, and by
 * registry_version_compare, without knowing more than that. */
static bool line_is_valid(struct bytes text)
{
    enum { DATE_SIZE = DAY_TEXT_BYTES - 1, NUMBER_DIGITS_MAX = 4 };
    civil_day_t day;
    if (text.size < DATE_SIZE + 2 || text.size > DATE_SIZE + 1 + NUMBER_DIGITS_MAX ||
        !day_parse((struct bytes){text.data, DATE_SIZE}, &day) || text.data[DATE_SIZE] != '.')
        return false;
    for (size_t i = DATE_SIZE + 1; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    }
    return true;
}

enum { DIGEST_DIGITS = 12 };

bool registry_version_is_valid(struct bytes text)
{
    if (text.size < DIGEST_DIGITS + 1 || text.size >= REGISTRY_VERSION_TEXT_BYTES)
        return false;
    size_t line_size = text.size - DIGEST_DIGITS - 1;
    for (size_t i = line_size + 1; i < text.size; i++) {
        if (!(text.data[i] >= '0' && text.data[i] <= '9') &&
            !(text.data[i] >= 'a' && text.data[i] <= 'f'))
            return false;
    }
    return text.data[line_size] == '+' && line_is_valid((struct bytes){text.data, line_size});
}

/* One line, blanks at its end and the line end dropped. */
static void read_version(struct registry *registry, struct faults *faults)
{
    const char *file = file_names[REGISTRY_FILE_VERSION];
    if (registry->texts[REGISTRY_FILE_VERSION] == NULL)
        return;
    struct bytes text = {(const uint8_t *)registry->texts[REGISTRY_FILE_VERSION],
                         registry->text_sizes[REGISTRY_FILE_VERSION]};
    if (text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) /* as editors put it */
        text = (struct bytes){text.data + 3, text.size - 3};
    while (text.size > 0 && text.data[text.size - 1] <= ' ')
        text.size--;
    if (!line_is_valid(text)) {
        faults_add(faults, FAULT_VERSION_INVALID, file, 1, NULL, text);
        return;
    }
    char digest[DIGEST_TEXT_BYTES];
    digest_format(&registry->digest, digest);
    (void)snprintf(registry->version, sizeof registry->version, "%.*s+%.*s", (int)text.size,
                   (const char *)text.data, DIGEST_DIGITS, digest);
}

/* A file that could not be read has said so: that it has no rows would be said twice. */
static bool is_at_fault(const struct faults *faults, const char *file)
{
    for (size_t i = 0; i < faults->count; i++)
        if (strcmp(faults->items[i].file, file) == 0)
            return true;
    return false;
}

static void require_rows(const struct registry *registry, struct faults *faults)
{
    const struct {
        enum registry_file file;
        size_t count;
    } tables[] = {
        {REGISTRY_FILE_AGENCIES, registry->agency_count},
        {REGISTRY_FILE_PROCEDURES, registry->procedure_count},
        {REGISTRY_FILE_POLICY, registry->rule_count},
    };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (registry->texts[tables[i].file] != NULL && tables[i].count == 0 &&
            !is_at_fault(faults, file_names[tables[i].file]))
            faults_add(faults, FAULT_ROWS_MISSING, file_names[tables[i].file], 0, NULL, no_detail);
    }
}

/* In the order in which tables refer to each other, so that each finds what it names. All are read
 * whatever the ones before had against them: who mends the files wants to see every fault at once.
 */
static enum reason read_all(struct registry *registry, const struct registry_files *files,
                            hash_function *hash, struct faults *faults)
{
    check_presence(files, faults);
    hash_files(files, hash, &registry->digest);
    read_version(registry, faults);
    registry_read_agencies(registry, faults);
    registry_read_participants(registry, faults);
    registry_read_carriers(registry, faults);
    registry_read_procedures(registry, faults);
    registry_read_policy(registry, faults);
    registry_read_areas(registry, faults);
    registry_read_competence(registry, faults);
    registry_read_retention(registry, faults);
    require_rows(registry, faults);
    enum reason reason =
        calendar_new(files->content[REGISTRY_FILE_HOLIDAYS], faults, &registry->calendar);
    return faults_total(faults) > 0 ? REASON_REGISTRY_INVALID : reason;
}

/* A registry with a single fault is none: half of one would refuse messages for a clerk's slip, and
 * what cannot be undone needs sure ground (invariant 14). The one that was in use stays. */
enum reason registry_new(const struct registry_files *files, hash_function *hash,
                         struct faults *faults, struct registry **ret_registry)
{
    faults_init(faults);
    struct registry *registry = allocate(files);
    if (registry == NULL)
        return REASON_OUT_OF_MEMORY;
    enum reason reason = read_all(registry, files, hash, faults);
    faults_sort(faults);
    if (reason != REASON_NONE) {
        registry_destroy(&registry);
        return reason;
    }
    *ret_registry = registry;
    return REASON_NONE;
}

/* Verifiers hold a snapshot while the loop puts another one in its place; the count is all that
 * they share. */
struct registry *registry_retain(struct registry *registry)
{
    atomic_fetch_add_explicit(&registry->references, 1, memory_order_relaxed);
    return registry;
}

void registry_destroy(struct registry **registry)
{
    struct registry *gone = *registry;
    *registry = NULL;
    if (gone == NULL || atomic_fetch_sub_explicit(&gone->references, 1, memory_order_acq_rel) != 1)
        return;
    calendar_destroy(&gone->calendar);
    struct arena arena = gone->arena;
    arena_release(&arena);
}

const char *registry_version(const struct registry *registry)
{
    return registry->version;
}

const struct calendar *registry_calendar(const struct registry *registry)
{
    return registry->calendar;
}
