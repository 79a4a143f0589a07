/* Which agency has a dossier, and who may speak of it.
 *
 * The last transfer that was not refused says which agency has the dossier. It is that one's word
 * that the centre, the portal and so the citizen see: of the other agencies only those
 * are heard that the centre, the portal or that agency itself has written to in this dossier, or
 * that have taken over its work. Of a dossier that was never transferred here, one of a time before
 * this gateway, nothing is known: whoever may write at all is heard, in a line of his own, so that
 * what is stuck in it holds up nobody else (invariants 3, 6, 13). */
#include "gateway/core/broker_parts.h"

#include "proto/codec/message_type.h"

static const struct agency *agency_of(const struct broker *broker, const struct key *key)
{
    return broker->registry == NULL ? NULL : registry_agency(broker->registry, key);
}

static bool is_agency(const struct broker *broker, const struct key *key)
{
    const struct agency *agency = agency_of(broker, key);
    return agency != NULL && agency->role == ROLE_AGENCY;
}

enum reason broker_find_dossier(struct broker *broker, const struct envelope *envelope,
                                struct key *ret_agency)
{
    struct store *store = broker->options.store;
    struct store_route route;
    /* The first message of a dossier has no agency yet; saves the common look-up. */
    if (envelope->type == MESSAGE_TYPE_TRANSFER && envelope->sequence <= 1 &&
        !is_agency(broker, &envelope->sender))
        return REASON_NONE;
    const struct store_route *planned = plan_find_route(&broker->step.plan, envelope->dossier_code);
    if (planned != NULL && key_is_none(&planned->agency))
        return REASON_BUSY; /* its transfer ends in this step: the next one finds what was before */
    if (planned != NULL) {
        *ret_agency = planned->agency;
        return REASON_NONE;
    }
    enum reason reason = store->verbs->find_route(store, envelope->dossier_code, &route);
    if (reason == REASON_NONE)
        *ret_agency = route.agency;
    return reason == REASON_NOT_FOUND ? REASON_NONE : reason;
}

enum step_line broker_line(const struct broker *broker, const struct envelope *envelope,
                           const struct key *agency)
{
    bool is_known = !key_is_none(agency) || !is_agency(broker, &envelope->sender);
    return is_known ? STEP_LINE_DOSSIER : STEP_LINE_SENDER;
}

static bool has_taken_over(struct broker *broker, const struct key *agency,
                           const struct key *sender)
{
    struct key heir = broker_heir(broker, agency);
    const struct agency *at = agency_of(broker, agency);
    if (key_equal(&heir, sender))
        return true;
    for (int hops = 0; at != NULL && hops < SUCCESSOR_HOPS_MAX; hops++) {
        at = at->successor;
        if (at != NULL && key_equal(&at->key, sender))
            return true;
    }
    return false;
}

/* NONE: that message was owed to the sender, by one whose dossier it is. NOT_FOUND: it was not. */
static enum reason was_asked(struct broker *broker, const struct envelope *envelope,
                             const struct key *agency, uint64_t message_seq)
{
    struct store *store = broker->options.store;
    struct store_message message;
    struct entry entry;
    enum reason reason = store->verbs->read_entry(store, message_seq, &envelope->sender, &entry);
    if (reason == REASON_NONE)
        reason = store->verbs->read_message(store, message_seq, &message);
    if (reason != REASON_NONE)
        return reason;
    bool is_heard = key_equal(&message.sender, agency) || !is_agency(broker, &message.sender);
    return is_heard ? REASON_NONE : REASON_NOT_FOUND;
}

enum reason broker_search_dossier(struct broker *broker, struct peer *peer,
                                  const struct envelope *envelope, const struct key *agency,
                                  dossier_matches *matches)
{
    enum { PAGE = 64, PAGES_MAX = 16 }; /* a dossier has a few dozen messages */
    struct store *store = broker->options.store;
    uint64_t seqs[PAGE] = {0};
    size_t count = PAGE;
    for (int page = 0; page < PAGES_MAX && count == PAGE; page++) {
        peer->credit -= BROKER_WORK_REPEAT;
        enum reason reason = store->verbs->history(store, envelope->dossier_code, seqs[PAGE - 1],
                                                   true, seqs, PAGE, &count);
        for (size_t i = 0; reason == REASON_NONE && i < count; i++) {
            peer->credit -= BROKER_WORK_READ;
            enum reason found = matches(broker, envelope, agency, seqs[i]);
            if (found != REASON_NOT_FOUND)
                return found;
        }
        if (reason != REASON_NONE)
            return reason;
    }
    return REASON_NOT_FOUND;
}

enum reason broker_check_voice(struct broker *broker, struct peer *peer,
                               const struct envelope *envelope, const struct key *agency)
{
    if (key_is_none(agency) || key_equal(agency, &envelope->sender) ||
        !is_agency(broker, &envelope->sender) || has_taken_over(broker, agency, &envelope->sender))
        return REASON_NONE;
    enum reason reason = broker_search_dossier(broker, peer, envelope, agency, was_asked);
    return reason == REASON_NOT_FOUND ? REASON_DOSSIER_OF_ANOTHER : reason;
}
