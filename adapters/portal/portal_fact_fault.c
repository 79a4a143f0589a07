/* Names the field of wrong type that made a mapping fail. Without it a clerk would only hear that
 * some dossier of a batch cannot be told. The table repeats the words of portal_event.h on
 * purpose: it describes what a dialect may rely on, not what a message happened to bring. */
#include "adapters/portal/portal_fact_fault.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum kind { WORDS, NUMBER, OBJECT, LIST };

/* The words of portal_event.h, but for code and state, which every dossier was asked for; and those
 * of a step of its way. */
static const struct {
    const char *name;
    enum kind kind;
} fields[] = {
    {"procedure", OBJECT},
    {"agency", OBJECT},
    {"owner", OBJECT},
    {"files", LIST},
    {"components", LIST},
    {"fees", LIST},
    {"supplements", LIST},
    {"results", LIST},
    {"submitted_ms", NUMBER},
    {"received_ms", NUMBER},
    {"due_ms", NUMBER},
    {"finished_ms", NUMBER},
    {"handed_ms", NUMBER},
    {"refused_ms", NUMBER},
    {"requested_ms", NUMBER},
    {"due_before_ms", NUMBER},
    {"pause_ms", NUMBER},
    {"channel", NUMBER},
    {"submitted_at", NUMBER},
    {"return_kind", NUMBER},
    {"owner_kind", NUMBER},
    {"identity_kind", NUMBER},
    {"originals", NUMBER},
    {"copies", NUMBER},
    {"digitised", NUMBER},
    {"amount_dong", NUMBER},
    {"kind", NUMBER},
    {"summary", WORDS},
    {"note", WORDS},
    {"return_note", WORDS},
    {"code", WORDS},
    {"name", WORDS},
    {"field_code", WORDS},
    {"field_name", WORDS},
    {"key", WORDS},
    {"identity_number", WORDS},
    {"address", WORDS},
    {"phone", WORDS},
    {"email", WORDS},
    {"sha256", WORDS},
    {"component_code", WORDS},
    {"at_ms", NUMBER},
    {"started_ms", NUMBER},
    {"official", WORDS},
    {"position", WORDS},
    {"unit", WORDS},
    {"content", WORDS},
    {"reason", WORDS},
    {"by", WORDS},
    {"number", WORDS},
};

enum { DEPTH_MAX = 4 /* results[1].files[1].name */ };

static bool is_of_kind(const json_t *value, enum kind kind)
{
    switch (kind) {
    case OBJECT:
        return json_is_object(value);
    case LIST:
        return json_is_array(value);
    case NUMBER:
        return json_is_number(value);
    default:
        return json_is_string(value) || json_is_number(value);
    }
}

static bool find_field(const json_t *object, int depth, char path[PORTAL_FIELD_BYTES]);

/* The value, or what is within it, is not as the words have it: path, which ends in its name. */
static bool is_wrong(const json_t *value, enum kind kind, int depth, char path[PORTAL_FIELD_BYTES])
{
    size_t index, size = strlen(path);
    const json_t *item;
    if (json_is_null(value))
        return false;
    if (!is_of_kind(value, kind))
        return true;
    if (kind == OBJECT)
        return find_field(value, depth + 1, path);
    if (kind != LIST)
        return false;
    json_array_foreach(value, index, item)
    {
        (void)snprintf(path + size, PORTAL_FIELD_BYTES - size, "[%zu]", index + 1);
        if (!json_is_object(item) || find_field(item, depth + 1, path))
            return true;
    }
    path[size] = 0;
    return false;
}

/* True: path is that of the first field of a wrong type; otherwise it stays as it is. */
static bool find_field(const json_t *object, int depth, char path[PORTAL_FIELD_BYTES])
{
    size_t size = strlen(path);
    for (size_t i = 0; depth < DEPTH_MAX && i < sizeof fields / sizeof fields[0]; i++) {
        const json_t *value = json_object_get(object, fields[i].name);
        if (value == NULL)
            continue;
        (void)snprintf(path + size, PORTAL_FIELD_BYTES - size, "%s%s", size > 0 ? "." : "",
                       fields[i].name);
        if (is_wrong(value, fields[i].kind, depth, path))
            return true;
        path[size] = 0;
    }
    return false;
}

void portal_fact_fault(const json_t *facts, char ret_field[PORTAL_FIELD_BYTES])
{
    ret_field[0] = 0;
    (void)find_field(facts, 0, ret_field);
}
