/* Registered agencies that bring a routing id of their choice: another's, a future one, one of a
 * connection that has just ended, their own twice. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hostile/attacks.h"

enum {
    DRAWN_BYTES = 5, /* what a ROUTER draws: a zero and a number */
    STARTS = 3,      /* numbers that a ROUTER may have begun with */
    BLOCK = 48,      /* lines held at once */
    NUMBERS = 20000, /* connections that the server may have seen */
};

/* libzmq 4.3 begins at a number from rand(), which a process that does not seed it knows. */
static void draw_starts(uint32_t ret_starts[STARTS])
{
    /* NOLINTBEGIN(cert-msc*): the row of an unseeded process is wanted */
    srand(1);
    for (size_t i = 0; i < STARTS; i++) {
        uint32_t low = (uint32_t)rand();
        uint32_t high = (uint32_t)rand();
        ret_starts[i] = low | high << 31;
    }
    /* NOLINTEND(cert-msc*) */
}

static struct bytes drawn_id(uint32_t number, uint8_t ret_id[DRAWN_BYTES])
{
    ret_id[0] = 0;
    for (int i = 0; i < 4; i++)
        ret_id[1 + i] = (uint8_t)(number >> (24 - 8 * i));
    return (struct bytes){ret_id, DRAWN_BYTES};
}

/* Brings number after number of each start, a block of them held at once, and says hello on each.
 * step: what the block goes on by. */
static void bring_numbers(struct assault *assault, uint32_t first, uint32_t step)
{
    uint32_t starts[STARTS];
    uint8_t id[DRAWN_BYTES];
    draw_starts(starts);
    uint64_t admitted = 0;
    for (uint32_t n = 0; assault_goes_on(assault); n = (n + 1) % NUMBERS) {
        for (size_t s = 0; s < STARTS && assault_goes_on(assault); s++) {
            struct raw_zmtp *line = &assault->lines[(n * STARTS + s) % BLOCK];
            if (line->stage != RAW_CLOSED && assault_look(assault, line))
                raw_zmtp_close(line);
            atomic_fetch_add(&assault->outcome->sent, 1);
            if (assault_dial_as(assault, NULL, drawn_id(starts[s] + first + n * step, id), line)) {
                admitted++;
                (void)assault_hello(assault, line);
            }
        }
        for (size_t i = 0; i < BLOCK; i++)
            (void)assault_look(assault, &assault->lines[i]);
    }
    assault_note(assault, "%llu handshakes with such an id were completed",
                 (unsigned long long)admitted);
}

void attack_future_ids(struct assault *assault)
{
    bring_numbers(assault, 0, 1);
}

/* The numbers of connections that have ended: the server's table may still lead to them. */
void attack_ended_ids(struct assault *assault)
{
    uint32_t starts[STARTS];
    uint8_t id[DRAWN_BYTES];
    draw_starts(starts);
    for (uint32_t n = 0; assault_goes_on(assault); n = (n + 1) % NUMBERS) {
        struct raw_zmtp *line = &assault->lines[n % BLOCK];
        if (line->stage != RAW_CLOSED) {
            (void)assault_look(assault, line);
            raw_zmtp_reset(line);
        }
        atomic_fetch_add(&assault->outcome->sent, 1);
        (void)assault_dial_as(assault, NULL, drawn_id(starts[n % STARTS] + n / STARTS, id), line);
        for (size_t i = 0; i < BLOCK; i++)
            (void)assault_look(assault, &assault->lines[i]);
    }
}

/* Names, empty ids, the longest, zeros: each with a hello. */
void attack_chosen_ids(struct assault *assault)
{
    static uint8_t longest[RAW_IDENTITY_MAX];
    memset(longest, 'a', sizeof longest);
    const struct bytes ids[] = {bytes_of_text("centre"),
                                bytes_of_text("a0001"),
                                bytes_of_text("gateway"),
                                bytes_of_text("h0001"),
                                {longest, sizeof longest},
                                {longest, 1},
                                {(const uint8_t *)"\0\0\0\0\0", 5},
                                {(const uint8_t *)"\0", 1},
                                bytes_of_text("chosen")};
    enum { IDS = sizeof ids / sizeof *ids };
    for (uint64_t n = 0; assault_goes_on(assault); n++) {
        struct raw_zmtp *line = &assault->lines[n % IDS];
        raw_zmtp_close(line);
        atomic_fetch_add(&assault->outcome->sent, 1);
        if (assault_dial_as(assault, NULL, ids[n % IDS], line))
            (void)assault_hello(assault, line);
        (void)assault_look(assault, line);
    }
}

/* The same id on many lines at once, all of one key: each newer one may take over. */
void attack_same_id(struct assault *assault)
{
    enum { LINES = 8 };
    for (uint64_t n = 0; assault_goes_on(assault); n++) {
        struct raw_zmtp *line = &assault->lines[n % LINES];
        if (n % 3 == 0)
            raw_zmtp_reset(line);
        else
            raw_zmtp_close(line);
        atomic_fetch_add(&assault->outcome->sent, 1);
        if (assault_dial_as(assault, NULL, bytes_of_text("twin"), line))
            (void)assault_hello(assault, line);
        for (size_t i = 0; i < LINES; i++)
            (void)assault_look(assault, &assault->lines[i]);
    }
}

/* Admitted, greeted and gone, as fast as it goes. */
void attack_flapping(struct assault *assault)
{
    while (assault_goes_on(assault)) {
        struct raw_zmtp line;
        atomic_fetch_add(&assault->outcome->sent, 1);
        if (!assault_dial(assault, &line))
            continue;
        (void)assault_hello(assault, &line);
        raw_zmtp_close(&line);
    }
}

void attack_carrier_future_ids(struct assault *assault)
{
    attack_future_ids(assault);
}

void attack_carrier_flapping(struct assault *assault)
{
    attack_flapping(assault);
}
