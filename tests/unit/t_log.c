/* Log lines: key order, both formats, and that no value can forge a line or a key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "proto/log/log.h"

static const struct stamp now = {{1791426600123}, VIETNAM_OFFSET_MINUTES};

static const struct message_id message = {
    {0x01, 0x99, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0x01}};

static struct log_line full_line(void)
{
    return (struct log_line){.level = LOG_WARNING,
                             .event = "entry_state",
                             .message = &message,
                             .dossier = bytes_of_text("000.00.01.H38-261008-0001"),
                             .from = bytes_of_text("centre"),
                             .to = bytes_of_text("bqlkkt"),
                             .type = "transfer",
                             .state = "deferred",
                             .reason = REASON_OFFICE_TIMEOUT,
                             .attempt = 3,
                             .has_delay = true,
                             .delay_ms = 4000,
                             .detail = bytes_of_text("a b")};
}

static const char *format(const struct log_line *line, enum log_format format)
{
    static char text[LOG_LINE_BYTES_MAX + 1];
    size_t size;
    log_line_format(line, format, now, text, &size);
    assert_true(size <= LOG_LINE_BYTES_MAX);
    text[size] = 0;
    assert_ptr_equal(strchr(text, '\n'), text + size - 1);
    return text;
}

static void test_text_has_every_key_in_order(void **state)
{
    (void)state;
    struct log_line line = full_line();
    assert_string_equal(
        format(&line, LOG_TEXT),
        "time=2026-10-08T09:30:00.123+07:00 level=warning event=entry_state "
        "message=01990000-0000-7000-8000-000000000001 dossier=000.00.01.H38-261008-0001 "
        "from=centre to=bqlkkt type=transfer state=deferred reason=office_timeout attempt=3 "
        "delay_ms=4000 detail=\"a b\"\n");
}

static void test_json_is_one_object_with_numbers(void **state)
{
    (void)state;
    struct log_line line = full_line();
    json_t *object = json_loads(format(&line, LOG_JSON), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    assert_int_equal(json_object_size(object), 13);
    assert_int_equal(json_integer_value(json_object_get(object, "delay_ms")), 4000);
    assert_string_equal(json_string_value(json_object_get(object, "reason")), "office_timeout");
    json_decref(object);
}

static void test_keys_that_do_not_apply_are_left_out(void **state)
{
    (void)state;
    struct log_line line = {.level = LOG_INFO, .event = "started"};
    assert_string_equal(format(&line, LOG_TEXT),
                        "time=2026-10-08T09:30:00.123+07:00 level=info event=started\n");
    line.has_delay = true;
    assert_non_null(strstr(format(&line, LOG_TEXT), " delay_ms=0\n"));
}

static void test_a_value_cannot_forge_a_line_or_a_key(void **state)
{
    (void)state;
    struct log_line line = {.event = "refused",
                            .from = bytes_of_text("x\nlevel=info \"to\"=\\y"),
                            .to = bytes_of_text("a reason=ok"),
                            .detail = bytes_of_text("\x1b[31m\x7f")};
    const char *text = format(&line, LOG_TEXT);
    assert_non_null(strstr(text, " from=\"x\\x0alevel=info \\\"to\\\"=\\\\y\" "
                                 "to=\"a reason=ok\" detail=\"\\x1b[31m\\x7f\"\n"));
}

static void test_every_byte_gives_valid_json(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second += first < 0xc0 ? 85 : 1) {
            const uint8_t value[] = {(uint8_t)first, (uint8_t)second, 0xe2, 0x80, 0xa8, 'x'};
            struct log_line line = {.event = "e", .detail = {value, sizeof value}};
            json_t *object = json_loads(format(&line, LOG_JSON), 0, NULL);
            assert_non_null(object);
            const char *detail = json_string_value(json_object_get(object, "detail"));
            assert_non_null(detail);
            assert_null(strstr(detail, "\xe2\x80\xa8")); /* a line separator */
            json_decref(object);
        }
    }
}

static void test_vietnamese_stays_readable(void **state)
{
    (void)state;
    struct log_line line = {.event = "e", .detail = bytes_of_text("Ban Quản lý")};
    assert_non_null(strstr(format(&line, LOG_TEXT), " detail=\"Ban Quản lý\"\n"));
}

static void test_long_values_are_cut_between_characters(void **state)
{
    (void)state;
    char value[3 * LOG_VALUE_BYTES_MAX + 1];
    for (size_t i = 0; i < LOG_VALUE_BYTES_MAX; i++)
        memcpy(value + 3 * i, "ế", 3);
    value[sizeof value - 1] = 0;
    struct log_line line = {.event = "e", .detail = bytes_of_text(value)};
    const char *text = format(&line, LOG_TEXT);
    assert_null(strstr(text, "\\x"));
    assert_non_null(strstr(text, "ế…\"\n"));
}

static void test_the_longest_line_keeps_its_bound(void **state)
{
    (void)state;
    uint8_t value[LOG_VALUE_BYTES_MAX + 1];
    memset(value, 1, sizeof value);
    struct bytes worst = {value, sizeof value};
    struct log_line line = full_line();
    line.dossier = line.from = line.to = line.detail = worst;
    json_t *object = json_loads(format(&line, LOG_JSON), 0, NULL);
    assert_int_equal(json_object_size(object), 13);
    json_decref(object);
}

struct sink {
    size_t lines;
    size_t bytes;
};

static void count_lines(void *context, struct bytes line)
{
    struct sink *sink = context;
    sink->lines++;
    sink->bytes += line.size;
}

static void test_levels_below_the_lowest_are_not_written(void **state)
{
    (void)state;
    struct sink sink = {0};
    struct log log = {.sink = count_lines, .context = &sink, .lowest = LOG_WARNING};
    log_write(&log, now.at, &(struct log_line){.level = LOG_INFO, .event = "e"});
    assert_int_equal(sink.lines, 0);
    log_write(&log, now.at, &(struct log_line){.level = LOG_ERROR, .event = "e"});
    assert_int_equal(sink.lines, 1);
    assert_true(sink.bytes > 0);
}

static void test_words_of_options_parse(void **state)
{
    (void)state;
    enum log_format log_format = LOG_TEXT;
    assert_true(log_format_parse(bytes_of_text("json"), &log_format));
    assert_int_equal(log_format, LOG_JSON);
    assert_false(log_format_parse(bytes_of_text("xml"), &log_format));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_has_every_key_in_order),
        cmocka_unit_test(test_json_is_one_object_with_numbers),
        cmocka_unit_test(test_keys_that_do_not_apply_are_left_out),
        cmocka_unit_test(test_a_value_cannot_forge_a_line_or_a_key),
        cmocka_unit_test(test_every_byte_gives_valid_json),
        cmocka_unit_test(test_vietnamese_stays_readable),
        cmocka_unit_test(test_long_values_are_cut_between_characters),
        cmocka_unit_test(test_the_longest_line_keeps_its_bound),
        cmocka_unit_test(test_levels_below_the_lowest_are_not_written),
        cmocka_unit_test(test_words_of_options_parse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
