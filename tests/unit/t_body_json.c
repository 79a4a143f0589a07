/* Bodies from JSON and back: every field of the schema, and every way to be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "adapters/json/body_json.h"
#include "gateway/api/json_text.h"
#include "proto/codec/body_rules.h"
#include "proto/codec/envelope.h"
#include "schema/body.pb-c.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    return arena_init(&arena, 1024 * 1024) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* An object with every field of a message set, lists with two items. */
static json_t *sample_message(const ProtobufCMessageDescriptor *descriptor,
                              const struct message_rule *rule);

static json_t *sample_value(const ProtobufCFieldDescriptor *field, const struct field_rule *rule)
{
    char text[64];
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        snprintf(text, sizeof text, "giá trị %u", field->id);
        return json_string(text);
    case PROTOBUF_C_TYPE_BOOL:
        return json_true();
    case PROTOBUF_C_TYPE_MESSAGE:
        return sample_message(field->descriptor, rule->message);
    case PROTOBUF_C_TYPE_SINT64: /* a time */
        return json_integer(1764000000000 + (json_int_t)field->id);
    default:
        return json_integer((json_int_t)(rule->max < 1000 ? rule->max : 1000 + field->id));
    }
}

static json_t *sample_message(const ProtobufCMessageDescriptor *descriptor,
                              const struct message_rule *rule)
{
    json_t *object = json_object();
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        json_t *value = sample_value(field, &rule->fields[field->id]);
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            value = json_pack("[o,o]", value, sample_value(field, &rule->fields[field->id]));
        json_object_set_new(object, field->name, value);
    }
    return object;
}

static void every_field_of_every_type_comes_back(void **state)
{
    (void)state;
    for (int type = 1; type <= MESSAGE_TYPE_BUSINESS_COUNT; type++) {
        const ProtobufCFieldDescriptor *kind = protobuf_c_message_descriptor_get_field(
            &lienthong__v1__body__descriptor, (unsigned)type);
        Lienthong__V1__Body *body = NULL;
        struct body_json_fault fault;
        arena_reset(&arena);
        assert_non_null(kind);
        assert_string_equal(kind->name, message_type_name((enum message_type)type));
        json_t *object = sample_message(kind->descriptor, body_rule.fields[type].message);
        assert_int_equal(body_json_read((enum message_type)type, object, &arena, &body, &fault),
                         REASON_NONE);
        assert_int_equal(body->kind_case, type);
        json_t *back = body_json_write(body);
        assert_true(json_equal(object, back));
        json_decref(back);
        json_decref(object);
    }
}

static void what_it_reads_can_be_sealed(void **state)
{
    (void)state;
    Lienthong__V1__Body *body = NULL;
    struct body_json_fault fault;
    struct buffer document;
    struct envelope back;
    json_t *object = json_pack("{s:s,s:{s:s,s:i},s:I,s:[{s:s}],s:n}", "procedure_name", "Cấp đất",
                               "owner", "name", "Nguyễn Văn A", "identity_kind", 1, "received_ms",
                               (json_int_t)1791426600000, "components", "name", "Đơn", "summary");
    assert_int_equal(body_json_read(MESSAGE_TYPE_TRANSFER, object, &arena, &body, &fault),
                     REASON_NONE);
    struct envelope draft = {.sender = key_of("centre"),
                             .type = MESSAGE_TYPE_TRANSFER,
                             .dossier_code = bytes_of_text("H15.50.05.13-261008-0975"),
                             .procedure_code = bytes_of_text("1.011443"),
                             .sequence = 1,
                             .source_time = {{1791426600000}, 420},
                             .created = {{1791426600000}, 420}};
    id_make(&(struct id_maker){0}, (wall_t){1791426600000}, (const uint8_t[ID_RANDOM_BYTES]){1},
            &draft.id);
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    assert_int_equal(envelope_build(&draft, body, &arena, &document), REASON_NONE);
    assert_int_equal(envelope_parse(buffer_view(&document), &arena, &back), REASON_NONE);
    json_t *written = body_json_write(back.body);
    json_object_del(object, "summary"); /* null says nothing */
    assert_true(json_equal(object, written));
    json_decref(written);
    json_decref(object);
    buffer_release(&document);
}

