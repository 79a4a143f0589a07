/* In a decade: each dossier is due at every adapter when the law and the calendar that it had on
 * that day say so, or when its citizen was told; a day beyond the end of the calendar is marked as
 * one that may move, and only such a day. */
#include "tests/sim/check.h"

#include "tests/sim/past.h"

static int64_t day_of_ms(int64_t at_ms)
{
    return catalogue_day(at_ms - WORLD_EPOCH_MS);
}

static void check_row(struct node *node, const struct store_deadline *row)
{
    struct sim *sim = node->sim;
    int number = workload_dossier(sim, row->dossier_code);
    if (number == NOWHERE)
        return;
    const struct dossier *dossier = &sim->dossiers[number];
    const struct deadline *deadline = &row->deadline;
    int64_t received_ms = WORLD_EPOCH_MS + dossier->received_ms;
    int64_t last = holidays_last_day(node->calendar);
    int64_t law_ms =
        holidays_due_ms(node->calendar, received_ms, catalogue_days(dossier->procedure));
    int64_t told_ms = catalogue_appointment_ms((unsigned int)number, received_ms);
    int64_t due_ms = told_ms != 0 ? told_ms : law_ms;
    bool is_beyond = day_of_ms(due_ms) > last;
    bool is_later = day_of_ms(told_ms) > day_of_ms(law_ms) && day_of_ms(law_ms) <= last;
    if (deadline->due.ms != due_ms)
        sim_violated(sim, 15, NULL, "%s: %s is due %lld s from the day that the calendar gives",
                     sim_node_name(node->index), dossier->code,
                     (long long)((deadline->due.ms - due_ms) / 1000));
    if (((deadline->marks & DEADLINE_PROVISIONAL) != 0) != is_beyond)
        sim_violated(sim, 15, NULL, "%s: %s is due %s the calendar's last day, and not marked so",
                     sim_node_name(node->index), dossier->code, is_beyond ? "behind" : "before");
    if (((deadline->marks & DEADLINE_LATER_THAN_LAW) != 0) != is_later)
        sim_violated(sim, 15, NULL, "%s: %s is due %slater than the law, and not marked so",
                     sim_node_name(node->index), dossier->code, is_later ? "" : "not ");
    sim->seen.due_known += !is_beyond;
    sim->seen.due_beyond += is_beyond;
    sim->seen.due_later += is_later;
}

static void committed(void *state, struct node *node, const struct store_plan *plan)
{
    (void)state;
    if (!node->sim->is_decade || node->session == NULL)
        return;
    for (size_t i = 0; i < plan->deadline_count; i++)
        check_row(node, &plan->deadlines[i]);
}

const struct checker check_due = {.name = "due", .committed = committed};
