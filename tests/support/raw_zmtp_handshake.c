/* CurveZMQ's handshake (RFC 26), both ends of it.
 *
 *     client                                         server
 *     greeting  64 octets                     ──▶
 *                                             ◀──   greeting
 *     HELLO     short-term key, a box of zeros ──▶
 *                                             ◀──   WELCOME   short-term key, cookie
 *     INITIATE  cookie, long-term key, vouch   ──▶
 *                                             ◀──   READY     metadata; or ERROR
 */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/base/check.h"
#include "tests/support/raw_zmtp_parts.h"

enum {
    HELLO_BYTES = 200,
    HELLO_KEY_AT = 80, /* name, version, padding */
    HELLO_ZEROS = 64,
    WELCOME_BYTES = 168,
    WELCOME_NONCE_BYTES = 16,
    INITIATE_BOX_AT = 9 + RAW_COOKIE_BYTES + RAW_NONCE_BYTES,
    VOUCH_BYTES = 2 * RAW_KEY_BYTES,
    METADATA_MAX = 512,
    READY_BOX_AT = 6 + RAW_NONCE_BYTES,
};

/* ---- what both ends say ---- */

static bool send_greeting(struct raw_zmtp *raw)
{
    uint8_t greeting[RAW_GREETING_BYTES] = {0xff, [9] = 0x7f, [10] = 3, [11] = 1};
    memcpy(greeting + 12, "CURVE", 5);
    greeting[32] = raw->is_server;
    return raw_zmtp_write(raw, (struct bytes){greeting, sizeof greeting});
}

static bool read_greeting(struct raw_zmtp *raw)
{
    uint8_t greeting[RAW_GREETING_BYTES];
    return raw_read_exactly(raw, greeting, sizeof greeting) && greeting[0] == 0xff &&
           greeting[9] == 0x7f && greeting[10] == 3 && memcmp(greeting + 12, "CURVE", 6) == 0;
}

static bool send_plain(struct raw_zmtp *raw, const uint8_t *command, size_t size)
{
    uint8_t header[RAW_HEADER_BYTES];
    size_t header_size = raw_zmtp_header(RAW_COMMAND, size, header);
    return raw_zmtp_write(raw, (struct bytes){header, header_size}) &&
           raw_zmtp_write(raw, (struct bytes){command, size});
}

/* A command of that name and at least that size. */
static bool read_command(struct raw_zmtp *raw, const char *name, size_t size,
                         struct bytes *ret_command)
{
    int flags;
    size_t name_size = strlen(name);
    return raw_read_frame(raw, raw->options.timeout_ms, &flags, ret_command) &&
           (flags & RAW_COMMAND) != 0 && ret_command->size >= size &&
           ret_command->data[0] == name_size && memcmp(ret_command->data + 1, name, name_size) == 0;
}

static size_t put_property(uint8_t *at, const char *name, struct bytes value)
{
    size_t name_size = strlen(name);
    at[0] = (uint8_t)name_size;
    memcpy(at + 1, name, name_size);
    uint8_t *size = at + 1 + name_size;
    size[0] = size[1] = 0;
    size[2] = (uint8_t)(value.size >> 8);
    size[3] = (uint8_t)value.size;
    if (value.size > 0)
        memcpy(size + 4, value.data, value.size);
    return 1 + name_size + 4 + value.size;
}

/* ---- the client's end ---- */

static bool send_hello(struct raw_zmtp *raw)
{
    static const uint8_t zeros[HELLO_ZEROS];
    uint8_t hello[HELLO_BYTES] = "\x05HELLO\x01";
    uint8_t nonce[crypto_box_NONCEBYTES];
    uint8_t *rest = hello + HELLO_KEY_AT + RAW_KEY_BYTES;
    memcpy(hello + HELLO_KEY_AT, raw->short_public, RAW_KEY_BYTES);
    raw_next_nonce(raw, rest);
    raw_nonce("CurveZMQHELLO---", rest, nonce);
    return crypto_box_easy(rest + RAW_NONCE_BYTES, zeros, sizeof zeros, nonce, raw->peer_public,
                           raw->short_secret) == 0 &&
           send_plain(raw, hello, sizeof hello);
}

static bool read_welcome(struct raw_zmtp *raw)
{
    struct bytes welcome;
    uint8_t plain[RAW_KEY_BYTES + RAW_COOKIE_BYTES];
    uint8_t nonce[crypto_box_NONCEBYTES];
    if (!read_command(raw, "WELCOME", WELCOME_BYTES, &welcome))
        return false;
    const uint8_t *rest = welcome.data + 8;
    raw_nonce("WELCOME-", rest, nonce);
    if (crypto_box_open_easy(plain, rest + WELCOME_NONCE_BYTES, sizeof plain + RAW_BOX_BYTES, nonce,
                             raw->peer_public, raw->short_secret) != 0)
        return false;
    memcpy(raw->peer_short, plain, RAW_KEY_BYTES);
    memcpy(raw->cookie, plain + RAW_KEY_BYTES, RAW_COOKIE_BYTES);
    return crypto_box_beforenm(raw->shared, raw->peer_short, raw->short_secret) == 0;
}

