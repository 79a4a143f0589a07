/* The loop of the honest load: timetables, sessions, what is sent again. */
#include "tests/hostile/honest_parts.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "gateway/workers/registry_directory.h"
#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/seal/sha256.h"
#include "routing/registry/registry.h"

enum {
    WINDOW = 1024,
    CENTRE = 0, /* place in members */
    TURNS = HONEST + 3,
    TRANSFERS_PER_SECOND = 2, /* of the centre to each agency that is at work */
    TO_ADAPTER_PER_SECOND = 1,
    BLINK_US = 100 * 1000,
    SECOND_US = 1000 * 1000,
    BEHIND_US = 5 * 1000,
    HEARTBEAT_US = HEARTBEAT_INTERVAL_MS * 1000,
    INDEX_AT = 10, /* in an id: four octets of the message's number, then two of a mark */
};

static const uint8_t id_mark[2] = {0xca, 0x4a};

size_t honest_index(const struct shared *shared, const struct message_id *id)
{
    size_t index = 0;
    for (int i = 0; i < 4; i++)
        index = index << 8 | id->bytes[INDEX_AT + i];
    return index < shared->message_count && id_equal(&shared->messages[index].id, id) ? index
                                                                                      : SIZE_MAX;
}

static struct message_id make_id(size_t index)
{
    struct message_id id;
    int64_t ms = peer_now().ms;
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    memset(id.bytes + 6, 0, sizeof id.bytes - 6);
    id.bytes[6] = 0x70;
    id.bytes[8] = 0x80;
    for (int i = 0; i < 4; i++)
        id.bytes[INDEX_AT + i] = (uint8_t)(index >> (24 - 8 * i));
    memcpy(id.bytes + INDEX_AT + 4, id_mark, sizeof id_mark);
    return id;
}

/* ---- making and sending ---- */

void honest_send(struct participant_load *member, const struct frame *frame)
{
    (void)peer_send(&member->peer, frame); /* what is lost is sent again */
}

/* An earlier message of the dossier to the same one has no custody yet: order is kept from the
 * start. */
static bool is_behind(const struct honest *honest, const struct participant_load *member,
                      const struct open_message *open)
{
    const struct honest_message *messages = honest->shared->messages;
    for (size_t i = 0; i < member->open_count; i++) {
        const struct open_message *other = &member->open[(member->open_first + i) % OPEN_MAX];
        if (other == open)
            return false;
        if (other->frame.size > 0 && other->dossier == open->dossier &&
            messages[other->index].recipient == messages[open->index].recipient)
            return true;
    }
    return false;
}

static void send_open(struct honest *honest, struct participant_load *member,
                      struct open_message *open)
{
    bool waits = is_behind(honest, member, open);
    open->next_us = honest->now_us + (waits ? BEHIND_US : RESEND_US);
    if (member->is_greeted && !waits)
        (void)peer_send_bytes(&member->peer, open->frame);
}

void honest_resend_all(struct honest *honest, struct participant_load *member)
{
    for (size_t i = 0; i < member->open_count; i++) {
        struct open_message *open = &member->open[(member->open_first + i) % OPEN_MAX];
        if (open->frame.size > 0)
            send_open(honest, member, open);
    }
}

static void make_file(const struct participant_load *member, uint32_t number,
                      struct open_message *open, struct attachment *ret_attachment)
{
    open->file = malloc(FILE_BYTES);
    check(open->file != NULL);
    world_file(member->number, number, open->file, &open->file_digest);
    *ret_attachment = (struct attachment){.digest = open->file_digest,
                                          .size_bytes = FILE_BYTES,
                                          .name = bytes_of_text("honest.pdf"),
                                          .media_type = bytes_of_text("application/pdf")};
}

