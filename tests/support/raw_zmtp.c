/* The line of a raw connection: octets, frames, boxes. The handshakes: raw_zmtp_handshake.c. */
#include "tests/support/raw_zmtp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "proto/base/check.h"
#include "tests/support/raw_zmtp_parts.h"

enum {
    CHUNK_BYTES = 64 * 1024,
    SHORT_FRAME_MAX = 255,
    MESSAGE_NAME_BYTES = 8, /* its length and MESSAGE */
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- TCP ---- */

static bool parse_endpoint(const char *endpoint, struct sockaddr_in *ret_address)
{
    static const char scheme[] = "tcp://";
    char host[64];
    const char *colon = strrchr(endpoint, ':');
    if (strncmp(endpoint, scheme, strlen(scheme)) != 0 || colon == NULL)
        return false;
    const char *from = endpoint + strlen(scheme);
    if (colon <= from || (size_t)(colon - from) >= sizeof host)
        return false;
    (void)snprintf(host, sizeof host, "%.*s", (int)(colon - from), from);
    *ret_address = (struct sockaddr_in){.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10))};
    return inet_pton(AF_INET, host, &ret_address->sin_addr) == 1;
}

static bool wait_fd(int fd, short events, int timeout_ms)
{
    struct pollfd wait = {.fd = fd, .events = events};
    return poll(&wait, 1, timeout_ms) == 1;
}

static int dial(const char *endpoint, int receive_buffer_bytes, int timeout_ms)
{
    struct sockaddr_in address;
    int one = 1;
    int failed = 0;
    socklen_t size = sizeof failed;
    if (!parse_endpoint(endpoint, &address))
        return -1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (receive_buffer_bytes > 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                         sizeof receive_buffer_bytes);
    bool dialled = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ||
                   (errno == EINPROGRESS && wait_fd(fd, POLLOUT, timeout_ms) &&
                    getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) == 0 && failed == 0);
    if (dialled)
        return fd;
    (void)close(fd);
    return -1;
}

int raw_tcp_dial(const char *endpoint)
{
    return dial(endpoint, 0, RAW_TIMEOUT_MS);
}

int raw_zmtp_listen(uint16_t port, char *ret_endpoint)
{
    enum { BACKLOG = 128 };
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        (void)close(fd);
        return -1;
    }
    (void)snprintf(ret_endpoint, LINK_ENDPOINT_BYTES_MAX + 1, "tcp://127.0.0.1:%u",
                   (unsigned)ntohs(address.sin_port));
    return fd;
}

/* ---- begin and end ---- */

static void decode_key(const char *text, uint8_t *ret_key)
{
    check(zmq_z85_decode(ret_key, text) != NULL);
}

void raw_begin(struct raw_zmtp *raw, const struct raw_zmtp_options *options, int fd)
{
    check(sodium_init() >= 0 && options->identity.size <= RAW_IDENTITY_MAX);
    *raw = (struct raw_zmtp){.options = *options, .fd = fd, .nonce = 1, .stage = RAW_DIALLED};
    if (raw->options.timeout_ms == 0)
        raw->options.timeout_ms = RAW_TIMEOUT_MS;
    if (options->key.secret_key.text[0] == 0) {
        (void)crypto_box_keypair(raw->own_public, raw->own_secret);
    } else {
        decode_key(options->key.public_key.text, raw->own_public);
        decode_key(options->key.secret_key.text, raw->own_secret);
    }
    if (options->server_key.text[0] != 0)
        decode_key(options->server_key.text, raw->peer_public);
    (void)crypto_box_keypair(raw->short_public, raw->short_secret);
    buffer_init(&raw->in, 2 * RAW_PART_BYTES_MAX);
    buffer_init(&raw->part, RAW_PART_BYTES_MAX);
    buffer_init(&raw->out, 2 * RAW_PART_BYTES_MAX);
}

bool raw_zmtp_open(const struct raw_zmtp_options *options, enum raw_stage stage,
                   struct raw_zmtp *ret_raw)
{
    int timeout_ms = options->timeout_ms == 0 ? RAW_TIMEOUT_MS : options->timeout_ms;
    int fd = dial(options->endpoint, options->receive_buffer_bytes, timeout_ms);
    if (fd < 0) {
        *ret_raw = (struct raw_zmtp){.stage = RAW_CLOSED, .fd = -1};
        return false;
    }
    raw_begin(ret_raw, options, fd);
    while (ret_raw->stage < stage) {
        if (!raw_zmtp_advance(ret_raw))
            return false;
    }
    return true;
}

