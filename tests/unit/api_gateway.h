/* api_gateway - what a gateway brings to an adapter under test, examined and taken in a step each.
 * Include after cmocka. scratch: of the moment. */
#pragma once

#include "proto/codec/message_type.h"
#include "schema/body.pb-c.h"
#include "tests/unit/api_fixture.h"

#define FEED_DOSSIER "H15.50.05.13-261008-0975"

static inline void feed_frame(struct api_fixture *fixture, struct arena *scratch,
                              const struct frame *frame)
{
    struct buffer bytes;
    buffer_init(&bytes, FRAME_BYTES_MAX);
    assert_int_equal(frame_build(frame, scratch, &bytes), REASON_NONE);
    fixture_step(fixture, fixture_intake(fixture, buffer_view(&bytes)));
    buffer_release(&bytes);
}

static inline void feed_document(struct api_fixture *fixture, struct arena *scratch,
                                 const struct envelope *envelope, Lienthong__V1__Body *body)
{
    struct buffer document;
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    arena_reset(scratch);
    assert_int_equal(envelope_build(envelope, body, scratch, &document), REASON_NONE);
    struct bytes view = buffer_view(&document);
    struct parcel parcel = {
        .documents = &view, .document_count = 1, .signature = bytes_of_text("seal")};
    feed_frame(fixture, scratch, &(struct frame){.kind = FRAME_PARCELS, .parcels = {&parcel, 1}});
    buffer_release(&document);
}

/* A transfer from the centre, as the gateway delivers it. id: NULL: a fresh one; file: NULL: none.
 */
static inline struct message_id feed_transfer(struct api_fixture *fixture, struct arena *scratch,
                                              uint64_t sequence, const struct message_id *id,
                                              const struct attachment *file)
{
    static struct id_maker maker;
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Transfer transfer = LIENTHONG__V1__TRANSFER__INIT;
    Lienthong__V1__Person owner = LIENTHONG__V1__PERSON__INIT;
    struct envelope draft = {.sender = key_of("centre"),
                             .recipient = key_of("stnmt"),
                             .type = MESSAGE_TYPE_TRANSFER,
                             .dossier_code = bytes_of_text(FEED_DOSSIER),
                             .procedure_code = bytes_of_text("1.011443"),
                             .sequence = sequence,
                             .attachments = file,
                             .attachment_count = file != NULL,
                             .source_time = {{fixture->now_ms}, 420},
                             .created = {{fixture->now_ms}, 420}};
    uint8_t random[ID_RANDOM_BYTES] = {7};
    id_make(&maker, (wall_t){fixture->now_ms}, random, &draft.id);
    if (id != NULL)
        draft.id = *id;
    owner.name = (char[]){"Nguyễn Văn A"};
    transfer.owner = &owner;
    transfer.procedure_name = (char[]){"Cấp giấy"};
    body.kind_case = LIENTHONG__V1__BODY__KIND_TRANSFER;
    body.transfer = &transfer;
    feed_document(fixture, scratch, &draft, &body);
    return draft.id;
}

static inline void feed_receipt(struct api_fixture *fixture, struct arena *scratch,
                                const char *sender, enum message_type type,
                                const struct receipt_item *items, size_t count)
{
    static struct id_maker maker;
    struct envelope envelope = {.sender = key_of(sender),
                                .recipient = key_of("stnmt"),
                                .type = type,
                                .created = {{fixture->now_ms}, 420},
                                .receipt = {.items = items, .item_count = count}};
    uint8_t random[ID_RANDOM_BYTES] = {9};
    id_make(&maker, (wall_t){fixture->now_ms}, random, &envelope.id);
    feed_document(fixture, scratch, &envelope, NULL);
}

/* The line comes up, and the gateway says welcome. */
static inline void feed_welcome(struct api_fixture *fixture, struct arena *scratch)
{
    const struct step_effects effects = {
        fixture, fixture_send, fixture_call_office, fixture_transition, fixture_intake_done, NULL};
    const struct store_plan *plan = NULL;
    fixture->now_ms++;
    session_begin(fixture->session, (mono_t){fixture->now_ms}, (wall_t){fixture->now_ms});
    session_link_up(fixture->session);
    assert_int_equal(session_end(fixture->session, &plan), REASON_NONE);
    session_committed(fixture->session, &effects);
    arena_reset(scratch);
    feed_frame(fixture, scratch,
               &(struct frame){.kind = FRAME_WELCOME,
                               .welcome = {.version = LINK_VERSION,
                                           .gateway = key_of("gateway"),
                                           .window_messages = 64,
                                           .clock = {fixture->now_ms},
                                           .attachment_bytes_max = 1024 * 1024}});
}
