/* Where a message went, where it is, and what its receipts say. A message of ours has three
 * witnesses (our entry, the gateway's receipt, the recipient's), which may be heard of in any
 * order; local_put_state says whose word goes before whose. What people are told beside the state:
 * gateway/api/standing_json.c. */
#include <string.h>

#include "adapters/api/local_api_parts.h"
#include "gateway/api/standing_json.h"
#include "proto/codec/message_type.h"
#include "routing/registry/route.h"

/* Item is a view of the API's arena: good until the next receipt is looked for. */
bool local_find_receipt(const struct local_api *api, uint64_t receipt_seq,
                        const struct message_id *message_id, struct receipt_item *ret_item)
{
    struct store *store = api->options.store;
    struct store_document receipt;
    struct envelope envelope;
    struct arena *arena = &((struct local_api *)(uintptr_t)api)->arena;
    if (receipt_seq == 0 ||
        store->verbs->read_document(store, receipt_seq, &receipt) != REASON_NONE)
        return false; /* one of this step, or none: there is nothing to show yet */
    arena_reset(arena);
    if (envelope_parse(receipt.document, arena, &envelope) != REASON_NONE)
        return false;
    for (size_t i = 0; i < envelope.receipt.item_count; i++) {
        if (!id_equal(&envelope.receipt.items[i].message_id, message_id))
            continue;
        *ret_item = envelope.receipt.items[i];
        return true;
    }
    return false;
}

/* The words of a receipt are in its document alone: they may be personal, and the store's columns
 * are not. */
static bool put_words(const struct local_api *api, json_t *object,
                      const struct message_id *message_id, uint64_t receipt_seq)
{
    struct receipt_item item;
    return !local_find_receipt(api, receipt_seq, message_id, &item) ||
           (json_put_text(object, "text", item.text) &&
            json_put_text(object, "office_reference", item.office_reference) &&
            json_put_text(object, "answered_for", item.acting_for));
}

/* The gateway may speak in a recipient's place: of the end of a life, of an operator's hand. */
static bool put_signer(const struct local_api *api, json_t *object, uint64_t receipt_seq)
{
    struct store *store = api->options.store;
    struct store_message receipt;
    return receipt_seq == 0 ||
           store->verbs->read_message(store, receipt_seq, &receipt) != REASON_NONE ||
           (json_put_id(object, "receipt_id", &receipt.id) &&
            json_put_text(object, "signer", key_bytes(&receipt.sender)));
}

bool local_put_receipt(const struct local_api *api, json_t *object,
                       const struct message_id *message_id, const struct key *about,
                       const struct outcome *outcome)
{
    return standing_json_put_end(object, outcome->reason,
                                 registry_party(api->options.registry, about)) &&
           put_signer(api, object, outcome->receipt_seq) &&
           put_words(api, object, message_id, outcome->receipt_seq);
}

/* ---- where it is */

/* False: custody, which ends nothing. */
static bool end_of(uint32_t receipt_type, enum entry_state *ret_state)
{
    static const struct {
        enum message_type type;
        enum entry_state state;
    } ends[] = {
        {MESSAGE_TYPE_RECEIPT_DELIVERED, ENTRY_DELIVERED},
        {MESSAGE_TYPE_RECEIPT_REFUSED, ENTRY_REFUSED},
        {MESSAGE_TYPE_RECEIPT_EXPIRED, ENTRY_EXPIRED},
        {MESSAGE_TYPE_RECEIPT_WITHDRAWN, ENTRY_WITHDRAWN},
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (ends[i].type == receipt_type) {
            *ret_state = ends[i].state;
            return true;
        }
    }
    return false;
}

bool local_put_told(json_t *object, uint32_t receipt_type)
{
    enum entry_state state;
    if (end_of(receipt_type, &state))
        return json_put_entry_state(object, state);
    return json_put(object, "state", json_string("custody")) &&
           json_put(object, "state_vi", json_string("cổng tiếp quản"));
}

/* What the recipient said, or the gateway in its place, ends a message of ours; so does the word
 * that the gateway did not take it in, or that it never left. The receipt of a copy does not. */
static bool find_end(const struct local_api *api, const struct store_message *message,
                     const struct key *recipient, struct key *ret_about,
                     struct outcome *ret_outcome)
{
    const struct key *const abouts[] = {recipient, &api->options.gateway};
    for (size_t i = 0; i < 2; i++) {
        struct outcome outcome;
        enum entry_state state;
        bool is_told =
            !key_is_none(abouts[i]) &&
            session_outcome(api->options.session, &message->id, abouts[i], &outcome) == REASON_NONE;
        if (!is_told || !end_of(outcome.receipt_type, &state) ||
            (i > 0 && state == ENTRY_DELIVERED))
            continue;
        *ret_outcome = outcome;
        *ret_about = *abouts[i];
        return true;
    }
    return false;
}

