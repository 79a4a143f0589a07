/* Registered agencies that let messages pile up and then end many things at once, and that say of
 * messages what is not theirs to say. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/seal/sha256.h"
#include "tests/hostile/attacks.h"

enum { GREET_MS = 1000, CROWD_LINE = 1 };

/* ---- receivers that an attacker plays ---- */

/* A line of another participant whose keys the attacker holds too. */
static bool dial_gang(struct assault *assault, size_t number, struct raw_zmtp *ret_line)
{
    struct key name = province_agency(number);
    struct curve_pair key = world_curve_pair(assault->world, name.text);
    struct frame hello = {.kind = FRAME_HELLO,
                          .hello = {.version_min = LINK_VERSION,
                                    .version_max = LINK_VERSION,
                                    .participant = name,
                                    .program = bytes_of_text("gang"),
                                    .window_messages = MESSAGE_WINDOW_MAX,
                                    .clock = peer_now()}};
    return assault_dial_with(assault, &key, ret_line) && assault_send(assault, ret_line, &hello) &&
           assault_await(assault, ret_line, FRAME_WELCOME, GREET_MS);
}

/* Takes what has come without a receipt: it stays under way. */
static size_t take_all(struct assault *assault, struct raw_zmtp *line)
{
    static struct message_id ids[MESSAGE_WINDOW_MAX];
    struct peer *self = &assault->self;
    size_t count = 0;
    while (count + FRAME_PARCELS_MAX < MESSAGE_WINDOW_MAX &&
           assault_await(assault, line, FRAME_PARCELS, 0)) {
        for (size_t i = 0; i < self->frame.parcels.count; i++) {
            const struct parcel *parcel = &self->frame.parcels.parcels[i];
            for (size_t j = 0; j < parcel->document_count && count < MESSAGE_WINDOW_MAX; j++)
                if (parcel->documents[j].size > 18)
                    memcpy(ids[count++].bytes, parcel->documents[j].data + 2, MESSAGE_ID_BYTES);
        }
    }
    struct frame taken = {.kind = FRAME_TAKEN, .taken = {.ids = ids, .count = count}};
    if (count > 0)
        (void)assault_send(assault, line, &taken);
    return count;
}

static bool bring_sender(struct assault *assault, struct raw_zmtp *line)
{
    return line->stage != RAW_CLOSED ||
           (assault_dial(assault, line) && assault_greet(assault, line));
}

/* Sends valid messages to gang members in turn, who take them, until so many are under way or most
 * of the time is over. */
static size_t pile_up(struct assault *assault, struct raw_zmtp *sender, struct raw_zmtp *gang,
                      size_t members, size_t wanted)
{
    static struct buffer frame;
    int64_t until_us = world_now_us() + (assault->until_us - world_now_us()) * 3 / 4;
    size_t piled = 0;
    buffer_init(&frame, FRAME_BYTES_MAX);
    for (size_t n = 0; piled < wanted && world_now_us() < until_us; n++) {
        struct key recipient = province_agency(GANG_FIRST + n % members);
        if (!bring_sender(assault, sender))
            continue;
        check(assault_parcel(assault, &recipient, PARCEL_MESSAGES_MAX, &frame));
        (void)raw_zmtp_send(sender, buffer_view(&frame), 0);
        (void)assault_look(assault, sender);
        for (size_t i = 0; i < members; i++)
            piled += take_all(assault, &gang[i]);
    }
    buffer_release(&frame);
    atomic_fetch_add(&assault->outcome->sent, piled);
    return piled;
}

/* One agency has very many under way and then puts them all off, says hello and goodbye. */
void attack_hoard(struct assault *assault)
{
    struct raw_zmtp *sender = &assault->lines[0], *taker = &assault->lines[1];
    size_t most = 0;
    while (assault_goes_on(assault)) {
        if (taker->stage == RAW_CLOSED && !dial_gang(assault, GANG_FIRST, taker))
            continue;
        size_t piled = pile_up(assault, sender, taker, 1, (size_t)20 * 1024);
        struct frame none = {.kind = FRAME_NOT_TAKEN, .taken = {.retry_after_ms = 1}};
        struct frame bye = {.kind = FRAME_GOODBYE, .goodbye = REASON_SHUTDOWN};
        for (int i = 0; i < 8; i++)
            (void)assault_send(assault, taker, &none);
        (void)assault_send(assault, taker, &bye);
        most = piled > most ? piled : most;
        assault_note(assault, "%zu were under way at once", most);
        raw_zmtp_close(taker);
    }
}

