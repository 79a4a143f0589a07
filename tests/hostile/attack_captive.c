/* A hostile gateway: the attacker has the gateway's keys and is whom the captive adapter (a0009)
 * and the captive carrier (h0003) dial. It is believed in what is a gateway's to say, and in
 * nothing else. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/seal/sha256.h"
#include "tests/hostile/attacks.h"

enum { ACCEPT_MS = 100, ITEMS_MAX = 64, PART_BYTES = 64 * 1024 };

struct captive {
    struct assault *assault;
    int listener;
    struct raw_zmtp line;
    bool is_carrier;
};

static uint8_t filler[PART_BYTES];

/* ---- the line ---- */

static void capture(struct assault *assault, bool is_carrier, struct captive *ret_captive)
{
    char endpoint[LINK_ENDPOINT_BYTES_MAX + 1];
    const char *wanted =
        is_carrier ? assault->world->captive_carrier_endpoint : assault->world->captive_endpoint;
    unsigned port = 0;
    check(sscanf(strrchr(wanted, ':') + 1, "%u", &port) == 1); /* NOLINT(cert-err34-c) */
    *ret_captive = (struct captive){.assault = assault, .is_carrier = is_carrier};
    ret_captive->listener = raw_zmtp_listen((uint16_t)port, endpoint);
    check(ret_captive->listener >= 0);
    assault_become(assault, key_of("gateway"));
    assault->sees_by_right = true; /* what an adapter sends goes through its gateway */
}

static bool send_part(struct captive *captive, struct bytes bytes)
{
    struct key name = province_agency(CAPTIVE_CARRIED);
    return (!captive->is_carrier || raw_zmtp_send(&captive->line, key_bytes(&name), RAW_MORE)) &&
           raw_zmtp_send(&captive->line, bytes, 0);
}

static bool send_frame(struct captive *captive, const struct frame *frame)
{
    struct buffer *bytes = &captive->assault->self.bytes;
    buffer_clear(bytes);
    return assault_frame(captive->assault, frame, bytes) && send_part(captive, buffer_view(bytes));
}

static void welcome(struct captive *captive)
{
    struct frame frame = {.kind = FRAME_WELCOME,
                          .welcome = {.version = LINK_VERSION,
                                      .gateway = captive->assault->self.key,
                                      .window_messages = MESSAGE_WINDOW_MAX,
                                      .clock = peer_now(),
                                      .registry_version = bytes_of_text("2026-11-24.1"),
                                      .attachment_bytes_max = 1024 * 1024}};
    (void)send_frame(captive, &frame);
}

/* Whoever dials, welcomed. False: nobody has. */
static bool await_victim(struct captive *captive)
{
    struct assault *assault = captive->assault;
    if (captive->line.stage == RAW_READY)
        return true;
    struct curve_pair key = world_curve_pair(assault->world, "gateway");
    if (!raw_zmtp_accept(captive->listener, &key, ACCEPT_MS, &captive->line))
        return false;
    atomic_fetch_add(&assault->outcome->received, 1);
    if (captive->is_carrier || assault_await(assault, &captive->line, FRAME_HELLO, 500))
        welcome(captive);
    return captive->line.stage == RAW_READY;
}

static void release(struct captive *captive)
{
    if (captive->assault->outcome->received == 0)
        assault_note(captive->assault, "nobody dialled");
    raw_zmtp_close(&captive->line);
    (void)close(captive->listener);
}

/* ---- at full rate ---- */

typedef bool captive_maker(struct captive *captive, uint64_t number);

static void pour(struct assault *assault, bool is_carrier, captive_maker *say)
{
    struct captive captive;
    capture(assault, is_carrier, &captive);
    for (uint64_t number = 0; assault_goes_on(assault); number++) {
        if (!await_victim(&captive))
            continue;
        if (say(&captive, number))
            atomic_fetch_add(&assault->outcome->sent, 1);
        (void)raw_zmtp_discard(&captive.line);
    }
    release(&captive);
}

static bool say_goodbye(struct captive *captive, uint64_t number)
{
    (void)number;
    return send_frame(captive, &(struct frame){.kind = FRAME_GOODBYE, .goodbye = REASON_SHUTDOWN});
}

static bool say_garbage(struct captive *captive, uint64_t number)
{
    (void)number;
    return send_part(captive, bytes_of_text("\xff\xff no frame"));
}

static bool say_megabytes(struct captive *captive, uint64_t number)
{
    static uint8_t large[FRAME_BYTES_MAX];
    (void)number;
    return send_part(captive, (struct bytes){large, sizeof large});
}

static bool say_parts(struct captive *captive, uint64_t number)
{
    (void)number;
    return raw_zmtp_send(&captive->line, (struct bytes){filler, sizeof filler}, RAW_MORE);
}

static bool say_welcomes(struct captive *captive, uint64_t number)
{
    struct frame frame = {.kind = FRAME_WELCOME,
                          .welcome = {.version = LINK_VERSION,
                                      .gateway = captive->assault->self.key,
                                      .window_messages = 1 + (uint32_t)(number % 4096),
                                      .clock = {peer_now().ms + (int64_t)(number % 7) * 86400000},
                                      .registry_version = bytes_of_text("other"),
                                      .attachment_bytes_max = number}};
    return send_frame(captive, &frame);
}

