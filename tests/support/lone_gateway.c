#include "tests/support/lone_gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "proto/link/link.h"
#include "proto/seal/sha256.h"
#include "tests/support/blobs_memory.h"
#include "tests/support/open_crypto.h"

enum { FILES_MAX_BYTES = 1024 * 1024, BUILD_BYTES = 4 * 1024 * 1024 };

/* ---- ports ---- */

static struct lone_gateway *opened; /* the store's verbs have no context of their own */

static enum reason commit(struct store *store, const struct store_plan *plan)
{
    return opened->commit_reason != REASON_NONE ? opened->commit_reason
                                                : opened->real->commit(store, plan);
}

static enum reason recover(struct store *store, uint64_t *ret_count)
{
    return opened->load_reason != REASON_NONE ? opened->load_reason
                                              : opened->real->recover(store, ret_count);
}

/* keep: rows of retention.csv; "": there is no such file. */
static struct registry *make_registry(const char *keep)
{
    enum { PARTICIPANTS = 6 };
    static struct faults faults;
    char participants[768];
    struct curve_pair pairs[PARTICIPANTS];
    for (size_t i = 0; i < PARTICIPANTS; i++)
        check(curve_pair_make(&pairs[i]) == REASON_NONE);
    (void)snprintf(participants, sizeof participants,
                   "key,role,curve_public_key,certificates,window_messages\n"
                   "gateway,gateway,\"%s\",g.pem,4096\n"
                   "centre,centre,\"%s\",c.pem,4096\nstp,agency,\"%s\",s.pem,4096\n"
                   "sxd,agency,\"%s\",x.pem,4096\nportal,portal,\"%s\",p.pem,4096\n"
                   "syt,agency,\"%s\",y.pem,4096\n",
                   pairs[0].public_key.text, pairs[1].public_key.text, pairs[2].public_key.text,
                   pairs[3].public_key.text, pairs[4].public_key.text, pairs[5].public_key.text);
    struct registry_files files = {{
        [REGISTRY_FILE_VERSION] = bytes_of_text("2026-11-24.1\n"),
        [REGISTRY_FILE_AGENCIES] = bytes_of_text(
            "key,official_code,former_codes,name_vi,name_en,role,valid_from,valid_to,successor,"
            "system,sample\ncentre,H38.30,,Trung tâm,Centre,centre,,,,,yes\n"
            "stp,H38.03,,Sở Tư pháp,Justice,agency,,,,,yes\n"
            "sxd,H38.04,,Sở Xây dựng,Construction,agency,,,,,yes\n"
            "syt,H38.11,,Sở Y tế,Health,agency,,,,,yes\n"
            "portal,,,Cổng DVCQG,Portal,portal,,,,,no\n"
            "gateway,,,Cổng,Gateway,gateway,,,,,no\n"),
        [REGISTRY_FILE_PARTICIPANTS] = bytes_of_text(participants),
        [REGISTRY_FILE_PROCEDURES] = bytes_of_text(
            "code,name_vi,name_en,field_code,agency,service_level,processing_days,valid_from,"
            "valid_to,sample\n2.000635,Cấp bản sao,Copy,G15-TP01,stp,full,0,2020-01-01,,no\n"
            "1.000001,Cấp phép,Permit,G15-XD01,sxd,full,0,2020-01-01,,no\n"),
        [REGISTRY_FILE_POLICY] =
            bytes_of_text("sender,type,recipient,copies,life_hours\n"
                          "centre,transfer,agency,,168\nagency,result,centre,,168\n"
                          "agency,result,agency,,168\nagency,progress,centre,portal,168\n"
                          "agency,progress,portal,,168\n"),
    }};
    char retention[256];
    (void)snprintf(retention, sizeof retention, "procedure,kind,days\n%s", keep);
    if (keep[0] != 0)
        files.content[REGISTRY_FILE_RETENTION] = bytes_of_text(retention);
    struct registry *registry = NULL;
    check(registry_new(&files, sha256_parts, &faults, &registry) == REASON_NONE);
    return registry;
}

/* ---- opening ---- */

