/* The national catalogue against our registry, and a new version of the registry's files as a
 * proposal for people: nothing of it is in force before somebody has looked at it and put it
 * there.
 *
 * Tables are rewritten line by line, so that comments, order and quotes of the people who keep
 * them stay, and a difference shows only what is different. */
#include "ops/cli/portal_proposal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ops/cli/registry_versions.h"
#include "ops/client/file.h"
#include "proto/base/day.h"
#include "proto/base/printable.h"
#include "routing/registry/registry_change.h"

enum { FILE_BYTES_MAX = 8 * 1024 * 1024, LINE_BYTES_MAX = 8192, COLUMNS_MAX = 16 };

static const char *text_of_row(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text == NULL ? "" : text;
}

/* ---- comparing ------------------------------------------------------------------------------- */

static void add_change(json_t *changes, const char *kind, const char *code, const char *ours,
                       const char *theirs)
{
    (void)json_array_append_new(changes, json_pack("{s:s, s:s, s:s, s:s}", "kind", kind, "code",
                                                   code, "ours", ours, "theirs", theirs));
}

/* Rows by bare procedure code, or by unit code. */
static json_t *by_code(const json_t *rows, bool is_procedure)
{
    json_t *map = json_object();
    size_t index;
    json_t *row;
    json_array_foreach(rows, index, row)
    {
        struct bytes code = bytes_of_text(text_of_row(row, "code"));
        if (is_procedure)
            code = procedure_code_bare(code);
        if (code.size > 0)
            (void)json_object_setn(map, (const char *)code.data, code.size, row);
    }
    return map;
}

static const json_t *find(const json_t *map, const char *code, bool is_procedure)
{
    struct bytes key = bytes_of_text(code);
    if (is_procedure)
        key = procedure_code_bare(key);
    return json_object_getn(map, (const char *)key.data, key.size);
}

/* Those that have ended here are none of the catalogue's business and are not "gone". */
static void compare_procedures(const struct portal_proposal *proposal, json_t *changes)
{
    json_t *theirs = by_code(proposal->procedures, true);
    size_t index;
    const json_t *row;
    for (size_t i = 0; i < registry_procedure_count(proposal->registry); i++) {
        const struct procedure *ours = registry_procedure_at(proposal->registry, i);
        const json_t *other = find(theirs, ours->code, true);
        if (!procedure_in_force(ours, day_of(proposal->today)))
            continue;
        if (other == NULL)
            add_change(changes, "procedure_gone", ours->code, ours->name_vi, "");
        else if (strcmp(text_of_row(other, "name"), ours->name_vi) != 0)
            add_change(changes, "procedure_renamed", ours->code, ours->name_vi,
                       text_of_row(other, "name"));
    }
    json_array_foreach(proposal->procedures, index, row)
    {
        const char *code = text_of_row(row, "code");
        if (registry_procedure(proposal->registry, bytes_of_text(code)) == NULL)
            add_change(changes, "procedure_new", code, "", text_of_row(row, "name"));
    }
    json_decref(theirs);
}

/* Only agencies with a code of their own can be found over there: the portal does not know our
 * keys. */
static void compare_agencies(const struct portal_proposal *proposal, json_t *changes)
{
    json_t *theirs = by_code(proposal->agencies, false);
    size_t index;
    const json_t *row;
    for (size_t i = 0; i < registry_agency_count(proposal->registry); i++) {
        const struct agency *ours = registry_agency_at(proposal->registry, i);
        const json_t *other = find(theirs, ours->official_code, false);
        bool counts = ours->role == ROLE_AGENCY && ours->official_code[0] != 0 &&
                      agency_in_force(ours, day_of(proposal->today));
        if (counts && other == NULL)
            add_change(changes, "agency_gone", ours->official_code, ours->name_vi, "");
        else if (counts && strcmp(text_of_row(other, "name"), ours->name_vi) != 0)
            add_change(changes, "agency_renamed", ours->official_code, ours->name_vi,
                       text_of_row(other, "name"));
    }
    json_array_foreach(proposal->agencies, index, row)
    {
        const char *code = text_of_row(row, "code");
        if (code[0] != 0 &&
            registry_agency_by_code(proposal->registry, bytes_of_text(code)) == NULL)
            add_change(changes, "agency_new", code, "", text_of_row(row, "name"));
    }
    json_decref(theirs);
}

json_t *portal_proposal_changes(const struct portal_proposal *proposal)
{
    json_t *changes = json_array();
    compare_procedures(proposal, changes);
    compare_agencies(proposal, changes);
    return changes;
}

/* ---- lines of a table ------------------------------------------------------------------------ */

