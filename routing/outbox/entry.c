/* The states of a message on its way to one destination, and the only place that says which may
 * follow which (invariant 4). A terminal state has no followers: whoever tries to move out of one
 * has made a mistake, and the program ends there. */
#include "routing/outbox/entry.h"

#include "proto/base/check.h"

struct state_row {
    const char *name;
    const char *vietnamese;
    unsigned int next; /* bit set of the states that may follow */
};

#define TO(state) (1U << (state))

#define ENDS (TO(ENTRY_DELIVERED) | TO(ENTRY_REFUSED) | TO(ENTRY_EXPIRED) | TO(ENTRY_WITHDRAWN))

/* A receipt may arrive late, when its lease has already ended: so every live state may end
 * DELIVERED. */
static const struct state_row rows[ENTRY_STATES] = {
    [ENTRY_QUEUED] = {"queued", "chờ gửi", TO(ENTRY_LEASED) | TO(ENTRY_HELD) | ENDS},
    [ENTRY_LEASED] = {"leased", "đang gửi",
                      TO(ENTRY_QUEUED) | TO(ENTRY_DEFERRED) | TO(ENTRY_HELD) | ENDS},
    [ENTRY_DEFERRED] = {"deferred", "chờ gửi lại",
                        TO(ENTRY_QUEUED) | TO(ENTRY_LEASED) | TO(ENTRY_HELD) | ENDS},
    [ENTRY_HELD] = {"held", "tạm giữ", TO(ENTRY_QUEUED) | ENDS},
    [ENTRY_DELIVERED] = {"delivered", "đã giao", 0},
    [ENTRY_REFUSED] = {"refused", "bị từ chối", 0},
    [ENTRY_EXPIRED] = {"expired", "hết hạn", 0},
    [ENTRY_WITHDRAWN] = {"withdrawn", "đã rút", 0},
    [ENTRY_AWAITED] = {"awaited", "chờ biên nhận", ENDS},
};

bool entry_state_is_terminal(enum entry_state state)
{
    return state >= ENTRY_DELIVERED && state <= ENTRY_WITHDRAWN;
}

bool entry_state_is_live(enum entry_state state)
{
    return (state >= ENTRY_QUEUED && state <= ENTRY_HELD) || state == ENTRY_AWAITED;
}

/* States come from our own store and code; a number outside of the table is a mistake of ours. */
bool entry_may_move(enum entry_state from, enum entry_state to)
{
    check(from >= ENTRY_QUEUED && from <= ENTRY_AWAITED);
    check(to >= ENTRY_QUEUED && to <= ENTRY_AWAITED);
    return (rows[from].next & TO(to)) != 0;
}

void entry_move(struct entry *entry, enum entry_state to)
{
    check(entry_may_move(entry->state, to));
    entry->state = to;
}

/* Since when it is so, and not when it was last tried: a person wants to know how long (invariant
 * 15). */
void entry_explain(struct entry *entry, enum reason reason, wall_t now)
{
    if (reason != entry->reason || entry->since.ms == 0)
        entry->since = now;
    entry->reason = reason;
}

const char *entry_state_name(enum entry_state state)
{
    check(state >= ENTRY_QUEUED && state <= ENTRY_AWAITED);
    return rows[state].name;
}

const char *entry_state_vietnamese(enum entry_state state)
{
    check(state >= ENTRY_QUEUED && state <= ENTRY_AWAITED);
    return rows[state].vietnamese;
}

bool entry_state_parse(struct bytes name, enum entry_state *ret_state)
{
    for (int state = ENTRY_QUEUED; state < ENTRY_STATES; state++) {
        if (bytes_equal(name, bytes_of_text(rows[state].name))) {
            *ret_state = (enum entry_state)state;
            return true;
        }
    }
    return false;
}
