/* The file is walked twice: once to find its faults, and, when it has none, once more to write the
 * values. So nothing is kept between, and nothing is written of a file that is refused, unless it
 * is for want of memory on the second walk. */
#include "proto/settings/settings.h"

#include <string.h>
#include <yaml.h>

#include "proto/base/check.h"
#include "proto/settings/value.h"

struct walk {
    const struct setting *table;
    size_t row_count;
    const char *folder;
    void *values; /* NULL on the first walk */
    struct settings_faults *faults;
    yaml_parser_t parser;
    yaml_event_t event;
    bool ended; /* the file cannot be read further */
    bool seen[SETTINGS_ROWS_MAX];
    uint8_t sections_seen[SETTINGS_ROWS_MAX]; /* bit d: the section at depth d of that row's name */
    char name[SETTINGS_NAME_BYTES_MAX];       /* of the key at hand, with its sections */
};

_Static_assert(SETTINGS_DEPTH_MAX <= 8, "a depth is a bit of sections_seen");

/* The name comes from the file: what a terminal could obey, or a blank that hides where it ends,
 * becomes a question mark. */
static void add_fault(struct settings_faults *faults, enum setting_fault_kind kind, size_t line,
                      const struct setting *setting, const char *name)
{
    if (faults->count == SETTINGS_FAULTS_MAX) {
        faults->left_off++;
        return;
    }
    struct setting_fault *fault = &faults->list[faults->count++];
    *fault = (struct setting_fault){.kind = kind, .line = line, .setting = setting};
    for (size_t i = 0; name[i] != 0 && i < sizeof fault->name - 1; i++)
        fault->name[i] = name[i] > ' ' && name[i] < 127 ? name[i] : '?';
}

/* libyaml counts from 0, editors from 1. */
static size_t line_of(const struct walk *walk)
{
    return walk->event.start_mark.line + 1;
}

static void fault_here(struct walk *walk, enum setting_fault_kind kind,
                       const struct setting *setting)
{
    add_fault(walk->faults, kind, line_of(walk), setting, walk->name);
}

/* The next event stands in walk->event; false at the end of what can be read. */
static bool next_event(struct walk *walk)
{
    if (walk->ended)
        return false;
    yaml_event_delete(&walk->event);
    if (yaml_parser_parse(&walk->parser, &walk->event))
        return true;
    bool memory = walk->parser.error == YAML_MEMORY_ERROR;
    add_fault(walk->faults, memory ? SETTING_FAULT_OUT_OF_MEMORY : SETTING_FAULT_SYNTAX,
              walk->parser.problem_mark.line + 1, NULL, "");
    walk->ended = true;
    return false;
}

/* Goes on to the end of the value that begins with the event at hand. */
static void skip_value(struct walk *walk)
{
    size_t depth = 0;
    do {
        yaml_event_type_t type = walk->event.type;
        if (type == YAML_MAPPING_START_EVENT || type == YAML_SEQUENCE_START_EVENT)
            depth++;
        else if (type == YAML_MAPPING_END_EVENT || type == YAML_SEQUENCE_END_EVENT)
            depth--;
    } while (depth > 0 && next_event(walk));
}

/* A scan: a file is read once at the start and once at a reload. */
static const struct setting *find_setting(const struct walk *walk)
{
    for (size_t i = 0; i < walk->row_count; i++) {
        if (strcmp(walk->table[i].name, walk->name) == 0)
            return &walk->table[i];
    }
    return NULL;
}

/* The first row of the section that is named; NULL when there is no such section. */
static const struct setting *find_section(const struct walk *walk)
{
    size_t length = strlen(walk->name);
    for (size_t i = 0; i < walk->row_count; i++) {
        const char *name = walk->table[i].name;
        if (strncmp(name, walk->name, length) == 0 && name[length] == '.')
            return &walk->table[i];
    }
    return NULL;
}

/* Puts the key at hand behind the sections before it. A key that is too long for any name of a
 * table, or has a dot or a zero byte in it, is cut: it then names nothing. */
