/* Operators' hands on entries, clocks that jump, keys that change, registries that are loaded. */
#include "proto/base/check.h"
#include "tests/sim/check.h"

enum { LIST_MAX = 64 };

/* ---- on one node ---- */

static bool pick_entry(struct node *node, struct entry *ret_entry)
{
    struct entry entries[LIST_MAX];
    struct store_filter filter = {.state = 0};
    size_t count = 0;
    if (node->disk->verbs->list(node->disk, &filter, entries, LIST_MAX, &count) != REASON_NONE ||
        count == 0)
        return false;
    *ret_entry = entries[dice_below(&node->sim->dice, count)];
    return true;
}

static void operate(struct node *node, const struct entry *entry, enum mishap mishap)
{
    enum reason reason = REASON_FIELD_INVALID;
    struct store_message message = {0};
    (void)node->disk->verbs->read_message(node->disk, entry->message_seq, &message);
    struct record *record = record_find(&node->sim->records, &message.id);
    if (node->broker != NULL) {
        enum broker_operation operation = mishap == MISHAP_HOLD      ? BROKER_HOLD
                                          : mishap == MISHAP_RELEASE ? BROKER_RELEASE
                                          : mishap == MISHAP_EXPIRE  ? BROKER_EXPIRE
                                                                     : BROKER_WITHDRAW;
        reason = broker_operate(node->broker, entry->message_seq, &entry->destination, operation);
    } else if (mishap != MISHAP_EXPIRE) {
        enum session_operation operation = mishap == MISHAP_HOLD      ? SESSION_HOLD
                                           : mishap == MISHAP_RELEASE ? SESSION_RELEASE
                                                                      : SESSION_WITHDRAW;
        reason = session_operate(node->session, entry->message_seq, &entry->destination, operation);
    }
    sim_note(node->sim, node->index, mishap_text(mishap), NULL, (int)reason);
    if (record == NULL || reason != REASON_NONE)
        return;
    record->was_expired = record->was_expired || mishap == MISHAP_EXPIRE;
    record->was_withdrawn = record->was_withdrawn || mishap == MISHAP_WITHDRAW;
}

void operator_step(struct node *node)
{
    static const enum mishap hands[] = {MISHAP_HOLD, MISHAP_RELEASE, MISHAP_EXPIRE,
                                        MISHAP_WITHDRAW};
    struct sim *sim = node->sim;
    struct entry entry;
    for (size_t i = 0; i < sizeof hands / sizeof *hands; i++) {
        if (swarm_happens(&sim->swarm, hands[i]) && pick_entry(node, &entry))
            operate(node, &entry, hands[i]);
    }
    if (sim->swarm.is_calm && sim->now_ms >= node->release_at_ms) {
        node->release_at_ms = sim->now_ms + dice_between(&sim->dice, 20000, 40000);
        operator_release_all(node);
    }
}

void operator_release_all(struct node *node)
{
    struct entry entries[LIST_MAX];
    struct store_filter filter = {.state = ENTRY_HELD};
    size_t count = 0;
    if (node->disk->verbs->list(node->disk, &filter, entries, LIST_MAX, &count) != REASON_NONE)
        return;
    for (size_t i = 0; i < count; i++)
        operate(node, &entries[i], MISHAP_RELEASE);
    if (node->session != NULL && node->sim->is_lost && node->sim->is_restored)
        (void)session_explain_break(node->session, bytes_of_text("its disk was lost"));
}

/* ---- on all ---- */

static void jump_clock(struct sim *sim)
{
    enum { JUMP_MAX_MS = 12 * 60 * 1000 }; /* past what a hello is allowed (CLOCK_SKEW_MAX_MS) */
    struct node *node = &sim->nodes[dice_below(&sim->dice, NODES)];
    if (!node->is_used || node->far_until_ms != 0)
        return;
    node->clock_offset_ms = dice_below(&sim->dice, 4) == 0
                                ? dice_between(&sim->dice, -JUMP_MAX_MS, JUMP_MAX_MS)
                                : dice_between(&sim->dice, -2000, 2000);
    sim_note(sim, node->index, "clock jumps", NULL, node->clock_offset_ms);
}

/* Its store knows what time it was; the first start of all has nothing to compare with. */
static bool has_known_time(struct node *node)
{
    struct bytes note;
    return node->disk->verbs->read_note(node->disk, bytes_of_text("clock"), &note) == REASON_NONE;
}

/* Months off, for seconds to an hour, also across a restart; often it begins with one, as when the
 * battery of a clock is empty. */
static void jump_far(struct sim *sim)
{
    enum { FAR_MIN_MS = 3000, FAR_MAX_MS = 60 * 60 * 1000, RESTART_MAX_MS = 2000 };
    struct node *node = &sim->nodes[dice_below(&sim->dice, NODE_HOSTILE)];
    if (node->far_until_ms != 0 || !has_known_time(node))
        return;
    bool is_short = dice_below(&sim->dice, 2) == 0;
    node->far_until_ms =
        sim->now_ms + dice_between(&sim->dice, FAR_MIN_MS, is_short ? 10 * FAR_MIN_MS : FAR_MAX_MS);
    /* No two of them agree: most clocks are right, or nobody could say which. */
    int64_t far_ms = CLOCK_FAR_MS + dice_between(&sim->dice, 0, 20 * DAY_MS);
    node->clock_offset_ms = dice_below(&sim->dice, 2) == 0 ? far_ms : -far_ms;
    sim_note(sim, node->index, "clock is months off", NULL, node->clock_offset_ms);
    if (node->is_up && dice_below(&sim->dice, 2) == 0)
        node_crash(node, dice_between(&sim->dice, 50, RESTART_MAX_MS));
}

