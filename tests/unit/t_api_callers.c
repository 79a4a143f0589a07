/* How often who may begin a handshake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>

#include "gateway/api/api_callers.h"

static struct sockaddr_in address_of(uint32_t number)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(number)}};
}

static bool admit(struct api_callers *callers, uint32_t number, int64_t now_ms)
{
    struct sockaddr_in address = address_of(number);
    return api_callers_admit(callers, (const struct sockaddr *)&address, (mono_t){now_ms});
}

/* So many of one address of each millisecond of ten seconds. */
static size_t flood(struct api_callers *callers, uint32_t first, uint32_t addresses)
{
    size_t admitted = 0;
    for (int64_t now_ms = 1; now_ms <= 10000; now_ms++)
        admitted += admit(callers, first + (uint32_t)now_ms % addresses, now_ms);
    return admitted;
}

static void one_address_has_few(void **state)
{
    (void)state;
    struct api_callers callers = {.count = 0};
    assert_in_range(flood(&callers, 1, 1), 10 * API_STRANGER_HANDSHAKES - 1,
                    10 * API_STRANGER_HANDSHAKES + API_STRANGERS_AT_ONCE);
    assert_true(admit(&callers, 2, 10000)); /* another one is not asked to wait */
}

static void all_strangers_share(void **state)
{
    (void)state;
    struct api_callers callers = {.count = 0};
    assert_in_range(flood(&callers, 1, 1000), 1,
                    10 * API_STRANGERS_HANDSHAKES + API_STRANGERS_AT_ONCE);
    assert_int_equal(callers.count, API_CALLERS_MAX);
}

static void who_is_known_does_not_wait_for_strangers(void **state)
{
    (void)state;
    struct api_callers callers = {.count = 0};
    struct sockaddr_in known = address_of(9999999);
    api_callers_know(&callers, (const struct sockaddr *)&known);
    (void)flood(&callers, 1, 1000);
    for (int i = 0; i < API_KNOWN_HANDSHAKES; i++)
        assert_true(admit(&callers, 9999999, 10000));
    assert_false(admit(&callers, 9999999, 10000));
}

/* Whoever has a network of IPv6 has all of its addresses. */
static void a_network_counts_as_one(void **state)
{
    (void)state;
    struct api_callers callers = {.count = 0};
    size_t admitted = 0;
    for (uint8_t i = 0; i < 100; i++) {
        struct sockaddr_in6 address = {.sin6_family = AF_INET6};
        address.sin6_addr.s6_addr[0] = 0x20;
        address.sin6_addr.s6_addr[15] = i;
        admitted += api_callers_admit(&callers, (const struct sockaddr *)&address, (mono_t){10000});
    }
    assert_int_equal(admitted, API_STRANGERS_AT_ONCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_address_has_few),
        cmocka_unit_test(all_strangers_share),
        cmocka_unit_test(who_is_known_does_not_wait_for_strangers),
        cmocka_unit_test(a_network_counts_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
