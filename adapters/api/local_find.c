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

/* ---- what was said of a message */

static bool is_gathered(const struct local_outcomes *outcomes, const struct key *about)
{
    for (size_t i = 0; i < outcomes->count; i++) {
        if (key_equal(&outcomes->abouts[i], about))
            return true;
    }
    return key_is_none(about);
}

/* Those alone whom it was owed to can have said something of it: the gateway, whom it names, and
 * whom custody named, each of which has an entry since then. A message in custody without such
 * entries (of an older version's store, or purged of its names) may have gone to anybody. */
static void gather_abouts(const struct local_api *api, const struct store_message *message,
                          struct local_outcomes *outcomes)
{
    struct store *store = api->options.store;
    struct entry entries[LOCAL_ENTRIES_MAX];
    struct outcome ignored;
    size_t count = 0;
    outcomes->abouts[outcomes->count++] = api->options.gateway;
    if (!is_gathered(outcomes, &message->recipient))
        outcomes->abouts[outcomes->count++] = message->recipient;
    size_t named = outcomes->count;
    if (store->verbs->entries_of(store, message->seq, entries, LOCAL_ENTRIES_MAX, &count) !=
        REASON_NONE)
        count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_gathered(outcomes, &entries[i].destination))
            outcomes->abouts[outcomes->count++] = entries[i].destination;
    }
    if (outcomes->count == named && api->options.registry != NULL &&
        session_outcome(api->options.session, &message->id, &api->options.gateway, &ignored) ==
            REASON_NONE)
        outcomes->agency_count = registry_agency_count(api->options.registry);
}

/* Outcomes are kept by id alone, because they are of our own messages: somebody else's message that
 * bears the id of one of ours has none of them (invariant 5). */
bool local_next_outcome(const struct local_api *api, const struct store_message *message,
                        struct local_outcomes *outcomes, struct key *ret_about,
                        struct outcome *ret_outcome)
{
    if (!key_equal(&message->sender, &api->options.self))
        return false;
    if (outcomes->count == 0)
        gather_abouts(api, message, outcomes);
    while (outcomes->next < outcomes->count + outcomes->agency_count) {
        size_t place = outcomes->next++;
        bool is_gathered_one = place < outcomes->count;
        struct key about =
            is_gathered_one
                ? outcomes->abouts[place]
                : registry_agency_at(api->options.registry, place - outcomes->count)->key;
        if ((!is_gathered_one && is_gathered(outcomes, &about)) ||
            session_outcome(api->options.session, &message->id, &about, ret_outcome) != REASON_NONE)
            continue;
        *ret_about = about;
        return true;
    }
    return false;
}