static void seal(struct participant_load *member, const struct envelope *draft,
                 struct open_message *open, struct digest *ret_digest)
{
    struct peer *peer = &member->peer;
    struct buffer document, signature, frame_bytes;
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    buffer_init(&frame_bytes, FRAME_BYTES_MAX);
    check(peer_build(peer, draft, &document) &&
          peer_sign(peer, buffer_view(&document), &signature));
    struct bytes bytes = buffer_view(&document);
    struct parcel parcel = {
        .documents = &bytes, .document_count = 1, .signature = buffer_view(&signature)};
    struct frame frame = {.kind = FRAME_PARCELS, .parcels = {&parcel, 1}};
    arena_reset(&peer->scratch);
    check(frame_build(&frame, &peer->scratch, &frame_bytes) == REASON_NONE);
    sha256_parts(&bytes, 1, ret_digest);
    open->frame = buffer_view(&frame_bytes); /* its memory is the message's from now on */
    buffer_release(&document);
    buffer_release(&signature);
}

/* recipient: number of an agency; 0: the centre. */
static void make_message(struct honest *honest, struct participant_load *member, uint16_t recipient,
                         int64_t due_us)
{
    struct shared *shared = honest->shared;
    size_t index = shared->message_count;
    if (index == MESSAGES_MAX || member->open_count == OPEN_MAX)
        return; /* an hour is over, or nothing has been settled for ten minutes */
    struct honest_message *message = &shared->messages[index];
    size_t place = (member->open_first + member->open_count++) % OPEN_MAX;
    struct open_message *open = &member->open[place];
    struct attachment attachment;
    struct envelope draft;
    char code[64], procedure[16] = "";
    member->sent++;
    *open = (struct open_message){.index = (uint32_t)index,
                                  .dossier = (uint32_t)(member->sent % DOSSIERS)};
    bool is_secret = recipient != HOSTILE_FIRST;
    (void)snprintf(code, sizeof code, "%s%03u%03u%02u", is_secret ? CANARY : NO_CANARY,
                   member->number, recipient, (unsigned)(member->sent % DOSSIERS));
    if (recipient != 0)
        province_procedure(recipient, procedure);
    peer_draft(&member->peer, &draft, member->number == 0 ? procedure : "", code);
    if (member->number != 0) {
        draft.type = recipient == 0 ? MESSAGE_TYPE_PROGRESS : MESSAGE_TYPE_RESULT;
        if (recipient != 0)
            draft.recipient = province_agency(recipient);
    }
    draft.id = make_id(index);
    draft.sequence = member->sent;
    uint32_t file = 0;
    if (member->number != 0 && member->sent % FILE_EVERY == 0) {
        file = atomic_load(&shared->file_count[member->number]) + 1;
        make_file(member, file, open, &attachment);
        draft.attachments = &attachment;
        draft.attachment_count = 1;
        atomic_store(&shared->file_count[member->number], file);
    }
    seal(member, &draft, open, &message->digest);
    message->id = draft.id;
    message->sender = member->number;
    message->recipient = recipient;
    message->file = file;
    message->due_us = due_us;
    atomic_store(&shared->message_count, index + 1);
    send_open(honest, member, open);
}

/* ---- timetables ---- */

static bool is_at_work(const struct honest *honest, const struct participant_load *member)
{
    bool is_carried = member->number >= CARRIED_FIRST && member->number < CARRIED_FIRST + HONEST;
    return member->number <= HONEST ? !honest->shared->uses_carrier
                                    : is_carried && honest->shared->uses_carrier;
}

/* The centre's transfers go round those that are at work, one that is hostile and one that never
 * comes for them. */
static void send_transfers(struct honest *honest, struct participant_load *centre)
{
    while (centre->timetable_us <= honest->now_us) {
        size_t turn = (size_t)(centre->timetable_us / centre->period_us) % TURNS;
        int64_t due_us = centre->timetable_us;
        centre->timetable_us += centre->period_us;
        uint16_t first = honest->shared->uses_carrier ? CARRIED_FIRST : 1;
        if (turn < HONEST)
            make_message(honest, centre, (uint16_t)(first + turn), due_us);
        else if (turn == HONEST)
            make_message(honest, centre, HOSTILE_FIRST, due_us);
        else if (turn == HONEST + 1)
            make_message(honest, centre, ABSENT, due_us);
        else if (honest->shared->blinks)
            make_message(honest, centre, BLINKER, due_us);
    }
}