static void start_broker(struct lone_gateway *gateway)
{
    struct broker_options options = {.self = key_of("gateway"),
                                     .offset_minutes = VIETNAM_OFFSET_MINUTES,
                                     .window_messages = 64,
                                     .participants_max = 8,
                                     .flights_max = gateway->flights_max,
                                     .step_max = gateway->step_max,
                                     .attachment_bytes_max = FILES_MAX_BYTES,
                                     .store = gateway->store,
                                     .blobs = gateway->blobs,
                                     .crypto = &open_crypto};
    check(arena_init(&gateway->memory, broker_memory_bytes(&options)));
    gateway->broker = broker_new(&options, &gateway->memory);
    broker_set_registry(gateway->broker, gateway->registry);
    check(broker_load(gateway->broker, (wall_t){gateway->now_ms}) == REASON_NONE);
}

struct lone_gateway *lone_gateway_open(void)
{
    return lone_gateway_open_with(LONE_FLIGHTS_MAX, NULL);
}

struct lone_gateway *lone_gateway_open_with(uint32_t flights_max, const struct room_need *step_max)
{
    struct lone_gateway *gateway = calloc(1, sizeof *gateway);
    check(gateway != NULL);
    opened = gateway;
    gateway->now_ms = 1795500000000;
    gateway->flights_max = flights_max;
    gateway->step_max = step_max;
    gateway->connection = 1;
    gateway->image = store_memory_image_new();
    gateway->blobs = blobs_memory_new(FILES_MAX_BYTES);
    check(gateway->image != NULL && gateway->blobs != NULL);
    check(store_memory_open(gateway->image, &gateway->store) == REASON_NONE);
    gateway->real = gateway->store->verbs;
    gateway->verbs = *gateway->real;
    gateway->verbs.commit = commit;
    gateway->verbs.recover = recover;
    gateway->store->verbs = &gateway->verbs;
    check(arena_init(&gateway->build, BUILD_BYTES));
    gateway->registry = make_registry("");
    start_broker(gateway);
    return gateway;
}

void lone_gateway_restart(struct lone_gateway *gateway)
{
    broker_release(gateway->broker);
    arena_release(&gateway->memory);
    start_broker(gateway);
}

static void free_intake(struct lone_gateway *gateway, struct intake *intake)
{
    size_t at = 0;
    while (gateway->alive[at] != intake)
        check(++at < gateway->alive_intakes);
    gateway->alive[at] = gateway->alive[--gateway->alive_intakes];
    arena_release(&intake->arena);
    free((void *)(uintptr_t)intake->bytes.data);
    free(intake);
}

void lone_gateway_close(struct lone_gateway **gateway_pointer)
{
    struct lone_gateway *gateway = *gateway_pointer;
    *gateway_pointer = NULL;
    broker_release(gateway->broker);
    while (gateway->alive_intakes > 0) /* also those that waited for their files */
        free_intake(gateway, gateway->alive[0]);
    registry_destroy(&gateway->registry);
    gateway->store->verbs->close(gateway->store);
    gateway->blobs->verbs->close(gateway->blobs);
    store_memory_image_destroy(&gateway->image);
    arena_release(&gateway->memory);
    arena_release(&gateway->build);
    free(gateway);
}

/* ---- the step ---- */

static enum reason took(void *context, const struct key *peer, struct bytes bytes)
{
    static struct arena arena;
    struct lone_gateway *gateway = context;
    struct frame frame;
    if (arena.block == NULL)
        check(arena_init(&arena, FRAME_ARENA_BYTES));
    arena_reset(&arena);
    check(frame_parse(bytes, &arena, &frame) == REASON_NONE);
    if (frame.kind == FRAME_PARCELS) {
        gateway->parcels += frame.parcels.count;
        for (size_t i = 0; i < frame.parcels.count; i++) {
            size_t documents = frame.parcels.parcels[i].document_count;
            gateway->sent_to_stp += key_equal(peer, &(struct key){"stp"}) ? documents : 0;
            gateway->sent_to_sxd += key_equal(peer, &(struct key){"sxd"}) ? documents : 0;
        }
    } else if (frame.kind == FRAME_TAKEN) {
        gateway->taken += frame.taken.count;
    } else if (frame.kind == FRAME_NOT_TAKEN) {
        gateway->not_taken += frame.taken.count;
        gateway->not_taken_reason = frame.taken.reason;
    } else if (frame.kind == FRAME_GOODBYE) {
        gateway->goodbyes++;
    } else if (frame.kind == FRAME_BLOB_CHUNK) {
        gateway->chunks++;
    } else if (frame.kind == FRAME_BLOB_WANT) {
        gateway->wants += frame.blob.offset < LONE_FILE_BYTES;
        if (frame.blob.offset < LONE_FILE_BYTES)
            gateway->want_offset = frame.blob.offset;
    } else if (frame.kind == FRAME_STANDING) {
        check(frame.standing.count <= sizeof gateway->standing / sizeof *gateway->standing);
        gateway->standing_count = frame.standing.count;
        memcpy(gateway->standing, frame.standing.items,
               frame.standing.count * sizeof *gateway->standing);
    } else if (frame.kind == FRAME_LEDGER_HEAD) {
        gateway->heads++;
        gateway->head_from = frame.ledger_head.from_tree_size;
    } else if (frame.kind == FRAME_BLOB_REFUSED) {
        gateway->files_refused++;
        gateway->file_reason = frame.blob.reason;
    }
    return REASON_NONE;
}

