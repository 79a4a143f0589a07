/* session_fixture - a session alone over memory, and a gateway that brings what a test makes it
 * bring. Seals are words (no cryptography). Include after cmocka. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/core/session.h"
#include "gateway/custody/room.h"
#include "tests/support/store_memory.h"
#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/seal/sha256.h"
#include "schema/body.pb-c.h"
#include "tests/support/blobs_memory.h"
#include "tests/support/open_crypto.h"

enum { FILES_MAX_BYTES = 1024 * 1024 };
static const int64_t now_ms = 1795500000000;

struct fixture {
    struct store_memory_image *image;
    struct store *store;
    struct blobs *blobs;
    struct arena memory, build, scratch;
    struct session *session;
    struct message_id ids;
    size_t taken, not_taken;
    size_t chunks, alarms, events;
    enum reason alarm;      /* of the last */
    size_t asked;           /* messages, in all steps */
    struct frame_blob file; /* the last want or refusal */
    char dossier[24];       /* of the next submission */
    struct key recipient;   /* of the next submission; none: the rules say */
};

static inline int open_with(void **state, uint32_t flights_max, const struct room_need *step_max)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    check(fixture != NULL);
    fixture->image = store_memory_image_new();
    fixture->blobs = blobs_memory_new(FILES_MAX_BYTES);
    check(store_memory_open(fixture->image, &fixture->store) == REASON_NONE);
    struct session_options options = {.self = key_of("centre"),
                                      .gateway = key_of("gateway"),
                                      .window_messages = 64,
                                      .attachment_bytes_max = FILES_MAX_BYTES,
                                      .flights_max = flights_max,
                                      .step_max = step_max,
                                      .program = "test",
                                      .store = fixture->store,
                                      .blobs = fixture->blobs,
                                      .crypto = &open_crypto};
    check(arena_init(&fixture->memory, session_memory_bytes(&options)));
    check(arena_init(&fixture->build, 8 * 1024 * 1024));
    check(arena_init(&fixture->scratch, ENVELOPE_ARENA_BYTES));
    fixture->session = session_new(&options, &fixture->memory);
    check(session_load(fixture->session, (wall_t){now_ms}) == REASON_NONE);
    (void)snprintf(fixture->dossier, sizeof fixture->dossier, "H38.09-261124-0001");
    *state = fixture;
    return 0;
}

static inline int set_up(void **state)
{
    return open_with(state, 64, NULL);
}

/* Fewer changes in a step than may be under way. */
static inline int set_small(void **state)
{
    static const struct room_need small = {{[ROOM_MESSAGES] = PLAN_MESSAGES_MAX,
                                            [ROOM_PARCELS] = PLAN_PARCELS_MAX,
                                            [ROOM_ENTRIES] = PLAN_ENTRIES_MAX,
                                            [ROOM_MOVES] = 1024,
                                            [ROOM_NOTES] = PLAN_NOTES_MAX,
                                            [ROOM_ROUTES] = PLAN_ROUTES_MAX,
                                            [ROOM_DEADLINES] = PLAN_DEADLINES_MAX,
                                            [ROOM_RECORDS] = ROOM_RECORDS_MAX,
                                            [ROOM_REPLIES] = 4096,
                                            [ROOM_DELIVERIES] = 4096,
                                            [ROOM_BYTES] = 6 * 1024 * 1024}};
    return open_with(state, 4096, &small);
}

static inline int tear_down(void **state)
{
    struct fixture *fixture = *state;
    session_release(fixture->session);
    fixture->store->verbs->close(fixture->store);
    fixture->blobs->verbs->close(fixture->blobs);
    store_memory_image_destroy(&fixture->image);
    arena_release(&fixture->memory);
    arena_release(&fixture->build);
    arena_release(&fixture->scratch);
    free(fixture);
    return 0;
}

/* ---- effects ---- */

static inline enum reason took(void *context, const struct key *peer, struct bytes bytes)
{
    (void)peer;
    static struct arena arena;
    struct fixture *fixture = context;
    struct frame frame;
    if (arena.block == NULL)
        check(arena_init(&arena, FRAME_ARENA_BYTES));
    arena_reset(&arena);
    check(frame_parse(bytes, &arena, &frame) == REASON_NONE);
    fixture->taken += frame.kind == FRAME_TAKEN ? frame.taken.count : 0;
    fixture->not_taken += frame.kind == FRAME_NOT_TAKEN ? frame.taken.count : 0;
    fixture->chunks += frame.kind == FRAME_BLOB_CHUNK;
    fixture->asked += frame.kind == FRAME_ASK ? frame.taken.count : 0;
    if (frame.kind == FRAME_BLOB_WANT || frame.kind == FRAME_BLOB_REFUSED)
        fixture->file = frame.blob;
    return REASON_NONE;
}

static inline void call_office(void *context, uint64_t message_seq, uint32_t attempt)
{
    (void)context;
    (void)message_seq;
    (void)attempt;
}

static inline void count_alarm(void *context, const struct transition *transition)
{
    struct fixture *fixture = context;
    fixture->events++;
    if (strcmp(transition->event, "alarm") == 0) {
        fixture->alarms++;
        fixture->alarm = transition->reason;
    }
}

static inline void intake_done(void *context, struct intake *intake)
{
    (void)context;
    arena_release(&intake->arena);
    free((void *)(uintptr_t)intake->bytes.data);
    free(intake);
}

static inline void begin(struct fixture *fixture)
{
    fixture->taken = fixture->not_taken = fixture->chunks = fixture->alarms = 0;
    fixture->events = 0;
    fixture->file = (struct frame_blob){0};
    session_begin(fixture->session, (mono_t){now_ms}, (wall_t){now_ms});
}