/* Long-term key, vouch, metadata. */
static size_t make_initiate_plain(const struct raw_zmtp *raw, uint8_t *ret_plain)
{
    uint8_t nonce[crypto_box_NONCEBYTES];
    uint8_t vouch[VOUCH_BYTES];
    uint8_t *rest = ret_plain + RAW_KEY_BYTES;
    const char *type = raw->options.socket_type == NULL ? "DEALER" : raw->options.socket_type;
    memcpy(ret_plain, raw->own_public, RAW_KEY_BYTES);
    randombytes_buf(rest, WELCOME_NONCE_BYTES);
    raw_nonce("VOUCH---", rest, nonce);
    memcpy(vouch, raw->short_public, RAW_KEY_BYTES);
    memcpy(vouch + RAW_KEY_BYTES, raw->peer_public, RAW_KEY_BYTES);
    check(crypto_box_easy(rest + WELCOME_NONCE_BYTES, vouch, sizeof vouch, nonce, raw->peer_short,
                          raw->own_secret) == 0);
    uint8_t *at = rest + WELCOME_NONCE_BYTES + sizeof vouch + RAW_BOX_BYTES;
    at += put_property(at, "Socket-Type", bytes_of_text(type));
    at += put_property(at, "Identity", raw->options.identity);
    return (size_t)(at - ret_plain);
}

static bool send_initiate(struct raw_zmtp *raw)
{
    enum { BYTES_MAX = INITIATE_BOX_AT + RAW_BOX_BYTES + METADATA_MAX };
    uint8_t initiate[BYTES_MAX] = "\x08INITIATE";
    uint8_t plain[METADATA_MAX];
    uint8_t nonce[crypto_box_NONCEBYTES];
    uint8_t *rest = initiate + 9 + RAW_COOKIE_BYTES;
    check(raw->options.socket_type == NULL || strlen(raw->options.socket_type) < 16);
    size_t size = make_initiate_plain(raw, plain);
    memcpy(initiate + 9, raw->cookie, RAW_COOKIE_BYTES);
    raw_next_nonce(raw, rest);
    raw_nonce("CurveZMQINITIATE", rest, nonce);
    check(crypto_box_easy_afternm(initiate + INITIATE_BOX_AT, plain, size, nonce, raw->shared) ==
          0);
    return send_plain(raw, initiate, INITIATE_BOX_AT + RAW_BOX_BYTES + size);
}

static bool read_ready(struct raw_zmtp *raw)
{
    struct bytes ready;
    uint8_t plain[METADATA_MAX];
    uint8_t nonce[crypto_box_NONCEBYTES];
    if (!read_command(raw, "READY", READY_BOX_AT + RAW_BOX_BYTES, &ready) ||
        ready.size - READY_BOX_AT > sizeof plain)
        return false;
    raw_nonce("CurveZMQREADY---", ready.data + 6, nonce);
    return crypto_box_open_easy_afternm(plain, ready.data + READY_BOX_AT, ready.size - READY_BOX_AT,
                                        nonce, raw->shared) == 0;
}

bool raw_zmtp_advance(struct raw_zmtp *raw)
{
    bool done = false;
    switch (raw->stage) {
    case RAW_DIALLED:
        done = send_greeting(raw) && read_greeting(raw);
        break;
    case RAW_GREETED:
        done = send_hello(raw) && read_welcome(raw);
        break;
    case RAW_WELCOMED:
        done = send_initiate(raw) && read_ready(raw);
        break;
    default:
        return false;
    }
    if (done)
        raw->stage++;
    else
        raw_zmtp_close(raw);
    return done;
}

/* ---- the server's end ---- */

static bool serve_hello(struct raw_zmtp *raw)
{
    struct bytes hello;
    uint8_t zeros[HELLO_ZEROS];
    uint8_t nonce[crypto_box_NONCEBYTES];
    if (!read_command(raw, "HELLO", HELLO_BYTES, &hello))
        return false;
    const uint8_t *rest = hello.data + HELLO_KEY_AT + RAW_KEY_BYTES;
    memcpy(raw->peer_short, hello.data + HELLO_KEY_AT, RAW_KEY_BYTES);
    raw_nonce("CurveZMQHELLO---", rest, nonce);
    return crypto_box_open_easy(zeros, rest + RAW_NONCE_BYTES, sizeof zeros + RAW_BOX_BYTES, nonce,
                                raw->peer_short, raw->own_secret) == 0;
}