static void enter_key(struct walk *walk, size_t length)
{
    const char *key = (const char *)walk->event.data.scalar.value;
    size_t key_length = walk->event.data.scalar.length;
    size_t room = sizeof walk->name - 1 - length;
    size_t kept = key_length < room ? key_length : room;
    for (size_t i = 0; i < kept; i++)
        walk->name[length + i] = key[i] == '.' || key[i] == 0 ? '?' : key[i];
    walk->name[length + kept] = 0;
    if (kept < key_length)
        walk->name[length + kept - 1] = '?';
}

/* A repeated key is a fault even with the same value, because one of the two lines does not do what
 * its writer thinks. An empty plain scalar is YAML's null and not a text; who wants an empty text
 * writes "". */
static void take_scalar(struct walk *walk, const struct setting *setting)
{
    size_t row = (size_t)(setting - walk->table);
    struct bytes text = {walk->event.data.scalar.value, walk->event.data.scalar.length};
    bool plain = walk->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (walk->seen[row])
        fault_here(walk, SETTING_FAULT_REPEATED, setting);
    walk->seen[row] = true;
    enum value_verdict verdict = plain && text.size == 0
                                     ? VALUE_WRONG_KIND
                                     : value_read(setting, text, plain, walk->folder, walk->values);
    if (verdict == VALUE_WRONG_KIND)
        fault_here(walk, SETTING_FAULT_WRONG_KIND, setting);
    else if (verdict == VALUE_OUT_OF_RANGE)
        fault_here(walk, SETTING_FAULT_OUT_OF_RANGE, setting);
}

/* A section is remembered at its first row, as one bit for each depth, so that "api:" twice is
 * found and "api.port" beside "api.socket" is not. */
static void open_section(struct walk *walk, const struct setting *first_row, size_t depth)
{
    uint8_t *seen = &walk->sections_seen[first_row - walk->table];
    if ((*seen >> depth & 1) != 0)
        fault_here(walk, SETTING_FAULT_REPEATED, NULL);
    *seen = (uint8_t)(*seen | 1U << depth);
}

/* Recursion is bounded by SETTINGS_DEPTH_MAX; deeper mappings are skipped without it. */
static void take_mapping(struct walk *walk, size_t length, size_t depth);

/* The value of the key that stands in walk->name. */
static void take_value(struct walk *walk, size_t depth)
{
    const struct setting *setting = find_setting(walk);
    const struct setting *section = setting == NULL ? find_section(walk) : NULL;
    yaml_event_type_t type = walk->event.type;
    if (setting == NULL && section == NULL) {
        fault_here(walk, SETTING_FAULT_UNKNOWN, NULL);
        skip_value(walk);
    } else if (setting != NULL && type == YAML_SCALAR_EVENT) {
        take_scalar(walk, setting);
    } else if (section != NULL && type == YAML_MAPPING_START_EVENT && depth < SETTINGS_DEPTH_MAX) {
        open_section(walk, section, depth);
        take_mapping(walk, strlen(walk->name), depth + 1);
    } else {
        if (setting != NULL)
            walk->seen[setting - walk->table] = true;
        fault_here(walk, SETTING_FAULT_WRONG_KIND, setting);
        skip_value(walk);
    }
}

/* Keys and values up to the end of the mapping that has just begun. The first length characters
 * of walk->name are its sections. */
static void take_mapping(struct walk *walk, size_t length, size_t depth)
{
    while (next_event(walk) && walk->event.type != YAML_MAPPING_END_EVENT) {
        size_t start = length;
        if (length > 0 && length < sizeof walk->name - 2)
            walk->name[start++] = '.';
        walk->name[start] = 0;
        if (walk->event.type != YAML_SCALAR_EVENT) {
            fault_here(walk, SETTING_FAULT_SYNTAX, NULL);
            skip_value(walk);
            if (next_event(walk))
                skip_value(walk);
            continue;
        }
        enter_key(walk, start);
        if (next_event(walk))
            take_value(walk, depth);
    }
}