/* Eight agencies with full windows are cut at once. */
void attack_gang_cut(struct assault *assault)
{
    struct raw_zmtp *sender = &assault->lines[0], *gang = &assault->lines[1];
    size_t most = 0;
    while (assault_goes_on(assault)) {
        for (size_t i = 0; i < GANG; i++)
            if (gang[i].stage == RAW_CLOSED)
                (void)dial_gang(assault, GANG_FIRST + i, &gang[i]);
        size_t piled = pile_up(assault, sender, gang, GANG, (size_t)GANG * MESSAGE_WINDOW_MAX);
        most = piled > most ? piled : most;
        assault_note(assault, "%zu were under way at once", most);
        for (size_t i = 0; i < GANG; i++)
            raw_zmtp_reset(&gang[i]);
    }
}

/* ---- a hostile carrier ---- */

static bool dial_carrier(struct assault *assault, struct raw_zmtp *ret_line)
{
    struct curve_pair key =
        world_curve_pair(assault->world, province_carrier(HOSTILE_CARRIER).text);
    return assault_dial_with(assault, &key, ret_line);
}

static bool send_for(struct assault *assault, struct raw_zmtp *line, struct key name,
                     const struct frame *frame)
{
    struct buffer *bytes = &assault->self.bytes;
    buffer_clear(bytes);
    return assault_frame(assault, frame, bytes) &&
           raw_zmtp_send(line, key_bytes(&name), RAW_MORE) &&
           raw_zmtp_send(line, buffer_view(bytes), 0);
}

static void greet_for(struct assault *assault, struct raw_zmtp *line, struct key name)
{
    struct frame hello = {.kind = FRAME_HELLO,
                          .hello = {.version_min = LINK_VERSION,
                                    .version_max = LINK_VERSION,
                                    .participant = name,
                                    .program = bytes_of_text("crowd"),
                                    .window_messages = MESSAGE_WINDOW_MAX,
                                    .clock = peer_now()}};
    (void)send_for(assault, line, name, &hello);
}

/* A carrier with all its participants greeted and messages under way to each, cut. */
void attack_crowd_cut(struct assault *assault)
{
    static struct buffer frame;
    struct raw_zmtp *sender = &assault->lines[0], *carrier = &assault->lines[CROWD_LINE];
    buffer_init(&frame, FRAME_BYTES_MAX);
    while (assault_goes_on(assault)) {
        if (carrier->stage == RAW_CLOSED && !dial_carrier(assault, carrier))
            continue;
        for (size_t i = 0; i < CROWD; i++)
            greet_for(assault, carrier, province_agency(CROWD_FIRST + i));
        int64_t until_us = world_now_us() + (assault->until_us - world_now_us()) * 3 / 4;
        for (size_t n = 0; n < 4 * CROWD && world_now_us() < until_us; n++) {
            struct key recipient = province_agency(CROWD_FIRST + n % CROWD);
            if (!bring_sender(assault, sender))
                continue;
            check(assault_parcel(assault, &recipient, PARCEL_MESSAGES_MAX, &frame));
            (void)raw_zmtp_send(sender, buffer_view(&frame), 0);
            (void)assault_look(assault, sender);
            (void)assault_look(assault, carrier);
            atomic_fetch_add(&assault->outcome->sent, PARCEL_MESSAGES_MAX);
        }
        raw_zmtp_reset(carrier);
    }
}

/* Speaks for participants that it does not carry: honest ones, the centre, nobody. */
void attack_carrier_names(struct assault *assault)
{
    struct raw_zmtp *line = &assault->lines[0];
    const struct key names[] = {key_of("centre"),  province_agency(1),          province_agency(2),
                                key_of("gateway"), province_carrier(1),         province_carrier(2),
                                key_of("nobody"),  province_agency(CROWD_FIRST)};
    for (uint64_t n = 0; assault_goes_on(assault); n++) {
        if (line->stage == RAW_CLOSED && !dial_carrier(assault, line))
            continue;
        greet_for(assault, line, names[n % (sizeof names / sizeof *names)]);
        (void)assault_look(assault, line);
        atomic_fetch_add(&assault->outcome->sent, 1);
    }
}

/* Messages of one part, of three, of a name of a megabyte. */
void attack_carrier_parts(struct assault *assault)
{
    static uint8_t large[FRAME_BYTES_MAX];
    struct raw_zmtp *line = &assault->lines[0];
    for (uint64_t n = 0; assault_goes_on(assault); n++) {
        if (line->stage == RAW_CLOSED && !dial_carrier(assault, line))
            continue;
        struct bytes name = n % 4 == 0 ? (struct bytes){large, sizeof large}
                                       : bytes_of_text(province_agency(CROWD_FIRST).text);
        bool sent = raw_zmtp_send(line, name, n % 4 == 1 ? 0 : RAW_MORE);
        for (uint64_t i = 0; sent && i < n % 7; i++)
            sent = raw_zmtp_send(line, bytes_of_text("part"), i + 1 < n % 7 ? RAW_MORE : 0);
        (void)assault_look(assault, line);
        atomic_fetch_add(&assault->outcome->sent, 1);
    }
}