/* A line cut into its fields, as they stand between the commas: quotes stay. */
struct line {
    char text[LINE_BYTES_MAX];
    char *fields[COLUMNS_MAX];
    size_t count;
};

/* False: a line that this cannot keep as it is; the table is then left alone (rewrite). */
static bool cut(const char *text, struct line *ret_line)
{
    bool quoted = false;
    if (snprintf(ret_line->text, sizeof ret_line->text, "%s", text) >= (int)sizeof ret_line->text)
        return false;
    ret_line->count = 1;
    ret_line->fields[0] = ret_line->text;
    for (char *at = ret_line->text; *at != 0; at++) {
        if (*at == '"')
            quoted = !quoted;
        if (*at != ',' || quoted)
            continue;
        if (ret_line->count == COLUMNS_MAX)
            return false;
        *at = 0;
        ret_line->fields[ret_line->count++] = at + 1;
    }
    return !quoted;
}

static size_t column_of(const struct line *head, const char *name)
{
    for (size_t i = 0; i < head->count; i++) {
        if (strcmp(head->fields[i], name) == 0)
            return i;
    }
    return COLUMNS_MAX;
}

/* As a field of its own: on one line, since the catalogue's words are a stranger's and a line end
 * in one of them would begin a row of his own, and quoted when it must be. */
static bool append_field(struct buffer *into, const char *text)
{
    char *clean = printable_new(bytes_of_text(text));
    bool is_quoted = clean != NULL && strpbrk(clean, ",\"") != NULL;
    bool written = clean != NULL && (!is_quoted || buffer_append_text(into, "\""));
    for (const char *at = clean; written && *at != 0; at++)
        written = (*at != '"' || buffer_append_text(into, "\"")) &&
                  buffer_append(into, (struct bytes){(const uint8_t *)at, 1});
    free(clean);
    return written && (!is_quoted || buffer_append_text(into, "\""));
}

/* The line with one field in another's place. raw fields are written as they stand. */
static bool append_line(struct buffer *into, const struct line *line, size_t column,
                        const char *value)
{
    bool written = true;
    for (size_t i = 0; i < line->count && written; i++) {
        written =
            (i == 0 || buffer_append_text(into, ",")) &&
            (i == column ? append_field(into, value) : buffer_append_text(into, line->fields[i]));
    }
    return written && buffer_append_text(into, "\n");
}

/* ---- the files ------------------------------------------------------------------------------- */

struct rewriting {
    const struct portal_proposal *proposal;
    const json_t *theirs; /* by code */
    bool is_procedures;
    char today[DAY_TEXT_BYTES], yesterday[DAY_TEXT_BYTES];
    struct line head;
    size_t code, name, valid_to;
};

/* A procedure that the catalogue has no longer ends yesterday and stays in the table: dossiers of
 * it are under way. An agency is never ended here, since who takes over is a decree's to say. */
static bool rewrite_line(const struct rewriting *rewriting, const char *text, struct buffer *into)
{
    struct line line;
    if (!cut(text, &line) || line.count != rewriting->head.count)
        return false;
    const char *code = line.fields[rewriting->code];
    const json_t *other = find(rewriting->theirs, code, rewriting->is_procedures);
    const char *name = text_of_row(other, "name");
    if (other == NULL && rewriting->is_procedures && line.fields[rewriting->valid_to][0] == 0)
        return append_line(into, &line, rewriting->valid_to, rewriting->yesterday);
    struct buffer field;
    buffer_init(&field, LINE_BYTES_MAX);
    bool same = other == NULL || !append_field(&field, name) || code[0] == 0 ||
                strcmp(buffer_text(&field), line.fields[rewriting->name]) == 0;
    if (!same) { /* a name may also have been quoted without need */
        char quoted[LINE_BYTES_MAX];
        (void)snprintf(quoted, sizeof quoted, "\"%s\"", name);
        same = strcmp(quoted, line.fields[rewriting->name]) == 0;
    }
    buffer_release(&field);
    return same ? buffer_append_text(into, text) && buffer_append_text(into, "\n")
                : append_line(into, &line, rewriting->name, name);
}

/* What is new, by the columns of the head. Only where the competent agency is known by its code;
 * the rest is a person's work. Level and days are the least that the table takes, for the catalogue
 * does not say them. */