static inline void end(struct fixture *fixture)
{
    const struct step_effects effects = {fixture,     took,        call_office,
                                         count_alarm, intake_done, NULL};
    const struct store_plan *plan = NULL;
    assert_int_equal(session_end(fixture->session, &plan), REASON_NONE);
    if (plan != NULL)
        assert_int_equal(fixture->store->verbs->commit(fixture->store, plan), REASON_NONE);
    session_committed(fixture->session, &effects);
}

/* The store cannot commit. */
static inline void abort_step(struct fixture *fixture)
{
    const struct step_effects effects = {fixture,     took,        call_office,
                                         count_alarm, intake_done, NULL};
    const struct store_plan *plan = NULL;
    assert_int_equal(session_end(fixture->session, &plan), REASON_NONE);
    session_aborted(fixture->session, REASON_STORE_FAILED, &effects);
}

/* ---- what the gateway brings ---- */

static inline void bring_frame(struct fixture *fixture, const struct frame *frame)
{
    struct intake *intake = calloc(1, sizeof *intake);
    struct buffer bytes;
    check(intake != NULL);
    buffer_init(&bytes, FRAME_BYTES_MAX);
    check(frame_build(frame, &fixture->build, &bytes) == REASON_NONE);
    intake->bytes = buffer_view(&bytes);
    intake->peer = key_of("gateway");
    intake->arrived = (wall_t){now_ms};
    check(arena_init(&intake->arena, examine_memory_bytes(intake->bytes.size)));
    examine_frame(intake, &open_crypto, (wall_t){now_ms});
    session_intake(fixture->session, intake);
    arena_reset(&fixture->build);
}

static inline void bring(struct fixture *fixture, const struct bytes *documents, size_t count,
                         const char *seal)
{
    struct parcel parcels[FRAME_PARCELS_MAX];
    check(count <= FRAME_PARCELS_MAX);
    for (size_t i = 0; i < count; i++)
        parcels[i] = (struct parcel){.documents = &documents[i],
                                     .document_count = 1,
                                     .signature = bytes_of_text(seal),
                                     .certificate = bytes_of_text("c")};
    struct frame frame = {.kind = FRAME_PARCELS, .parcels = {parcels, count}};
    bring_frame(fixture, &frame);
}

static inline struct bytes build(struct fixture *fixture, struct envelope *envelope,
                                 const Lienthong__V1__Body *body)
{
    struct buffer document;
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    struct message_id *id = &fixture->ids;
    id->bytes[6] = 0x70;
    id->bytes[8] = 0x80;
    if (++id->bytes[15] == 0)
        id->bytes[14]++;
    envelope->id = *id;
    envelope->created = (struct stamp){{now_ms}, VIETNAM_OFFSET_MINUTES};
    envelope->source_time = envelope->created;
    check(envelope_build(envelope, body, &fixture->scratch, &document) == REASON_NONE);
    struct bytes copy = arena_copy(&fixture->build, buffer_view(&document));
    check(copy.data != NULL);
    buffer_release(&document);
    return copy;
}

static inline struct submitted submit_with(struct fixture *fixture,
                                           const struct attachment *attachment)
{
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Person owner = LIENTHONG__V1__PERSON__INIT;
    Lienthong__V1__Transfer transfer = LIENTHONG__V1__TRANSFER__INIT;
    struct submitted submitted = {0};
    owner.name = (char *)(uintptr_t) "Nguyễn Văn Mẫu";
    transfer.owner = &owner;
    body.kind_case = LIENTHONG__V1__BODY__KIND_TRANSFER;
    body.transfer = &transfer;
    struct submission submission = {.draft = {.type = MESSAGE_TYPE_TRANSFER,
                                              .recipient = fixture->recipient,
                                              .dossier_code = bytes_of_text(fixture->dossier),
                                              .procedure_code = bytes_of_text("2.000635"),
                                              .attachments = attachment,
                                              .attachment_count = attachment != NULL},
                                    .body = &body};
    assert_int_equal(session_submit(fixture->session, &submission, &submitted), REASON_NONE);
    return submitted;
}

static inline struct submitted submit(struct fixture *fixture)
{
    return submit_with(fixture, NULL);
}

static inline struct submitted submit_about(struct fixture *fixture, size_t number)
{
    (void)snprintf(fixture->dossier, sizeof fixture->dossier, "H38.09-261124-%04zu", number);
    return submit_with(fixture, NULL);
}

static inline enum entry_state state_of(struct fixture *fixture, const struct message_id *id)
{
    struct key centre = key_of("centre");
    struct key gateway = key_of("gateway");
    struct store *store = fixture->store;
    struct store_message message;
    struct entry entry;
    assert_int_equal(store->verbs->find_message(store, &centre, id, &message), REASON_NONE);
    assert_int_equal(store->verbs->read_entry(store, message.seq, &gateway, &entry), REASON_NONE);
    return entry.state;
}

static inline struct bytes receipt(struct fixture *fixture, const char *sender, uint32_t type,
                                   const struct receipt_item *items, size_t count)
{
    struct envelope envelope = {.sender = key_of(sender),
                                .recipient = key_of("centre"),
                                .type = type,
                                .receipt = {.items = items, .item_count = count}};
    return build(fixture, &envelope, NULL);
}

/* The gateway's word that it has the message, and whom it goes to. */
static inline void bring_custody(struct fixture *fixture, const struct submitted *submitted,
                                 const char *recipients)
{
    struct receipt_item item = {.message_id = submitted->id,
                                .digest = submitted->digest,
                                .at = {now_ms},
                                .recipients = bytes_of_text(recipients)};
    struct bytes document = receipt(fixture, "gateway", MESSAGE_TYPE_RECEIPT_CUSTODY, &item, 1);
    bring(fixture, &document, 1, "seal");
}
