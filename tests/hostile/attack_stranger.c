/* Strangers: whoever reaches the port and has no key that is admitted. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include "proto/base/check.h"
#include "tests/hostile/attacks.h"

enum { MANY = 1036, MEGABYTE = 1024 * 1024 };

static struct raw_zmtp_options stranger(const struct assault *assault)
{
    return (struct raw_zmtp_options){.endpoint = assault->endpoint,
                                     .server_key = assault->server_key,
                                     .timeout_ms = DIAL_TIMEOUT_MS};
}

/* ---- held open ---- */

/* Keeps count lines at that stage. */
static void hold(struct assault *assault, size_t count, enum raw_stage stage)
{
    struct raw_zmtp_options options = stranger(assault);
    options.timeout_ms = 200;
    while (assault_goes_on(assault)) {
        size_t held = 0;
        for (size_t i = 0; i < count && assault_goes_on(assault); i++) {
            struct raw_zmtp *line = &assault->lines[i];
            if (line->stage != RAW_CLOSED && raw_zmtp_discard(line)) {
                held++;
                continue;
            }
            if (raw_zmtp_open(&options, stage, line)) {
                atomic_fetch_add(&assault->outcome->sent, 1);
                held++;
            }
        }
        if (held > assault->outcome->held)
            assault->outcome->held = held;
        (void)poll(NULL, 0, 20);
    }
}

void attack_silent_connections(struct assault *assault)
{
    hold(assault, MANY, RAW_DIALLED);
}

void attack_greeted_connections(struct assault *assault)
{
    hold(assault, MANY, RAW_GREETED);
}

void attack_welcomed_connections(struct assault *assault)
{
    hold(assault, MANY, RAW_WELCOMED);
}

void attack_carrier_silent(struct assault *assault)
{
    hold(assault, MANY, RAW_DIALLED);
}

/* ---- large words ---- */