static bool say_not_now(struct captive *captive, uint64_t number)
{
    (void)number;
    struct frame frame = {.kind = FRAME_NOT_TAKEN,
                          .taken = {.reason = REASON_BUSY, .retry_after_ms = UINT32_MAX}};
    return send_frame(captive, &frame);
}

/* Fills both pipes, then resets. */
static bool reset_when_full(struct captive *captive, uint64_t number)
{
    enum { PUSHES = 200 };
    (void)number;
    for (int i = 0; i < PUSHES; i++)
        (void)raw_zmtp_push(&captive->line, (struct bytes){filler, sizeof filler}, 0);
    raw_zmtp_reset(&captive->line);
    return true;
}

void attack_captive_goodbyes(struct assault *assault)
{
    pour(assault, false, say_goodbye);
}
void attack_captive_garbage(struct assault *assault)
{
    pour(assault, false, say_garbage);
}
void attack_captive_megabytes(struct assault *assault)
{
    pour(assault, false, say_megabytes);
}
void attack_captive_parts(struct assault *assault)
{
    pour(assault, false, say_parts);
}
void attack_captive_welcomes(struct assault *assault)
{
    pour(assault, false, say_welcomes);
}
void attack_captive_not_now(struct assault *assault)
{
    pour(assault, false, say_not_now);
}
void attack_captive_resets(struct assault *assault)
{
    pour(assault, false, reset_when_full);
}
void attack_captive_carrier_garbage(struct assault *assault)
{
    pour(assault, true, say_garbage);
}
void attack_captive_carrier_megabytes(struct assault *assault)
{
    pour(assault, true, say_megabytes);
}
void attack_captive_carrier_parts(struct assault *assault)
{
    pour(assault, true, say_parts);
}
void attack_captive_carrier_resets(struct assault *assault)
{
    pour(assault, true, reset_when_full);
}

/* ---- sealed words ---- */

static bool send_sealed(struct captive *captive, const struct envelope *draft)
{
    static struct buffer frame;
    size_t ignored;
    buffer_init(&frame, FRAME_BYTES_MAX);
    assault_message(captive->assault, draft, &frame, &ignored);
    bool sent = send_part(captive, buffer_view(&frame));
    buffer_release(&frame);
    return sent;
}

static void draft_receipt(struct captive *captive, enum message_type type,
                          const struct receipt_item *items, size_t count,
                          struct envelope *ret_draft)
{
    assault_draft(captive->assault, ret_draft);
    ret_draft->type = type;
    ret_draft->recipient = province_agency(CAPTIVE_ADAPTER);
    ret_draft->sequence = 0;
    ret_draft->dossier_code = (struct bytes){0};
    ret_draft->receipt.items = items;
    ret_draft->receipt.item_count = count;
}

static bool say_unknown_receipts(struct captive *captive, uint64_t number)
{
    static struct receipt_item items[RECEIPT_ITEMS_MAX];
    struct envelope draft;
    draft_receipt(captive, MESSAGE_TYPE_RECEIPT_CUSTODY, items, RECEIPT_ITEMS_MAX, &draft);
    for (size_t i = 0; i < RECEIPT_ITEMS_MAX; i++) {
        items[i] = (struct receipt_item){.message_id = draft.id, .at = peer_now()};
        items[i].message_id.bytes[12] = (uint8_t)(number >> 8);
        items[i].message_id.bytes[13] = (uint8_t)number;
        items[i].message_id.bytes[14] = (uint8_t)(i >> 8);
        items[i].message_id.bytes[15] = (uint8_t)i;
        items[i].digest.bytes[0] = 1;
    }
    return send_sealed(captive, &draft);
}

void attack_captive_unknown_receipts(struct assault *assault)
{
    pour(assault, false, say_unknown_receipts);
}

/* Heads that are properly sealed, of a ledger that does not go on from the last one. */
static bool say_forked_head(struct captive *captive, uint64_t number)
{
    static struct buffer document, signature;
    struct assault *assault = captive->assault;
    struct envelope draft;
    assault_draft(assault, &draft);
    draft.type = MESSAGE_TYPE_LEDGER_HEAD;
    draft.dossier_code = (struct bytes){0};
    draft.sequence = 0;
    draft.tree_head = (struct tree_head){.ledger_id = {filler, LEDGER_ID_BYTES},
                                         .tree_size = 1 + number,
                                         .root = {{(uint8_t)number, 9}},
                                         .at = peer_now()};
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    bool made = peer_build(&assault->self, &draft, &document) &&
                peer_sign(&assault->self, buffer_view(&document), &signature);
    struct bytes view = buffer_view(&document);
    struct frame frame = {.kind = FRAME_LEDGER_HEAD,
                          .ledger_head = {.parcel = {&view, 1, {0}, buffer_view(&signature), {0}},
                                          .from_tree_size = number / 2}};
    made = made && send_frame(captive, &frame);
    buffer_release(&document);
    buffer_release(&signature);
    return made;
}

