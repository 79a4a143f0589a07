/* What keeps a desk's door: waits after wrong passwords, the thread that hashes, roles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "adapters/desk/address.h"
#include "adapters/desk/hasher.h"
#include "adapters/desk/rights.h"
#include "adapters/desk/throttle.h"

static struct throttle throttle;

static int64_t wait_of(const char *name, const char *address, int64_t now_ms)
{
    return throttle_wait_ms(&throttle, name, address, (mono_t){now_ms});
}

static void who_fails_waits_longer_each_time(void **state)
{
    int64_t now_ms = 1000, before = 0;
    (void)state;
    throttle_init(&throttle);
    for (int i = 1; i < THROTTLE_FREE; i++) {
        throttle_failed(&throttle, "anna", "10.0.0.1", (mono_t){now_ms});
        assert_int_equal(wait_of("anna", "10.0.0.1", now_ms), 0);
    }
    for (int i = 0; i < 20; i++) {
        throttle_failed(&throttle, "anna", "10.0.0.1", (mono_t){now_ms});
        int64_t wait_ms = wait_of("anna", "10.0.0.1", now_ms);
        assert_true(wait_ms > before || wait_ms == THROTTLE_MAX_MS);
        before = wait_ms;
    }
    assert_int_equal(before, THROTTLE_MAX_MS);
    assert_int_equal(wait_of("anna", "10.0.0.1", now_ms + THROTTLE_MAX_MS), 0);
    throttle_succeeded(&throttle, "anna", "10.0.0.1");
    assert_int_equal(wait_of("anna", "10.0.0.1", now_ms), 0);
}

/* Ten thousand attempts on everybody's name from one address, and on one name from everywhere. */
static void nobody_locks_anybody_else_out(void **state)
{
    char text[32];
    (void)state;
    throttle_init(&throttle);
    for (int i = 0; i < 10000; i++) {
        snprintf(text, sizeof text, "clerk%d", i % 50);
        throttle_failed(&throttle, text, "10.0.0.66", (mono_t){1000 + i});
        snprintf(text, sizeof text, "10.9.%d.%d", i / 250, i % 250);
        throttle_failed(&throttle, "clerk7", text, (mono_t){1000 + i});
    }
    assert_true(wait_of("clerk7", "10.0.0.66", 11000) > 0);
    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "clerk%d", i);
        assert_int_equal(wait_of(text, "10.0.0.5", 11000), 0);
    }
}

/* What one caller has is one address; of a header only what the proxy wrote is believed. */
static void a_caller_is_one_address(void **state)
{
    static const char *const groups[][2] = {
        {"192.0.2.7", "192.0.2.7"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"2001:db8::1", "2001:db8::/64"},
        {"2001:db8:0:0:ffff::9", "2001:db8::/64"},
        {"::1", "::/64"},
        {"", "unknown"},
        {"192.0.2.7x", "unknown"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff::/64"},
    };
    static const char *const headers[][2] = {
        {"10.1.1.1, 192.0.2.7", "192.0.2.7"}, {"192.0.2.7 ", "192.0.2.7"}, {"10.1.1.1,", "unknown"},
        {",,\t192.0.2.7", "192.0.2.7"},       {"<b>", "unknown"},
    };
    char address[ADDRESS_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        address_group(groups[i][0], address);
        assert_string_equal(address, groups[i][1]);
    }
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        address_forwarded(headers[i][0], address);
        assert_string_equal(address, headers[i][1]);
    }
    address_forwarded(NULL, address);
    assert_string_equal(address, "unknown");
}

/* ---- the hasher ---- */

static void await(struct hasher *hasher, const struct hash_job *job)
{
    while (!job->is_done) {
        struct pollfd wait = {.fd = hasher_fd(hasher), .events = POLLIN};
        assert_int_equal(poll(&wait, 1, 60000), 1);
        assert_true(hasher_take(hasher) > 0);
    }
}

