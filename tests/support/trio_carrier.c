/* A carrier between the trio's adapters and its gateway: carry.h over lines that are cut, programs
 * that begin anew or stand still, and frames that come late. */
#include "proto/base/check.h"
#include "proto/codec/frame.h"
#include "tests/support/trio_parts.h"

enum { BLINK_MS = 100, CUT_MS = 30 * 1000, STANDSTILL_MS = 6 * 1000 };

/* ---- ports of carry ---- */

static enum reason to_gateway(void *context, const struct key *participant, struct bytes frame)
{
    struct trio *trio = context;
    check(trio->carrier.way != 0);
    return trio_enqueue(&trio->members[TRIO_GATEWAY].line, participant, trio->carrier.way, frame)
               ? REASON_NONE
               : REASON_BUSY;
}

static bool is_goodbye(struct bytes bytes)
{
    struct arena arena;
    struct frame frame;
    check(arena_init(&arena, FRAME_ARENA_BYTES));
    bool is = frame_parse(bytes, &arena, &frame) == REASON_NONE && frame.kind == FRAME_GOODBYE;
    arena_release(&arena);
    return is;
}

static enum reason to_adapter(void *context, const struct key *participant, struct bytes frame)
{
    struct trio *trio = context;
    struct member *to = trio_member_of(trio, participant);
    if (!to->is_carried || trio->carrier.bound[to - trio->members].way != to->way)
        return REASON_LINK_LOST;
    if (trio->carrier.loses_goodbyes && is_goodbye(frame))
        return REASON_NONE;
    return trio_enqueue(&to->line, &trio->members[TRIO_GATEWAY].key, to->way, frame) ? REASON_NONE
                                                                                     : REASON_BUSY;
}

static void ignore(void *context, const struct carry_transition *transition)
{
    (void)context;
    (void)transition;
}

/* ---- the program ---- */

static void start_carrier(struct trio *trio)
{
    const struct carry_ports ports = {trio, to_gateway, to_adapter, ignore};
    struct carrier_between *carrier = &trio->carrier;
    const struct key keys[] = {trio->members[TRIO_CENTRE].key, trio->members[TRIO_AGENCY].key};
    carry_init(&carrier->carry, &ports, (mono_t){trio->now_ms});
    carry_set_participants(&carrier->carry, keys, 2);
    trio_drop_line(&carrier->in);
    trio_drop_line(&carrier->back);
    for (size_t i = 0; i < TRIO_MEMBERS; i++)
        carrier->bound[i] = (struct bound){0};
    carrier->way = ++trio->ways;
    carry_line_up(&carrier->carry);
}

/* Of a connection that is no more the frames come behind those of the new one: a ROUTER reads its
 * connections in turn. */
static void read_adapters(struct trio *trio, bool reads_late)
{
    struct carrier_between *carrier = &trio->carrier;
    for (size_t i = 0; i < carrier->in.count; i++) {
        const struct member *from = trio_member_of(trio, &carrier->in.frames[i].from);
        struct bound *bound = &carrier->bound[from - trio->members];
        uint64_t way = carrier->in.frames[i].way;
        if ((way != from->way) != reads_late)
            continue;
        (void)trio_bind(trio, bound, way);
        check(carry_from_adapter(&carrier->carry, &from->key, bound->connection,
                                 carrier->in.frames[i].bytes));
    }
}

static void read_frames(struct trio *trio)
{
    struct carrier_between *carrier = &trio->carrier;
    for (size_t i = 0; i < carrier->back.count; i++)
        carry_from_gateway(&carrier->carry, &carrier->back.frames[i].from,
                           carrier->back.frames[i].bytes);
    trio_drop_line(&carrier->back);
    read_adapters(trio, false);
    read_adapters(trio, true);
    trio_drop_line(&carrier->in);
}

/* ---- what is renewed ---- */

