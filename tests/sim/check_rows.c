/* Invariants 8 and 13, rows: what one hostile participant can make the gateway write in a second of
 * the world's time, of what is refused, repeated or alarming: ledger entries, store rows and log
 * lines. What is taken from it in good order is not counted. */
#include "tests/sim/check.h"

#include "proto/codec/message_type.h"
#include "proto/log/log.h"
#include "schema/ledger.pb-c.h"

#include <string.h>

enum {
    SECOND_MS = 1000,
    A_SECOND_MAX = 200,
    /* Two of the gateway's seconds may share one of ours; and each says once that it was not all.
     */
    COUNTED_MAX = 2 * (A_SECOND_MAX + 10),
};

struct state {
    int64_t second_ms;
    uint64_t entries, rows, lines;
};

static struct state *of_second(void *context, const struct sim *sim)
{
    struct state *state = context;
    if (sim->now_ms - state->second_ms >= SECOND_MS)
        *state = (struct state){.second_ms = sim->now_ms};
    return state;
}

static void check_count(struct sim *sim, uint64_t count, const char *what)
{
    if (count > COUNTED_MAX)
        sim_violated(sim, 13, NULL,
                     "a hostile participant makes the gateway write %llu %s a second",
                     (unsigned long long)count, what);
}

/* Refused at the door: its own. An alarm: about what its receipt said. */
static bool is_about_hostile(const Lienthong__V1__LedgerEntry *entry)
{
    struct bytes name = bytes_of_text(sim_node_name(NODE_HOSTILE));
    bool is_refusal = entry->kind == LIENTHONG__V1__ENTRY_KIND__REFUSED &&
                      entry->destination[0] == 0 && bytes_equal(bytes_of_text(entry->sender), name);
    bool is_alarm = entry->kind == LIENTHONG__V1__ENTRY_KIND__ALARM &&
                    (bytes_equal(bytes_of_text(entry->destination), name) ||
                     bytes_equal(bytes_of_text(entry->sender), name));
    return is_refusal || is_alarm;
}

static uint64_t entries_in(const struct store_segment *segment)
{
    uint64_t count = 0;
    for (size_t i = 0; segment != NULL && i < segment->entry_count; i++) {
        Lienthong__V1__LedgerEntry *entry = lienthong__v1__ledger_entry__unpack(
            NULL, segment->entries[i].size, segment->entries[i].data);
        if (entry == NULL)
            continue;
        count += is_about_hostile(entry);
        lienthong__v1__ledger_entry__free_unpacked(entry, NULL);
    }
    return count;
}

static void committed(void *context, struct node *node, const struct store_plan *plan)
{
    struct sim *sim = node->sim;
    if (node->index != NODE_GATEWAY || !sim->has_hostile)
        return;
    struct state *state = of_second(context, sim);
    state->entries += entries_in(plan->segment);
    for (size_t i = 0; i < plan->message_count; i++) {
        const struct store_message *message = &plan->messages[i];
        bool is_refused = key_is_none(&message->recipient) ||
                          message_type_is_receipt((enum message_type)message->type);
        state->rows += is_refused && sim_node_of(&message->sender) == NODE_HOSTILE;
    }
    check_count(sim, state->entries, "ledger entries");
    check_count(sim, state->rows, "rows");
}

static void logged(void *context, struct node *node, const struct log_line *line, struct bytes text)
{
    static const char *const events[] = {"refused", "duplicate", "alarm",
                                         "peer_up", "peer_down", "peer_refused"};
    struct sim *sim = node->sim;
    struct bytes name = bytes_of_text(sim_node_name(NODE_HOSTILE));
    (void)text;
    if (node->index != NODE_GATEWAY ||
        !(bytes_equal(line->from, name) || bytes_equal(line->to, name)))
        return;
    struct state *state = of_second(context, sim);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        state->lines += strcmp(events[i], line->event) == 0;
    check_count(sim, state->lines, "log lines");
}

const struct checker check_rows = {
    .name = "rows", .state_bytes = sizeof(struct state), .committed = committed, .logged = logged};
