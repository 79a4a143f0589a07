/* Messages and receipts in the store, by what a request names them with. An id is unique for its
 * sender only (invariant 5), so a lookup needs both; a path has the id alone, and whose it is may
 * be said by ?sender=. Reads at once, outside a step: what this step has planned is not found
 * yet. */
#include "adapters/api/local_api_parts.h"
#include "routing/registry/registry.h"

static enum reason find_from(const struct local_api *api, const struct key *sender,
                             const struct message_id *id, struct store_message *ret_message)
{
    struct store *store = api->options.store;
    return store->verbs->find_message(store, sender, id, ret_message);
}

/* Our own first, then the gateway's receipts: of two senders that happened to choose one id, the
 * more likely one is shown. Who is no longer in the registry is not asked for; ?sender= still finds
 * it. */
enum reason local_find_anybodys(const struct local_api *api, const struct message_id *id,
                                struct store_message *ret_message)
{
    enum reason reason = find_from(api, &api->options.self, id, ret_message);
    if (reason == REASON_NOT_FOUND)
        reason = find_from(api, &api->options.gateway, id, ret_message);
    const struct registry *registry = api->options.registry;
    size_t count = registry == NULL ? 0 : registry_agency_count(registry);
    for (size_t i = 0; reason == REASON_NOT_FOUND && i < count; i++)
        reason = find_from(api, &registry_agency_at(registry, i)->key, id, ret_message);
    return reason;
}

bool local_find_message(struct api_request *request, struct store_message *ret_message)
{
    const struct local_api *api = api_context(request);
    struct message_id id;
    struct key sender = {{0}};
    if (!api_message_named(request, &id, &sender))
        return false;
    enum reason reason = key_is_none(&sender) ? local_find_anybodys(api, &id, ret_message)
                                              : find_from(api, &sender, &id, ret_message);
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
    return reason == REASON_NONE;
}

/* A form with a slip of the pen is refused while its clerk is still there, and not later by a
 * receipt of the gateway. Only what our copy of the registry surely knows is judged here; routing
 * is the gateway's. */
enum reason local_check_registry(const struct local_api *api, const struct envelope *draft)
{
    const struct registry *registry = api->options.registry;
    bool has_code = draft->procedure_code.size > 0;
    if (registry == NULL)
        return REASON_NONE;
    if (!key_is_none(&draft->recipient) && registry_agency(registry, &draft->recipient) == NULL)
        return REASON_AGENCY_UNKNOWN;
    return has_code && registry_procedure(registry, draft->procedure_code) == NULL
               ? REASON_PROCEDURE_UNKNOWN
               : REASON_NONE;
}

/* Outcomes are kept by id alone, because they are of our own messages: somebody else's message that
 * bears the id of one of ours has none of them (invariant 5). */
bool local_next_outcome(const struct local_api *api, const struct store_message *message,
                        size_t *place, struct key *ret_about, struct outcome *ret_outcome)
{
    const struct registry *registry = api->options.registry;
    size_t agencies = registry == NULL ? 0 : registry_agency_count(registry);
    if (!key_equal(&message->sender, &api->options.self))
        return false;
    /* First the gateway; with no registry to ask, the recipient that we named ourselves. */
    for (; *place < 1 + (agencies > 0 ? agencies : 1); (*place)++) {
        struct key about = *place == 0     ? api->options.gateway
                           : agencies == 0 ? message->recipient
                                           : registry_agency_at(registry, *place - 1)->key;
        bool is_again = *place > 0 && key_equal(&about, &api->options.gateway);
        if (key_is_none(&about) || is_again ||
            session_outcome(api->options.session, &message->id, &about, ret_outcome) != REASON_NONE)
            continue;
        *ret_about = about;
        (*place)++;
        return true;
    }
    return false;
}
