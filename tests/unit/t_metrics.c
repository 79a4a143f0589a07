/* Figures for Prometheus: their form, what is counted, what is kept, and that a scrape is answered
 * when the store cannot commit (metrics.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/api/metrics.h"
#include "tests/unit/api_fixture.h"

static void assert_says(struct buffer *text, const char *row)
{
    if (strstr(buffer_text(text), row) == NULL)
        fail_msg("no %s in:\n%s", row, buffer_text(text));
}

static void test_rows(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, METRICS_BYTES_MAX);
    metric_gauge(&text, "lienthong_a", "What it is.", INT64_MIN);
    metric_row(&text, "lienthong_b", (struct metric_labels){.name = "x", .value = "y"}, 0);
    metric_row(&text, "lienthong_b", (struct metric_labels){"x", "y", "z", "w"}, INT64_MAX);
    assert_string_equal(buffer_text(&text),
                        "# HELP lienthong_a What it is.\n# TYPE lienthong_a gauge\n"
                        "lienthong_a -9223372036854775808\n"
                        "lienthong_b{x=\"y\"} 0\n"
                        "lienthong_b{x=\"y\",z=\"w\"} 9223372036854775807\n");
    buffer_release(&text);
}

/* The longest row that there can be fits, so that its check is nobody's to reach. */
static void test_longest_row(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, METRICS_BYTES_MAX);
    for (uint32_t number = 0; number < METRICS_REASONS; number++)
        metric_row(&text, "lienthong_participant_alarm_reason",
                   (struct metric_labels){"participant", "abcdefghijklmnop", "reason",
                                          reason_code((enum reason)number)},
                   1);
    assert_true(text.size > 0);
    assert_false(reason_is_known(METRICS_REASONS));
    buffer_release(&text);
}

static void count(struct metrics *metrics, const char *event, enum reason reason, uint64_t of)
{
    metrics_count(metrics, &(struct transition){.event = event, .reason = reason, .count = of});
}

static void test_counts(void **state)
{
    (void)state;
    struct metrics metrics;
    struct buffer text;
    const struct metrics_program program = {.version = "1", .store = REASON_STORE_FULL};
    metrics_init(&metrics, "/nonexistent", NULL);
    count(&metrics, "refused", REASON_AGENCY_UNKNOWN, 0);
    count(&metrics, "refused", REASON_AGENCY_UNKNOWN, 0);
    count(&metrics, "put_off", REASON_AGENCY_UNKNOWN, 0);
    count(&metrics, "left_out", REASON_BUSY, 40);
    count(&metrics, "delivered", REASON_BUSY, 0);
    count(&metrics, "settled", REASON_NONE, 0);
    count(&metrics, "refused", (enum reason)METRICS_REASONS, 0);
    buffer_init(&text, METRICS_BYTES_MAX);
    metrics_put_program(&text, &metrics, &program);
    assert_says(&text, "\nlienthong_store_ok 0\n");
    assert_says(&text, "{event=\"refused\",reason=\"agency_unknown\"} 2\n");
    assert_says(&text, "{event=\"put_off\",reason=\"agency_unknown\"} 1\n");
    assert_says(&text, "{event=\"left_out\",reason=\"busy\"} 40\n");
    assert_null(strstr(buffer_text(&text), "settled"));
    assert_null(strstr(buffer_text(&text), "lienthong_registry{"));
    assert_null(strstr(buffer_text(&text), "lienthong_disk_bytes"));
    buffer_release(&text);
    metrics_release(&metrics);
}

static int looks;
static enum reason look_says;
static enum reason look(struct buffer *text, struct store *store)
{
    (void)store;
    looks++;
    metric_gauge(text, "lienthong_looks", "Looks.", looks);
    return look_says;
}

static void test_kept(void **state)
{
    (void)state;
    struct metrics metrics;
    struct buffer text;
    metrics_init(&metrics, "/nonexistent", NULL);
    buffer_init(&text, METRICS_BYTES_MAX);
    metrics_put_kept(&text, &metrics, NULL, look);
    assert_int_equal(looks, 1);
    metrics.kept_until.ms = INT64_MAX; /* it took long */
    metrics_put_kept(&text, &metrics, NULL, look);
    assert_int_equal(looks, 1);
    assert_says(&text, "\nlienthong_looks 1\n# HELP lienthong_looks Looks.\n");
    metrics.kept_until.ms = 0;
    look_says = REASON_STORE_FAILED; /* half of a look is none */
    buffer_clear(&text);
    metrics_put_kept(&text, &metrics, NULL, look);
    assert_int_equal(looks, 2);
    assert_int_equal(text.size, 0);
    buffer_release(&text);
    metrics_release(&metrics);
}

static void scrape(struct api_fixture *fixture, const char *const *rows, const char *absent)
{
    struct api_reply reply;
    call(fixture, "GET", "/metrics", "", "", &reply);
    assert_int_equal(reply.status, 200);
    for (size_t i = 0; rows[i] != NULL; i++)
        assert_says(&reply.raw, rows[i]);
    if (absent != NULL)
        assert_null(strstr(buffer_text(&reply.raw), absent));
    reply_release(&reply);
}

/* What watches must hear that the store fails, not be refused with it. */
static void test_scrape(void **state)
{
    (void)state;
    struct api_fixture fixture;
    static const char *const well[] = {"\nlienthong_store_ok 1\n",
                                       "\nlienthong_linked 0\n",
                                       "\nlienthong_store_bytes ",
                                       "\nlienthong_disk_free_bytes ",
                                       "\n# TYPE lienthong_deadlines_overdue gauge\n",
                                       "\n# EOF\n",
                                       NULL};
    static const char *const ill[] = {"\nlienthong_store_ok 0\n", "\n# EOF\n", NULL};
    fixture_open(&fixture, 1024);
    scrape(&fixture, well, "lienthong_portal_questions");
    fixture.fail_commit = REASON_STORE_FULL;
    assert_call(
        &fixture, "POST", "/v1/messages", "Idempotency-Key: a\r\n",
        "{\"type\":\"transfer\",\"recipient\":\"sct\",\"dossier_code\":\"H38.30-261008-0001\","
        "\"procedure_code\":\"1.011443\",\"body\":{\"owner\":{\"name\":\"Nguyễn Văn Mẫu\"}}}",
        503, "store_full");
    scrape(&fixture, ill, NULL);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),   cmocka_unit_test(test_longest_row),
        cmocka_unit_test(test_counts), cmocka_unit_test(test_kept),
        cmocka_unit_test(test_scrape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
