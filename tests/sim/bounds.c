/* The cores' bounds, drawn small: a bound that no run reaches is one that nobody has tried. What a
 * bound may be depends on what must still get through: every honest message. */
#include "tests/sim/check.h"

static uint32_t one_of(struct sim *sim, const uint32_t *choices, size_t count)
{
    return choices[dice_below(&sim->dice, count)];
}

/* A step that holds little more than the largest piece of work, beside what it does by itself: a
 * few messages, which a moment of the storm brings, or all the moves that one receipt may make. */
static struct room_need small_step(bool has_few_messages)
{
    enum { MOVES = 1024, RECORDS = 1200, REPLIES = 4096, BYTES = 6 * 1024 * 1024 };
    enum { FEW = 16 };
    return (struct room_need){{[ROOM_MESSAGES] = has_few_messages ? FEW : PLAN_MESSAGES_MAX,
                               [ROOM_PARCELS] = has_few_messages ? FEW : PLAN_PARCELS_MAX,
                               [ROOM_ENTRIES] = PLAN_ENTRIES_MAX,
                               [ROOM_MOVES] = MOVES,
                               [ROOM_NOTES] = PLAN_NOTES_MAX,
                               [ROOM_ROUTES] = PLAN_ROUTES_MAX,
                               [ROOM_DEADLINES] = PLAN_DEADLINES_MAX,
                               [ROOM_RECORDS] = RECORDS,
                               [ROOM_REPLIES] = REPLIES,
                               [ROOM_DELIVERIES] = REPLIES,
                               [ROOM_BYTES] = BYTES}};
}

void bounds_draw(struct sim *sim)
{
    enum { CHOICES = 4 };
    /* Half of a file is larger than one chunk, the largest of them than the smaller bound. */
    enum { FILE_BYTES_SMALL = 150 * 1024, FILE_BYTES_LARGE = 1024 * 1024 };
    /* As long as a destination that answers nothing leaves one flight to the others: each that
     * holds its own takes half of what is left (routing/outbox). */
    static const uint32_t flights[CHOICES] = {8, 16, 32, 64};
    static const uint32_t windows[CHOICES] = {1, 2, 5, 16};
    static const uint32_t calls[CHOICES] = {1, 2, 3, 8};
    /* What waits for an office's place or a narrow line waits longer with one more sender: what
     * is measured is what the gateway does to them. */
    bool is_wide = sim->is_fairness;
    bool is_file_small = dice_below(&sim->dice, 4) == 0;
    sim->bounds = (struct bounds){
        .flights_max = one_of(sim, flights, CHOICES),
        .gateway_window = is_wide ? windows[CHOICES - 1] : one_of(sim, windows, CHOICES),
        .adapter_window = is_wide ? windows[CHOICES - 1] : one_of(sim, windows, CHOICES),
        .office_window = is_wide ? calls[CHOICES - 1] : one_of(sim, calls, CHOICES),
        /* Everybody but the gateway itself: a name that was made up would take an honest place. */
        .participants_max = NODES - 1,
        .file_bytes_max = is_file_small ? FILE_BYTES_SMALL : FILE_BYTES_LARGE,
        .adapter_file_bytes_max =
            dice_below(&sim->dice, 8) == 0 ? FILE_BYTES_SMALL : FILE_BYTES_LARGE,
        .is_step_small = dice_below(&sim->dice, 2) == 0,
        .step_max = small_step(dice_below(&sim->dice, 2) == 0),
    };
}
