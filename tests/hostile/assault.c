#include "proto/link/routing_id.h"
#include "tests/hostile/assault.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/seal/manifest.h"
#include "proto/seal/sha256.h"

enum {
    WINDOW = MESSAGE_WINDOW_MAX,
    GREET_MS = 1000,
    REDIAL_US = 20 * 1000,
    DOSSIER_US = 20, /* nobody here makes dossiers faster */
};

/* ---- begin ---- */

void assault_become(struct assault *assault, struct key name)
{
    if (!key_is_none(&assault->self.key))
        peer_close(&assault->self);
    check(peer_open(&assault->self, &assault->world->province, name.text, assault->endpoint));
    link_client_destroy(&assault->self.link);
    assault->key = world_curve_pair(assault->world, name.text);
}

void assault_init(struct assault *assault, const struct world *world, enum victim victim,
                  size_t slot, int64_t until_us)
{
    *assault = (struct assault){.world = world,
                                .shared = world->shared,
                                .outcome = &world->shared->outcomes[slot],
                                .slot = slot,
                                .until_us = until_us,
                                .endpoint = world->gateway_endpoint,
                                .server_key = world->province.gateway_public_key};
    size_t who = HOSTILE_FIRST + slot;
    if (victim == VICTIM_CARRIER) {
        assault->endpoint = world->carrier_endpoint;
        assault->server_key = world_curve_pair(world, province_carrier(CARRIER).text).public_key;
        who = CARRIED_HOSTILE;
    }
    assault->lines = calloc(ASSAULT_CONNECTIONS_MAX, sizeof *assault->lines);
    check(assault->lines != NULL);
    assault_become(assault, province_agency(who));
}

bool assault_goes_on(const struct assault *assault)
{
    return world_now_us() < assault->until_us && !assault->shared->stops;
}

void assault_note(struct assault *assault, const char *format, ...)
{
    va_list words;
    va_start(words, format);
    (void)vsnprintf(assault->outcome->note, sizeof assault->outcome->note, format, words);
    va_end(words);
}

/* ---- connections ---- */

bool assault_dial_as(struct assault *assault, const struct curve_pair *key, struct bytes identity,
                     struct raw_zmtp *ret_raw)
{
    struct raw_zmtp_options options = {.endpoint = assault->endpoint,
                                       .key = key == NULL ? assault->key : *key,
                                       .server_key = assault->server_key,
                                       .identity = identity,
                                       .timeout_ms = DIAL_TIMEOUT_MS};
    assault->number++;
    return raw_zmtp_open(&options, RAW_READY, ret_raw);
}

bool assault_dial_with(struct assault *assault, const struct curve_pair *key,
                       struct raw_zmtp *ret_raw)
{
    struct routing_secret secret;
    uint8_t id[ROUTING_ID_BYTES];
    if (!routing_secret_derive(&key->secret_key, &assault->server_key, &secret))
        return false;
    routing_id_make(&secret, id);
    return assault_dial_as(assault, key, (struct bytes){id, sizeof id}, ret_raw);
}

bool assault_dial(struct assault *assault, struct raw_zmtp *ret_raw)
{
    return assault_dial_with(assault, &assault->key, ret_raw);
}

void assault_look_at(struct assault *assault, struct bytes bytes)
{
    if (!assault->sees_by_right && bytes.size > 0 &&
        memmem(bytes.data, bytes.size, CANARY, strlen(CANARY)) != NULL)
        atomic_fetch_add(&assault->outcome->stolen_bytes, bytes.size);
}

bool assault_look(struct assault *assault, struct raw_zmtp *raw)
{
    struct raw_part part;
    while (raw_zmtp_receive(raw, 0, &part)) {
        atomic_fetch_add(&assault->outcome->received, 1);
        assault_look_at(assault, part.bytes);
    }
    return raw->stage != RAW_CLOSED;
}

