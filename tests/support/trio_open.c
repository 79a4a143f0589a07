#include <stdio.h>
#include <stdlib.h>

#include "tests/support/store_memory.h"
#include "proto/base/check.h"
#include "proto/link/link.h"
#include "proto/seal/sha256.h"
#include "tests/support/blobs_memory.h"
#include "tests/support/open_crypto.h"
#include "tests/support/trio_parts.h"

static const char *const names[TRIO_MEMBERS] = {"gateway", "centre", "stp"};

/* ---- ports ---- */

static bool is_renewed(const struct member *member)
{
    return member->trio->now_ms >= member->renewed_ms;
}

static enum reason sign(void *context, struct bytes content, wall_t at,
                        struct buffer *ret_signature)
{
    const struct member *member = context;
    if (is_renewed(member))
        return open_crypto_sign(NULL, content, at, ret_signature);
    return buffer_append_text(ret_signature, member->word) ? REASON_NONE : REASON_OUT_OF_MEMORY;
}

static void name_signer(void *context, struct digest *ret_fingerprint)
{
    *ret_fingerprint = (struct digest){{is_renewed(context) ? 2 : 1}};
}

static void open_ports(struct trio *trio, struct member *member, struct port_faults *faults)
{
    member->image = store_memory_image_new();
    member->kept = blobs_memory_new(BLOBS_MAX_BYTES);
    check(member->image != NULL && member->kept != NULL);
    check(store_memory_open(member->image, &member->disk) == REASON_NONE);
    member->store = member->disk;
    member->blobs = member->kept;
    member->own = open_crypto;
    member->own.context = member;
    member->own.sign = sign;
    member->own.signer = name_signer;
    member->crypto = &member->own;
    if (faults == NULL)
        return;
    failing_store_init(&trio->store, member->disk, faults);
    failing_blobs_init(&trio->blobs, member->kept, faults);
    failing_crypto_init(&trio->crypto, &member->own, faults);
    member->store = &trio->store.port;
    member->blobs = &trio->blobs.port;
    member->crypto = &trio->crypto.port;
}

struct bytes trio_file(struct digest *ret_digest)
{
    static uint8_t content[TRIO_FILE_BYTES];
    struct bytes bytes = {content, sizeof content};
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (uint8_t)(i * 7 + i / 256);
    sha256_parts(&bytes, 1, ret_digest);
    return bytes;
}

/* The centre's desk has put the file there before anything begins. */
static void upload(struct blobs *blobs)
{
    struct digest digest;
    struct key uploader = {0};
    struct bytes bytes = trio_file(&digest);
    uint64_t offset;
    check(blobs->verbs->begin(blobs, &uploader, &digest, bytes.size, &offset) == REASON_NONE);
    check(blobs->verbs->write(blobs, &uploader, &digest, 0, bytes) == REASON_NONE);
    check(blobs_finish(blobs, &uploader, &digest) == REASON_NONE);
}

/* ---- opening ---- */