static void faults_have_a_path(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum reason reason;
        const char *path;
    } cases[] = {
        {"{\"colour\":1}", REASON_FIELD_UNKNOWN, "body.colour"},
        {"{\"owner\":{\"nam\":\"x\"}}", REASON_FIELD_UNKNOWN, "body.owner.nam (name?)"},
        {"{\"owner\":{\"identity_number\":123}}", REASON_FIELD_NOT_TEXT,
         "body.owner.identity_number"},
        {"{\"owner\":7}", REASON_FIELD_INVALID, "body.owner"},
        {"{\"channel\":\"1\"}", REASON_FIELD_INVALID, "body.channel"},
        {"{\"channel\":-1}", REASON_FIELD_INVALID, "body.channel"},
        {"{\"channel\":4294967296}", REASON_FIELD_INVALID, "body.channel"},
        {"{\"channel\":1.5}", REASON_FIELD_INVALID, "body.channel"},
        {"{\"summary\":[]}", REASON_FIELD_INVALID, "body.summary"},
        {"{\"received_ms\":1764000000}", REASON_TIME_NOT_MS, "body.received_ms"}, /* seconds */
        {"{\"channel\":4}", REASON_FIELD_INVALID, "body.channel"},
        {"{\"due_ms\":-1}", REASON_FIELD_INVALID, "body.due_ms"},
        {"{\"components\":{}}", REASON_FIELD_INVALID, "body.components"},
        {"{\"components\":[{},{\"code\":1}]}", REASON_FIELD_NOT_TEXT, "body.components[2].code"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Lienthong__V1__Body *body = NULL;
        struct body_json_fault fault = {0};
        json_t *object = NULL;
        arena_reset(&arena);
        assert_int_equal(json_text_read(bytes_of_text(cases[i].json), &object), REASON_NONE);
        assert_int_equal(body_json_read(MESSAGE_TYPE_TRANSFER, object, &arena, &body, &fault),
                         cases[i].reason);
        assert_int_equal(fault.reason, cases[i].reason);
        assert_string_equal(fault.path, cases[i].path);
        assert_null(body);
        json_decref(object);
    }
}

static void bounds_are_refusals(void **state)
{
    (void)state;
    Lienthong__V1__Body *body = NULL;
    struct body_json_fault fault;
    json_t *items = json_array();
    const struct message_rule *transfer = body_rule.fields[MESSAGE_TYPE_TRANSFER].message;
    for (uint32_t i = 0; i <= transfer->fields[9].repeated_max; i++)
        json_array_append_new(items, json_object());
    json_t *object = json_pack("{s:o}", "components", items);
    assert_int_equal(body_json_read(MESSAGE_TYPE_TRANSFER, object, &arena, &body, &fault),
                     REASON_FIELD_TOO_LONG);
    json_array_clear(items);
    struct arena small;
    assert_true(arena_init(&small, 64));
    assert_int_equal(body_json_read(MESSAGE_TYPE_TRANSFER, object, &small, &body, &fault),
                     REASON_OUT_OF_MEMORY);
    arena_release(&small);
    assert_int_equal(body_json_read(MESSAGE_TYPE_RECEIPT_CUSTODY, object, &arena, &body, &fault),
                     REASON_MESSAGE_TYPE_UNKNOWN);
    assert_int_equal(body_json_read(MESSAGE_TYPE_LEDGER_HEAD, object, &arena, &body, &fault),
                     REASON_MESSAGE_TYPE_UNKNOWN);
    json_decref(object);
}

static enum reason read_text(const char *text)
{
    json_t *value = NULL;
    enum reason reason = json_text_read(bytes_of_text(text), &value);
    json_decref(value);
    return reason;
}

