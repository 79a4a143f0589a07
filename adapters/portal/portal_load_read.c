/* The file of a first load: its lines, where the last run stopped, which dossiers are new. The
 * place is kept in the ledger with a hash of all that was read, and moves in the same commit as the
 * rows of its lines: a run that is cut off repeats no line and passes over none. The states:
 * portal_load.h. */
#include "adapters/portal/portal_load_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/bytes.h"
#include "proto/base/dossier_code.h"

enum {
    READ_LINES_MAX = 1000, /* in one transaction, which the adapter waits for: some ten ms */
};

#define HASH_OF_NOTHING UINT64_C(0xcbf29ce484222325)

/* Only what the ledger itself needs is judged here; what the portal wants of a dossier its mapping
 * says. */
enum reason load_judge(const json_t *facts, const char **ret_field)
{
    const char *code = portal_fact_text(facts, "code");
    const json_t *state = json_object_get(facts, "state");
    json_int_t number = json_integer_value(state);
    *ret_field = "";
    if (!json_is_object(facts))
        return REASON_REQUEST_MALFORMED;
    *ret_field = "code";
    if (code[0] == 0)
        return json_object_get(facts, "code") == NULL ? REASON_FIELD_MISSING : REASON_FIELD_INVALID;
    if (strlen(code) >= PORTAL_CODE_BYTES || !dossier_code_is_valid(bytes_of_text(code)))
        return REASON_DOSSIER_CODE_INVALID;
    *ret_field = "state";
    if (state == NULL)
        return REASON_FIELD_MISSING;
    return number > 0 && number <= UINT32_MAX && dossier_state_is_known((uint32_t)number)
               ? REASON_NONE
               : REASON_FIELD_INVALID;
}

/* False: it is no dossier that could be sent. */
static bool read_line(struct load *load, struct bytes line, struct item *ret_item)
{
    const char *field;
    json_t *facts =
        line.size > PORTAL_LOAD_LINE_BYTES_MAX
            ? NULL
            : json_loadb((const char *)line.data, line.size, JSON_REJECT_DUPLICATES, NULL);
    const char *code = portal_fact_text(facts, "code");
    uint64_t number = load->lines_before + load->figures.lines;
    enum reason reason = load_judge(facts, &field);
    if (reason != REASON_NONE) {
        bool has_code = strcmp(field, "state") == 0; /* which was found good */
        load_note_fault(load, number, has_code ? code : "", reason, field);
        json_decref(facts);
        return false;
    }
    *ret_item = (struct item){.facts = facts, .line = number};
    (void)snprintf(ret_item->code, sizeof ret_item->code, "%s", code);
    return true;
}

static bool is_in_batch(const struct load *load, const char *code)
{
    for (size_t i = 0; i < load->count; i++) {
        if (strcmp(load->items[i].code, code) == 0)
            return true;
    }
    return false;
}

static bool is_of_load(void *context, const struct portal_event_view *view)
{
    bool *is_only_load = context;
    *is_only_load = strcmp(view->type, "load") == 0;
    return *is_only_load;
}

/* The portal refused it in an earlier run, and nothing else was heard of it: the line may have been
 * mended. */
static bool may_try_again(struct load *load, const char *code, enum portal_presence presence)
{
    char id[LOAD_ID_BYTES];
    enum portal_outcome outcome;
    enum reason ignored;
    bool is_only_load = true;
    load_id(code, id);
    return presence == PORTAL_ABSENT &&
           portal_ledger_outcome(load->options->ledger, id, &outcome, &ignored) == REASON_NONE &&
           outcome == PORTAL_REFUSED &&
           portal_ledger_events(load->options->ledger, code, 0, is_of_load, &is_only_load) ==
               REASON_NONE &&
           is_only_load;
}

/* Any other dossier that the ledger has is left alone: live messages may have moved it since. */
static enum reason take_line(struct load *load, struct bytes line)
{
    struct portal_dossier known = {.facts = NULL};
    struct item *item = &load->items[load->count];
    if (!read_line(load, line, item))
        return REASON_NONE;
    enum reason reason = portal_ledger_dossier(load->options->ledger, item->code, &known);
    json_decref(known.facts);
    if (reason == REASON_NONE && may_try_again(load, item->code, known.presence))
        reason = REASON_NOT_FOUND;
    if (reason == REASON_NOT_FOUND && !is_in_batch(load, item->code)) {
        load->count++;
        return portal_ledger_put_dossier(load->options->ledger, item->code, PORTAL_LOADING,
                                         item->facts, load_wall_now(load));
    }
    json_decref(item->facts);
    load->figures.present += reason == REASON_NONE || reason == REASON_NOT_FOUND;
    return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
}