static bool append_new(const struct rewriting *rewriting, struct buffer *into)
{
    const struct portal_proposal *proposal = rewriting->proposal;
    size_t index;
    const json_t *row;
    bool written = true;
    json_array_foreach(proposal->procedures, index, row)
    {
        const char *code = text_of_row(row, "code");
        const struct agency *agency =
            registry_agency_by_code(proposal->registry, bytes_of_text(text_of_row(row, "agency")));
        if (agency == NULL || agency->role != ROLE_AGENCY ||
            registry_procedure(proposal->registry, bytes_of_text(code)) != NULL)
            continue;
        for (size_t i = 0; i < rewriting->head.count && written; i++) {
            const char *name = rewriting->head.fields[i];
            const char *value = strcmp(name, "code") == 0              ? code
                                : strcmp(name, "name_vi") == 0         ? text_of_row(row, "name")
                                : strcmp(name, "name_en") == 0         ? text_of_row(row, "name")
                                : strcmp(name, "field_code") == 0      ? text_of_row(row, "field")
                                : strcmp(name, "agency") == 0          ? agency->key.text
                                : strcmp(name, "service_level") == 0   ? "none"
                                : strcmp(name, "processing_days") == 0 ? "0"
                                : strcmp(name, "valid_from") == 0      ? rewriting->today
                                : strcmp(name, "sample") == 0          ? "no"
                                                                       : "";
            written = (i == 0 || buffer_append_text(into, ",")) && append_field(into, value);
        }
        written = written && buffer_append_text(into, "\n");
    }
    return written;
}

/* A table whose head lacks a column that is needed is left alone as a whole, with REGISTRY_INVALID:
 * half a table would be worse than none. */
static enum reason rewrite(struct rewriting *rewriting, char *content, struct buffer *into)
{
    char *rest = content;
    bool has_head = false, written = true;
    for (char *text = strsep(&rest, "\n"); text != NULL && written; text = strsep(&rest, "\n")) {
        if (text[0] == 0 && rest == NULL)
            break;
        if (text[0] == 0 || text[0] == '#') {
            written = buffer_append_text(into, text) && buffer_append_text(into, "\n");
        } else if (!has_head) {
            has_head = cut(text, &rewriting->head);
            rewriting->code =
                column_of(&rewriting->head, rewriting->is_procedures ? "code" : "official_code");
            rewriting->name = column_of(&rewriting->head, "name_vi");
            rewriting->valid_to = column_of(&rewriting->head, "valid_to");
            written = has_head && rewriting->code < COLUMNS_MAX && rewriting->name < COLUMNS_MAX &&
                      rewriting->valid_to < COLUMNS_MAX && buffer_append_text(into, text) &&
                      buffer_append_text(into, "\n");
        } else {
            written = rewrite_line(rewriting, text, into);
        }
    }
    if (written && rewriting->is_procedures)
        written = append_new(rewriting, into);
    return written ? REASON_NONE : REASON_REGISTRY_INVALID;
}

static enum reason write_table(const struct portal_proposal *proposal, const char *name,
                               bool is_procedures)
{
    char path[PATH_BYTES_MAX];
    struct rewriting rewriting = {.proposal = proposal, .is_procedures = is_procedures};
    struct buffer from, to;
    buffer_init(&from, FILE_BYTES_MAX);
    buffer_init(&to, FILE_BYTES_MAX);
    json_t *theirs =
        by_code(is_procedures ? proposal->procedures : proposal->agencies, is_procedures);
    rewriting.theirs = theirs;
    civil_day_t today = day_of(proposal->today);
    day_format(today, rewriting.today);
    day_format((civil_day_t){today.number - 1}, rewriting.yesterday);
    enum reason reason = path_make(path, "%s/%s", proposal->directory, name)
                             ? file_load(path, &from)
                             : REASON_FILE_UNREADABLE;
    char *content = reason == REASON_NONE ? strndup(buffer_text(&from), from.size) : NULL;
    if (content != NULL)
        reason = rewrite(&rewriting, content, &to);
    if (reason == REASON_NONE && path_make(path, "%s/%s", proposal->output, name))
        reason = file_write(path, buffer_view(&to), 0644);
    free(content);
    json_decref(theirs);
    buffer_release(&from);
    buffer_release(&to);
    return reason;
}

/* A whole copy, so that the proposal can be checked and put in use as it stands, with its two
 * tables written anew. */
enum reason portal_proposal_write(const struct portal_proposal *proposal)
{
    char path[PATH_BYTES_MAX], version[REGISTRY_VERSION_TEXT_BYTES];
    if (mkdir(proposal->output, 0755) != 0)
        return REASON_STORE_FAILED;
    enum reason reason = versions_copy(proposal->directory, proposal->output);
    if (reason == REASON_NONE)
        reason = write_table(proposal, "procedures.csv", true);
    if (reason == REASON_NONE)
        reason = write_table(proposal, "agencies.csv", false);
    registry_version_next(proposal->registry, day_of(proposal->today), version);
    if (reason != REASON_NONE || !path_make(path, "%s/version", proposal->output))
        return reason == REASON_NONE ? REASON_FILE_UNREADABLE : reason;
    return file_write(path, bytes_of_text(version), 0644);
}
