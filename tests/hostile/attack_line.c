/* Registered agencies whose connection misbehaves: parts without an end, commands, nothing read,
 * resets with full pipes. */
#include <poll.h>
#include <string.h>

#include "proto/base/check.h"
#include "tests/hostile/attacks.h"

enum { FEW_LINES = 4, PART_BYTES = 64 * 1024 };

static uint8_t filler[PART_BYTES];

/* Greets on so many lines; those that stand. */
static size_t bring_up(struct assault *assault, size_t count)
{
    size_t up = 0;
    for (size_t i = 0; i < count && assault_goes_on(assault); i++) {
        struct raw_zmtp *line = &assault->lines[i];
        if (line->stage == RAW_CLOSED && assault_dial(assault, line))
            (void)assault_greet(assault, line);
        up += line->stage == RAW_READY;
    }
    if (up > assault->outcome->held)
        assault->outcome->held = up;
    return up;
}

static void push_parts(struct assault *assault, struct bytes part, int flags)
{
    while (assault_goes_on(assault)) {
        bool moved = false;
        (void)bring_up(assault, FEW_LINES);
        for (size_t i = 0; i < FEW_LINES; i++) {
            struct raw_zmtp *line = &assault->lines[i];
            while (line->stage == RAW_READY && raw_zmtp_push(line, part, flags)) {
                atomic_fetch_add(&assault->outcome->sent, 1);
                moved = true;
                if (!raw_zmtp_flush(line))
                    break;
            }
            (void)assault_look(assault, line);
        }
        if (!moved)
            assault_wait(assault, FEW_LINES);
    }
}

void attack_endless_parts(struct assault *assault)
{
    push_parts(assault, (struct bytes){filler, sizeof filler}, RAW_MORE);
}

void attack_endless_small_parts(struct assault *assault)
{
    push_parts(assault, (struct bytes){filler, 1}, RAW_MORE);
}

void attack_empty_messages(struct assault *assault)
{
    push_parts(assault, (struct bytes){filler, 0}, 0);
}

void attack_pings(struct assault *assault)
{
    push_parts(assault, bytes_of_text("\x04PING\x01\x01sixteen octets--"), RAW_COMMAND);
}

void attack_unknown_commands(struct assault *assault)
{
    push_parts(assault,
               bytes_of_text("\x07"
                             "UNKNOWN and more"),
               RAW_COMMAND);
}

/* A header that says more than there may be, in a line that is admitted. */
void attack_false_sizes(struct assault *assault)
{
    while (assault_goes_on(assault)) {
        struct raw_zmtp line;
        uint8_t header[RAW_HEADER_BYTES];
        if (!assault_dial(assault, &line))
            continue;
        size_t size = raw_zmtp_header(0, UINT64_MAX >> (assault->number % 40), header);
        (void)raw_zmtp_write(&line, (struct bytes){header, size});
        (void)raw_zmtp_write(&line, (struct bytes){filler, sizeof filler});
        atomic_fetch_add(&assault->outcome->sent, 1);
        raw_zmtp_close(&line);
    }
}

/* ---- nothing is read ---- */

static struct bytes heartbeats_frame(struct assault *assault)
{
    static struct buffer kept;
    struct frame frame = {.kind = FRAME_BLOB_WANT,
                          .blob = {.credit_until = 1,
                                   .sender = key_of("centre"),
                                   .message_id = {{1, [6] = 0x70, [8] = 0x80}}}};
    buffer_init(&kept, 4096);
    check(assault_frame(assault, &frame, &kept));
    return buffer_view(&kept);
}

/* Asks at full rate and reads no answer, nor the messages that come for it. */
void attack_never_reads(struct assault *assault)
{
    struct bytes frame = heartbeats_frame(assault);
    while (assault_goes_on(assault)) {
        bool moved = false;
        (void)bring_up(assault, FEW_LINES);
        for (size_t i = 0; i < FEW_LINES; i++) {
            struct raw_zmtp *line = &assault->lines[i];
            if (line->stage == RAW_READY && raw_zmtp_push(line, frame, 0)) {
                atomic_fetch_add(&assault->outcome->sent, 1);
                moved = true;
            }
        }
        if (!moved)
            assault_wait(assault, FEW_LINES);
    }
}

/* ---- resets ---- */

/* Pushes small frames until no more go, on each line in turn, and resets it at once: the server has
 * a pipe full of what it has not read yet, of a connection that is gone. Every fourth is left full
 * for a while, so that the server's own timers meet it. */
static void reset_full(struct assault *assault)
{
    enum { LINES = 4, PUSHES_MAX = 4000, LEFT_MS = 200 };
    struct bytes frame = heartbeats_frame(assault);
    for (uint64_t n = 0; assault_goes_on(assault); n++) {
        struct raw_zmtp *line = &assault->lines[n % LINES];
        raw_zmtp_reset(line);
        atomic_fetch_add(&assault->outcome->sent, 1);
        if (!assault_dial(assault, line) || !assault_hello(assault, line))
            continue;
        struct bytes part = n % 2 == 0 ? frame : (struct bytes){filler, 1};
        for (int i = 0; i < PUSHES_MAX && raw_zmtp_push(line, part, 0) && raw_zmtp_flush(line); i++)
            ;
        if (n % LINES == 0)
            (void)poll(NULL, 0, LEFT_MS);
        else
            raw_zmtp_reset(line);
    }
}

void attack_resets_when_full(struct assault *assault)
{
    reset_full(assault);
}

void attack_carrier_resets_when_full(struct assault *assault)
{
    reset_full(assault);
}

void attack_carrier_endless_parts(struct assault *assault)
{
    push_parts(assault, (struct bytes){filler, sizeof filler}, RAW_MORE);
}

void attack_carrier_pings(struct assault *assault)
{
    push_parts(assault, bytes_of_text("\x04PING\x01\x01sixteen octets--"), RAW_COMMAND);
}
