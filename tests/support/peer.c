#include "tests/support/peer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include "gateway/workers/file_read.h"
#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "schema/body.pb-c.h"

enum {
    PEER_ARENA_BYTES = 8 * 1024 * 1024,
    PEER_SCRATCH_BYTES = 2 * 1024 * 1024,
    KEY_FILE_BYTES_MAX = 64 * 1024,
};

wall_t peer_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (wall_t){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

static int64_t mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool read_file(const struct province *province, const char *name, const char *suffix,
                      struct buffer *ret_content)
{
    char path[128];
    (void)snprintf(path, sizeof path, "keys/%s.%s", name, suffix);
    return province_read(province, path, ret_content);
}

bool peer_open(struct peer *peer, const struct province *province, const char *name,
               const char *endpoint)
{
    return peer_open_beside(peer, province, name, endpoint, NULL);
}

/* All but the link. */
static bool open_identity(struct peer *peer, const struct province *province, const char *name)
{
    struct buffer key;
    struct buffer certificate;
    *peer = (struct peer){0};
    buffer_init(&key, KEY_FILE_BYTES_MAX);
    buffer_init(&certificate, KEY_FILE_BYTES_MAX);
    buffer_init(&peer->bytes, 2 * FRAME_BYTES_MAX);
    bool opened =
        key_parse(bytes_of_text(name), &peer->key) && arena_init(&peer->arena, PEER_ARENA_BYTES) &&
        arena_init(&peer->scratch, PEER_SCRATCH_BYTES) && read_file(province, name, "pem", &key) &&
        read_file(province, name, "crt", &certificate);
    /* Deliberately weak keys cannot be loaded: such a peer signs by other means. */
    if (opened)
        (void)signer_new(buffer_view(&key), buffer_view(&certificate), SIGNER_PADDING_PKCS1,
                         &peer->signer);
    buffer_release(&key);
    buffer_release(&certificate);
    return opened;
}

static struct link_client *open_link(const struct province *province, const char *name,
                                     const char *endpoint, struct link_client *beside,
                                     bool is_carrier)
{
    struct buffer curve;
    struct link_client *link = NULL;
    struct link_client_options options = {.endpoint = endpoint,
                                          .server_public_key = province->gateway_public_key,
                                          .beside = beside,
                                          .is_carrier = is_carrier};
    buffer_init(&curve, KEY_FILE_BYTES_MAX);
    if (read_file(province, name, "curve", &curve) &&
        curve_pair_of_secret(buffer_view(&curve), &options.key))
        (void)link_client_new(&options, &link);
    buffer_release(&curve);
    return link;
}

bool peer_open_beside(struct peer *peer, const struct province *province, const char *name,
                      const char *endpoint, const struct peer *beside)
{
    if (!open_identity(peer, province, name))
        return false;
    peer->link = open_link(province, name, endpoint, beside == NULL ? NULL : beside->link, false);
    return peer->link != NULL;
}

bool peer_open_carried(struct peer *peer, const struct province *province, const char *name,
                       struct link_client *carrier)
{
    bool opened = open_identity(peer, province, name);
    peer->link = carrier;
    peer->is_carried = true;
    return opened;
}

void peer_close(struct peer *peer)
{
    if (!peer->is_carried)
        link_client_destroy(&peer->link);
    signer_destroy(&peer->signer);
    arena_release(&peer->arena);
    arena_release(&peer->scratch);
    buffer_release(&peer->bytes);
}

enum reason peer_send_bytes(struct peer *peer, struct bytes bytes)
{
    return peer->is_carried ? link_client_send_for(peer->link, &peer->key, bytes)
                            : link_client_send(peer->link, bytes);
}

enum reason peer_send(struct peer *peer, const struct frame *frame)
{
    arena_reset(&peer->scratch);
    buffer_clear(&peer->bytes);
    enum reason reason = frame_build(frame, &peer->scratch, &peer->bytes);
    return reason == REASON_NONE ? peer_send_bytes(peer, buffer_view(&peer->bytes)) : reason;
}

/* The next event of any kind. */
static bool next_event(struct link_client *link, int64_t until_ms, struct link_event *ret_event)
{
    while (!link_client_receive(link, ret_event)) {
        int64_t left = until_ms - mono_ms();
        if (left <= 0)
            return false;
        struct pollfd wait = {.fd = link_client_fd(link), .events = POLLIN};
        (void)poll(&wait, 1, (int)left);
    }
    return true;
}

static bool await_connection(struct link_client *link, int64_t until_ms)
{
    struct link_event event;
    do {
        if (!next_event(link, until_ms, &event) || event.kind == LINK_PEER_REFUSED)
            return false;
    } while (event.kind != LINK_PEER_CONNECTED);
    return true;
}

struct link_client *peer_open_carrier(const struct province *province, const char *name,
                                      const char *endpoint, struct link_client *beside,
                                      int timeout_ms)
{
    struct link_client *link = open_link(province, name, endpoint, beside, true);
    if (link != NULL && !await_connection(link, mono_ms() + timeout_ms))
        link_client_destroy(&link);
    return link;
}

bool peer_receive(struct peer *peer, int timeout_ms)
{
    int64_t until_ms = mono_ms() + timeout_ms;
    struct link_event event;
    while (next_event(peer->link, until_ms, &event)) {
        bool is_ours = !peer->is_carried || key_equal(&event.peer, &peer->key);
        if (event.kind != LINK_FRAME || !is_ours)
            continue;
        arena_reset(&peer->arena);
        struct bytes copy = arena_copy(&peer->arena, event.bytes);
        return copy.data != NULL && frame_parse(copy, &peer->arena, &peer->frame) == REASON_NONE;
    }
    return false;
}

bool peer_receive_kind(struct peer *peer, enum frame_kind kind, int timeout_ms)
{
    int64_t until_ms = mono_ms() + timeout_ms;
    for (;;) {
        int64_t left = until_ms - mono_ms();
        if (left <= 0 || !peer_receive(peer, (int)left))
            return false;
        if (peer->frame.kind == kind)
            return true;
    }
}

enum reason peer_hello(struct peer *peer, uint32_t window_messages)
{
    struct frame hello = {
        .kind = FRAME_HELLO,
        .hello = {.version_min = LINK_VERSION,
                  .version_max = LINK_VERSION,
                  .participant = peer->key,
                  .program = bytes_of_text("test peer"),
                  .window_messages = window_messages,
                  .clock = peer_now()},
    };
    return peer_send(peer, &hello);
}

bool peer_greet(struct peer *peer, uint32_t window_messages, int timeout_ms)
{
    int64_t until_ms = mono_ms() + timeout_ms;
    return (peer->is_carried || await_connection(peer->link, until_ms)) &&
           peer_hello(peer, window_messages) == REASON_NONE &&
           peer_receive_kind(peer, FRAME_WELCOME, (int)(until_ms - mono_ms()));
}

static const struct receipt_item *find_item(struct peer *peer, const struct message_id *id,
                                            uint32_t *ret_type)
{
    for (size_t i = 0; i < peer->frame.parcels.count; i++) {
        const struct parcel *parcel = &peer->frame.parcels.parcels[i];
        for (size_t j = 0; j < parcel->document_count; j++) {
            struct envelope envelope;
            if (envelope_parse(parcel->documents[j], &peer->arena, &envelope) != REASON_NONE ||
                !message_type_is_receipt((enum message_type)envelope.type))
                continue;
            for (size_t k = 0; k < envelope.receipt.item_count; k++) {
                if (!id_equal(&envelope.receipt.items[k].message_id, id))
                    continue;
                *ret_type = envelope.type;
                return &envelope.receipt.items[k];
            }
        }
    }
    return NULL;
}

const struct receipt_item *peer_await_receipt(struct peer *peer, const struct message_id *id,
                                              uint32_t *ret_type, int timeout_ms)
{
    int64_t until_ms = mono_ms() + timeout_ms;
    for (;;) {
        int64_t left = until_ms - mono_ms();
        if (left <= 0 || !peer_receive_kind(peer, FRAME_PARCELS, (int)left))
            return NULL;
        const struct receipt_item *item = find_item(peer, id, ret_type);
        if (item != NULL)
            return item;
    }
}

void peer_draft(struct peer *peer, struct envelope *ret_draft, const char *procedure_code,
                const char *dossier_code)
{
    uint8_t random[ID_RANDOM_BYTES];
    ssize_t drawn = getrandom(random, sizeof random, 0);
    check(drawn == (ssize_t)sizeof random);
    struct stamp now = {peer_now(), VIETNAM_OFFSET_MINUTES};
    *ret_draft = (struct envelope){
        .sender = peer->key,
        .type = MESSAGE_TYPE_TRANSFER,
        .dossier_code = bytes_of_text(dossier_code),
        .procedure_code = bytes_of_text(procedure_code),
        .sequence = 1,
        .source_time = now,
        .created = now,
    };
    id_make(&peer->maker, now.at, random, &ret_draft->id);
}

bool peer_build(struct peer *peer, const struct envelope *draft, struct buffer *ret_document)
{
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Person owner = LIENTHONG__V1__PERSON__INIT;
    Lienthong__V1__Transfer transfer = LIENTHONG__V1__TRANSFER__INIT;
    Lienthong__V1__Progress progress = LIENTHONG__V1__PROGRESS__INIT;
    Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    transfer.procedure_name = progress.content = (char *)(uintptr_t) "Test";
    owner.name = (char *)(uintptr_t) "Nguyễn Văn Mẫu";
    transfer.owner = &owner;
    if (peer->area_code != NULL)
        transfer.area_code = (char *)(uintptr_t)peer->area_code;
    result.national_state = 9;
    if (draft->type == MESSAGE_TYPE_TRANSFER) {
        body.kind_case = LIENTHONG__V1__BODY__KIND_TRANSFER;
        body.transfer = &transfer;
    } else if (draft->type == MESSAGE_TYPE_PROGRESS) {
        body.kind_case = LIENTHONG__V1__BODY__KIND_PROGRESS;
        body.progress = &progress;
    } else {
        body.kind_case = LIENTHONG__V1__BODY__KIND_RESULT;
        body.result = &result;
    }
    bool is_receipt = message_type_is_receipt((enum message_type)draft->type) ||
                      draft->type == MESSAGE_TYPE_LEDGER_HEAD;
    arena_reset(&peer->scratch);
    return envelope_build(draft, is_receipt ? NULL : &body, &peer->scratch, ret_document) ==
           REASON_NONE;
}

bool peer_sign(struct peer *peer, struct bytes content, struct buffer *ret_signature)
{
    return peer->signer != NULL &&
           seal_sign(peer->signer, content, peer_now(), ret_signature) == REASON_NONE;
}
