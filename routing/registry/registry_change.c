/* Two snapshots beside each other. Rows are matched by what names them for good: agencies and
 * participants by key, procedures by national code, rules by roles and type. What a change means
 * for who is owed something is judged first, so that a refusal stands on top. */
#include "routing/registry/registry_change.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/check.h"
#include "routing/registry/registry_parts.h"

/* The first that refuses gives the reason, for a person mends one thing after another; all stand in
 * the list. */
static void add(struct registry_changes *changes, struct registry_change change)
{
    if (registry_change_refuses(change.kind) && changes->reason == REASON_NONE)
        changes->reason =
            change.kind == CHANGE_VERSION_OLDER ? REASON_REGISTRY_OLDER : REASON_REGISTRY_STRANDS;
    if (changes->count == REGISTRY_CHANGES_MAX)
        changes->left_out++;
    else
        changes->items[changes->count++] = change;
}

bool registry_change_refuses(enum registry_change_kind kind)
{
    return kind <= CHANGE_AGENCY_STRANDED;
}

/* Of at most four digits (registry.c). */
static int number_at(const char *text)
{
    int number = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        number = number * 10 + (*text - '0');
    return number;
}

/* The order of the version files' lines: negative, 0 or positive. */
static int registry_version_compare(const struct registry *a, const struct registry *b)
{
    enum { DATE_SIZE = DAY_TEXT_BYTES - 1 };
    const char *left = registry_version(a), *right = registry_version(b);
    int order = strncmp(left, right, DATE_SIZE);
    int numbers[] = {number_at(left + DATE_SIZE + 1), number_at(right + DATE_SIZE + 1)};
    return order != 0 ? order : (numbers[0] > numbers[1]) - (numbers[0] < numbers[1]);
}

void registry_version_next(const struct registry *registry, civil_day_t today,
                           char ret_version[REGISTRY_VERSION_TEXT_BYTES])
{
    enum { DATE_SIZE = DAY_TEXT_BYTES - 1, NUMBER_MAX = 9999 };
    const char *version = registry_version(registry);
    char text[DAY_TEXT_BYTES];
    civil_day_t day;
    check(day_parse((struct bytes){(const uint8_t *)version, DATE_SIZE}, &day));
    int number = number_at(version + DATE_SIZE + 1) + 1;
    if (day.number < today.number || number > NUMBER_MAX) {
        day.number = day.number < today.number ? today.number : day.number + 1;
        number = 1;
    }
    day_format(day, text);
    (void)snprintf(ret_version, REGISTRY_VERSION_TEXT_BYTES, "%s.%d", text, number);
}

/* ---- who is owed something ---- */

struct comparison {
    const struct registry *old, *new_registry;
    const struct registry_owed *owed;
    size_t owed_count;
    struct registry_changes *changes;
};

/* Somebody fetches what waits for that agency: itself or, from a handover day on, its heir. */
static bool is_served(const struct registry *registry, const struct agency *agency,
                      civil_day_t today)
{
    const struct agency *heir = agency_heir(agency, today);
    return registry_participant(registry, &heir->key) != NULL;
}

/* What keeps somebody who is owed something from ever having it; 0: nothing. */
static enum registry_change_kind trouble_of(const struct registry *registry,
                                            const struct registry_owed *owed, civil_day_t today)
{
    const struct agency *agency = registry_agency(registry, &owed->destination);
    if (agency == NULL)
        return CHANGE_AGENCY_FORGOTTEN;
    bool is_catalogue = registry_participant_count(registry) == 0;
    if (!is_catalogue && is_served(registry, agency, today))
        return 0;
    if (agency->valid_to.number < today.number && agency->successor == NULL)
        return CHANGE_AGENCY_STRANDED;
    return !is_catalogue && owed->waiting > 0 ? CHANGE_PARTICIPANT_MISSED : 0;
}

/* What was so before is no reason against the new one, which may be half of the cure. */
static void judge_owed(const struct comparison *of, const struct registry_owed *owed,
                       civil_day_t today)
{
    const struct agency *agency = registry_agency(of->new_registry, &owed->destination);
    const struct agency *heir = agency == NULL ? NULL : agency_heir(agency, today);
    struct registry_change change = {
        .kind = trouble_of(of->new_registry, owed, today),
        .from = owed->destination,
        .count = owed->waiting,
        .under_way = owed->under_way,
    };
    if (agency != NULL)
        change.day = agency->valid_to;
    if (change.kind != 0 && change.kind == trouble_of(of->old, owed, today))
        return;
    if (change.kind == 0 && heir != agency && owed->waiting > 0) {
        change.kind = CHANGE_QUEUE_MOVES;
        change.to = heir->key;
    }
    if (change.kind != 0)
        add(of->changes, change);
}

/* ---- agencies and participants ---- */

static uint64_t under_way_of(const struct registry_owed *owed, size_t count, const struct key *key)
{
    for (size_t i = 0; i < count; i++) {
        if (key_equal(&owed[i].destination, key))
            return owed[i].under_way;
    }
    return 0;
}

/* Left out, ended or given another successor; and those that are new. Names and codes may change
 * without a word: nothing is routed by them. */
