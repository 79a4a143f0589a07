/* Retention at an adapter: the gateway's own rule (gateway/custody/retention.h) by our copy of the
 * registry; and with a message go the notes that are found by it alone:
 *
 *   with its names   what was said of it, by participant; with the last of its dossier, the number
 *                    that the next one would have had
 *   with its row     the reference that it stood for, what it was sent again as, how its seal was
 *                    judged or made anew, what we told of it
 */
#include "adapters/core/session_parts.h"
#include "gateway/custody/hold.h"
#include "gateway/custody/retention.h"

#include <string.h>

enum { PLACES_MAX = JOB_NOTES_GONE_MAX - 10 }; /* beside the notes by id and digest */

/* What was put back, here or at the gateway, may still be asked for. */
enum reason session_judge(void *core, uint64_t message_seq, uint32_t *ret_parts)
{
    const struct session *session = core;
    *ret_parts = 0;
    if (clock_in_doubt(&session->step.clock))
        return REASON_CLOCK_IN_DOUBT; /* nothing goes by a clock that may be wrong (invariant 14) */
    if (session->registry == NULL || session_is_recovering(session) || session->is_offering)
        return REASON_NONE;
    return retention_judge(session->options.store, session->registry, session->step.wall, 0,
                           message_seq, ret_parts);
}

static void drop(struct session *session, const char *prefix, const void *rest, size_t size)
{
    struct bytes name =
        session_note_name(&session->step.plan, prefix, (struct bytes){(const uint8_t *)rest, size});
    struct bytes ignored;
    if (session_read_note(session, name, &ignored) == REASON_NONE)
        plan_note(&session->step.plan, name, (struct bytes){NULL, 0});
}

static void drop_outcome(struct session *session, const struct message_id *id,
                         const struct key *about)
{
    uint8_t rest[MESSAGE_ID_BYTES + PARTICIPANT_KEY_BYTES_MAX];
    struct bytes key = key_bytes(about);
    memcpy(rest, id->bytes, MESSAGE_ID_BYTES);
    memcpy(rest + MESSAGE_ID_BYTES, key.data, key.size);
    drop(session, NOTE_OUTCOME, rest, MESSAGE_ID_BYTES + key.size);
}

/* Its places have an outcome each; they go in this plan too, and are here until its commit. */
static void drop_outcomes(struct session *session, const struct store_message *message)
{
    struct store *store = session->options.store;
    struct entry entries[PLACES_MAX];
    size_t count = 0;
    if (store->verbs->entries_of(store, message->seq, entries, PLACES_MAX, &count) != REASON_NONE)
        return;
    for (size_t i = 0; i < count; i++)
        drop_outcome(session, &message->id, &entries[i].destination);
    if (!key_is_none(&message->recipient))
        drop_outcome(session, &message->id, &message->recipient);
}

static bool loses_names(const struct plan *plan, uint64_t seq)
{
    for (size_t i = 0; i < plan->store.purge_count; i++) {
        if (plan->purges[i].message_seq == seq && (plan->purges[i].parts & STORE_PART_NAMES) != 0)
            return true;
    }
    return false;
}

/* All that is left of it goes with this plan. */
static bool is_over(struct session *session, struct bytes dossier_code)
{
    struct store *store = session->options.store;
    uint64_t seqs[PLAN_PURGES_MAX + 1];
    size_t count = 0;
    if (store->verbs->history(store, dossier_code, 0, false, seqs, PLAN_PURGES_MAX + 1, &count) !=
        REASON_NONE)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!loses_names(&session->step.plan, seqs[i]))
            return false;
    }
    return true;
}

/* After its purge was planned. A store that cannot say keeps the note: the commit will fail too. */
void session_forget(void *core, uint64_t message_seq, uint32_t parts)
{
    struct session *session = core;
    struct store *store = session->options.store;
    struct store_message message;
    uint8_t code[DOSSIER_CODE_BYTES_MAX];
    if (store->verbs->read_message(store, message_seq, &message) != REASON_NONE)
        return;
    /* Views of the store live until its next call. */
    const struct bytes dossier = {code, message.dossier_code.size};
    if (dossier.size > 0)
        memcpy(code, message.dossier_code.data, dossier.size);
    if ((parts & STORE_PART_NAMES) != 0 && key_equal(&message.sender, &session->options.self))
        drop_outcomes(session, &message);
    if ((parts & STORE_PART_NAMES) != 0 && dossier.size > 0 && is_over(session, dossier))
        drop(session, NOTE_SEQUENCE, code, dossier.size);
    if ((parts & STORE_PART_ROW) == 0)
        return;
    drop(session, NOTE_OWN, id_name_of(&message.id), ID_RANDOM_BYTES);
    drop(session, NOTE_AGAIN, message.id.bytes, MESSAGE_ID_BYTES);
    drop(session, NOTE_BEFORE, message.id.bytes, MESSAGE_ID_BYTES);
    drop(session, NOTE_HELD, message.digest.bytes, DIGEST_BYTES);
    drop(session, NOTE_TOLD, message.digest.bytes, DIGEST_BYTES);
    drop(session, NOTE_SEALED, &message_seq, sizeof message_seq);
}

/* ---- holds ---- */

/* The log has it; the note has who and why. */
enum reason session_hold_dossier(struct session *session, struct hold *hold)
{
    struct step *step = &session->step;
    struct bytes text;
    hold->at = step->wall;
    enum reason reason = hold_plan(step, hold, &text);
    if (reason != REASON_NONE)
        return reason;
    step_note(step,
              &(struct transition){.event = hold->is_held ? "hold" : "hold_ended",
                                   .from = session->options.self,
                                   .dossier_code = arena_copy(&step->arena, hold->dossier_code)});
    return REASON_NONE;
}