void raw_zmtp_close(struct raw_zmtp *raw)
{
    if (raw->stage == RAW_CLOSED)
        return;
    raw->stage = RAW_CLOSED;
    (void)close(raw->fd);
    raw->fd = -1;
    buffer_release(&raw->in);
    buffer_release(&raw->part);
    buffer_release(&raw->out);
}

void raw_zmtp_reset(struct raw_zmtp *raw)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    if (raw->stage == RAW_CLOSED)
        return;
    (void)setsockopt(raw->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    raw_zmtp_close(raw);
}

/* ---- octets out ---- */

/* What the kernel takes now; -1: the connection has ended. */
static ssize_t write_some(struct raw_zmtp *raw, struct bytes bytes)
{
    ssize_t written = send(raw->fd, bytes.data, bytes.size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written >= 0)
        raw->bytes_sent += (uint64_t)written;
    else if (errno == EAGAIN || errno == EINTR)
        written = 0;
    return written;
}

bool raw_zmtp_write(struct raw_zmtp *raw, struct bytes bytes)
{
    int64_t until_ms = now_ms() + raw->options.timeout_ms;
    while (bytes.size > 0 && raw->stage != RAW_CLOSED) {
        ssize_t written = write_some(raw, bytes);
        int64_t left = until_ms - now_ms();
        bool goes_on = written > 0 || (written == 0 && left > 0);
        if (written == 0 && goes_on)
            (void)wait_fd(raw->fd, POLLOUT, (int)left);
        if (!goes_on) {
            raw_zmtp_close(raw);
            return false;
        }
        bytes = (struct bytes){bytes.data + written, bytes.size - (size_t)written};
    }
    return raw->stage != RAW_CLOSED;
}

bool raw_zmtp_flush(struct raw_zmtp *raw)
{
    if (raw->stage == RAW_CLOSED)
        return false;
    if (raw->out_written < raw->out.size) {
        struct bytes left = {raw->out.data + raw->out_written, raw->out.size - raw->out_written};
        ssize_t written = write_some(raw, left);
        if (written < 0) {
            raw_zmtp_close(raw);
            return false;
        }
        raw->out_written += (size_t)written;
    }
    if (raw->out_written < raw->out.size)
        return false;
    buffer_clear(&raw->out);
    raw->out_written = 0;
    return true;
}

/* ---- frames and boxes ---- */

size_t raw_zmtp_header(int flags, uint64_t size_bytes, uint8_t *ret_header)
{
    if (size_bytes <= SHORT_FRAME_MAX && (flags & RAW_LONG) == 0) {
        ret_header[0] = (uint8_t)flags;
        ret_header[1] = (uint8_t)size_bytes;
        return 2;
    }
    ret_header[0] = (uint8_t)(flags | RAW_LONG);
    for (int i = 0; i < 8; i++)
        ret_header[1 + i] = (uint8_t)(size_bytes >> (56 - 8 * i));
    return RAW_HEADER_BYTES;
}

void raw_nonce(const char *prefix, const uint8_t *rest, uint8_t ret_nonce[crypto_box_NONCEBYTES])
{
    size_t size = strlen(prefix);
    check(size < crypto_box_NONCEBYTES);
    memcpy(ret_nonce, prefix, size);
    memcpy(ret_nonce + size, rest, crypto_box_NONCEBYTES - size);
}

void raw_next_nonce(struct raw_zmtp *raw, uint8_t ret_rest[RAW_NONCE_BYTES])
{
    for (int i = 0; i < RAW_NONCE_BYTES; i++)
        ret_rest[i] = (uint8_t)(raw->nonce >> (56 - 8 * i));
    raw->nonce++;
}