/* An entry that has ended has no turn any more, only a reason. */
bool local_put_standing(struct local_api *api, json_t *object, const struct entry *entry,
                        wall_t taken)
{
    const struct local_api_options *options = &api->options;
    struct standing standing = {.reason = entry->reason, .party = options->self};
    if (!entry_state_is_live(entry->state))
        return standing_json_put_ended(object, options->store, entry,
                                       registry_party(options->registry, &options->self));
    session_standing(options->session, entry, &standing);
    return standing_json_put(object, &standing, registry_party(options->registry, &standing.party),
                             taken);
}

/* What the recipient said counts before what we know of the way: an end is an end, even when our
 * own entry has not been told of it yet. */
bool local_put_state(struct local_api *api, json_t *object, const struct store_message *message,
                     const struct key *recipient, const struct entry *entry)
{
    const struct local_api_options *options = &api->options;
    static const struct key office = {SESSION_OFFICE};
    struct outcome outcome;
    struct key teller;
    bool is_to_gateway = key_equal(&entry->destination, &options->gateway);
    bool is_sent =
        key_equal(&message->sender, &options->self) && !key_equal(&entry->destination, &office);
    const struct key *about = is_to_gateway ? recipient : &entry->destination;
    wall_t taken = message->custody;
    if (is_sent && find_end(api, message, about, &teller, &outcome))
        return local_put_told(object, outcome.receipt_type) &&
               json_put_moment(object, "state_time", outcome.at) &&
               local_put_receipt(api, object, &message->id, &teller, &outcome);
    /* What we owe to the gateway ends with its custody; then each recipient's receipt is awaited.
     */
    if (is_sent && (entry->state == ENTRY_DELIVERED || entry->state == ENTRY_AWAITED))
        return local_put_told(object, MESSAGE_TYPE_RECEIPT_CUSTODY) &&
               local_put_standing(api, object, entry, taken) &&
               (session_outcome(options->session, &message->id, &options->gateway, &outcome) !=
                    REASON_NONE ||
                json_put_moment(object, "state_time", outcome.at));
    return json_put_entry_state(object, entry->state) &&
           local_put_standing(api, object, entry, taken) &&
           (is_to_gateway || put_words(api, object, &message->id, entry->receipt_seq));
}

/* ---- who gets it */

/* Whom a receipt is about, other than the gateway and the portal, which gets copies of what goes to
 * an agency. */
static bool find_receipted(const struct local_api *api, const struct store_message *message,
                           struct key *ret_key)
{
    const struct registry *registry = api->options.registry;
    struct outcome outcome;
    struct key about;
    struct local_outcomes outcomes = {0};
    while (local_next_outcome(api, message, &outcomes, &about, &outcome)) {
        const struct agency *agency = registry == NULL ? NULL : registry_agency(registry, &about);
        bool is_copy = agency != NULL && agency->role == ROLE_PORTAL;
        if (key_equal(&about, &api->options.gateway) || is_copy)
            continue;
        *ret_key = about;
        return true;
    }
    return false;
}

/* By our copy of the registry. The gateway's word counts: a dossier stays with its first agency. */
static bool find_expected(const struct local_api *api, const struct store_message *message,
                          struct bytes dossier_code, struct bytes procedure_code,
                          struct key *ret_key)
{
    struct route_question question = {
        .sender = message->sender,
        .type = (enum message_type)message->type,
        .procedure_code = procedure_code,
        .dossier_code = dossier_code,
        .at = message->custody,
    };
    struct route_decision decision;
    if (api->options.registry == NULL ||
        route_resolve(api->options.registry, &question, &decision) != REASON_NONE ||
        decision.destination_count == 0)
        return false;
    *ret_key = decision.destinations[0].key;
    return true;
}

/* Named, or told by a receipt, or as our copy of the registry would route it, in this order; only
 * the last is a guess and is marked as one. */
struct key local_recipient(const struct local_api *api, const struct store_message *message,
                           bool *ret_is_expected)
{
    uint8_t dossier[DOSSIER_CODE_BYTES_MAX];
    uint8_t procedure[PROCEDURE_CODE_BYTES_MAX];
    struct bytes codes[] = {message->dossier_code, message->procedure_code};
    uint8_t *const places[] = {dossier, procedure};
    const size_t rooms[] = {sizeof dossier, sizeof procedure};
    struct key recipient = message->recipient;
    *ret_is_expected = false;
    /* Copies: the message's own live until the next call on the store. */
    for (size_t i = 0; i < 2; i++) {
        if (codes[i].size > rooms[i])
            codes[i].size = 0;
        if (codes[i].size > 0)
            memcpy(places[i], codes[i].data, codes[i].size);
        codes[i].data = places[i];
    }
    if (!key_is_none(&recipient) || find_receipted(api, message, &recipient))
        return recipient;
    struct outcome outcome; /* of the portal, which may be the recipient itself */
    *ret_is_expected =
        find_expected(api, message, codes[0], codes[1], &recipient) &&
        session_outcome(api->options.session, &message->id, &recipient, &outcome) != REASON_NONE;
    return recipient;
}
