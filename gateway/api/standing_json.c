/* Why an entry waits and whose turn it is (invariant 15), with the same words in both daemons. The
 * standing itself comes from the core that knows it (custody/standing.c, broker_standing.c,
 * session_standing.c); here it becomes members of an answer. */
#include "gateway/api/standing_json.h"

#include "gateway/api/json_member.h"

static bool put_text(json_t *object, const char *name, const char *text)
{
    return json_put_text(object, name, bytes_of_text(text));
}

static bool put_turn(json_t *object, enum actor actor)
{
    return put_text(object, "turn", actor_code(actor)) &&
           put_text(object, "turn_vi", actor_vietnamese(actor)) &&
           put_text(object, "turn_en", actor_english(actor));
}

bool standing_json_put(json_t *object, const struct standing *standing, enum party party,
                       wall_t taken)
{
    if (standing->reason == REASON_NONE)
        return json_put_moment(object, "next", standing->next);
    return json_put_reason(object, standing->reason) &&
           json_put_moment(object, "since", standing->since.ms > 0 ? standing->since : taken) &&
           json_put_moment(object, "next", standing->next) &&
           put_turn(object, reason_actor(standing->reason, party)) &&
           put_text(object, "party", standing->party.text) &&
           json_put_id(object, "behind", &standing->behind);
}

/* After an end nobody there can do anything more: what an office or the portal would have had to do
 * is the sender's now, who may send anew. */
bool standing_json_put_end(json_t *object, enum reason reason, enum party party)
{
    enum actor actor = reason_actor(reason, party);
    if (actor == ACTOR_OFFICE || actor == ACTOR_PORTAL)
        actor = ACTOR_SENDER;
    return json_put_reason(object, reason) && (actor == ACTOR_NOBODY || put_turn(object, actor));
}

bool standing_json_put_ended(json_t *object, struct store *store, const struct entry *entry,
                             enum party party)
{
    struct store_message receipt;
    bool has_receipt =
        entry->receipt_seq != 0 &&
        store->verbs->read_message(store, entry->receipt_seq, &receipt) == REASON_NONE;
    return (!has_receipt || json_put_moment(object, "state_time", receipt.custody)) &&
           standing_json_put_end(object, entry->reason, party);
}