static void send_due(struct honest *honest, struct participant_load *member)
{
    if (member->number == 0) {
        send_transfers(honest, member);
    } else if (is_at_work(honest, member)) {
        for (; member->timetable_us <= honest->now_us; member->timetable_us += member->period_us) {
            bool goes_beside = member->number == 1 &&
                               (int)(member->sent % (unsigned)(honest->shared->honest_per_second /
                                                               TO_ADAPTER_PER_SECOND)) == 1;
            make_message(honest, member, goes_beside ? VICTIM_ADAPTER : 0, member->timetable_us);
        }
    } else { /* it begins at a time of its own, or all five would always come at the same instant */
        member->timetable_us =
            honest->now_us + member->number % HONEST * member->period_us / HONEST;
    }
    for (size_t i = 0; i < member->open_count; i++) {
        struct open_message *open = &member->open[(member->open_first + i) % OPEN_MAX];
        if (open->frame.size > 0 && open->next_us <= honest->now_us)
            send_open(honest, member, open);
    }
}

/* ---- sessions ---- */

static bool open_link(const struct world *world, struct participant_load *member)
{
    bool is_carried = member->number >= CARRIED_FIRST && member->number < CARRIED_FIRST + HONEST;
    struct key name = member->number == 0 ? key_of("centre") : province_agency(member->number);
    struct link_client_options options = {
        .endpoint = world->gateway_endpoint,
        .key = world_curve_pair(world, name.text),
        .server_public_key = world->province.gateway_public_key,
        .refused_max_ms = 1000,
    };
    if (is_carried) {
        options.endpoint = world->carrier_endpoint;
        options.server_public_key =
            world_curve_pair(world, province_carrier(CARRIER).text).public_key;
    } else if (member->number == CAPTIVE_CARRIED) {
        options.endpoint = world->captive_carried_endpoint;
        options.server_public_key =
            world_curve_pair(world, province_carrier(CAPTIVE_CARRIER).text).public_key;
    }
    return link_client_new(&options, &member->peer.link) == REASON_NONE;
}

static void blink(struct honest *honest, struct participant_load *member)
{
    if (member->number != BLINKER || !honest->shared->blinks || honest->now_us < member->blink_us)
        return;
    member->blink_us = honest->now_us + BLINK_US;
    link_client_destroy(&member->peer.link);
    check(open_link(honest->world, member));
    member->is_connected = member->is_greeted = false;
}

static void tend_session(struct honest *honest, struct participant_load *member, bool beats)
{
    blink(honest, member);
    link_client_tick(member->peer.link, (mono_t){honest->now_us / 1000});
    if (member->is_connected && !member->is_greeted && honest->now_us >= member->greet_us) {
        (void)peer_hello(&member->peer, WINDOW);
        member->greet_us = honest->now_us + 2 * SECOND_US;
    }
    if (beats && member->is_greeted)
        honest_send(member,
                    &(struct frame){.kind = FRAME_HEARTBEAT,
                                    .heartbeat = {.clock = peer_now(), .window_messages = WINDOW}});
}

static void read_link(struct honest *honest, struct participant_load *member)
{
    struct link_event event;
    while (link_client_receive(member->peer.link, &event)) {
        if (event.kind == LINK_PEER_CONNECTED) {
            member->is_connected = true;
            member->greet_us = 0;
        } else if (event.kind != LINK_FRAME) {
            member->is_connected = member->is_greeted = false;
        } else {
            struct peer *peer = &member->peer;
            arena_reset(&peer->arena);
            honest->now_us = world_now_us();
            struct bytes copy = arena_copy(&peer->arena, event.bytes);
            if (copy.data != NULL && frame_parse(copy, &peer->arena, &peer->frame) == REASON_NONE)
                honest_take(honest, member);
        }
    }
    honest_settle(honest, member);
}