bool assault_await(struct assault *assault, struct raw_zmtp *raw, enum frame_kind kind,
                   int timeout_ms)
{
    int64_t until_us = world_now_us() + (int64_t)timeout_ms * 1000;
    struct peer *self = &assault->self;
    struct raw_part part;
    for (;;) {
        int64_t left_us = until_us - world_now_us();
        if (!raw_zmtp_receive(raw, left_us > 0 ? (int)(left_us / 1000) : 0, &part))
            return false;
        assault_look_at(assault, part.bytes);
        arena_reset(&self->arena);
        struct bytes copy = arena_copy(&self->arena, part.bytes);
        if (copy.data != NULL && (part.flags & (RAW_MORE | RAW_COMMAND)) == 0 &&
            frame_parse(copy, &self->arena, &self->frame) == REASON_NONE &&
            self->frame.kind == kind)
            return true;
    }
}

static struct frame hello_of(const struct assault *assault)
{
    return (struct frame){.kind = FRAME_HELLO,
                          .hello = {.version_min = LINK_VERSION,
                                    .version_max = LINK_VERSION,
                                    .participant = assault->self.key,
                                    .program = bytes_of_text("attacker"),
                                    .window_messages = WINDOW,
                                    .clock = peer_now()}};
}

bool assault_hello(struct assault *assault, struct raw_zmtp *raw)
{
    struct frame hello = hello_of(assault);
    return assault_send(assault, raw, &hello);
}

bool assault_greet(struct assault *assault, struct raw_zmtp *raw)
{
    return assault_hello(assault, raw) && assault_await(assault, raw, FRAME_WELCOME, GREET_MS);
}

/* ---- frames ---- */

bool assault_frame(struct assault *assault, const struct frame *frame, struct buffer *ret_bytes)
{
    arena_reset(&assault->self.scratch);
    return frame_build(frame, &assault->self.scratch, ret_bytes) == REASON_NONE;
}

bool assault_send(struct assault *assault, struct raw_zmtp *raw, const struct frame *frame)
{
    struct buffer *bytes = &assault->self.bytes;
    buffer_clear(bytes);
    return assault_frame(assault, frame, bytes) && raw_zmtp_send(raw, buffer_view(bytes), 0);
}

void assault_draft(struct assault *assault, struct envelope *ret_draft)
{
    static uint64_t number; /* attacks come one after another: the time tells them apart */
    if (number == 0)
        number = (uint64_t)world_now_us() / DOSSIER_US;
    (void)snprintf(assault->dossier, sizeof assault->dossier, NO_CANARY "%08u",
                   (unsigned)(number++ % 100000000));
    peer_draft(&assault->self, ret_draft, "", assault->dossier);
    ret_draft->type = MESSAGE_TYPE_PROGRESS;
}

void assault_message(struct assault *assault, const struct envelope *draft,
                     struct buffer *ret_frame, size_t *ret_id_at)
{
    struct peer *self = &assault->self;
    struct buffer document, signature;
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    check(peer_build(self, draft, &document) &&
          peer_sign(self, buffer_view(&document), &signature));
    struct bytes bytes = buffer_view(&document);
    struct parcel parcel = {
        .documents = &bytes, .document_count = 1, .signature = buffer_view(&signature)};
    struct frame frame = {.kind = FRAME_PARCELS, .parcels = {&parcel, 1}};
    buffer_clear(ret_frame);
    check(assault_frame(assault, &frame, ret_frame));
    const uint8_t *at = memmem(ret_frame->data, ret_frame->size, draft->id.bytes, MESSAGE_ID_BYTES);
    check(at != NULL);
    *ret_id_at = (size_t)(at - ret_frame->data);
    buffer_release(&document);
    buffer_release(&signature);
}

