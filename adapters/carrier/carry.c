/* What is known of the way to a participant's adapter:
 *
 *   ABSENT ──a frame of it [carry_from_adapter]──▶ CONNECTED
 *      ▲                                               │
 *      └── a frame for it finds no way [cut], no longer carried [carry_set_participants]
 *
 * and of the line to the gateway: DOWN ──[carry_line_up]──▶ UP ──[carry_line_down]──▶ DOWN.
 */
#include "adapters/carrier/carry.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/arena.h"
#include "proto/base/check.h"
#include "proto/codec/frame.h"
#include "proto/link/link.h"

static void say(struct carry *carry, const struct carry_transition *transition)
{
    carry->ports.transition(carry->ports.context, transition);
}

/* About one participant, whose connections may come and go as fast as it likes. */
static void say_of(struct carry *carry, struct carried *carried, enum carry_event event,
                   enum reason reason)
{
    enum { SECOND_MS = 1000 };
    if (carry->now.ms - carried->said_since.ms >= SECOND_MS) {
        carried->said_since = carry->now;
        carried->said = 0;
    }
    if (carried->said++ < CARRY_LINES_PER_S)
        say(carry, &(struct carry_transition){
                       .event = event, .participant = carried->key, .reason = reason});
}

/* The same for everybody, made once. */
static void make_goodbye(struct carry *carry)
{
    struct frame frame = {.kind = FRAME_GOODBYE, .goodbye = REASON_LINK_LOST};
    struct arena nothing = {0};
    struct buffer bytes;
    buffer_init(&bytes, CARRY_GOODBYE_BYTES_MAX);
    if (frame_build(&frame, &nothing, &bytes) == REASON_NONE) {
        memcpy(carry->goodbye, bytes.data, bytes.size);
        carry->goodbye_size = bytes.size;
    }
    buffer_release(&bytes);
}

static struct bytes goodbye(const struct carry *carry)
{
    return (struct bytes){carry->goodbye, carry->goodbye_size};
}

void carry_init(struct carry *carry, const struct carry_ports *ports, mono_t now)
{
    *carry = (struct carry){.ports = *ports, .told = {now.ms - CARRY_TELL_MS}, .now = now};
    make_goodbye(carry);
}

static int by_key(const void *a, const void *b)
{
    const struct carried *left = a, *right = b;
    return memcmp(&left->key, &right->key, sizeof left->key);
}

static struct carried *find(struct carry *carry, const struct key *key)
{
    const struct carried wanted = {.key = *key};
    return bsearch(&wanted, carry->carried, carry->count, sizeof wanted, by_key);
}

/* Who stays keeps connection and share of the line: a reload cuts off nobody but whom it takes
 * out. */
void carry_set_participants(struct carry *carry, const struct key *keys, size_t count)
{
    struct carry after = {.count = count};
    check(count <= CARRIED_MAX);
    for (size_t i = 0; i < count; i++) {
        struct carried *carried = find(carry, &keys[i]);
        after.carried[i] = carried != NULL ? *carried : (struct carried){.key = keys[i]};
    }
    qsort(after.carried, count, sizeof *after.carried, by_key);
    for (size_t i = 0; i < carry->count; i++) {
        const struct carried *before = &carry->carried[i];
        if (before->is_connected && find(&after, &before->key) == NULL)
            say(carry, &(struct carry_transition){.event = CARRY_ADAPTER_DOWN,
                                                  .participant = before->key,
                                                  .reason = REASON_LINK_REFUSED});
    }
    memcpy(carry->carried, after.carried, sizeof carry->carried);
    carry->count = count;
}

static enum reason send_up(struct carry *carry, const struct key *participant, struct bytes frame)
{
    if (!carry->is_line_up)
        return REASON_LINK_LOST;
    return carry->ports.to_gateway(carry->ports.context, participant, frame);
}

/* To the adapter no further frame goes before it has sent one, and the gateway is told. */
static void cut(struct carry *carry, struct carried *carried, enum reason reason)
{
    carried->is_connected = false;
    (void)send_up(carry, &carried->key, goodbye(carry));
    say_of(carry, carried, CARRY_ADAPTER_DOWN, reason);
}

void carry_line_up(struct carry *carry)
{
    if (carry->is_line_up)
        return;
    carry->is_line_up = true;
    say(carry, &(struct carry_transition){.event = CARRY_LINE_UP});
}

void carry_line_down(struct carry *carry)
{
    if (!carry->is_line_up)
        return;
    carry->is_line_up = false;
    say(carry, &(struct carry_transition){.event = CARRY_LINE_DOWN, .reason = REASON_LINK_LOST});
    for (size_t i = 0; i < carry->count; i++) {
        struct carried *carried = &carry->carried[i];
        if (!carried->is_connected)
            continue;
        enum reason reason =
            carry->ports.to_adapter(carry->ports.context, &carried->key, goodbye(carry));
        if (reason != REASON_NONE)
            cut(carry, carried, reason);
    }
}