static struct registry *make_registry(void)
{
    static struct faults faults;
    char participants[512];
    struct curve_pair pairs[TRIO_MEMBERS];
    for (size_t i = 0; i < TRIO_MEMBERS; i++)
        check(curve_pair_make(&pairs[i]) == REASON_NONE);
    (void)snprintf(participants, sizeof participants,
                   "key,role,curve_public_key,certificates,window_messages\n"
                   "gateway,gateway,\"%s\",g.pem,4096\n"
                   "centre,centre,\"%s\",c.pem,4096\nstp,agency,\"%s\",s.pem,4096\n",
                   pairs[0].public_key.text, pairs[1].public_key.text, pairs[2].public_key.text);
    struct registry_files files = {{
        [REGISTRY_FILE_VERSION] = bytes_of_text("2026-11-24.1\n"),
        [REGISTRY_FILE_AGENCIES] = bytes_of_text(
            "key,official_code,former_codes,name_vi,name_en,role,valid_from,valid_to,successor,"
            "system,sample\ncentre,H38.30,,Trung tâm,Centre,centre,,,,,yes\n"
            "stp,H38.03,,Sở Tư pháp,Justice,agency,,,,,yes\n"
            "gateway,,,Cổng,Gateway,gateway,,,,,no\n"),
        [REGISTRY_FILE_PARTICIPANTS] = bytes_of_text(participants),
        [REGISTRY_FILE_PROCEDURES] = bytes_of_text(
            "code,name_vi,name_en,field_code,agency,service_level,processing_days,valid_from,"
            "valid_to,sample\n2.000635,Cấp bản sao,Copy,G15-TP01,stp,full,0,2020-01-01,,no\n"),
        [REGISTRY_FILE_POLICY] =
            bytes_of_text("sender,type,recipient,copies,life_hours\n"
                          "centre,transfer,agency,,168\nagency,result,centre,,168\n"),
    }};
    struct registry *registry = NULL;
    check(registry_new(&files, sha256_parts, &faults, &registry) == REASON_NONE);
    return registry;
}

/* A load that fails is tried again by the step, as the daemons do. */
static void open_gateway(struct trio *trio)
{
    struct member *member = &trio->members[TRIO_GATEWAY];
    struct broker_options options = {.self = member->key,
                                     .offset_minutes = VIETNAM_OFFSET_MINUTES,
                                     .window_messages = 64,
                                     .participants_max = 8,
                                     .flights_max = 64,
                                     .attachment_bytes_max = BLOBS_MAX_BYTES,
                                     .store = member->store,
                                     .blobs = member->blobs,
                                     .crypto = member->crypto};
    check(arena_init(&member->memory, broker_memory_bytes(&options)));
    trio->broker = broker_new(&options, &member->memory);
    trio->registry = make_registry();
    broker_set_registry(trio->broker, trio->registry);
    (void)broker_load(trio->broker, (wall_t){trio->now_ms});
}

static void open_adapter(struct trio *trio, struct member *member)
{
    struct session_options options = {.self = member->key,
                                      .gateway = trio->members[TRIO_GATEWAY].key,
                                      .offset_minutes = VIETNAM_OFFSET_MINUTES,
                                      .window_messages = 64,
                                      .office_window = 4,
                                      .attachment_bytes_max = BLOBS_MAX_BYTES,
                                      .flights_max = 64,
                                      .program = "trio",
                                      .store = member->store,
                                      .blobs = member->blobs,
                                      .crypto = member->crypto};
    check(arena_init(&member->memory, session_memory_bytes(&options)));
    member->session = session_new(&options, &member->memory);
    (void)session_load(member->session, (wall_t){trio->now_ms});
}

void trio_reopen(struct trio *trio, enum trio_member which)
{
    struct member *member = &trio->members[which];
    if (which == TRIO_GATEWAY)
        broker_release(trio->broker);
    else
        session_release(member->session);
    trio_drop_intakes(member);
    trio_drop_line(&member->line);
    arena_release(&member->memory);
    check(member->store == member->disk); /* nothing fails here */
    member->disk->verbs->close(member->disk);
    check(store_memory_open(member->image, &member->disk) == REASON_NONE);
    member->store = member->disk;
    if (which == TRIO_GATEWAY) {
        registry_destroy(&trio->registry);
        open_gateway(trio);
    } else {
        open_adapter(trio, member);
    }
}

void trio_certify(struct trio *trio, enum trio_member which, const char *word, int64_t ends_ms,
                  int64_t renewed_ms)
{
    open_crypto_ends = (wall_t){trio->started_ms + ends_ms};
    trio->members[which].word = word;
    trio->members[which].renewed_ms = trio->started_ms + renewed_ms;
}

