/* When a message may go. Whatever the store or the registry does not say keeps it. */
#include "gateway/custody/retention.h"

#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"

enum { ENTRIES_MAX = 64 }; /* one with more is kept: no route has so many destinations */
#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

struct bytes retention_hold_name(struct bytes dossier_code,
                                 char ret_name[RETENTION_HOLD_NAME_BYTES])
{
    static const char prefix[] = "hold/";
    check(dossier_code.size <= DOSSIER_CODE_BYTES_MAX);
    memcpy(ret_name, prefix, sizeof prefix - 1);
    if (dossier_code.size > 0)
        memcpy(ret_name + sizeof prefix - 1, dossier_code.data, dossier_code.size);
    return (struct bytes){(const uint8_t *)ret_name, sizeof prefix - 1 + dossier_code.size};
}

static void put_later(wall_t *end, wall_t other)
{
    if (other.ms > end->ms)
        *end = other;
}

/* The days that it is kept, until a part of it may go. */
struct terms {
    uint32_t parts; /* that go together */
    uint32_t days;
};

/* In the order in which they go: what stands before has to be gone, or goes now. */
static size_t terms_of(const struct registry *registry, const struct store_message *message,
                       struct terms ret_terms[RETENTION_KINDS])
{
    uint32_t days[RETENTION_KINDS];
    for (int kind = 0; kind < RETENTION_KINDS; kind++)
        days[kind] =
            registry_keep_days(registry, message->procedure_code, (enum retention_kind)kind);
    bool is_evidence = message->type > MESSAGE_TYPE_BUSINESS_COUNT;
    uint32_t evidence = STORE_PART_SEAL;
    size_t count = 0;
    if (!is_evidence)
        ret_terms[count++] = (struct terms){STORE_PART_DOCUMENT, days[RETENTION_BODIES]};
    else
        evidence |= STORE_PART_DOCUMENT;
    if (message->type == MESSAGE_TYPE_LEDGER_HEAD)
        evidence |= STORE_PART_ENTRIES;
    ret_terms[count++] = (struct terms){evidence, days[RETENTION_EVIDENCE]};
    ret_terms[count++] = (struct terms){STORE_PART_NAMES, days[RETENTION_METADATA]};
    ret_terms[count++] = (struct terms){STORE_PART_ROW, days[RETENTION_IDS]};
    return count;
}

uint32_t retention_kinds(uint32_t type, uint32_t parts)
{
    bool is_evidence = type > MESSAGE_TYPE_BUSINESS_COUNT;
    uint32_t of_kind[RETENTION_KINDS] = {
        [RETENTION_METADATA] = STORE_PART_NAMES,
        [RETENTION_EVIDENCE] = STORE_PART_SEAL | STORE_PART_ENTRIES,
        [RETENTION_IDS] = STORE_PART_ROW,
    };
    of_kind[is_evidence ? RETENTION_EVIDENCE : RETENTION_BODIES] |= STORE_PART_DOCUMENT;
    uint32_t kinds = 0;
    for (unsigned int kind = 0; kind < RETENTION_KINDS; kind++)
        kinds |= (uint32_t)((parts & of_kind[kind]) != 0) << kind;
    return kinds;
}

/* What was here is refused as no new message by its id, which begins with its time: one that says
 * another day than it came on would have later ones refused for it, so that its row stays. */
static bool has_plain_id(const struct store_message *message)
{
    return id_time(&message->id).ms <= message->custody.ms + DAY_MS;
}

/* Parts whose days since that moment are over, and that have not gone. */
static uint32_t parts_since(const struct registry *registry, const struct store_message *message,
                            wall_t end, wall_t now)
{
    struct terms terms[RETENTION_KINDS];
    size_t count = terms_of(registry, message, terms);
    uint32_t gone = message->gone;
    for (size_t i = 0; i < count; i++) {
        bool is_over = terms[i].days != RETENTION_FOR_EVER && now.ms > end.ms &&
                       (now.ms - end.ms) / DAY_MS >= (int64_t)terms[i].days;
        bool is_next =
            terms[i].parts == STORE_PART_ROW
                ? (gone & STORE_PARTS_OF_CONTENT) == STORE_PARTS_OF_CONTENT && has_plain_id(message)
                : i == 0 || (gone & STORE_PART_DOCUMENT) != 0;
        if (is_over && is_next)
            gone |= terms[i].parts;
    }
    return gone & ~message->gone;
}

