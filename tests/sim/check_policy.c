/* Invariant 3, default deny: what the gateway takes was sealed by a valid certificate of its
 * sender, and goes where the catalogue says; what an adapter takes came from there. */
#include "tests/sim/check.h"

#include <string.h>

#include "proto/codec/message_type.h"
#include "proto/log/log.h"
#include "proto/seal/manifest.h"

/* The certificate's owner may seal with it at that moment of the world's time. */
static bool is_good_at(const struct sim *sim, const struct model_certificate *by, int64_t at_ms)
{
    const wall_t at = {WORLD_EPOCH_MS + at_ms};
    return at.ms <= by->to.ms && at.ms <= sim->authority.issuers[by->issuer].to.ms &&
           (by->revoked.ms == 0 || at.ms < by->revoked.ms);
}

/* In a decade clocks are right: custody begins with a seal that was good when it came. Later than
 * that by so much at the most: the store was busy. What waits for its files waits longer. */
static void check_day(struct sim *sim, const struct store_message *message,
                      const struct model_certificate *by)
{
    enum { BUSY_MS = 10 * 1000 };
    const struct record *record = record_find(&sim->records, &message->id);
    if (sim->is_decade && !sim->is_lost && record != NULL && !record->has_file &&
        is_business(message->type) && !is_good_at(sim, by, sim->now_ms - BUSY_MS))
        sim_violated(sim, 3, &message->id, "the gateway takes a seal whose certificate is over");
}

static void check_seal(struct sim *sim, int at, const struct store_plan *plan,
                       const struct store_message *message)
{
    const struct store_parcel *parcel = NULL;
    struct bytes document = plan_document(plan, message, &parcel);
    struct manifest manifest;
    struct digest digest;
    if (document.size == 0) {
        sim_violated(sim, 3, &message->id, "%s keeps it without its bytes", sim_node_name(at));
        return;
    }
    struct bytes content = parcel->manifest.size > 0 ? parcel->manifest : document;
    const struct model_certificate *by = model_signer(&sim->authority, content, parcel->signature);
    sim->nodes[at].model.port.hash(&document, 1, &digest);
    bool is_listed =
        parcel->manifest.size == 0 || (manifest_parse(parcel->manifest, &manifest) == REASON_NONE &&
                                       manifest_find(&manifest, &digest) != NULL);
    if (by == NULL || !key_equal(&by->owner, &message->sender) || !is_listed)
        sim_violated(sim, 3, &message->id, "%s takes what its sender did not seal",
                     sim_node_name(at));
    else if ((by->revoked.ms != 0 && by->revoked.ms < WORLD_EPOCH_MS) || by->to.ms < WORLD_EPOCH_MS)
        sim_violated(sim, 3, &message->id, "%s takes the seal of an ended certificate",
                     sim_node_name(at));
    else if (at == NODE_GATEWAY && !key_is_none(&message->recipient))
        check_day(sim, message, by);
    if (!digest_equal(&digest, &message->digest))
        sim_violated(sim, 2, &message->id, "%s keeps other bytes under its digest",
                     sim_node_name(at));
}

static int dossier_of(const struct sim *sim, struct bytes code)
{
    for (int i = 0; i < sim->dossier_count; i++) {
        if (bytes_equal(code, bytes_of_text(sim->dossiers[i].code)))
            return i;
    }
    return NOWHERE;
}

static const struct intent *intent_of(struct sim *sim, const struct store_message *message)
{
    const struct record *record = record_find(&sim->records, &message->id);
    return record == NULL || record->intent == NOWHERE ? NULL : &sim->intents[record->intent];
}

static void count(struct sim *sim, const struct store_message *message,
                  const struct dossier *dossier)
{
    if (message->type != MESSAGE_TYPE_TRANSFER)
        return;
    bool has_ended =
        dossier->procedure == PROCEDURE_ENDING && catalogue_day(sim->now_ms) > PROCEDURE_LAST_DAY;
    sim->seen.codes_kept += has_ended;
    sim->seen.moved +=
        dossier->agency != NOWHERE && sim_node_of(&message->recipient) != dossier->agency;
}

static void check_route(struct node *node, const struct store_plan *plan,
                        const struct store_message *message)
{
    struct sim *sim = node->sim;
    int nodes[PLACES_MAX];
    int number = dossier_of(sim, message->dossier_code);
    size_t expected = catalogue_destinations(sim, node->registry, sim_node_of(&message->sender),
                                             message->type, number, nodes);
    const struct intent *intent = intent_of(sim, message);
    if (intent != NULL && intent->named != NOWHERE)
        nodes[0] = intent->named;
    if (number != NOWHERE && !sim->is_lost)
        count(sim, message, &sim->dossiers[number]);
    size_t found = 0;
    for (size_t i = 0; i < plan->entry_count; i++) {
        const struct entry *entry = &plan->entries[i];
        if (entry->message_seq != message->seq)
            continue;
        if (found >= expected || sim_node_of(&entry->destination) != nodes[found])
            sim_violated(sim, 3, &message->id, "it goes to %s, which the catalogue does not say",
                         sim_node_name(sim_node_of(&entry->destination)));
        found++;
    }
    if (found != expected || expected == 0)
        sim_violated(sim, 3, &message->id, "taken for %zu destinations instead of %zu", found,
                     expected);
}

static void committed(void *state, struct node *node, const struct store_plan *plan)
{
    (void)state;
    struct sim *sim = node->sim;
    for (size_t i = 0; i < plan->message_count; i++) {
        const struct store_message *message = &plan->messages[i];
        check_seal(sim, node->index, plan, message);
        if (!is_business(message->type) || key_equal(&message->sender, &node->key))
            continue;
        if (node->index == NODE_GATEWAY) {
            if (key_is_none(&message->recipient))
                continue; /* remembered as refused */
            check_route(node, plan, message);
            continue;
        }
        struct record *record = record_find(&sim->records, &message->id);
        if (record != NULL && record->sender == sim_node_of(&message->sender) &&
            record_place(record, node->index) == NULL)
            sim_violated(sim, 3, &message->id, "%s takes what was not for it",
                         sim_node_name(node->index));
    }
}

/* A decade in which no seal was judged as of another day has tried nothing of it. */
static void logged(void *state, struct node *node, const struct log_line *line, struct bytes text)
{
    struct renewal *renewal = &node->sim->renewal;
    (void)state;
    (void)text;
    renewal->sealed_again += strcmp(line->event, "sealed_again") == 0;
    renewal->judged_at_custody += strcmp(line->event, "judged_at_custody") == 0;
}

const struct checker check_policy = {.name = "policy", .committed = committed, .logged = logged};