void trio_put_back(struct trio *trio, enum trio_member which, int64_t copied_ms, int64_t at_ms)
{
    struct member *member = &trio->members[which];
    member->copy_image = store_memory_image_new();
    check(member->copy_image != NULL &&
          store_memory_open(member->copy_image, &member->copy) == REASON_NONE);
    member->copied_ms = trio->started_ms + copied_ms;
    member->put_back_ms = trio->started_ms + at_ms;
}

enum reason trio_commit(struct member *member, const struct store_plan *plan)
{
    enum reason reason = member->store->verbs->commit(member->store, plan);
    if (reason == REASON_NONE && member->copy != NULL && member->trio->now_ms < member->copied_ms)
        check(member->copy->verbs->commit(member->copy, plan) == REASON_NONE);
    return reason;
}

static void put_back(struct trio *trio, enum trio_member which)
{
    struct member *member = &trio->members[which];
    int64_t moments[2] = {member->copied_ms, trio->now_ms};
    const struct store_note note = {bytes_of_text("restored"),
                                    {(const uint8_t *)moments, sizeof moments}};
    const struct store_plan plan = {.notes = &note, .note_count = 1};
    struct store_memory_image *lost = member->image;
    check(member->copy->verbs->commit(member->copy, &plan) == REASON_NONE);
    member->copy->verbs->close(member->copy);
    member->image = member->copy_image;
    member->copy_image = NULL;
    member->copy = NULL;
    trio_reopen(trio, which);
    store_memory_image_destroy(&lost);
    for (size_t i = TRIO_CENTRE; i < TRIO_MEMBERS; i++) {
        if (which != TRIO_GATEWAY && i != (size_t)which)
            continue;
        trio->members[i].way = ++trio->ways;
        trio->members[i].goes_down = i != (size_t)which;
        trio->members[i].comes_up = true;
    }
}

void trio_put_back_due(struct trio *trio)
{
    for (size_t i = 0; i < TRIO_MEMBERS; i++) {
        struct member *member = &trio->members[i];
        if (member->copy != NULL && trio->now_ms >= member->put_back_ms)
            put_back(trio, (enum trio_member)i);
    }
}

void trio_stay_away(struct trio *trio, enum trio_member which, int64_t from_ms, int64_t until_ms)
{
    trio->members[which].away_from_ms = trio->started_ms + from_ms;
    trio->members[which].away_until_ms = trio->started_ms + until_ms;
}

struct trio *trio_open(struct port_faults *faults, enum trio_member whose)
{
    struct trio *trio = calloc(1, sizeof *trio);
    check(trio != NULL);
    trio->now_ms = trio->started_ms = 1795500000000;
    for (size_t i = 0; i < TRIO_MEMBERS; i++) {
        struct member *member = &trio->members[i];
        member->trio = trio;
        member->key = key_of(names[i]);
        member->way = ++trio->ways;
        member->comes_up = true;
        open_ports(trio, member, i == (size_t)whose ? faults : NULL);
    }
    upload(trio->members[TRIO_CENTRE].kept);
    open_gateway(trio);
    open_adapter(trio, &trio->members[TRIO_CENTRE]);
    open_adapter(trio, &trio->members[TRIO_AGENCY]);
    return trio;
}

void trio_close(struct trio **trio_pointer)
{
    struct trio *trio = *trio_pointer;
    *trio_pointer = NULL;
    broker_release(trio->broker);
    registry_destroy(&trio->registry);
    trio_carrier_close(trio);
    for (size_t i = 0; i < TRIO_MEMBERS; i++) {
        struct member *member = &trio->members[i];
        if (member->session != NULL)
            session_release(member->session);
        trio_drop_line(&member->line);
        trio_drop_intakes(member);
        member->disk->verbs->close(member->disk);
        member->kept->verbs->close(member->kept);
        store_memory_image_destroy(&member->image);
        if (member->copy != NULL)
            member->copy->verbs->close(member->copy);
        store_memory_image_destroy(&member->copy_image);
        arena_release(&member->memory);
    }
    free(trio);
}
