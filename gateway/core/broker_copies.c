/* Copies of what came to nothing. The national portal has a copy of most messages and shows people
 * what they say. When the recipient of such a message refuses it or lets it expire, or an operator
 * withdraws it, the portal hears of it, as soon as its copy has ended as well:
 *
 *   the message at its recipient: refused, expired, withdrawn ─┐
 *                                                              ├─ the later ─▶ a receipt to
 *   the copy at the portal: delivered, refused ────────────────┘               the portal
 *
 * A copy that expired or was withdrawn itself was shown to nobody, and a debt that was redirected
 * goes on elsewhere. The receipt says nothing new, so it is no entry of the ledger, which has the
 * end itself; it names the message's sender, since its receiver did not send it. */
#include "gateway/core/broker_parts.h"

#include "proto/codec/message_type.h"

enum { PLACES_MAX = ROUTE_DESTINATIONS_MAX + SUCCESSOR_HOPS_MAX };

struct places { /* where one message is owed, as this step leaves it */
    struct entry at[PLACES_MAX];
    size_t count;
    bool has_failed; /* at one of them it has come to nothing */
};

static bool is_portal(const struct broker *broker, const struct key *key)
{
    const struct agency *agency =
        broker->registry == NULL ? NULL : registry_agency(broker->registry, key);
    return agency != NULL && agency->role == ROLE_PORTAL;
}

/* 0: it has not come to nothing. */
static uint32_t receipt_type_of(const struct entry *place)
{
    return place->state == ENTRY_REFUSED     ? MESSAGE_TYPE_RECEIPT_REFUSED
           : place->state == ENTRY_EXPIRED   ? MESSAGE_TYPE_RECEIPT_EXPIRED
           : place->state == ENTRY_WITHDRAWN ? MESSAGE_TYPE_RECEIPT_WITHDRAWN
                                             : 0;
}

static enum reason find_places(struct broker *broker, uint64_t message_seq,
                               struct places *ret_places)
{
    struct store *store = broker->options.store;
    enum reason reason = store->verbs->entries_of(store, message_seq, ret_places->at, PLACES_MAX,
                                                  &ret_places->count);
    ret_places->has_failed = false;
    for (size_t i = 0; reason == REASON_NONE && i < ret_places->count; i++) {
        plan_apply_moves(&broker->step.plan, &ret_places->at[i]);
        ret_places->has_failed |= receipt_type_of(&ret_places->at[i]) != 0;
    }
    return reason;
}

static const struct entry *find_place(const struct places *places, const struct key *key)
{
    for (size_t i = 0; i < places->count; i++) {
        if (key_equal(&places->at[i].destination, key))
            return &places->at[i];
    }
    return NULL;
}

/* The recipient's, or that of who has taken over. */
static const struct entry *find_recipient(struct broker *broker, const struct places *places,
                                          const struct key *recipient)
{
    const struct entry *place = find_place(places, recipient);
    struct key heir = broker_heir(broker, recipient);
    bool is_redirected = place != NULL && place->reason == REASON_REDIRECTED;
    return is_redirected ? find_place(places, &heir) : place;
}

/* There is one national portal: the first that has its copy. */
static const struct entry *find_copy(const struct broker *broker, const struct places *places)
{
    for (size_t i = 0; i < places->count; i++) {
        enum entry_state state = places->at[i].state;
        if ((state == ENTRY_DELIVERED || state == ENTRY_REFUSED) &&
            is_portal(broker, &places->at[i].destination))
            return &places->at[i];
    }
    return NULL;
}

static void tell(struct broker *broker, const struct store_message *message,
                 const struct entry *recipient, const struct entry *copy)
{
    const struct receipt_item item = {
        .message_id = message->id,
        .digest = message->digest,
        .destination = recipient->destination,
        .reason = recipient->reason,
        .at = broker->step.wall,
        .sender = message->sender,
    };
    if (step_get_peer(&broker->step, &copy->destination) != NULL)
        (void)step_tell(&broker->step, &copy->destination, receipt_type_of(recipient), true, &item);
}

void broker_tell_copy(struct broker *broker, uint64_t message_seq, const struct key *ended,
                      enum entry_state state)
{
    struct store *store = broker->options.store;
    struct store_message message;
    struct places places;
    if (state == ENTRY_DELIVERED && !is_portal(broker, ended))
        return;
    enum reason reason = find_places(broker, message_seq, &places);
    if (reason == REASON_NONE && !places.has_failed)
        return; /* as most: one look at the places is all */
    if (reason == REASON_NONE)
        reason = store->verbs->read_message(store, message_seq, &message);
    if (reason != REASON_NONE) {
        step_fail(&broker->step, reason);
        return;
    }
    const struct entry *recipient = find_recipient(broker, &places, &message.recipient);
    const struct entry *copy = find_copy(broker, &places);
    if (recipient != NULL && copy != NULL && recipient != copy && receipt_type_of(recipient) != 0 &&
        (key_equal(ended, &recipient->destination) || key_equal(ended, &copy->destination)))
        tell(broker, &message, recipient, copy);
}