/* Appends the frame to what is to be sent. */
static void seal(struct raw_zmtp *raw, struct bytes part, int flags)
{
    uint8_t header[RAW_HEADER_BYTES];
    if ((flags & RAW_PLAIN) != 0) {
        size_t size = raw_zmtp_header(flags & ~RAW_PLAIN, part.size, header);
        check(buffer_append(&raw->out, (struct bytes){header, size}) &&
              buffer_append(&raw->out, part));
        return;
    }
    size_t box_size = RAW_BOX_BYTES + 1 + part.size;
    size_t size = raw_zmtp_header(0, MESSAGE_NAME_BYTES + RAW_NONCE_BYTES + box_size, header);
    uint8_t rest[RAW_NONCE_BYTES];
    uint8_t nonce[crypto_box_NONCEBYTES];
    raw_next_nonce(raw, rest);
    raw_nonce(raw->is_server ? "CurveZMQMESSAGES" : "CurveZMQMESSAGEC", rest, nonce);
    check(buffer_append(&raw->out, (struct bytes){header, size}) &&
          buffer_append_text(&raw->out, "\x07MESSAGE") &&
          buffer_append(&raw->out, (struct bytes){rest, sizeof rest}));
    uint8_t *box = buffer_extend(&raw->out, box_size);
    check(box != NULL);
    /* In the box: one octet of flags, 1 more and 2 command, then the part. */
    uint8_t *plain = box + RAW_BOX_BYTES;
    plain[0] = (uint8_t)((flags & RAW_MORE) | ((flags & RAW_COMMAND) != 0 ? 2 : 0));
    if (part.size > 0)
        memcpy(plain + 1, part.data, part.size);
    check(crypto_box_easy_afternm(box, plain, 1 + part.size, nonce, raw->shared) == 0);
}

bool raw_zmtp_push(struct raw_zmtp *raw, struct bytes part, int flags)
{
    if (!raw_zmtp_flush(raw))
        return false;
    seal(raw, part, flags);
    (void)raw_zmtp_flush(raw);
    return true;
}

bool raw_zmtp_send(struct raw_zmtp *raw, struct bytes part, int flags)
{
    int64_t until_ms = now_ms() + raw->options.timeout_ms;
    if (raw->stage == RAW_CLOSED)
        return false;
    bool is_pushed = false;
    for (;;) {
        if (!is_pushed)
            is_pushed = raw_zmtp_push(raw, part, flags);
        if (is_pushed && raw_zmtp_flush(raw))
            return true;
        int64_t left = until_ms - now_ms();
        if (raw->stage == RAW_CLOSED)
            return false;
        if (left <= 0) {
            raw_zmtp_close(raw);
            return false;
        }
        (void)wait_fd(raw->fd, POLLOUT, (int)left);
    }
}

bool raw_zmtp_send_command(struct raw_zmtp *raw, const char *name, struct bytes body)
{
    uint8_t text[SHORT_FRAME_MAX];
    size_t name_size = strlen(name);
    check(1 + name_size + body.size <= sizeof text);
    text[0] = (uint8_t)name_size;
    memcpy(text + 1, name, name_size);
    if (body.size > 0)
        memcpy(text + 1 + name_size, body.data, body.size);
    return raw_zmtp_send(raw, (struct bytes){text, 1 + name_size + body.size}, RAW_COMMAND);
}

/* ---- octets in ---- */