static void dial(struct trio *trio, struct member *member, bool is_carried)
{
    member->way = ++trio->ways;
    member->is_carried = is_carried;
    member->goes_down = member->comes_up = true;
    trio_drop_line(&member->line);
}

static void restart_adapter(struct trio *trio, bool is_carried)
{
    trio_reopen(trio, TRIO_AGENCY);
    dial(trio, &trio->members[TRIO_AGENCY], is_carried);
}

static void lose_line(struct trio *trio)
{
    struct carrier_between *carrier = &trio->carrier;
    carrier->way = 0;
    trio_drop_line(&carrier->back);
    carry_line_down(&carrier->carry);
}

static void restore_line(struct trio *trio)
{
    trio->carrier.way = ++trio->ways;
    carry_line_up(&trio->carrier.carry);
}

static void cut_line(struct trio *trio, int64_t for_ms)
{
    lose_line(trio);
    trio->carrier.goes_on_ms = trio->now_ms + for_ms;
}

static void renew(struct trio *trio)
{
    struct carrier_between *carrier = &trio->carrier;
    switch (trio->renewal) {
    case TRIO_ADAPTER_RESTARTS: /* its hello and its old frames are read together */
        carrier->stands_still = true;
        carrier->goes_on_ms = trio->now_ms + 1;
        restart_adapter(trio, true);
        break;
    case TRIO_CARRIER_RESTARTS:
        start_carrier(trio);
        dial(trio, &trio->members[TRIO_CENTRE], true);
        dial(trio, &trio->members[TRIO_AGENCY], true);
        break;
    case TRIO_GATEWAY_RESTARTS:
        trio_reopen(trio, TRIO_GATEWAY);
        for (size_t i = 0; i < TRIO_MEMBERS; i++)
            trio->members[i].bound = (struct bound){0};
        lose_line(trio);
        restore_line(trio);
        break;
    case TRIO_LINE_BLINKS_UNNOTICED:
        carrier->loses_goodbyes = true;
        cut_line(trio, BLINK_MS);
        break;
    case TRIO_LINE_BLINKS:
        cut_line(trio, BLINK_MS);
        break;
    case TRIO_LINE_IS_CUT:
        cut_line(trio, CUT_MS);
        break;
    case TRIO_AGENCY_GOES_DIRECT:
    case TRIO_AGENCY_COMES_BACK:
        carrier->stands_still = true;
        carrier->goes_on_ms = trio->now_ms + STANDSTILL_MS;
        restart_adapter(trio, false);
        break;
    default:
        break;
    }
}

static void go_on(struct trio *trio)
{
    struct carrier_between *carrier = &trio->carrier;
    carrier->goes_on_ms = 0;
    carrier->stands_still = carrier->loses_goodbyes = false;
    if (carrier->way == 0)
        restore_line(trio);
    if (trio->renewal == TRIO_AGENCY_COMES_BACK)
        restart_adapter(trio, true);
}

void trio_renew(struct trio *trio)
{
    if (trio->carrier.goes_on_ms != 0 && trio->now_ms >= trio->carrier.goes_on_ms)
        go_on(trio);
    if (trio->carrier.is_there && trio->steps == trio->renewal_step)
        renew(trio);
}

void trio_carrier_step(struct trio *trio)
{
    if (trio->carrier.is_there && !trio->carrier.stands_still)
        read_frames(trio);
}

void trio_carry(struct trio *trio, enum trio_renewal renewal, size_t step)
{
    trio->renewal = renewal;
    trio->renewal_step = step;
    trio->carrier.is_there = true;
    trio->members[TRIO_CENTRE].is_carried = trio->members[TRIO_AGENCY].is_carried = true;
    start_carrier(trio);
}

bool trio_has_renewed(const struct trio *trio)
{
    return trio->steps >= trio->renewal_step;
}

void trio_carrier_close(struct trio *trio)
{
    trio_drop_line(&trio->carrier.in);
    trio_drop_line(&trio->carrier.back);
}
