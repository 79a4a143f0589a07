/* Settings: what a table takes, and that every fault is told with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "proto/settings/settings.h"

struct example {
    char key[8];
    char store[32];
    int64_t port;
    int64_t retry_ms;
    int64_t limit_bytes;
    int format;
    bool tls;
};

static const struct setting table[] = {
    {.name = "participant",
     .kind = SETTING_TEXT,
     SETTING_FIELD(struct example, key),
     .min = 2,
     .max = 7,
     .english = "Its key.",
     .vietnamese = "Mã."},
    {.name = "store.folder",
     .kind = SETTING_PATH,
     SETTING_FIELD(struct example, store),
     .fallback = "store",
     .english = "Where.",
     .vietnamese = "Ở đâu."},
    {.name = "listen.port",
     .kind = SETTING_INTEGER,
     SETTING_FIELD(struct example, port),
     .fallback = "7700",
     .min = 1,
     .max = 65535,
     .english = "Port.",
     .vietnamese = "Cổng."},
    {.name = "listen.tls",
     .kind = SETTING_BOOLEAN,
     SETTING_FIELD(struct example, tls),
     .fallback = "true",
     .english = "TLS.",
     .vietnamese = "TLS."},
    {SETTING_RETIRED_ROW("colour")},
    {.name = "retry",
     .kind = SETTING_DURATION,
     SETTING_FIELD(struct example, retry_ms),
     .fallback = "1s",
     .min = 100,
     .max = 3600000,
     .english = "Retry.",
     .vietnamese = "Lại."},
    {.name = "limit",
     .kind = SETTING_SIZE,
     SETTING_FIELD(struct example, limit_bytes),
     .fallback = "100MiB",
     .english = "Limit.",
     .vietnamese = "Mức."},
    {.name = "format",
     .kind = SETTING_CHOICE,
     SETTING_FIELD(struct example, format),
     .fallback = "text",
     .choices = "text json",
     .english = "Format.",
     .vietnamese = "Dạng."},
};
enum { ROWS = sizeof table / sizeof *table };

static struct settings_faults faults;

static bool load(const char *yaml, struct example *ret_values)
{
    return settings_load(table, ROWS, bytes_of_text(yaml), "/etc/lt", ret_values, &faults);
}

static void assert_fault(size_t at, enum setting_fault_kind kind, size_t line, const char *name)
{
    assert_true(at < faults.count);
    assert_int_equal(faults.list[at].kind, kind);
    assert_int_equal(faults.list[at].line, line);
    assert_string_equal(faults.list[at].name, name);
}

static void assert_one_fault(const char *yaml, enum setting_fault_kind kind, size_t line,
                             const char *name)
{
    struct example values = {.port = -1};
    assert_false(load(yaml, &values));
    assert_int_equal(faults.count, 1);
    assert_fault(0, kind, line, name);
    assert_int_equal(values.port, -1);
}

static void test_values_reach_their_fields(void **state)
{
    (void)state;
    struct example values = {0};
    assert_true(
        load("# first\nparticipant: bqlkkt\nstore:\n  folder: data/store\nlisten:\n"
             "  port: 8080\n  tls: false\ncolour: red\nretry: 5m\nlimit: 2GiB\nformat: json\n",
             &values));
    assert_string_equal(values.key, "bqlkkt");
    assert_string_equal(values.store, "/etc/lt/data/store");
    assert_int_equal(values.port, 8080);
    assert_false(values.tls);
    assert_int_equal(values.retry_ms, 300000);
    assert_int_equal(values.limit_bytes, INT64_C(2) << 30);
    assert_int_equal(values.format, 1);
}

static void test_fallbacks_hold_when_the_file_is_silent(void **state)
{
    (void)state;
    struct example values = {0};
    assert_true(load("participant: 'so xd'", &values));
    assert_string_equal(values.key, "so xd");
    assert_string_equal(values.store, "/etc/lt/store");
    assert_int_equal(values.port, 7700);
    assert_true(values.tls);
    assert_int_equal(values.retry_ms, 1000);
    assert_int_equal(values.limit_bytes, 100 << 20);
    assert_int_equal(values.format, 0);
}

static void test_an_absolute_path_stays(void **state)
{
    (void)state;
    struct example values = {0};
    assert_true(load("participant: ab\nstore: {folder: /srv/x}", &values));
    assert_string_equal(values.store, "/srv/x");
}

static void test_missing(void **state)
{
    (void)state;
    assert_one_fault("", SETTING_FAULT_MISSING, 0, "participant");
    assert_one_fault("retry: 1s\n", SETTING_FAULT_MISSING, 0, "participant");
}

static void test_unknown_keys_with_what_hangs_below_them(void **state)
{
    (void)state;
    assert_one_fault("participant: ab\nport: 1\n", SETTING_FAULT_UNKNOWN, 2, "port");
    assert_one_fault("participant: ab\nx:\n  y: [1, {z: 2}]\nlisten: {port: 1}\n",
                     SETTING_FAULT_UNKNOWN, 3, "x");
    assert_one_fault("participant: ab\nlisten:\n  prot: 1\n", SETTING_FAULT_UNKNOWN, 3,
                     "listen.prot");
    assert_one_fault("participant: ab\nlisten.port: 1\n", SETTING_FAULT_UNKNOWN, 2, "listen?port");
}

static void test_repeated_keys(void **state)
{
    (void)state;
    assert_one_fault("participant: ab\nretry: 1s\nretry: 2s\n", SETTING_FAULT_REPEATED, 3, "retry");
    assert_one_fault("participant: ab\nlisten: {port: 1}\nlisten: {tls: true}\n",
                     SETTING_FAULT_REPEATED, 3, "listen");
}

static void test_wrong_kinds(void **state)
{
    (void)state;
    static const char *const values[] = {
        "listen: {port: many}",
        "listen: {port: 80a}",
        "listen: {port: '80'}",
        "listen: {port: 1.5}",
        "listen: {port: }",
        "listen: {tls: yes}",
        "listen: {tls: 'true'}",
        "retry: 5",
        "retry: 5 s",
        "retry: s",
        "limit: 5KB",
        "limit: '-'",
        "store: here",
        "store: [folder]",
        "listen: {port: [1]}",
        "store: {folder: \"a\\nb\"}",
        "retry: 1234567890123456789s",
        "listen: {port: {a: 1}}",
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char yaml[128] = "participant: ab\n";
        struct example example;
        strncat(yaml, values[i], sizeof yaml - strlen(yaml) - 1);
        assert_false(load(yaml, &example));
        assert_int_equal(faults.count, 1);
        assert_int_equal(faults.list[0].kind, SETTING_FAULT_WRONG_KIND);
        assert_int_equal(faults.list[0].line, 2);
    }
}

static void test_out_of_range(void **state)
{
    (void)state;
    assert_one_fault("participant: ab\nlisten:\n  port: 0\n", SETTING_FAULT_OUT_OF_RANGE, 3,
                     "listen.port");
    assert_one_fault("participant: ab\nlisten:\n  port: 65536\n", SETTING_FAULT_OUT_OF_RANGE, 3,
                     "listen.port");
    assert_one_fault("participant: a\n", SETTING_FAULT_OUT_OF_RANGE, 1, "participant");
    assert_one_fault("participant: abcdefgh\n", SETTING_FAULT_OUT_OF_RANGE, 1, "participant");
    assert_one_fault("participant: ab\nretry: 99ms\n", SETTING_FAULT_OUT_OF_RANGE, 2, "retry");
    assert_one_fault("participant: ab\nlimit: 999999999999GiB\n", SETTING_FAULT_OUT_OF_RANGE, 2,
                     "limit");
    assert_one_fault("participant: ab\nformat: xml\n", SETTING_FAULT_OUT_OF_RANGE, 2, "format");
    assert_one_fault("participant: ab\nstore: {folder: 0123456789012345678901234}\n",
                     SETTING_FAULT_OUT_OF_RANGE, 2, "store.folder");
}

static void test_bounds_themselves_are_in_range(void **state)
{
    (void)state;
    struct example values;
    assert_true(load("participant: abcdefg\nlisten: {port: 65535}\nretry: 100ms\n", &values));
    assert_true(load("participant: ab\nlisten: {port: 1}\nretry: 1h\n"
                     "store: {folder: 01234567890123456789012}\n",
                     &values));
}

static void test_all_faults_are_told(void **state)
{
    (void)state;
    struct example values;
    assert_false(
        load("listen:\n  port: 0\n  tls: maybe\nwhat: 1\nretry: 1s\nretry: 2s\n", &values));
    assert_int_equal(faults.count, 5);
    assert_fault(0, SETTING_FAULT_OUT_OF_RANGE, 2, "listen.port");
    assert_fault(1, SETTING_FAULT_WRONG_KIND, 3, "listen.tls");
    assert_fault(2, SETTING_FAULT_UNKNOWN, 4, "what");
    assert_fault(3, SETTING_FAULT_REPEATED, 6, "retry");
    assert_fault(4, SETTING_FAULT_MISSING, 0, "participant");
}

static void test_files_that_are_not_settings(void **state)
{
    (void)state;
    assert_one_fault("participant: ab\nretry: @1s\n", SETTING_FAULT_SYNTAX, 2, "");
    assert_one_fault("participant: ab\nretry: \"1s\n", SETTING_FAULT_SYNTAX, 3, "");
    assert_one_fault("participant: ab\n---\nretry: 1s\n", SETTING_FAULT_SYNTAX, 2, "");
    assert_one_fault("participant: ab\n[a]: 1s\n", SETTING_FAULT_SYNTAX, 2, "");
    struct example values;
    assert_false(load("- participant\n", &values));
    assert_fault(0, SETTING_FAULT_SYNTAX, 1, "");
    assert_false(load("just text\n", &values));
    assert_fault(0, SETTING_FAULT_SYNTAX, 1, "");
}

static void test_the_file_and_the_list_of_faults_are_bounded(void **state)
{
    (void)state;
    static uint8_t yaml[SETTINGS_FILE_BYTES_MAX + 1];
    struct example values;
    memset(yaml, '\n', sizeof yaml);
    assert_false(
        settings_load(table, ROWS, (struct bytes){yaml, sizeof yaml}, NULL, &values, &faults));
    assert_fault(0, SETTING_FAULT_FILE_TOO_LARGE, 0, "");
    for (size_t i = 0; i + 5 <= sizeof yaml - 1; i += 5)
        memcpy(yaml + i, "a: 1\n", 5);
    assert_false(settings_load(table, ROWS, (struct bytes){yaml, 5 * 100}, NULL, &values, &faults));
    assert_int_equal(faults.count, SETTINGS_FAULTS_MAX);
    assert_int_equal(faults.left_off, 100 + 1 - SETTINGS_FAULTS_MAX);
}

static void test_faults_read_well_and_quote_no_value(void **state)
{
    (void)state;
    struct example values;
    struct buffer text;
    buffer_init(&text, 4096);
    assert_false(load("participant: ab\nlisten:\n  port: 70000\nre\xc3try: secret\n", &values));
    assert_true(settings_faults_print(&faults, "gateway.yaml", LANGUAGE_ENGLISH, &text));
    buffer_clear(&text);
    assert_false(load("participant: secretsecret\nlisten:\n  port: 70000\nretry: 5\n", &values));
    assert_true(settings_faults_print(&faults, "gateway.yaml", LANGUAGE_ENGLISH, &text));
    assert_string_equal(
        buffer_text(&text),
        "gateway.yaml:1: participant: is out of range, must be a text, 2 to 7 bytes\n"
        "gateway.yaml:3: listen.port: is out of range, must be a whole number, 1 to 65535\n"
        "gateway.yaml:4: retry: is of the wrong kind, must be a duration (ms, s, m, h, d), "
        "100ms to 1h\n");
    buffer_clear(&text);
    assert_true(settings_faults_print(&faults, "gateway.yaml", LANGUAGE_VIETNAMESE, &text));
    assert_non_null(strstr(buffer_text(&text), "gateway.yaml:3: listen.port: ngoài giới hạn"));
    buffer_release(&text);
}

static void test_help_has_every_row(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 4096);
    assert_true(settings_print_help(table, ROWS, LANGUAGE_ENGLISH, &text));
    for (size_t i = 0; i < ROWS; i++)
        assert_int_equal(strstr(buffer_text(&text), table[i].name) != NULL,
                         table[i].kind != SETTING_RETIRED);
    assert_non_null(strstr(buffer_text(&text), "one of: text json; otherwise text\n"));
    assert_non_null(strstr(buffer_text(&text), "bytes; required\n    Its key.\n"));
    buffer_release(&text);
    buffer_init(&text, 50);
    assert_false(settings_print_help(table, ROWS, LANGUAGE_ENGLISH, &text));
    buffer_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_reach_their_fields),
        cmocka_unit_test(test_fallbacks_hold_when_the_file_is_silent),
        cmocka_unit_test(test_an_absolute_path_stays),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_unknown_keys_with_what_hangs_below_them),
        cmocka_unit_test(test_repeated_keys),
        cmocka_unit_test(test_wrong_kinds),
        cmocka_unit_test(test_out_of_range),
        cmocka_unit_test(test_bounds_themselves_are_in_range),
        cmocka_unit_test(test_all_faults_are_told),
        cmocka_unit_test(test_files_that_are_not_settings),
        cmocka_unit_test(test_the_file_and_the_list_of_faults_are_bounded),
        cmocka_unit_test(test_faults_read_well_and_quote_no_value),
        cmocka_unit_test(test_help_has_every_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
