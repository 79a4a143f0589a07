/* Where a message of ours went and what its receipts say. */
#include <string.h>

#include "adapters/shell/json_text.h"
#include "adapters/shell/local_api_parts.h"
#include "proto/codec/message_type.h"
#include "routing/registry/route.h"

bool api_put_receipt_text(const struct local_api *api, json_t *object,
                          const struct message_id *message_id, const struct outcome *outcome)
{
    struct store *store = api->options.store;
    struct store_document receipt;
    struct envelope envelope;
    struct arena *arena = &((struct local_api *)(uintptr_t)api)->arena;
    if (outcome->receipt_seq == 0 ||
        store->verbs->read_document(store, outcome->receipt_seq, &receipt) != REASON_NONE)
        return true; /* one of this step, or none: there is nothing to show yet */
    arena_reset(arena);
    if (envelope_parse(receipt.document, arena, &envelope) != REASON_NONE)
        return true;
    for (size_t i = 0; i < envelope.receipt.item_count; i++) {
        const struct receipt_item *item = &envelope.receipt.items[i];
        if (id_equal(&item->message_id, message_id) && item->text.size > 0)
            return json_put_text(object, "text", item->text);
    }
    return true;
}

/* Whom a receipt is about, other than the gateway and the portal, which gets copies of what goes to
 * an agency. */
static bool find_receipted(const struct local_api *api, const struct store_message *message,
                           struct key *ret_key)
{
    const struct registry *registry = api->options.registry;
    struct outcome outcome;
    struct key about;
    size_t place = 0;
    while (api_next_outcome(api, message, &place, &about, &outcome)) {
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

struct key api_recipient(const struct local_api *api, const struct store_message *message,
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
    *ret_is_expected = find_expected(api, message, codes[0], codes[1], &recipient);
    return recipient;
}