void attack_captive_forked_heads(struct assault *assault)
{
    pour(assault, false, say_forked_head);
}

/* Asks for files that no message to it names; one lies at the adapter, with the canary in it. */
static bool ask_for_files(struct captive *captive, uint64_t number)
{
    struct assault *assault = captive->assault;
    struct bytes content = bytes_of_text(CLERK_SECRET);
    struct frame frame = {
        .kind = FRAME_BLOB_WANT,
        .blob = {.credit_until = BLOB_CHUNK_BYTES_MAX,
                 .sender = number % 2 == 0 ? province_agency(CAPTIVE_ADAPTER) : key_of("gateway"),
                 .message_id = {{1, [6] = 0x70, [8] = 0x80, [15] = (uint8_t)number}}}};
    sha256_parts(&content, 1, &frame.blob.digest);
    bool sent = send_frame(captive, &frame);
    if (sent && assault_await(assault, &captive->line, FRAME_BLOB_CHUNK, 1) &&
        bytes_equal(assault->self.frame.blob.content, content))
        atomic_fetch_add(&assault->outcome->stolen_bytes, content.size);
    return sent;
}

void attack_captive_file_theft(struct assault *assault)
{
    pour(assault, false, ask_for_files);
}

/* ---- lies about messages ---- */

struct liar {
    enum message_type type;
    const char *signer; /* whose key; NULL: the gateway's */
    enum reason reason;
};

/* Custody for each message that comes, as a gateway does, and then the lie. */
static void lie(struct assault *assault, const struct liar *liar)
{
    struct captive captive;
    capture(assault, false, &captive);
    struct peer *self = &assault->self;
    while (assault_goes_on(assault)) {
        struct receipt_item items[ITEMS_MAX];
        size_t count = 0;
        if (!await_victim(&captive) || !assault_await(assault, &captive.line, FRAME_PARCELS, 100))
            continue;
        const struct frame frame = self->frame;
        for (size_t i = 0; i < frame.parcels.count; i++)
            for (size_t j = 0; j < frame.parcels.parcels[i].document_count; j++) {
                struct envelope envelope;
                struct bytes document = frame.parcels.parcels[i].documents[j];
                if (count == ITEMS_MAX ||
                    envelope_parse(document, &self->arena, &envelope) != REASON_NONE ||
                    message_type_is_receipt((enum message_type)envelope.type))
                    continue;
                items[count] = (struct receipt_item){.message_id = envelope.id, .at = peer_now()};
                sha256_parts(&document, 1, &items[count++].digest);
            }
        if (count == 0)
            continue;
        struct envelope draft;
        draft_receipt(&captive, MESSAGE_TYPE_RECEIPT_CUSTODY, items, count, &draft);
        (void)send_sealed(&captive, &draft);
        for (size_t i = 0; i < count; i++) {
            items[i].destination = key_of("centre");
            items[i].reason = liar->reason;
        }
        if (liar->signer != NULL)
            assault_become(assault, key_of(liar->signer));
        draft_receipt(&captive, liar->type, items, count, &draft);
        (void)send_sealed(&captive, &draft);
        if (liar->signer != NULL)
            assault_become(assault, key_of("gateway"));
        atomic_fetch_add(&assault->outcome->sent, count);
    }
    release(&captive);
}

void attack_captive_delivered(struct assault *assault)
{
    lie(assault, &(struct liar){MESSAGE_TYPE_RECEIPT_DELIVERED, NULL, REASON_NONE});
}
void attack_captive_others_delivered(struct assault *assault)
{
    lie(assault, &(struct liar){MESSAGE_TYPE_RECEIPT_DELIVERED, "a0006", REASON_NONE});
}
void attack_captive_refused(struct assault *assault)
{
    lie(assault, &(struct liar){MESSAGE_TYPE_RECEIPT_REFUSED, NULL, REASON_OFFICE_REFUSED});
}
void attack_captive_others_refused(struct assault *assault)
{
    lie(assault, &(struct liar){MESSAGE_TYPE_RECEIPT_REFUSED, "a0006", REASON_OFFICE_REFUSED});
}

/* ---- one message again and again ---- */

/* A message of an agency that is hostile too, to the captive: delivered without an end. */
static bool deliver_again(struct captive *captive, uint64_t number)
{
    static struct buffer frame;
    size_t at;
    if (frame.size == 0) {
        struct assault *assault = captive->assault;
        struct envelope draft;
        buffer_init(&frame, FRAME_BYTES_MAX);
        assault_become(assault, province_agency(GANG_FIRST));
        assault_draft(assault, &draft);
        draft.type = MESSAGE_TYPE_RESULT;
        draft.recipient = province_agency(CAPTIVE_ADAPTER);
        assault_message(assault, &draft, &frame, &at);
        assault_become(assault, key_of("gateway"));
    }
    (void)number;
    return send_part(captive, buffer_view(&frame));
}

void attack_captive_repeats(struct assault *assault)
{
    pour(assault, false, deliver_again);
}