static void json_is_counted_before_it_is_read(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 1024 * 1024);
    for (int i = 0; i < JSON_DEPTH_MAX + 1; i++)
        assert_true(buffer_append_text(&text, "["));
    for (int i = 0; i < JSON_DEPTH_MAX + 1; i++)
        assert_true(buffer_append_text(&text, "]"));
    assert_int_equal(read_text(buffer_text(&text)), REASON_JSON_TOO_DEEP);
    text.data[1] = ' ', text.data[text.size - 1] = ' ';
    assert_int_equal(read_text(buffer_text(&text)), REASON_NONE);
    buffer_clear(&text);
    assert_true(buffer_append_text(&text, "[0"));
    for (int i = 0; i < JSON_VALUES_MAX; i++)
        assert_true(buffer_append_text(&text, ",0"));
    assert_true(buffer_append_text(&text, "]"));
    assert_int_equal(read_text(buffer_text(&text)), REASON_JSON_TOO_MANY);
    assert_int_equal(read_text("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[,,,,\\\"[[[\"}"), REASON_NONE);
    buffer_release(&text);
}

static void a_fault_of_json_has_its_name_and_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum reason reason;
        unsigned line, column;
    } cases[] = {
        {"", REASON_JSON_MALFORMED, 1, 1},
        {"{} x", REASON_JSON_MALFORMED, 1, 4},
        {"{\n \"â\": 1 \"b\": 2}", REASON_JSON_MALFORMED, 2, 11},
        {"{\"a\": \"", REASON_JSON_MALFORMED, 1, 7},
        {"{\"a\":\"\\u0000\"}", REASON_JSON_MALFORMED, 1, 13},
        {"{\"a\": 1,\n}", REASON_JSON_COMMA, 2, 1},
        {"[1, 2, ]", REASON_JSON_COMMA, 1, 8},
        {"{\"a\":1,\n\"a\":2}", REASON_JSON_KEY_REPEATED, 2, 3},
        {"\xff\xfe{\"a\"", REASON_TEXT_UTF16, 1, 1},
        {"{\"a\": \"\xe0\"}", REASON_TEXT_NOT_UTF8, 1, 7},
        {"[\n[[[[[[[[[[[[[[[[", REASON_JSON_TOO_DEEP, 2, 16},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *value = NULL;
        struct json_fault fault;
        enum reason reason =
            json_text_read_within(bytes_of_text(cases[i].text), JSON_VALUES_MAX, &value, &fault);
        if (reason != cases[i].reason || fault.line != cases[i].line ||
            fault.column != cases[i].column)
            print_error("case %zu: %s %u:%u\n", i, reason_code(reason), fault.line, fault.column);
        assert_int_equal(reason, cases[i].reason);
        assert_int_equal(fault.reason, cases[i].reason);
        assert_int_equal(fault.line, cases[i].line);
        assert_int_equal(fault.column, cases[i].column);
        assert_null(value);
    }
    /* The other half of Unicode, and half of a character. */
    static const uint8_t wide[] = {'{', 0, '}', 0};
    json_t *value = NULL;
    assert_int_equal(json_text_read((struct bytes){wide, sizeof wide}, &value), REASON_TEXT_UTF16);
}

static void texts_come_out_in_one_form(void **state)
{
    (void)state;
    json_t *value = NULL;
    /* as macOS writes it, as an escape, and after a mark */
    assert_int_equal(json_text_read(bytes_of_text("\xef\xbb\xbf[\"Nguye\xcc\x82\xcc\x83n\","
                                                  "{\"a\": \"e\\u0302\\u0303\"}]"),
                                    &value),
                     REASON_NONE);
    assert_string_equal(json_string_value(json_array_get(value, 0)), "Nguyễn");
    assert_string_equal(json_string_value(json_object_get(json_array_get(value, 1), "a")), "ễ");
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_field_of_every_type_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(what_it_reads_can_be_sealed, setup, teardown),
        cmocka_unit_test_setup_teardown(faults_have_a_path, setup, teardown),
        cmocka_unit_test_setup_teardown(bounds_are_refusals, setup, teardown),
        cmocka_unit_test(json_is_counted_before_it_is_read),
        cmocka_unit_test(a_fault_of_json_has_its_name_and_place),
        cmocka_unit_test(texts_come_out_in_one_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
