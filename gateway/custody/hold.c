/* Legal holds as notes. */
#include "gateway/custody/hold.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gateway/custody/retention.h"
#include "proto/base/printable.h"

#define NOTE_HOLDS "holds"
#define ENDED      "released/"

static const struct room_need room_hold = {
    {[ROOM_NOTES] = 3,
     [ROOM_RECORDS] = 1,
     [ROOM_BYTES] = 2 * HOLDS_MAX * (DOSSIER_CODE_BYTES_MAX + 1) + HOLD_TEXT_BYTES +
                    2 * RETENTION_HOLD_NAME_BYTES + ROOM_LEDGER_ENTRY_BYTES + 128}};
_Static_assert(HOLDS_MAX *(DOSSIER_CODE_BYTES_MAX + 1) <= STORE_NOTE_BYTES_MAX,
               "the codes fit into one note");

/* As this step leaves it: two holds may come in one. */
static enum reason read_note(struct step *step, struct bytes name, struct bytes *ret_value)
{
    const struct plan *plan = &step->plan;
    for (size_t i = plan->store.note_count; i-- > 0;) {
        if (!bytes_equal(plan->notes[i].name, name))
            continue;
        *ret_value = plan->notes[i].value;
        return ret_value->size == 0 ? REASON_NOT_FOUND : REASON_NONE;
    }
    return step->store->verbs->read_note(step->store, name, ret_value);
}

/* The plan has views: what they show lives as long as the step. */
static struct bytes keep(struct step *step, struct bytes text)
{
    uint8_t *copy = plan_take(&step->plan, text.size);
    memcpy(copy, text.data, text.size);
    return (struct bytes){copy, text.size};
}

/* The line that begins at *at, without its end; *at moves behind it. False: there is none. */
static bool next_line(struct bytes lines, size_t *at, struct bytes *ret_line)
{
    size_t end = *at;
    while (end < lines.size && lines.data[end] != '\n')
        end++;
    *ret_line = (struct bytes){lines.data + *at, end - *at};
    bool has_line = *at < lines.size;
    *at = end + 1;
    return has_line;
}

/* The codes with this one more, or without it. BUSY: there are HOLDS_MAX. */
static enum reason plan_codes(struct step *step, const struct hold *hold)
{
    struct bytes codes = {NULL, 0}, line;
    size_t count = 0, size = 0, at = 0;
    enum reason reason = read_note(step, bytes_of_text(NOTE_HOLDS), &codes);
    if (reason != REASON_NONE && reason != REASON_NOT_FOUND)
        return reason;
    uint8_t *text = plan_take(&step->plan, codes.size + hold->dossier_code.size + 1);
    for (; reason == REASON_NONE && next_line(codes, &at, &line); count++) {
        if (bytes_equal(line, hold->dossier_code))
            continue;
        memcpy(text + size, line.data, line.size);
        text[size + line.size] = '\n';
        size += line.size + 1;
    }
    if (hold->is_held && count == HOLDS_MAX)
        return REASON_BUSY;
    if (hold->is_held) {
        memcpy(text + size, hold->dossier_code.data, hold->dossier_code.size);
        text[size + hold->dossier_code.size] = '\n';
        size += hold->dossier_code.size + 1;
    }
    plan_note(&step->plan, bytes_of_text(NOTE_HOLDS), (struct bytes){text, size});
    return REASON_NONE;
}

/* Names and reasons are shown on terminals and stand on lines of a note. */
static bool is_sound(const struct hold *hold)
{
    return hold->dossier_code.size > 0 && hold->dossier_code.size <= DOSSIER_CODE_BYTES_MAX &&
           hold->by[0] != 0 && hold->why[0] != 0 && printable_is_text(hold->dossier_code) &&
           printable_is_text(bytes_of_text(hold->by)) &&
           printable_is_text(bytes_of_text(hold->why));
}

/* Who ended a hold, and why, stays beside the dossier: the ledger has the digest of that text, and
 * whoever asks years later finds the words. A second hold of the same dossier says so instead of
 * taking the place of the first, whose reason may still stand. */
