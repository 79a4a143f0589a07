/* What a body must say, by type, and that both ends ask for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "adapters/json/body_json.h"
#include "proto/base/near.h"
#include "proto/codec/body_needs.h"
#include "proto/codec/envelope.h"
#include "schema/body.pb-c.h"

static struct arena arena;

static const char *missing(enum message_type type, const char *json)
{
    Lienthong__V1__Body *body = NULL;
    struct body_json_fault fault;
    json_t *object = json_loads(json, 0, NULL);
    arena_reset(&arena);
    assert_non_null(object);
    assert_int_equal(body_json_read(type, object, &arena, &body, &fault), REASON_NONE);
    const char *field = body_missing(type, body);
    json_decref(object);
    return field;
}

static void an_empty_body_lacks_what_its_type_is_for(void **state)
{
    (void)state;
    static const struct {
        enum message_type type;
        const char *field; /* NULL: it may be empty */
        const char *enough;
    } cases[] = {
        {MESSAGE_TYPE_TRANSFER, "body.owner.name", "{\"owner\":{\"name\":\"A\"}}"},
        {MESSAGE_TYPE_REFUSAL, "body.reason", "{\"reason\":\"A\"}"},
        {MESSAGE_TYPE_PROGRESS, "body.content|national_state", "{\"content\":\"A\"}"},
        {MESSAGE_TYPE_PROGRESS, "body.content|national_state", "{\"national_state\":4}"},
        {MESSAGE_TYPE_SUPPLEMENT_REQUEST, "body.reason", "{\"reason\":\"A\"}"},
        {MESSAGE_TYPE_SUPPLEMENT, NULL, "{}"},
        {MESSAGE_TYPE_SUSPEND, "body.reason", "{\"reason\":\"A\"}"},
        {MESSAGE_TYPE_RESUME, NULL, "{}"},
        {MESSAGE_TYPE_FINANCIAL_OBLIGATION, "body.fees", "{\"fees\":[{}]}"},
        {MESSAGE_TYPE_RESULT, "body.national_state", "{\"national_state\":9}"},
        {MESSAGE_TYPE_RESULT_OBJECTION, "body.content", "{\"content\":\"A\"}"},
        {MESSAGE_TYPE_EXTENSION, "body.due_ms", "{\"due_ms\":1764000000000,\"reason\":\"A\"}"},
        {MESSAGE_TYPE_WITHDRAWAL, "body.reason", "{\"reason\":\"A\"}"},
        {MESSAGE_TYPE_HANDED_OVER, "body.handed_ms", "{\"handed_ms\":1764000000000}"},
        {MESSAGE_TYPE_CONSULTATION_REQUEST, "body.question", "{\"question\":\"A\"}"},
        {MESSAGE_TYPE_CONSULTATION_REPLY, "body.opinion", "{\"opinion\":\"A\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *field = missing(cases[i].type, "{}");
        if (cases[i].field == NULL)
            assert_null(field);
        else
            assert_string_equal(field, cases[i].field);
        assert_null(missing(cases[i].type, cases[i].enough));
    }
    assert_string_equal(missing(MESSAGE_TYPE_TRANSFER, "{\"owner\":{\"phone\":\"1\"}}"),
                        "body.owner.name");
    assert_string_equal(missing(MESSAGE_TYPE_EXTENSION, "{\"due_ms\":1764000000000}"),
                        "body.reason");
}

/* A name in the table that the schema does not have would be missing for ever. */
static void the_table_names_fields_of_the_schema(void **state)
{
    (void)state;
    static const struct {
        enum message_type type;
        const char *fields;
    } needs[] = {
#define NEED(type, field) {MESSAGE_TYPE_##type, field},
#include "proto/schema/body_needs.def"
#undef NEED
    };
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        char text[64];
        char *rest = NULL;
        (void)snprintf(text, sizeof text, "%s", needs[i].fields);
        for (char *path = strtok_r(text, "|", &rest); path != NULL;
             path = strtok_r(NULL, "|", &rest)) {
            const ProtobufCMessageDescriptor *message =
                protobuf_c_message_descriptor_get_field(&lienthong__v1__body__descriptor,
                                                        needs[i].type)
                    ->descriptor;
            char *inner = NULL;
            for (char *name = strtok_r(path, ".", &inner); name != NULL;
                 name = strtok_r(NULL, ".", &inner)) {
                const ProtobufCFieldDescriptor *field =
                    protobuf_c_message_descriptor_get_field_by_name(message, name);
                assert_non_null(field);
                message = field->descriptor;
            }
        }
    }
}

static void nothing_is_built_that_says_nothing(void **state)
{
    (void)state;
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    struct buffer document;
    const char *field = NULL;
    struct envelope draft = {.id.bytes = {1, 2, 3, 4, 5, 6, 0x70, 7, 0x80, 8, 9},
                             .sender = key_of("stnmt"),
                             .type = MESSAGE_TYPE_RESULT,
                             .dossier_code = bytes_of_text("H38.30-261124-0001"),
                             .sequence = 1,
                             .created = {{1791426600000}, 420}};
    body.kind_case = LIENTHONG__V1__BODY__KIND_RESULT;
    body.result = &result;
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    arena_reset(&arena);
    assert_int_equal(envelope_build(&draft, &body, &arena, &document), REASON_FIELD_MISSING);
    assert_int_equal(envelope_check_content(&draft, &body, &field), REASON_FIELD_MISSING);
    assert_string_equal(field, "body.national_state");
    result.national_state = 9;
    assert_int_equal(envelope_build(&draft, &body, &arena, &document), REASON_NONE);
    buffer_release(&document);
}