static void count_alarm(void *context, const struct transition *transition)
{
    struct lone_gateway *gateway = context;
    gateway->alarms += strcmp(transition->event, "alarm") == 0;
    gateway->left_out += transition->count;
    if (strcmp(transition->event, "version_behind") == 0)
        gateway->behind = transition->from;
    gateway->lines++;
}

static void intake_done(void *context, struct intake *intake)
{
    struct lone_gateway *gateway = context;
    gateway->wasted += intake->wasted;
    free_intake(gateway, intake);
}

void lone_gateway_begin(struct lone_gateway *gateway)
{
    gateway->parcels = gateway->taken = gateway->not_taken = gateway->goodbyes = 0;
    gateway->sent_to_stp = gateway->sent_to_sxd = 0;
    gateway->alarms = gateway->chunks = gateway->files_refused = gateway->wants = 0;
    gateway->lines = gateway->left_out = gateway->wasted = 0;
    gateway->behind = (struct key){0};
    gateway->not_taken_reason = REASON_NONE;
    broker_begin(gateway->broker, (mono_t){gateway->now_ms},
                 (wall_t){gateway->now_ms + gateway->wall_step_ms});
}

enum reason lone_gateway_end(struct lone_gateway *gateway)
{
    const struct step_effects effects = {
        .context = gateway, .send = took, .transition = count_alarm, .intake_done = intake_done};
    const struct store_plan *plan = NULL;
    size_t fed = 0;
    while (fed < gateway->frame_count && broker_has_room(gateway->broker))
        broker_intake(gateway->broker, gateway->frames[fed++]);
    gateway->frame_count -= fed;
    memmove(gateway->frames, gateway->frames + fed, gateway->frame_count * sizeof(struct intake *));
    enum reason reason = broker_end(gateway->broker, &plan);
    if (reason == REASON_NONE && plan != NULL)
        reason = gateway->store->verbs->commit(gateway->store, plan);
    if (reason == REASON_NONE)
        broker_committed(gateway->broker, &effects);
    else
        broker_aborted(gateway->broker, reason, &effects);
    return reason;
}

enum reason lone_gateway_step(struct lone_gateway *gateway)
{
    lone_gateway_begin(gateway);
    return lone_gateway_end(gateway);
}

void lone_gateway_keep_days(struct lone_gateway *gateway, const char *rows)
{
    registry_destroy(&gateway->registry);
    gateway->registry = make_registry(rows);
    broker_set_registry(gateway->broker, gateway->registry);
}

void lone_gateway_wait(struct lone_gateway *gateway, int64_t ms)
{
    gateway->now_ms += ms;
}

enum entry_state lone_gateway_state(struct lone_gateway *gateway,
                                    const struct lone_message *message, const char *destination)
{
    struct store_message stored;
    struct entry entry;
    struct key key = key_of(destination);
    struct store *store = gateway->store;
    if (store->verbs->find_message(store, &message->sender, &message->id, &stored) != REASON_NONE ||
        store->verbs->read_entry(store, stored.seq, &key, &entry) != REASON_NONE)
        return (enum entry_state)0;
    return entry.state;
}