enum reason hold_plan(struct step *step, const struct hold *hold, struct bytes *ret_text)
{
    char name[RETENTION_HOLD_NAME_BYTES], ended[sizeof ENDED + DOSSIER_CODE_BYTES_MAX];
    char text[HOLD_TEXT_BYTES];
    struct bytes before;
    if (step->store_state != REASON_NONE)
        return step->store_state;
    if (!is_sound(hold))
        return REASON_FIELD_INVALID;
    if (!step_fits(step, &room_hold))
        return REASON_BUSY;
    struct bytes held = retention_hold_name(hold->dossier_code, name);
    enum reason reason = read_note(step, held, &before);
    if (reason != REASON_NONE && reason != REASON_NOT_FOUND)
        return reason;
    if ((reason == REASON_NONE) == hold->is_held)
        return hold->is_held ? REASON_HELD_ALREADY : REASON_NOT_FOUND;
    reason = plan_codes(step, hold);
    if (reason != REASON_NONE)
        return reason;
    int size =
        snprintf(text, sizeof text, "%" PRId64 "\n%s\n%s\n", hold->at.ms, hold->by, hold->why);
    int name_size = snprintf(ended, sizeof ended, ENDED "%.*s", (int)hold->dossier_code.size,
                             (const char *)hold->dossier_code.data);
    *ret_text = keep(step, (struct bytes){(const uint8_t *)text, (size_t)size});
    plan_note(&step->plan, keep(step, held), hold->is_held ? *ret_text : (struct bytes){NULL, 0});
    if (!hold->is_held)
        plan_note(&step->plan,
                  keep(step, (struct bytes){(const uint8_t *)ended, (size_t)name_size}), *ret_text);
    return REASON_NONE;
}

/* Written by us; a digit that is none ends it. */
static int64_t read_number(struct bytes digits)
{
    int64_t number = 0;
    for (size_t i = 0; i < digits.size && digits.data[i] >= '0' && digits.data[i] <= '9'; i++)
        number = number * 10 + (digits.data[i] - '0');
    return number;
}

static void copy_line(struct bytes text, size_t *at, char *ret_text, size_t capacity)
{
    struct bytes line;
    size_t size = next_line(text, at, &line) && line.size < capacity ? line.size : 0;
    memcpy(ret_text, line.data, size);
    ret_text[size] = 0;
}

/* Index by index: a list of holds is asked for by people, and there are few. The code is copied,
 * since the second read takes the place of the first. */
enum reason hold_at(struct store *store, size_t index, char text[DOSSIER_CODE_BYTES_MAX],
                    struct hold *ret_hold)
{
    char name[RETENTION_HOLD_NAME_BYTES];
    struct bytes value, line = {NULL, 0};
    size_t at = 0;
    enum reason reason = store->verbs->read_note(store, bytes_of_text(NOTE_HOLDS), &value);
    for (size_t i = 0; reason == REASON_NONE && i <= index; i++) {
        if (!next_line(value, &at, &line))
            reason = REASON_NOT_FOUND;
    }
    if (reason != REASON_NONE)
        return reason;
    if (line.size > DOSSIER_CODE_BYTES_MAX)
        return REASON_STORE_CORRUPT;
    memcpy(text, line.data, line.size);
    struct hold hold = {.dossier_code = {(const uint8_t *)text, line.size}, .is_held = true};
    reason = store->verbs->read_note(store, retention_hold_name(hold.dossier_code, name), &value);
    if (reason != REASON_NONE)
        return reason == REASON_NOT_FOUND ? REASON_STORE_CORRUPT : reason;
    at = 0;
    if (next_line(value, &at, &line))
        hold.at.ms = read_number(line);
    copy_line(value, &at, hold.by, sizeof hold.by);
    copy_line(value, &at, hold.why, sizeof hold.why);
    *ret_hold = hold;
    return REASON_NONE;
}