static void a_password_is_compared_and_made_in_the_thread(void **state)
{
    struct hasher *hasher = hasher_new();
    struct hash_job job = {.password = "mật khẩu dài", .makes = true};
    (void)state;
    assert_non_null(hasher);
    assert_true(hasher_give(hasher, &job));
    await(hasher, &job);
    assert_true(job.is_right);
    assert_memory_equal(job.hash, "$argon2id$", 10);
    assert_int_equal(job.password[0], 0);
    job.makes = false;
    snprintf(job.password, sizeof job.password, "mật khẩu dài");
    assert_true(hasher_give(hasher, &job));
    assert_false(job.is_done);
    await(hasher, &job);
    assert_true(job.is_right);
    snprintf(job.password, sizeof job.password, "mật khẩu khác");
    assert_true(hasher_give(hasher, &job));
    await(hasher, &job);
    assert_false(job.is_right);
    hasher_destroy(&hasher);
}

/* One address fills its share; another one still gets in; beyond the queue nobody does. Those that
 * wait at the end are left as they are. */
static void the_queue_has_a_share_for_each_address(void **state)
{
    static struct hash_job jobs[2 * HASHER_QUEUE_MAX];
    struct hasher *hasher = hasher_new();
    size_t taken = 0, next = 0;
    (void)state;
    assert_non_null(hasher);
    memset(jobs, 0, sizeof jobs);
    for (; next < 2 * HASHER_SHARE_MAX; next++) {
        snprintf(jobs[next].hash, sizeof jobs[next].hash, "%s", hasher_dummy(hasher));
        snprintf(jobs[next].address, sizeof jobs[next].address, "10.0.0.66");
        taken += hasher_give(hasher, &jobs[next]);
    }
    assert_true(taken >= HASHER_SHARE_MAX && taken < 2 * HASHER_SHARE_MAX);
    for (; next < sizeof jobs / sizeof *jobs; next++) {
        snprintf(jobs[next].hash, sizeof jobs[next].hash, "%s", hasher_dummy(hasher));
        snprintf(jobs[next].address, sizeof jobs[next].address, "10.1.0.%zu", next);
        if (!hasher_give(hasher, &jobs[next]))
            break;
        taken++;
    }
    assert_true(taken > HASHER_SHARE_MAX && next < sizeof jobs / sizeof *jobs);
    hasher_destroy(&hasher);
    assert_null(hasher);
}

/* ---- roles ---- */

/* Who may what, written down a second time: a change of rights.def is a change here. */
static void each_role_may_its_own(void **state)
{
    static const char *const may[DESK_ROLES] = {
        [DESK_ROLE_CLERK] = "landing dossiers send inbox account",
        [DESK_ROLE_AGENCY_CLERK] = "dossiers send inbox account",
        [DESK_ROLE_SUPERVISOR] = "landing dossiers send inbox queues audit account",
        [DESK_ROLE_OPERATOR] = "landing dossiers queues people audit account",
        [DESK_ROLE_AUDITOR] = "landing dossiers audit account",
    };
    (void)state;
    for (int role = 0; role < DESK_ROLES; role++) {
        char text[128] = "";
        for (int right = DESK_RIGHT_ANYBODY + 1; right < DESK_RIGHTS; right++) {
            if (!desk_role_may((enum desk_role)role, (enum desk_right)right))
                continue;
            size_t size = strlen(text);
            snprintf(text + size, sizeof text - size, "%s%s", size > 0 ? " " : "",
                     desk_right_name((enum desk_right)right));
        }
        assert_string_equal(text, may[role]);
        enum desk_role parsed;
        assert_true(desk_role_parse(desk_role_name((enum desk_role)role), &parsed));
        assert_int_equal(parsed, role);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_fails_waits_longer_each_time),
        cmocka_unit_test(nobody_locks_anybody_else_out),
        cmocka_unit_test(a_caller_is_one_address),
        cmocka_unit_test(a_password_is_compared_and_made_in_the_thread),
        cmocka_unit_test(the_queue_has_a_share_for_each_address),
        cmocka_unit_test(each_role_may_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