static void faults_of_the_envelope_have_a_name(void **state)
{
    (void)state;
    char name[4 * ATTACHMENT_NAME_CHARACTERS_MAX + 1] = "";
    struct attachment file = {.name = bytes_of_text("đơn.pdf")};
    struct envelope draft = {
        .type = MESSAGE_TYPE_TRANSFER, .attachments = &file, .attachment_count = 1};
    const char *field = NULL;
    assert_int_equal(envelope_check_content(&draft, NULL, &field), REASON_FIELD_MISSING);
    assert_string_equal(field, "dossier_code");
    draft.dossier_code = bytes_of_text("H38.30-261124-0001");
    assert_int_equal(envelope_check_content(&draft, NULL, &field), REASON_FIELD_MISSING);
    assert_string_equal(field, "procedure_code");
    draft.procedure_code = bytes_of_text("1.011443.000.00.00.H38.000.00.00.H38");
    assert_int_equal(envelope_check_content(&draft, NULL, &field), REASON_FIELD_TOO_LONG);
    assert_string_equal(field, "procedure_code");
    draft.procedure_code = bytes_of_text("1.011443");
    assert_int_equal(envelope_check_content(&draft, NULL, &field), REASON_NONE);
    for (int i = 0; i < ATTACHMENT_NAME_CHARACTERS_MAX; i++)
        memcpy(name + 3 * i, "ễ", 4); /* three bytes each: Windows takes as many */
    file.name = bytes_of_text(name);
    assert_int_equal(envelope_check_content(&draft, NULL, &field), REASON_NONE);
    memcpy(name + 3 * ATTACHMENT_NAME_CHARACTERS_MAX, "a", 2);
    file.name = bytes_of_text(name);
    assert_int_equal(envelope_check_content(&draft, NULL, &field), REASON_FIELD_TOO_LONG);
    assert_string_equal(field, "attachments.name");
    static const char *const unsafe[] = {"..\\..\\x.aspx", "C:\\x", "a.pdf:Zone", "CON",
                                         "\u202efdp.exe",  "   "};
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++) {
        file.name = bytes_of_text(unsafe[i]);
        field = NULL;
        assert_int_equal(envelope_check_content(&draft, NULL, &field), REASON_FIELD_INVALID);
        assert_string_equal(field, "attachments.name");
    }
}

/* Who acted is read years later by people: as it stands there, and nothing else. */
static void a_name_reads_as_it_is(void **state)
{
    (void)state;
    static const char *const good[] = {"Lê Thị Mẫu", "A", "Nguyễn Văn A (phòng 2)", "Lý Chẻo Mẩy"};
    static const char *const bad[] = {
        " A", "A ", "A\nB", "A\x1b[2J", "A\u202e.", "A\xe2\x80\x8b", "A\xff", " "};
    char name[UTF8_BYTES_MAX * PERSON_NAME_CHARACTERS_MAX + 1] = "";
    struct envelope draft = {.type = MESSAGE_TYPE_PROGRESS,
                             .dossier_code = bytes_of_text("H38.30-261124-0001")};
    const char *field = NULL;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        draft.acting_for = bytes_of_text(good[i]);
        assert_int_equal(envelope_check_content(&draft, NULL, &field), REASON_NONE);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        draft.acting_for = bytes_of_text(bad[i]);
        field = "";
        assert_int_equal(envelope_check_content(&draft, NULL, &field), REASON_FIELD_INVALID);
        assert_string_equal(field, "acting_for");
    }
    for (int i = 0; i < PERSON_NAME_CHARACTERS_MAX; i++)
        memcpy(name + 3 * i, "ễ", 4);
    draft.acting_for = bytes_of_text(name);
    assert_int_equal(envelope_check_content(&draft, NULL, &field), REASON_NONE);
    memcpy(name + 3 * PERSON_NAME_CHARACTERS_MAX, "a", 2);
    draft.acting_for = bytes_of_text(name);
    assert_int_equal(envelope_check_content(&draft, NULL, &field), REASON_FIELD_INVALID);
}

static const char *meant(const char *word, const char *const *candidates)
{
    struct near near = {.word = word};
    for (; *candidates != NULL; candidates++)
        near_look(&near, *candidates);
    return near.meant == NULL ? "" : near.meant;
}

static void the_nearest_word_was_meant(void **state)
{
    (void)state;
    static const char *const words[] = {"track", "queues", "resume",          "result",
                                        "owner", "no",     "identity_number", NULL};
    assert_string_equal(meant("trak", words), "track");
    assert_string_equal(meant("qeuues", words), "queues");
    assert_string_equal(meant("resut", words), "result"); /* not resume, which is two away */
    assert_string_equal(meant("Owner", words), "owner");
    assert_string_equal(meant("identiti_numbr", words), "identity_number");
    assert_string_equal(meant("send", words), "");
    assert_string_equal(meant("to", words), "");
    assert_string_equal(meant("", words), "");
}

static int setup(void **state)
{
    (void)state;
    return arena_init(&arena, 2 * ENVELOPE_ARENA_BYTES) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_body_lacks_what_its_type_is_for),
        cmocka_unit_test(the_table_names_fields_of_the_schema),
        cmocka_unit_test(nothing_is_built_that_says_nothing),
        cmocka_unit_test(faults_of_the_envelope_have_a_name),
        cmocka_unit_test(a_name_reads_as_it_is),
        cmocka_unit_test(the_nearest_word_was_meant),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