static void compare_agencies(const struct comparison *of)
{
    for (size_t i = 0; i < registry_agency_count(of->old); i++) {
        const struct agency *before = registry_agency_at(of->old, i);
        const struct agency *after = registry_agency(of->new_registry, &before->key);
        struct registry_change change = {
            .from = before->key, .under_way = under_way_of(of->owed, of->owed_count, &before->key)};
        if (after == NULL) {
            change.kind = CHANGE_AGENCY_REMOVED;
            add(of->changes, change);
            continue;
        }
        change.to = after->successor_key;
        change.kind = CHANGE_AGENCY_ENDS;
        change.day = after->valid_to;
        if (after->valid_to.number != before->valid_to.number ||
            !key_equal(&after->successor_key, &before->successor_key))
            add(of->changes, change);
        change.kind = CHANGE_AGENCY_HANDOVER;
        change.day = after->handover;
        if (after->handover.number != before->handover.number)
            add(of->changes, change);
    }
    for (size_t i = 0; i < registry_agency_count(of->new_registry); i++) {
        const struct agency *after = registry_agency_at(of->new_registry, i);
        if (registry_agency(of->old, &after->key) == NULL)
            add(of->changes, (struct registry_change){.kind = CHANGE_AGENCY_ADDED,
                                                      .to = after->key,
                                                      .day = after->valid_from});
    }
}

/* Who may connect, and with which key. Certificates are judged by registry_check.h. */
static void compare_participants(const struct comparison *of)
{
    for (size_t i = 0; i < registry_participant_count(of->old); i++) {
        const struct participant *before = registry_participant_at(of->old, i);
        const struct participant *after =
            registry_participant(of->new_registry, &before->agency->key);
        struct registry_change change = {.from = before->agency->key};
        change.kind = after == NULL ? CHANGE_PARTICIPANT_REMOVED : CHANGE_KEY;
        if (after == NULL || strcmp(after->curve_public_key, before->curve_public_key) != 0)
            add(of->changes, change);
    }
    for (size_t i = 0; i < registry_participant_count(of->new_registry); i++) {
        const struct key *key = &registry_participant_at(of->new_registry, i)->agency->key;
        if (registry_participant(of->old, key) == NULL)
            add(of->changes,
                (struct registry_change){.kind = CHANGE_PARTICIPANT_ADDED, .to = *key});
    }
}

/* ---- procedures, policy, calendar ---- */

/* One more procedure that goes the same way. */
static void count_procedure(struct registry_changes *changes, enum registry_change_kind kind,
                            const struct agency *from, const struct agency *to)
{
    static const struct key none;
    const struct key *from_key = from == NULL ? &none : &from->key;
    const struct key *to_key = to == NULL ? &none : &to->key;
    for (size_t i = changes->count; i-- > 0;) {
        struct registry_change *change = &changes->items[i];
        if (change->kind == kind && key_equal(&change->from, from_key) &&
            key_equal(&change->to, to_key)) {
            change->count++;
            return;
        }
    }
    add(changes,
        (struct registry_change){.kind = kind, .from = *from_key, .to = *to_key, .count = 1});
}

/* Whoever it goes to on that day; NULL: the area decides. */
static const struct agency *agency_of(const struct procedure *procedure, civil_day_t day)
{
    const struct agency *agency = procedure->agency;
    while (agency != NULL && agency->valid_to.number < day.number && agency->successor != NULL)
        agency = agency->successor;
    return agency;
}

static bool is_same(const struct agency *a, const struct agency *b)
{
    return (a == NULL && b == NULL) || (a != NULL && b != NULL && key_equal(&a->key, &b->key));
}

/* By where they go today: a merger moves many at once, and is one line. */
static void compare_procedures(const struct comparison *of, civil_day_t today)
{
    for (size_t i = 0; i < registry_procedure_count(of->old); i++) {
        const struct procedure *before = registry_procedure_at(of->old, i);
        const struct procedure *after =
            registry_procedure(of->new_registry, bytes_of_text(before->code));
        const struct agency *from = agency_of(before, today);
        bool was = procedure_in_force(before, today);
        bool is = after != NULL && procedure_in_force(after, today);
        if (was && !is)
            count_procedure(of->changes, CHANGE_PROCEDURES_GONE, from, NULL);
        else if (was && !is_same(from, agency_of(after, today)))
            count_procedure(of->changes, CHANGE_PROCEDURES_MOVED, from, agency_of(after, today));
    }
    for (size_t i = 0; i < registry_procedure_count(of->new_registry); i++) {
        const struct procedure *after = registry_procedure_at(of->new_registry, i);
        if (registry_procedure(of->old, bytes_of_text(after->code)) == NULL)
            count_procedure(of->changes, CHANGE_PROCEDURES_ADDED, NULL, agency_of(after, today));
    }
}

static bool is_same_rule(const struct policy_rule *a, const struct policy_rule *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    bool same = a->life_hours == b->life_hours && a->reception_days == b->reception_days &&
                a->copy_count == b->copy_count;
    for (size_t i = 0; same && i < a->copy_count; i++)
        same = key_equal(&a->copies[i]->key, &b->copies[i]->key);
    return same;
}

