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

/* The first participant, other than the gateway, that a receipt is about. */
static bool find_receipted(const struct local_api *api, const struct store_message *message,
                           struct key *ret_key)
{
    struct outcome outcome;
    struct key about;
    size_t place = 0;
    while (api_next_outcome(api, message, &place, &about, &outcome)) {
        if (key_equal(&about, &api->options.gateway))
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
                         struct bytes dossier_code, struct bytes procedure_code,
                         bool *ret_is_expected)
{
    struct key recipient = message->recipient;
    *ret_is_expected = false;
    if (!key_is_none(&recipient) || find_receipted(api, message, &recipient))
        return recipient;
    *ret_is_expected = find_expected(api, message, dossier_code, procedure_code, &recipient);
    return recipient;
}