bool assault_parcel(struct assault *assault, const struct key *recipient, size_t count,
                    struct buffer *ret_frame)
{
    static struct manifest_entry entries[PARCEL_MESSAGES_MAX];
    struct peer *self = &assault->self;
    struct buffer documents[PARCEL_MESSAGES_MAX], manifest, signature;
    struct bytes views[PARCEL_MESSAGES_MAX];
    check(count <= PARCEL_MESSAGES_MAX);
    buffer_init(&manifest, MANIFEST_BYTES_MAX);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        struct envelope draft;
        assault_draft(assault, &draft);
        if (recipient != NULL) {
            draft.type = MESSAGE_TYPE_RESULT;
            draft.recipient = *recipient;
        }
        buffer_init(&documents[i], 4096);
        check(peer_build(self, &draft, &documents[i]));
        views[i] = buffer_view(&documents[i]);
        entries[i].id = draft.id;
        sha256_parts(&views[i], 1, &entries[i].digest);
    }
    struct parcel parcel = {.documents = views, .document_count = count};
    check(manifest_write(entries, count, &manifest) == REASON_NONE &&
          peer_sign(self, buffer_view(&manifest), &signature));
    parcel.manifest = buffer_view(&manifest);
    parcel.signature = buffer_view(&signature);
    struct frame frame = {.kind = FRAME_PARCELS, .parcels = {&parcel, 1}};
    buffer_clear(ret_frame);
    bool built = assault_frame(assault, &frame, ret_frame);
    for (size_t i = 0; i < count; i++)
        buffer_release(&documents[i]);
    buffer_release(&manifest);
    buffer_release(&signature);
    return built;
}

/* ---- floods ---- */

void assault_wait(const struct assault *assault, size_t connections)
{
    enum { ROUND_MS = 5, WATCHED_MAX = 64 };
    struct pollfd waits[WATCHED_MAX];
    nfds_t count = 0;
    for (size_t i = 0; i < connections && count < WATCHED_MAX; i++)
        if (assault->lines[i].stage != RAW_CLOSED)
            waits[count++] = (struct pollfd){.fd = assault->lines[i].fd, .events = POLLOUT};
    (void)poll(waits, count, ROUND_MS);
}

/* A line that is greeted; the welcome is not waited for: whoever is let in first may push. */
static bool bring_up(struct assault *assault, struct raw_zmtp *line)
{
    return assault_dial(assault, line) && assault_hello(assault, line);
}

/* Before another is brought up: one that has just said hello is a stranger's at the other end until
 * that is read, and the one that has to give way for it stands so long. */
static void count_held(struct assault *assault, size_t connections)
{
    uint64_t held = 0;
    for (size_t i = 0; i < connections; i++)
        held += assault->lines[i].stage == RAW_READY;
    if (held > assault->outcome->held)
        assault->outcome->held = held;
}

void assault_flood(struct assault *assault, size_t connections, bool reads, frame_maker *make)
{
    enum { BURST = 64 };
    int64_t redial_us = 0;
    uint64_t number = 0;
    bool is_over = false;
    while (assault_goes_on(assault) && !is_over) {
        bool moved = false;
        if (world_now_us() >= redial_us) { /* one at a time: a refused one costs its time-out */
            count_held(assault, connections);
            for (size_t i = 0; i < connections; i++)
                if (assault->lines[i].stage == RAW_CLOSED) {
                    (void)bring_up(assault, &assault->lines[i]);
                    break;
                }
            redial_us = world_now_us() + REDIAL_US;
        }
        for (size_t i = 0; i < connections && !is_over; i++) {
            struct raw_zmtp *line = &assault->lines[i];
            if (line->stage != RAW_READY || (reads && !assault_look(assault, line)))
                continue;
            for (int burst = 0; burst < BURST && !is_over && raw_zmtp_flush(line); burst++) {
                struct bytes frame;
                is_over = !make(assault, number++, &frame);
                if (is_over || !raw_zmtp_push(line, frame, 0))
                    break;
                atomic_fetch_add(&assault->outcome->sent, 1);
                moved = true;
            }
        }
        if (!moved)
            assault_wait(assault, connections);
    }
    for (size_t i = 0; i < connections; i++)
        raw_zmtp_close(&assault->lines[i]);
}