/* What is here. False: the end. */
static bool fill(struct raw_zmtp *raw)
{
    if (raw->in_read > 0) {
        memmove(raw->in.data, raw->in.data + raw->in_read, raw->in.size - raw->in_read);
        raw->in.size -= raw->in_read;
        raw->in_read = 0;
    }
    size_t before = raw->in.size;
    uint8_t *room = buffer_extend(&raw->in, CHUNK_BYTES);
    if (room == NULL)
        return true; /* whoever reads takes from it first */
    ssize_t size = recv(raw->fd, room, CHUNK_BYTES, MSG_DONTWAIT);
    raw->in.size = before + (size > 0 ? (size_t)size : 0);
    if (size > 0)
        raw->bytes_received += (uint64_t)size;
    return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Until so many octets are there to be read. */
static bool await_bytes(struct raw_zmtp *raw, size_t size, int64_t until_ms)
{
    while (raw->in.size - raw->in_read < size) {
        int64_t left = until_ms - now_ms();
        if (!wait_fd(raw->fd, POLLIN, left > 0 ? (int)left : 0))
            return false;
        if (!fill(raw)) {
            raw_zmtp_close(raw);
            return false;
        }
    }
    return true;
}

bool raw_read_exactly(struct raw_zmtp *raw, uint8_t *ret_data, size_t size)
{
    if (!await_bytes(raw, size, now_ms() + raw->options.timeout_ms))
        return false;
    memcpy(ret_data, raw->in.data + raw->in_read, size);
    raw->in_read += size;
    return true;
}

bool raw_read_frame(struct raw_zmtp *raw, int timeout_ms, int *ret_flags, struct bytes *ret_body)
{
    int64_t until_ms = now_ms() + timeout_ms;
    if (raw->stage == RAW_CLOSED || !await_bytes(raw, 2, until_ms))
        return false;
    int flags = raw->in.data[raw->in_read];
    size_t header = (flags & RAW_LONG) != 0 ? RAW_HEADER_BYTES : 2;
    if (!await_bytes(raw, header, until_ms))
        return false;
    uint64_t size = 0;
    for (size_t i = 1; i < header; i++)
        size = size << 8 | raw->in.data[raw->in_read + i];
    if (size > RAW_PART_BYTES_MAX) {
        raw_zmtp_close(raw);
        return false;
    }
    if (!await_bytes(raw, header + (size_t)size, until_ms))
        return false;
    *ret_flags = flags;
    *ret_body = (struct bytes){raw->in.data + raw->in_read + header, (size_t)size};
    raw->in_read += header + (size_t)size;
    return true;
}

/* Opens a MESSAGE's box. */
static bool open_message(struct raw_zmtp *raw, struct bytes body, struct raw_part *ret_part)
{
    const size_t before = MESSAGE_NAME_BYTES + RAW_NONCE_BYTES;
    uint8_t nonce[crypto_box_NONCEBYTES];
    if (body.size < before + RAW_BOX_BYTES + 1 || memcmp(body.data, "\x07MESSAGE", 8) != 0)
        return false;
    raw_nonce(raw->is_server ? "CurveZMQMESSAGEC" : "CurveZMQMESSAGES",
              body.data + MESSAGE_NAME_BYTES, nonce);
    buffer_clear(&raw->part);
    uint8_t *plain = buffer_extend(&raw->part, body.size - before - RAW_BOX_BYTES);
    if (plain == NULL || crypto_box_open_easy_afternm(plain, body.data + before, body.size - before,
                                                      nonce, raw->shared) != 0)
        return false;
    *ret_part = (struct raw_part){(plain[0] & 1) | ((plain[0] & 2) != 0 ? RAW_COMMAND : 0),
                                  {plain + 1, raw->part.size - 1}};
    return true;
}

static bool answer_ping(struct raw_zmtp *raw, const struct raw_part *part)
{
    enum { BEFORE_CONTEXT = 7 }; /* \4PING and the time-to-live */
    if ((part->flags & RAW_COMMAND) == 0 || part->bytes.size < BEFORE_CONTEXT ||
        memcmp(part->bytes.data, "\x04PING", 5) != 0)
        return false;
    struct bytes context = {part->bytes.data + BEFORE_CONTEXT, part->bytes.size - BEFORE_CONTEXT};
    if (!raw->options.ignores_pings && context.size <= 16)
        (void)raw_zmtp_send_command(raw, "PONG", context);
    return true;
}

bool raw_zmtp_receive(struct raw_zmtp *raw, int timeout_ms, struct raw_part *ret_part)
{
    int64_t until_ms = now_ms() + timeout_ms;
    while (raw->stage == RAW_READY) {
        int64_t left = until_ms - now_ms();
        int flags;
        struct bytes body;
        if (!raw_read_frame(raw, left > 0 ? (int)left : 0, &flags, &body))
            return false;
        if (!open_message(raw, body, ret_part)) {
            raw_zmtp_close(raw);
            return false;
        }
        if (!answer_ping(raw, ret_part))
            return true;
    }
    return false;
}

bool raw_zmtp_discard(struct raw_zmtp *raw)
{
    static __thread uint8_t ignored[CHUNK_BYTES];
    while (raw->stage != RAW_CLOSED) {
        ssize_t size = recv(raw->fd, ignored, sizeof ignored, MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (size <= 0) {
            raw_zmtp_close(raw);
            return false;
        }
        raw->bytes_received += (uint64_t)size;
    }
    return false;
}