/* ---- shares of the line ---- */

/* A bucket that leaks by the clock: how far one is ahead of its share shrinks with time, and what
 * was left unused is not saved up beyond CARRY_BURST_BYTES. */
static void forgive(struct carried *carried, mono_t now)
{
    int64_t forgiven = (now.ms - carried->ahead_at.ms) * CARRY_BYTES_PER_MS;
    carried->ahead_bytes = carried->ahead_bytes > forgiven ? carried->ahead_bytes - forgiven : 0;
    carried->ahead_at = now;
}

bool carry_may(struct carry *carry, const struct key *participant, mono_t now)
{
    struct carried *carried = find(carry, participant);
    carry->now = now;
    if (carried == NULL)
        return true; /* it is dropped */
    forgive(carried, now);
    return carried->ahead_bytes < CARRY_BURST_BYTES;
}

/* No descriptor tells that a share has room again, so the loop's wait ends when the first of them
 * has. */
int carry_wait_ms(struct carry *carry, mono_t now, int limit_ms)
{
    int64_t wait_ms = limit_ms;
    for (size_t i = 0; i < carry->count; i++) {
        struct carried *carried = &carry->carried[i];
        forgive(carried, now);
        int64_t beyond = carried->ahead_bytes - CARRY_BURST_BYTES;
        if (beyond >= 0 && beyond / CARRY_BYTES_PER_MS + 1 < wait_ms)
            wait_ms = beyond / CARRY_BYTES_PER_MS + 1;
    }
    return (int)wait_ms;
}

/* Whether the gateway knows it, as far as can be told. */
static bool is_held(const struct carry *carry, const struct carried *carried)
{
    return carried->unanswered >= LINK_UNANSWERED_MAX &&
           carry->now.ms - carried->passed_at.ms < CARRY_HELD_MS;
}

static enum reason pass_up(struct carry *carry, struct carried *carried, struct bytes frame)
{
    if (is_held(carry, carried))
        return REASON_LINK_REFUSED;
    enum reason reason = send_up(carry, &carried->key, frame);
    if (reason == REASON_NONE) {
        carried->unanswered += carried->unanswered < LINK_UNANSWERED_MAX;
        carried->passed_at = carry->now;
    }
    return reason;
}

bool carry_from_adapter(struct carry *carry, const struct key *participant, uint64_t connection,
                        struct bytes frame)
{
    struct carried *carried = find(carry, participant);
    if (carried == NULL) { /* it was taken out of the registry just now */
        carry->to_gateway++;
        return true;
    }
    if (!carried->is_connected || carried->connection != connection) {
        carried->is_connected = true;
        carried->connection = connection;
        say_of(carry, carried, CARRY_ADAPTER_UP, REASON_NONE);
    }
    enum reason reason = pass_up(carry, carried, frame);
    if (reason == REASON_BUSY)
        return false;
    carried->ahead_bytes +=
        frame.size > CARRY_FRAME_BYTES ? (int64_t)frame.size : (int64_t)CARRY_FRAME_BYTES;
    if (reason == REASON_NONE)
        carry->moved++;
    else
        carry->to_gateway++;
    return true;
}

void carry_from_gateway(struct carry *carry, const struct key *participant, struct bytes frame)
{
    struct carried *carried = find(carry, participant);
    enum reason reason = REASON_LINK_LOST;
    if (carried != NULL)
        carried->unanswered = 0;
    if (carried != NULL && carried->is_connected) {
        reason = carry->ports.to_adapter(carry->ports.context, participant, frame);
        if (reason != REASON_NONE)
            cut(carry, carried, reason);
    }
    if (reason == REASON_NONE)
        carry->moved++;
    else
        carry->to_adapters++;
}

/* Counted and told together: a line that breaks drops the frames of all adapters at once (invariant
 * 8). */
void carry_tick(struct carry *carry, mono_t now)
{
    carry->now = now;
    if (carry->to_gateway + carry->to_adapters == 0)
        return;
    if (carry->tell_due.ms == 0) {
        int64_t gathered = now.ms + CARRY_GATHER_MS;
        int64_t allowed = carry->told.ms + CARRY_TELL_MS;
        carry->tell_due = (mono_t){gathered > allowed ? gathered : allowed};
    }
    if (now.ms < carry->tell_due.ms)
        return;
    say(carry, &(struct carry_transition){.event = CARRY_FRAMES_DROPPED,
                                          .to_gateway = carry->to_gateway,
                                          .to_adapters = carry->to_adapters});
    carry->to_gateway = carry->to_adapters = 0;
    carry->tell_due = (mono_t){0};
    carry->told = now;
}