static void mend_clocks(struct sim *sim)
{
    for (int i = 0; i < NODES; i++) {
        struct node *node = &sim->nodes[i];
        if (node->far_until_ms == 0 || sim->now_ms < node->far_until_ms)
            continue;
        node->far_until_ms = node->clock_offset_ms = 0;
        sim_note(sim, i, "clock is right again", NULL, 0);
    }
}

void operator_load_registry(struct sim *sim, int64_t longest_ms)
{
    for (int i = 0; i < NODES; i++)
        sim->nodes[i].reload_at_ms = sim->now_ms + dice_between(&sim->dice, 1, longest_ms);
}

/* What it sealed with the old one, and nobody has taken yet, is late. */
static void end_certificate(struct node *node)
{
    struct sim *sim = node->sim;
    struct model_certificate *old = &sim->authority.certificates[node->model.signs_with];
    const wall_t now = {WORLD_EPOCH_MS + sim->now_ms};
    if (swarm_happens(&sim->swarm, MISHAP_KEY_ENDED))
        old->to = now;
    else if (swarm_happens(&sim->swarm, MISHAP_KEY_REVOKED))
        old->revoked = now;
}

static void sign_with_next(struct node *node)
{
    end_certificate(node);
    node->model.signs_with = node->next_certificate;
    node->rotates_at_ms = 0;
    sim_note(node->sim, node->index, "signs with a new key", NULL, (int64_t)node->next_certificate);
}

/* A new certificate is registered everywhere first; its owner signs with it when all know it, or,
 * in a hurry, at once. The old one stays valid: what it sealed is still under way. */
static void rotate_key(struct sim *sim)
{
    enum { ROTATION_MS = 10000 };
    struct node *node = &sim->nodes[dice_below(&sim->dice, NODE_HOSTILE)];
    if (!node->is_used || node->rotates_at_ms != 0 ||
        sim->authority.count == MODEL_CERTIFICATES_MAX)
        return;
    node->next_certificate =
        model_certify(&sim->authority, &node->key, (wall_t){WORLD_EPOCH_MS - CERTIFICATE_OLD_MS},
                      (wall_t){WORLD_EPOCH_MS + CERTIFICATE_LEFT_MS}, sim->now_ms, &sim->dice);
    node->rotates_at_ms = sim->now_ms + ROTATION_MS;
    operator_load_registry(sim, ROTATION_MS / 2);
    sim_note(sim, node->index, "new certificate", NULL, (int64_t)node->next_certificate);
    if (node->index != NODE_GATEWAY && swarm_happens(&sim->swarm, MISHAP_KEY_EARLY))
        sign_with_next(node);
}

static bool all_know(const struct sim *sim, size_t certificate)
{
    for (int i = 0; i < NODES; i++) {
        const struct node *node = &sim->nodes[i];
        if (node->is_used && i != NODE_HOSTILE &&
            (!node->is_up || node->model.knows_until_ms <
                                 sim->authority.certificates[certificate].registered_at_ms))
            return false;
    }
    return true;
}

static void finish_rotations(struct sim *sim)
{
    for (int i = 0; i < NODES; i++) {
        struct node *node = &sim->nodes[i];
        if (node->rotates_at_ms == 0 || sim->now_ms < node->rotates_at_ms ||
            !all_know(sim, node->next_certificate))
            continue;
        sign_with_next(node);
    }
}

/* It stands on a revocation list by mistake, or until somebody has looked into something. The
 * portal's, which sends nothing but receipts: what is refused for that alone has its end. */
static void hold_key(struct sim *sim)
{
    enum { HELD_MAX_MS = 20000 };
    struct node *node = &sim->nodes[NODE_PORTAL];
    sim->authority.certificates[node->model.signs_with].held_until_ms =
        sim->now_ms + dice_between(&sim->dice, 1000, HELD_MAX_MS);
    sim->authority.certificates[node->model.signs_with].held =
        (wall_t){WORLD_EPOCH_MS + sim->now_ms};
    sim_note(sim, node->index, "certificate on hold", NULL, 0);
}

static void end_holds(struct sim *sim)
{
    for (size_t i = 0; i < sim->authority.count; i++) {
        int64_t *until_ms = &sim->authority.certificates[i].held_until_ms;
        *until_ms = sim->now_ms < *until_ms ? *until_ms : 0;
    }
}

void operator_world(struct sim *sim)
{
    if (swarm_happens(&sim->swarm, MISHAP_CLOCK_JUMP))
        jump_clock(sim);
    if (swarm_happens(&sim->swarm, MISHAP_CLOCK_FAR))
        jump_far(sim);
    mend_clocks(sim);
    if (swarm_happens(&sim->swarm, MISHAP_KEY_ROTATED))
        rotate_key(sim);
    if (swarm_happens(&sim->swarm, MISHAP_KEY_HELD))
        hold_key(sim);
    end_holds(sim);
    if (swarm_happens(&sim->swarm, MISHAP_REGISTRY_RELOADED)) {
        sim->registry_newest = (sim->registry_newest + 1) % REGISTRY_VERSIONS;
        operator_load_registry(sim, 3000);
    }
    finish_rotations(sim);
}