/* All its participants say rubbish in turn: a share for each of them is a hundred shares. */
void attack_crowd_garbage(struct assault *assault)
{
    struct raw_zmtp *line = &assault->lines[0];
    bool is_up = false;
    for (uint64_t n = 0; assault_goes_on(assault); n++) {
        struct key name = province_agency(CROWD_FIRST + n % CROWD);
        is_up = is_up && line->stage != RAW_CLOSED;
        if (!is_up && !dial_carrier(assault, line))
            continue;
        for (size_t i = 0; !is_up && i < CROWD; i++)
            greet_for(assault, line, province_agency(CROWD_FIRST + i));
        is_up = true;
        (void)(raw_zmtp_send(line, key_bytes(&name), RAW_MORE) &&
               raw_zmtp_send(line, bytes_of_text("\xff no frame"), 0));
        (void)assault_look(assault, line);
        atomic_fetch_add(&assault->outcome->sent, 1);
    }
}

/* ---- receipts about what is others' ---- */

static bool find_own(const struct envelope *envelope, const struct peer *self)
{
    return envelope->type == MESSAGE_TYPE_TRANSFER && !key_is_none(&self->key);
}

/* One receipt: an item about a message that is its own, and items about others' messages that are
 * on their way. */
static void send_mixed(struct assault *assault, struct raw_zmtp *line, const struct message_id *own,
                       const struct digest *digest, enum message_type type)
{
    enum { OTHERS = 31, LOOKED_AT = 4000 };
    static struct receipt_item items[1 + OTHERS];
    static struct buffer frame;
    struct shared *shared = assault->shared;
    struct envelope draft;
    size_t count = 0, at, count_all = shared->message_count;
    assault_draft(assault, &draft);
    items[count++] = (struct receipt_item){
        .message_id = *own, .digest = *digest, .destination = assault->self.key, .at = peer_now()};
    for (size_t i = 0; i < LOOKED_AT && i < count_all && count <= OTHERS; i++) {
        const struct honest_message *message = &shared->messages[count_all - 1 - i];
        if (message->sender != 0 || message->delivered_us != 0 ||
            message->recipient == HOSTILE_FIRST)
            continue;
        items[count++] = (struct receipt_item){.message_id = message->id,
                                               .digest = message->digest,
                                               .destination = province_agency(message->recipient),
                                               .at = peer_now()};
    }
    draft.type = type;
    draft.recipient = key_of("centre");
    draft.sequence = 0;
    draft.dossier_code = (struct bytes){0};
    draft.receipt.items = items;
    draft.receipt.item_count = count;
    for (size_t i = 0; type == MESSAGE_TYPE_RECEIPT_REFUSED && i < count; i++)
        items[i].reason = REASON_OFFICE_REFUSED;
    buffer_init(&frame, FRAME_BYTES_MAX);
    assault_message(assault, &draft, &frame, &at);
    (void)raw_zmtp_send(line, buffer_view(&frame), 0);
    buffer_release(&frame);
    atomic_fetch_add(&assault->outcome->sent, 1);
}

static void say_of_others(struct assault *assault, enum message_type type)
{
    struct raw_zmtp *line = &assault->lines[0];
    struct peer *self = &assault->self;
    while (assault_goes_on(assault)) {
        if (line->stage == RAW_CLOSED &&
            (!assault_dial(assault, line) || !assault_greet(assault, line)))
            continue;
        if (!assault_await(assault, line, FRAME_PARCELS, 200))
            continue;
        const struct frame frame = self->frame;
        for (size_t i = 0; i < frame.parcels.count; i++) {
            struct envelope envelope;
            const struct parcel *parcel = &frame.parcels.parcels[i];
            if (envelope_parse(parcel->documents[0], &self->arena, &envelope) != REASON_NONE ||
                !find_own(&envelope, self))
                continue;
            struct digest digest;
            sha256_parts(&parcel->documents[0], 1, &digest);
            send_mixed(assault, line, &envelope.id, &digest, type);
        }
    }
}

void attack_others_delivered(struct assault *assault)
{
    say_of_others(assault, MESSAGE_TYPE_RECEIPT_DELIVERED);
}

void attack_others_refused(struct assault *assault)
{
    say_of_others(assault, MESSAGE_TYPE_RECEIPT_REFUSED);
}

/* What only a gateway may say. */
void attack_gateways_receipts(struct assault *assault)
{
    say_of_others(assault, MESSAGE_TYPE_RECEIPT_EXPIRED);
}