/* ---- all ---- */

static void load_trust(struct honest *honest)
{
    static struct faults faults;
    char path[FILE_PATH_BYTES_MAX], culprit[FILE_PATH_BYTES_MAX];
    struct registry *registry = NULL;
    check(file_path_join(honest->world->province.directory, "registry", path));
    check(registry_directory_load(path, sha256_parts, &faults, &registry) == REASON_NONE);
    check(trust_directory_load(path, registry, peer_now(), &honest->trust, culprit) == REASON_NONE);
}

static void open_members(struct honest *honest)
{
    static const uint16_t numbers[] = {0,
                                       1,
                                       2,
                                       3,
                                       4,
                                       5,
                                       CARRIED_FIRST,
                                       CARRIED_FIRST + 1,
                                       CARRIED_FIRST + 2,
                                       CARRIED_FIRST + 3,
                                       CARRIED_FIRST + 4,
                                       BLINKER,
                                       CAPTIVE_CARRIED};
    honest->member_count = sizeof numbers / sizeof *numbers;
    honest->members = calloc(honest->member_count, sizeof *honest->members);
    check(honest->members != NULL);
    for (size_t i = 0; i < honest->member_count; i++) {
        struct participant_load *member = &honest->members[i];
        struct key name = numbers[i] == 0 ? key_of("centre") : province_agency(numbers[i]);
        /* Keys from the province; the link is ours, with the endpoint that is this member's. */
        check(peer_open(&member->peer, &honest->world->province, name.text,
                        honest->world->gateway_endpoint));
        link_client_destroy(&member->peer.link);
        member->number = numbers[i];
        check(open_link(honest->world, member));
        member->open = calloc(OPEN_MAX, sizeof *member->open);
        check(member->open != NULL);
        member->period_us = numbers[i] == 0 ? SECOND_US / (TRANSFERS_PER_SECOND * TURNS)
                                            : SECOND_US / honest->shared->honest_per_second;
        member->timetable_us = world_now_us() + SECOND_US;
        if (numbers[i] != 0)
            member->timetable_us += numbers[i] % HONEST * member->period_us / HONEST;
    }
}

/* Until the next message of a timetable is due, a millisecond at most: a message that is made late
 * would count as one that waited. */
static struct timespec until_due(const struct honest *honest)
{
    enum { ROUND_US = 1000 };
    int64_t wait_us = ROUND_US, now_us = world_now_us();
    for (size_t i = 0; i < honest->member_count; i++) {
        const struct participant_load *member = &honest->members[i];
        bool sends = member->number == 0 || is_at_work(honest, member);
        if (sends && member->timetable_us - now_us < wait_us)
            wait_us = member->timetable_us > now_us ? member->timetable_us - now_us : 0;
    }
    return (struct timespec){.tv_nsec = wait_us * 1000};
}

_Noreturn void honest_run(const struct world *world)
{
    static struct honest honest;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    honest = (struct honest){.world = world, .shared = world->shared};
    load_trust(&honest);
    open_members(&honest);
    struct pollfd waits[32];
    check(honest.member_count <= sizeof waits / sizeof *waits);
    while (!honest.shared->stops) {
        for (size_t i = 0; i < honest.member_count; i++)
            waits[i] = (struct pollfd){.fd = link_client_fd(honest.members[i].peer.link),
                                       .events = POLLIN};
        struct timespec wait = until_due(&honest);
        (void)ppoll(waits, honest.member_count, &wait, NULL);
        honest.now_us = world_now_us();
        bool beats = honest.now_us - honest.heartbeat_us >= HEARTBEAT_US;
        if (beats)
            honest.heartbeat_us = honest.now_us;
        for (size_t i = 0; i < honest.member_count; i++) {
            read_link(&honest, &honest.members[i]);
            honest.now_us = world_now_us();
            tend_session(&honest, &honest.members[i], beats);
            send_due(&honest, &honest.members[i]);
        }
    }
    _exit(0);
}