/* Not found: an entry is live. When an older program wrote it, its own moment says little. */
static enum reason find_end(struct store *store, uint64_t seq, wall_t *end)
{
    struct entry entries[ENTRIES_MAX];
    size_t count = 0;
    enum reason reason = store->verbs->entries_of(store, seq, entries, ENTRIES_MAX, &count);
    if (reason == REASON_NONE && count == ENTRIES_MAX)
        return REASON_NOT_FOUND;
    for (size_t i = 0; i < count && reason == REASON_NONE; i++) {
        if (!entry_state_is_terminal(entries[i].state))
            return REASON_NOT_FOUND;
        put_later(end, entries[i].due.ms != 0 ? entries[i].due : entries[i].expires);
    }
    return reason;
}

/* Not found: it is held. */
static enum reason find_end_of_dossier(struct store *store, const struct bytes dossier_code,
                                       wall_t *end)
{
    char name[RETENTION_HOLD_NAME_BYTES];
    struct bytes hold;
    struct store_deadline clock;
    struct store_message message;
    uint64_t seq = 0;
    size_t count = 0;
    enum reason reason =
        store->verbs->read_note(store, retention_hold_name(dossier_code, name), &hold);
    if (reason != REASON_NOT_FOUND)
        return reason == REASON_NONE ? REASON_NOT_FOUND : reason;
    reason = store->verbs->read_deadline(store, dossier_code, &clock);
    if (reason == REASON_NONE && clock.deadline.state != DEADLINE_FINISHED)
        put_later(end, clock.deadline.due);
    if (reason == REASON_NONE || reason == REASON_NOT_FOUND)
        reason = store->verbs->history(store, dossier_code, 0, true, &seq, 1, &count);
    if (reason != REASON_NONE || count == 0)
        return reason;
    reason = store->verbs->read_message(store, seq, &message);
    if (reason == REASON_NONE)
        put_later(end, message.custody);
    return reason;
}

enum reason retention_judge(struct store *store, const struct registry *registry, wall_t now,
                            uint64_t head_seq, uint64_t seq, uint32_t *ret_parts)
{
    struct store_message message;
    char text[DOSSIER_CODE_BYTES_MAX];
    char procedure[PROCEDURE_CODE_BYTES_MAX];
    uint64_t later;
    enum reason reason = store->verbs->read_message(store, seq, &message);
    if (reason == REASON_NOT_FOUND)
        *ret_parts = 0; /* all of it has gone */
    if (reason != REASON_NONE)
        return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
    *ret_parts = 0;
    if (seq == head_seq || parts_since(registry, &message, message.custody, now) == 0)
        return REASON_NONE;
    /* Views of the store live until its next call. */
    struct bytes dossier = {(const uint8_t *)text, message.dossier_code.size};
    if (dossier.size > 0)
        memcpy(text, message.dossier_code.data, dossier.size);
    if (message.procedure_code.size > 0)
        memcpy(procedure, message.procedure_code.data, message.procedure_code.size);
    message.procedure_code.data = (const uint8_t *)procedure;
    wall_t end = message.custody;
    reason = find_end(store, seq, &end);
    if (reason == REASON_NONE && dossier.size > 0)
        reason = find_end_of_dossier(store, dossier, &end);
    if (reason == REASON_NONE)
        *ret_parts = parts_since(registry, &message, end, now);
    if (reason == REASON_NONE && (*ret_parts & STORE_PART_ROW) != 0 &&
        store->verbs->next_message(store, seq, &later) != REASON_NONE)
        *ret_parts &= ~(uint32_t)STORE_PART_ROW; /* the last one tells the next number */
    return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
}