/* Of all that a rule may be for: the table is small, and its rows have no names. */
static uint64_t count_rules(const struct comparison *of)
{
    uint64_t count = 0;
    for (int sender = 0; sender < ROLE_COUNT; sender++)
        for (int type = 1; type <= MESSAGE_TYPE_BUSINESS_COUNT; type++)
            for (int recipient = 0; recipient < ROLE_COUNT; recipient++)
                count += !is_same_rule(
                    registry_policy(of->old, (enum participant_role)sender, (enum message_type)type,
                                    (enum participant_role)recipient),
                    registry_policy(of->new_registry, (enum participant_role)sender,
                                    (enum message_type)type, (enum participant_role)recipient));
    return count;
}

static bool has_row(const struct registry *registry, const struct competence *row)
{
    const struct procedure *procedure =
        row->procedure == NULL ? NULL
                               : registry_procedure(registry, bytes_of_text(row->procedure->code));
    const struct competence *found =
        registry_competence(registry, procedure, bytes_of_text(row->area), row->valid_from);
    return found != NULL && (found->procedure == NULL) == (row->procedure == NULL) &&
           found->valid_from.number == row->valid_from.number &&
           found->valid_to.number == row->valid_to.number && is_same(found->agency, row->agency);
}

/* Rows of the one that the other does not have. */
static uint64_t count_rows(const struct registry *one, const struct registry *other)
{
    uint64_t count = 0;
    for (size_t i = 0; i < one->competence_count; i++)
        count += !has_row(other, &one->competences[i]);
    return count;
}

/* Rules and rows of competence are counted and not listed: whoever changed them has the two files,
 * and a list of hundreds would hide what matters above it. */
static void compare_rest(const struct comparison *of)
{
    uint64_t rules = count_rules(of);
    uint64_t gone = count_rows(of->old, of->new_registry);
    uint64_t fresh = count_rows(of->new_registry, of->old);
    civil_day_t known = calendar_known_to(registry_calendar(of->new_registry));
    if (rules > 0)
        add(of->changes, (struct registry_change){.kind = CHANGE_RULES, .count = rules});
    if (gone + fresh > 0) /* a row that was changed is one of either */
        add(of->changes,
            (struct registry_change){.kind = CHANGE_UNITS, .count = gone > fresh ? gone : fresh});
    if (known.number != calendar_known_to(registry_calendar(of->old)).number)
        add(of->changes, (struct registry_change){.kind = CHANGE_CALENDAR, .day = known});
}

/* What may refuse comes first, so that it is never among those that found no place. */
void registry_compare(const struct registry *old, const struct registry *new_registry,
                      const struct registry_owed *owed, size_t owed_count, civil_day_t today,
                      struct registry_changes *ret_changes)
{
    const struct comparison of = {old, new_registry, owed, owed_count, ret_changes};
    ret_changes->reason = REASON_NONE;
    ret_changes->count = ret_changes->left_out = 0;
    if (registry_version_compare(new_registry, old) < 0)
        add(ret_changes, (struct registry_change){.kind = CHANGE_VERSION_OLDER});
    for (size_t i = 0; i < owed_count; i++)
        judge_owed(&of, &owed[i], today);
    compare_agencies(&of);
    compare_participants(&of);
    compare_procedures(&of, today);
    compare_rest(&of);
}

/* ---- for people ---- */

/* %1$s from, %2$s to, %3$llu count, %4$s day. */
static const struct {
    const char *vietnamese, *english;
} phrases[CHANGE_KIND_COUNT] = {
#define CHANGE(name, vietnamese, english) [CHANGE_##name] = {vietnamese, english},
#include "routing/registry/registry_change.def"
#undef CHANGE
};

bool registry_change_print(const struct registry_change *change, enum language language,
                           struct buffer *buffer)
{
    char day[DAY_TEXT_BYTES];
    check(change->kind > 0 && change->kind < CHANGE_KIND_COUNT);
    const char *phrase =
        language_pick(language, phrases[change->kind].vietnamese, phrases[change->kind].english);
    day_format(change->day, day);
    const char *parts[] = {change->from.text[0] == 0 ? "-" : change->from.text,
                           change->to.text[0] == 0 ? "-" : change->to.text, NULL,
                           day[0] == 0 ? "-" : day};
    for (const char *at = phrase; *at != 0;) {
        size_t plain = strcspn(at, "%");
        if (!buffer_append(buffer, (struct bytes){(const uint8_t *)at, plain}))
            return false;
        at += plain;
        if (*at == 0)
            break;
        size_t which = (size_t)(at[1] - '1');
        bool ok = which == 2
                      ? buffer_append_format(buffer, "%llu", (unsigned long long)change->count)
                      : buffer_append_text(buffer, parts[which]);
        if (!ok)
            return false;
        at += strlen(which == 2 ? "%3$llu" : "%1$s");
    }
    if (change->under_way == 0)
        return true;
    return buffer_append_format(
        buffer,
        language_pick(language, "; %llu hồ sơ đang giải quyết", "; dossiers under way: %llu"),
        (unsigned long long)change->under_way);
}