/* Each line announces a command of a megabyte in the handshake and sends all of it but an octet. */
static void announce(struct assault *assault, size_t count, enum raw_stage stage)
{
    static uint8_t filler[64 * 1024];
    static size_t left[ASSAULT_CONNECTIONS_MAX];
    struct raw_zmtp_options options = stranger(assault);
    options.timeout_ms = 200;
    check(count <= ASSAULT_CONNECTIONS_MAX);
    while (assault_goes_on(assault)) {
        size_t held = 0;
        for (size_t i = 0; i < count && assault_goes_on(assault); i++) {
            struct raw_zmtp *line = &assault->lines[i];
            if (line->stage == RAW_CLOSED && raw_zmtp_open(&options, stage, line)) {
                uint8_t header[RAW_HEADER_BYTES];
                size_t size = raw_zmtp_header(RAW_COMMAND, MEGABYTE, header);
                left[i] = MEGABYTE - 1;
                (void)raw_zmtp_write(line, (struct bytes){header, size});
                atomic_fetch_add(&assault->outcome->sent, 1);
            }
            if (line->stage == RAW_CLOSED)
                continue;
            held++;
            size_t piece = left[i] < sizeof filler ? left[i] : sizeof filler;
            ssize_t written =
                piece == 0 ? 0 : send(line->fd, filler, piece, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (written > 0)
                left[i] -= (size_t)written;
            else if (!raw_zmtp_discard(line))
                left[i] = 0;
        }
        if (held > assault->outcome->held)
            assault->outcome->held = held;
    }
}

void attack_large_handshakes(struct assault *assault)
{
    announce(assault, MANY, RAW_GREETED);
}

void attack_large_initiates(struct assault *assault)
{
    announce(assault, MANY, RAW_WELCOMED);
}

void attack_carrier_large_handshakes(struct assault *assault)
{
    announce(assault, MANY, RAW_GREETED);
}

/* ---- at full rate ---- */

static void dial_and_drop(struct assault *assault, enum raw_stage stage, bool resets)
{
    struct raw_zmtp_options options = stranger(assault);
    options.timeout_ms = 200;
    while (assault_goes_on(assault)) {
        struct raw_zmtp line;
        (void)raw_zmtp_open(&options, stage, &line);
        atomic_fetch_add(&assault->outcome->sent, 1);
        if (resets)
            raw_zmtp_reset(&line);
        else
            raw_zmtp_close(&line);
    }
}

/* The whole handshake with a key that nobody knows: a question to ZAP and a refusal each. */
void attack_unknown_keys(struct assault *assault)
{
    dial_and_drop(assault, RAW_READY, false);
}

void attack_reset_storm(struct assault *assault)
{
    dial_and_drop(assault, RAW_DIALLED, true);
}

void attack_half_handshakes(struct assault *assault)
{
    dial_and_drop(assault, RAW_WELCOMED, true);
}

/* What is no ZMTP, or ZMTP of other days. */
void attack_other_protocols(struct assault *assault)
{
    static const char *const words[] = {
        "GET / HTTP/1.1\r\nHost: gateway\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "\x01\x01",
        "\xff\x01\x01\x01\x01\x01\x01\x01\x01\x7f\x01\x05\x01\x01",
        "\xff\x01\x01\x01\x01\x01\x01\x01\x01\x7f\x03\x01NULL",
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    };
    for (uint64_t number = 0; assault_goes_on(assault); number++) {
        struct raw_zmtp line;
        struct raw_zmtp_options options = stranger(assault);
        if (!raw_zmtp_open(&options, RAW_DIALLED, &line))
            continue;
        (void)raw_zmtp_write(&line, bytes_of_text(words[number % (sizeof words / sizeof *words)]));
        struct pollfd wait = {.fd = line.fd, .events = POLLIN};
        (void)poll(&wait, 1, 2);
        (void)raw_zmtp_discard(&line);
        atomic_fetch_add(&assault->outcome->sent, 1);
        raw_zmtp_close(&line);
    }
}

/* Commands whose boxes cannot be opened: the server's work is a curve multiplication each. */
void attack_wrong_boxes(struct assault *assault)
{
    uint8_t hello[200] = "\x05HELLO\x01";
    struct raw_zmtp_options options = stranger(assault);
    while (assault_goes_on(assault)) {
        struct raw_zmtp line;
        uint8_t header[RAW_HEADER_BYTES];
        if (!raw_zmtp_open(&options, RAW_GREETED, &line))
            continue;
        size_t size = raw_zmtp_header(RAW_COMMAND, sizeof hello, header);
        (void)(raw_zmtp_write(&line, (struct bytes){header, size}) &&
               raw_zmtp_write(&line, (struct bytes){hello, sizeof hello}));
        struct pollfd wait = {.fd = line.fd, .events = POLLIN};
        (void)poll(&wait, 1, 2);
        atomic_fetch_add(&assault->outcome->sent, 1);
        raw_zmtp_close(&line);
    }
}

/* One octet of a greeting now and then, on many lines. */
void attack_tricklers(struct assault *assault)
{
    enum { LINES = 400, ROUND_MS = 100 };
    static const uint8_t greeting[RAW_GREETING_BYTES] = {0xff, [9] = 0x7f, [10] = 3};
    struct raw_zmtp_options options = stranger(assault);
    for (size_t round = 0; assault_goes_on(assault); round++) {
        size_t held = 0;
        for (size_t i = 0; i < LINES && assault_goes_on(assault); i++) {
            struct raw_zmtp *line = &assault->lines[i];
            if (line->stage == RAW_CLOSED)
                (void)raw_zmtp_open(&options, RAW_DIALLED, line);
            else if (raw_zmtp_discard(line) &&
                     raw_zmtp_write(line, (struct bytes){&greeting[round % sizeof greeting], 1}))
                held++;
            atomic_fetch_add(&assault->outcome->sent, 1);
        }
        if (held > assault->outcome->held)
            assault->outcome->held = held;
        (void)poll(NULL, 0, ROUND_MS);
    }
}
