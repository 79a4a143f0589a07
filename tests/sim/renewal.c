/* Certificates in a decade. Once a year everybody gets a new one: it is registered everywhere
 * first, and its owner signs with it when all know it. But each year one of them is late: its old
 * certificate ends while it still seals with it; and another's is revoked, and replaced at once.
 * Two lines are blocked meanwhile, so that what was sealed before waits: the centre's upwards, for
 * custody, and an agency's, for who takes it out of custody.
 *
 * In some years the authority has a key of its own anew, an issuer of certificates. Every second
 * certificate is made under it at once, the others a year later; until then both are trusted. Then
 * the old one ends, also under what is on its way.
 *
 * Nothing may be lost or refused for any of that: a seal is judged at the gateway's custody, and
 * before that its sender seals again (adapters/core/session_proof.c); looked at by check_policy.c,
 * check_terminal.c and check_loss.c. */
#include "tests/sim/check.h"

enum {
    CERTIFICATE_DAYS = 395, /* a month of overlap */
    UNBLOCKED_MS = 50 * 1000,
    LOADED_MS = 2000, /* everybody has read its registry */
    ROLLOVER_EVERY = 4,
    ROLLOVER_FIRST = 1, /* year */
    REVOKED_BEHIND = 3, /* nodes behind the late one: never the same */
};

static bool is_rollover(unsigned int year)
{
    return year % ROLLOVER_EVERY == ROLLOVER_FIRST;
}

/* ---- one certificate ---- */

/* The newest one's, or the one's before: in the year of a new one, those of every second node. */
static size_t issuer_for(const struct sim *sim, int index)
{
    size_t newest = sim->authority.issuer_count - 1;
    return is_rollover(sim->renewal.year) && index % 2 == 0 ? newest - 1 : newest;
}

static void certify(struct sim *sim, int index)
{
    const wall_t from = {WORLD_EPOCH_MS + sim->now_ms - DAY_MS};
    const wall_t to = {from.ms + CERTIFICATE_DAYS * DAY_MS};
    struct node *node = &sim->nodes[index];
    node->next_certificate =
        model_certify(&sim->authority, &node->key, from, to, sim->now_ms, &sim->dice);
    sim->authority.certificates[node->next_certificate].issuer = issuer_for(sim, index);
    node->rotates_at_ms = sim->now_ms;
    sim->renewal.renewals++;
    sim_note(sim, index, "new certificate", NULL, (int64_t)node->next_certificate);
}

static struct model_certificate *certificate_of(struct sim *sim, int index)
{
    return &sim->authority.certificates[sim->nodes[index].model.signs_with];
}

/* ---- what happens on the day, each when its time has come and those before it are done ---- */

static bool block(struct sim *sim)
{
    struct line *agency = &sim->lines[NODE_AGENCY + (int)(sim->renewal.year % AGENCIES)];
    int64_t until_ms = sim->day_ms + UNBLOCKED_MS;
    sim->lines[NODE_CENTRE].up.blocked_until_ms = until_ms;
    agency->up.blocked_until_ms = agency->down.blocked_until_ms = until_ms;
    return true;
}

static bool renew(struct sim *sim)
{
    for (int i = 0; i < NODE_HOSTILE; i++) {
        if (i != sim->renewal.late && i != sim->renewal.revoked)
            certify(sim, i);
    }
    operator_load_registry(sim, LOADED_MS);
    return true;
}

static bool end_late(struct sim *sim)
{
    certificate_of(sim, sim->renewal.late)->to = (wall_t){WORLD_EPOCH_MS + sim->now_ms};
    sim->renewal.ended_late++;
    sim_note(sim, sim->renewal.late, "its certificate ends", NULL, 0);
    return true;
}

static bool revoke(struct sim *sim)
{
    certificate_of(sim, sim->renewal.revoked)->revoked = (wall_t){WORLD_EPOCH_MS + sim->now_ms};
    sim->renewal.revocations++;
    sim_note(sim, sim->renewal.revoked, "its certificate is revoked", NULL, 0);
    certify(sim, sim->renewal.revoked);
    operator_load_registry(sim, LOADED_MS);
    return true;
}

static bool renew_late(struct sim *sim)
{
    certify(sim, sim->renewal.late);
    operator_load_registry(sim, LOADED_MS);
    return true;
}

/* When nobody signs any more with what was made under it. */
static bool end_issuer(struct sim *sim)
{
    size_t newest = sim->authority.issuer_count - 1;
    if (newest == 0 || is_rollover(sim->renewal.year))
        return true;
    struct model_issuer *before = &sim->authority.issuers[newest - 1];
    for (int i = 0; i < NODE_HOSTILE; i++) {
        if (certificate_of(sim, i)->issuer != newest)
            return false;
    }
    if (before->to.ms == INT64_MAX) {
        before->to = (wall_t){WORLD_EPOCH_MS + sim->now_ms};
        sim->renewal.rollovers++;
        sim_note(sim, NODE_GATEWAY, "an issuer of certificates ends", NULL, 0);
    }
    return true;
}

static const struct {
    int64_t after_ms; /* since the day began: there is traffic before and behind */
    bool (*happens)(struct sim *sim);
} steps[RENEWAL_STEPS] = {
    {5 * 1000, block},   {8 * 1000, renew},       {12 * 1000, end_late},
    {20 * 1000, revoke}, {30 * 1000, renew_late}, {40 * 1000, end_issuer},
};

void renewal_begin(struct sim *sim, unsigned int year)
{
    struct renewal *renewal = &sim->renewal;
    renewal->next = 0;
    renewal->year = year;
    renewal->late = (int)year % NODE_HOSTILE;
    renewal->revoked = (int)(year + REVOKED_BEHIND) % NODE_HOSTILE;
    if (is_rollover(year))
        model_add_issuer(&sim->authority, sim->now_ms);
}

void renewal_turn(struct sim *sim)
{
    struct renewal *renewal = &sim->renewal;
    while (renewal->next < RENEWAL_STEPS &&
           sim->now_ms >= sim->day_ms + steps[renewal->next].after_ms &&
           steps[renewal->next].happens(sim))
        renewal->next++;
}

bool renewal_is_over(const struct sim *sim)
{
    bool is_over = sim->renewal.next == RENEWAL_STEPS;
    for (int i = 0; sim->is_decade && i < NODE_HOSTILE; i++)
        is_over = is_over && sim->nodes[i].rotates_at_ms == 0;
    return is_over;
}