/* One document that is a mapping, or nothing at all. */
static void take_file(struct walk *walk)
{
    size_t documents = 0;
    while (next_event(walk) && walk->event.type != YAML_STREAM_END_EVENT) {
        bool empty = walk->event.type == YAML_SCALAR_EVENT && walk->event.data.scalar.length == 0 &&
                     documents == 1;
        if (walk->event.type == YAML_DOCUMENT_START_EVENT)
            documents++;
        if (documents > 1) {
            fault_here(walk, SETTING_FAULT_SYNTAX, NULL);
            return;
        }
        if (walk->event.type == YAML_MAPPING_START_EVENT) {
            take_mapping(walk, 0, 0);
            walk->name[0] = 0;
        } else if ((walk->event.type == YAML_SCALAR_EVENT && !empty) ||
                   walk->event.type == YAML_SEQUENCE_START_EVENT) {
            fault_here(walk, SETTING_FAULT_SYNTAX, NULL);
            return;
        }
    }
}

static void walk_file(struct walk *walk, struct bytes yaml)
{
    if (!yaml_parser_initialize(&walk->parser)) {
        add_fault(walk->faults, SETTING_FAULT_OUT_OF_MEMORY, 0, NULL, "");
        return;
    }
    /* Without it libyaml would guess UTF-16 from the first bytes. */
    yaml_parser_set_encoding(&walk->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&walk->parser, yaml.data, yaml.size);
    take_file(walk);
    yaml_event_delete(&walk->event);
    yaml_parser_delete(&walk->parser);
}

/* Rows that the file does not have: their fallback, or a fault. */
static void take_fallbacks(struct walk *walk)
{
    for (size_t i = 0; i < walk->row_count; i++) {
        const struct setting *row = &walk->table[i];
        if (walk->seen[i])
            continue;
        if (row->fallback == NULL && walk->ended)
            continue; /* it may stand behind the line that cannot be read */
        if (row->fallback == NULL) {
            add_fault(walk->faults, SETTING_FAULT_MISSING, 0, row, row->name);
            continue;
        }
        enum value_verdict verdict =
            value_read(row, bytes_of_text(row->fallback), true, walk->folder, walk->values);
        if (verdict != VALUE_FITS)
            add_fault(walk->faults, SETTING_FAULT_OUT_OF_RANGE, 0, row, row->name);
    }
}

/* Ours, not the operator's: each start of the program proves that the table would take its own
 * fallbacks. */
static void check_table(const struct setting *table, size_t row_count)
{
    check(row_count <= SETTINGS_ROWS_MAX);
    for (size_t i = 0; i < row_count; i++) {
        const struct setting *row = &table[i];
        check(strlen(row->name) < SETTINGS_NAME_BYTES_MAX);
        check(setting_field_fits(row));
        check(row->fallback == NULL ||
              value_read(row, bytes_of_text(row->fallback), true, NULL, NULL) == VALUE_FITS);
    }
}

bool settings_load(const struct setting *table, size_t row_count, struct bytes yaml,
                   const char *folder, void *ret_values, struct settings_faults *ret_faults)
{
    check_table(table, row_count);
    *ret_faults = (struct settings_faults){0};
    if (yaml.size > SETTINGS_FILE_BYTES_MAX) {
        add_fault(ret_faults, SETTING_FAULT_FILE_TOO_LARGE, 0, NULL, "");
        return false;
    }
    /* The first walk writes nowhere. */
    void *targets[] = {NULL, ret_values};
    for (size_t i = 0; i < 2; i++) {
        struct walk walk = {.table = table,
                            .row_count = row_count,
                            .folder = folder,
                            .values = targets[i],
                            .faults = ret_faults};
        walk_file(&walk, yaml);
        take_fallbacks(&walk);
        if (ret_faults->count > 0)
            return false;
    }
    return true;
}