/* A server of one connection keeps its state: what it gives as a cookie means nothing. */
static bool serve_welcome(struct raw_zmtp *raw)
{
    uint8_t welcome[WELCOME_BYTES] = "\x07WELCOME";
    uint8_t plain[RAW_KEY_BYTES + RAW_COOKIE_BYTES];
    uint8_t nonce[crypto_box_NONCEBYTES];
    uint8_t *rest = welcome + 8;
    randombytes_buf(raw->cookie, sizeof raw->cookie);
    memcpy(plain, raw->short_public, RAW_KEY_BYTES);
    memcpy(plain + RAW_KEY_BYTES, raw->cookie, RAW_COOKIE_BYTES);
    randombytes_buf(rest, WELCOME_NONCE_BYTES);
    raw_nonce("WELCOME-", rest, nonce);
    return crypto_box_easy(rest + WELCOME_NONCE_BYTES, plain, sizeof plain, nonce, raw->peer_short,
                           raw->own_secret) == 0 &&
           crypto_box_beforenm(raw->shared, raw->peer_short, raw->short_secret) == 0 &&
           send_plain(raw, welcome, sizeof welcome);
}

/* The metadata's Identity; others are passed over. */
static void read_identity(struct raw_zmtp *raw, struct bytes metadata)
{
    while (metadata.size > 5 && metadata.size >= (size_t)metadata.data[0] + 5) {
        size_t name = metadata.data[0];
        const uint8_t *at = metadata.data + 1 + name;
        size_t size = (size_t)at[2] << 8 | at[3];
        if (1 + name + 4 + size > metadata.size || size > RAW_IDENTITY_MAX)
            return;
        if (name == 8 && memcmp(metadata.data + 1, "Identity", 8) == 0) {
            memcpy(raw->identity, at + 4, size);
            raw->identity_size = size;
        }
        metadata = (struct bytes){at + 4 + size, metadata.size - (1 + name + 4 + size)};
    }
}

static bool serve_initiate(struct raw_zmtp *raw)
{
    enum { METADATA_AT = RAW_KEY_BYTES + WELCOME_NONCE_BYTES + VOUCH_BYTES + RAW_BOX_BYTES };
    struct bytes initiate;
    uint8_t plain[METADATA_MAX];
    uint8_t nonce[crypto_box_NONCEBYTES];
    if (!read_command(raw, "INITIATE", INITIATE_BOX_AT + RAW_BOX_BYTES + METADATA_AT, &initiate) ||
        initiate.size - INITIATE_BOX_AT - RAW_BOX_BYTES > sizeof plain)
        return false;
    raw_nonce("CurveZMQINITIATE", initiate.data + 9 + RAW_COOKIE_BYTES, nonce);
    if (crypto_box_open_easy_afternm(plain, initiate.data + INITIATE_BOX_AT,
                                     initiate.size - INITIATE_BOX_AT, nonce, raw->shared) != 0)
        return false;
    memcpy(raw->peer_public, plain, RAW_KEY_BYTES);
    read_identity(raw, (struct bytes){plain + METADATA_AT, initiate.size - INITIATE_BOX_AT -
                                                               RAW_BOX_BYTES - METADATA_AT});
    return true;
}

static bool serve_ready(struct raw_zmtp *raw)
{
    uint8_t ready[READY_BOX_AT + RAW_BOX_BYTES + METADATA_MAX] = "\x05READY";
    uint8_t plain[METADATA_MAX];
    uint8_t nonce[crypto_box_NONCEBYTES];
    size_t size = put_property(plain, "Socket-Type", bytes_of_text("ROUTER"));
    size += put_property(plain + size, "Identity", (struct bytes){0});
    raw_next_nonce(raw, ready + 6);
    raw_nonce("CurveZMQREADY---", ready + 6, nonce);
    return crypto_box_easy_afternm(ready + READY_BOX_AT, plain, size, nonce, raw->shared) == 0 &&
           send_plain(raw, ready, READY_BOX_AT + RAW_BOX_BYTES + size);
}

bool raw_zmtp_accept(int listener, const struct curve_pair *key, int timeout_ms,
                     struct raw_zmtp *ret_raw)
{
    struct pollfd wait = {.fd = listener, .events = POLLIN};
    struct raw_zmtp_options options = {.key = *key, .timeout_ms = RAW_TIMEOUT_MS};
    *ret_raw = (struct raw_zmtp){.stage = RAW_CLOSED, .fd = -1};
    if (poll(&wait, 1, timeout_ms) != 1)
        return false;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return false;
    raw_begin(ret_raw, &options, fd);
    ret_raw->is_server = true;
    bool done = send_greeting(ret_raw) && read_greeting(ret_raw) && serve_hello(ret_raw) &&
                serve_welcome(ret_raw) && serve_initiate(ret_raw) && serve_ready(ret_raw);
    if (done)
        ret_raw->stage = RAW_READY;
    else
        raw_zmtp_close(ret_raw);
    return done;
}