/* FNV-1a over the pieces of the file, as in key.h. */
static uint64_t hash_on(uint64_t hash, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)data[i]) * 0x100000001b3u;
    return hash;
}

static bool is_at_limit(const struct load *load)
{
    return load->options->limit != 0 && load->figures.lines >= load->options->limit;
}

/* A line to its end, which counts as one however long it is: .size tells how long, and only what is
 * within the bound is kept. False: there is no more. */
static bool next_line(struct load *load, struct bytes *ret_line)
{
    size_t size = 0;
    int byte = 0;
    while (byte != '\n' && (byte = getc_unlocked(load->file)) != EOF) {
        char character = (char)byte;
        load->read_hash = hash_on(load->read_hash, &character, 1);
        if (size < PORTAL_LOAD_LINE_BYTES_MAX)
            load->line[size] = character;
        size++;
    }
    *ret_line = (struct bytes){(const uint8_t *)load->line, size};
    return size > 0;
}

/* Reads as many lines as make a batch, marks them LOADING and moves the cursor: one commit. */
enum reason load_read_batch(struct load *load, bool *ret_is_end)
{
    char position[64];
    const struct portal_load_options *options = load->options;
    bool is_end = false;
    load_clear(load);
    enum reason reason = portal_ledger_begin(options->ledger);
    for (int i = 0; i < READ_LINES_MAX && load->count < options->batch && reason == REASON_NONE &&
                    !is_at_limit(load);
         i++) {
        struct bytes line;
        is_end = !next_line(load, &line);
        if (is_end)
            break;
        load->figures.lines++;
        reason = take_line(load, line);
    }
    load->figures.bytes = (uint64_t)ftello(load->file);
    (void)snprintf(position, sizeof position, "%llu %llx", (unsigned long long)load->figures.bytes,
                   (unsigned long long)load->read_hash);
    (void)portal_ledger_put_note(options->ledger, load->note, position);
    *ret_is_end = is_end || is_at_limit(load);
    if (reason == REASON_NONE)
        return portal_ledger_commit(options->ledger);
    portal_ledger_rollback(options->ledger);
    return reason;
}

/* True when the file still begins with what was read before; it stands behind that then. */
static bool skip_known(struct load *load, uint64_t size, uint64_t hash)
{
    uint64_t left = size;
    load->read_hash = HASH_OF_NOTHING;
    while (left > 0) {
        size_t want = left < PORTAL_LOAD_LINE_BYTES_MAX ? (size_t)left : PORTAL_LOAD_LINE_BYTES_MAX;
        size_t got = fread(load->line, 1, want, load->file);
        if (got == 0)
            return false;
        load->read_hash = hash_on(load->read_hash, load->line, got);
        for (size_t i = 0; i < got; i++)
            load->lines_before += load->line[i] == '\n';
        left -= got;
    }
    return load->read_hash == hash;
}

/* Where the last run stopped; from the front when the file was changed before that place. */
bool load_open_file(struct load *load)
{
    char *real = realpath(load->options->path, NULL);
    (void)snprintf(load->note, sizeof load->note, "load %s", real == NULL ? "" : real);
    free(real);
    load->file = fopen(load->options->path, "re");
    load->line = malloc(PORTAL_LOAD_LINE_BYTES_MAX);
    if (load->file == NULL || load->line == NULL || fseeko(load->file, 0, SEEK_END) != 0)
        return false;
    load->figures.bytes_total = (uint64_t)ftello(load->file);
    char *rest = NULL, note[PORTAL_NOTE_BYTES];
    if (portal_ledger_note(load->options->ledger, load->note, note) != REASON_NONE)
        return false;
    uint64_t at = strtoull(note, &rest, 10);
    uint64_t hash = strtoull(rest, NULL, 16);
    load->figures.bytes = at;
    rewind(load->file);
    if (at <= load->figures.bytes_total && skip_known(load, at, hash))
        return true;
    load->figures.bytes = 0;
    load->lines_before = 0;
    load->read_hash = HASH_OF_NOTHING;
    rewind(load->file);
    return ferror(load->file) == 0;
}
