/* Strangers at the door: a flood from one address drives out its own, and whoever stands silent or
 * says too much does not stay (invariant 13). Real sockets on loopback, with many addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/link/connections.h"

enum { PLACES = 8, FLOOD = 60, STEPS = 20000 };

struct guest {
    int outside, inside; /* both ends; -1: none */
    const char *address;
};

struct fixture {
    struct connections connections;
    int listener;
    struct sockaddr_in here;
    struct guest guests[FLOOD + PLACES];
    size_t guest_count;
    mono_t now;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fixture->here = (struct sockaddr_in){.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &fixture->here.sin_addr), 1);
    assert_int_equal(
        bind(fixture->listener, (struct sockaddr *)&fixture->here, sizeof fixture->here), 0);
    socklen_t size = sizeof fixture->here;
    assert_int_equal(getsockname(fixture->listener, (struct sockaddr *)&fixture->here, &size), 0);
    assert_int_equal(listen(fixture->listener, FLOOD), 0);
    fixture->connections.strangers_max = PLACES;
    fixture->connections.port = ntohs(fixture->here.sin_port);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < fixture->guest_count; i++) {
        (void)close(fixture->guests[i].outside);
        (void)close(fixture->guests[i].inside);
    }
    (void)close(fixture->listener);
    connections_release(&fixture->connections);
    free(fixture);
    return 0;
}

/* Somebody comes from there. */
static struct guest *accept_one(struct fixture *fixture, const char *address)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct guest *guest = &fixture->guests[fixture->guest_count++];
    guest->address = address;
    guest->outside = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(inet_pton(AF_INET, address, &from.sin_addr), 1);
    assert_int_equal(bind(guest->outside, (struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(
        connect(guest->outside, (struct sockaddr *)&fixture->here, sizeof fixture->here), 0);
    guest->inside = accept4(fixture->listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(guest->inside >= 0);
    return guest;
}

static struct guest *let_in(struct fixture *fixture, const char *address)
{
    struct guest *guest = accept_one(fixture, address);
    struct connection before;
    (void)connections_accepted(&fixture->connections, guest->inside, fixture->now, &before);
    return guest;
}

/* Its end hears that it was shut down. */
static bool is_out(const struct guest *guest)
{
    uint8_t byte;
    return recv(guest->outside, &byte, 1, MSG_DONTWAIT) == 0;
}

static void a_flood_drives_out_its_own(void **state)
{
    struct fixture *fixture = *state;
    enum { QUIET = 3 };
    struct guest *quiet[QUIET] = {let_in(fixture, "127.0.0.2"), let_in(fixture, "127.0.0.3"),
                                  let_in(fixture, "127.0.0.3")};
    size_t stay = 0;
    for (int i = 0; i < FLOOD; i++)
        (void)let_in(fixture, "127.0.0.4");
    for (size_t i = 0; i < QUIET; i++)
        assert_false(is_out(quiet[i]));
    for (size_t i = 0; i < fixture->guest_count; i++)
        stay += !is_out(&fixture->guests[i]);
    assert_int_equal(stay, 3 + PLACES / 2); /* half of the places are never one address's */
    /* And who comes afterwards from elsewhere finds a place. */
    struct guest *late = let_in(fixture, "127.0.0.5");
    assert_false(is_out(late));
}

/* Two addresses that flood do not shut a third one out, but once in some thousand times: whoever
 * dials again gets in. */
static void two_floods_leave_a_place(void **state)
{
    enum { DIALS = 3 };
    struct fixture *fixture = *state;
    size_t in = 0;
    for (int i = 0; i < FLOOD; i++)
        (void)let_in(fixture, i % 2 == 0 ? "127.0.0.2" : "127.0.0.3");
    for (int i = 0; i < DIALS && in == 0; i++)
        in += !is_out(let_in(fixture, "127.0.0.4"));
    assert_int_equal(in, 1);
}

/* What is too much counts when it is so at two looks in a row. */
static size_t look_twice(struct fixture *fixture, int64_t later_ms)
{
    size_t cut = 0;
    for (int i = 0; i < 2; i++) {
        fixture->now.ms += later_ms;
        cut += connections_look(&fixture->connections, fixture->now);
    }
    return cut;
}

static void silence_and_noise_do_not_stay(void **state)
{
    static const uint8_t noise[2 * CONNECTIONS_STRANGER_BYTES];
    static uint8_t heard[sizeof noise];
    struct fixture *fixture = *state;
    struct key centre = key_of("centre");
    struct guest *silent = let_in(fixture, "127.0.0.2");
    struct guest *loud = let_in(fixture, "127.0.0.2");
    struct guest *known = let_in(fixture, "127.0.0.2");
    struct connection before;
    assert_true(connections_known(&fixture->connections, known->inside, &centre, 1, &before));
    assert_int_equal(send(loud->outside, noise, sizeof noise, 0), sizeof noise);
    /* The kernel counts what has come in; libzmq reads it. */
    assert_int_equal(recv(loud->inside, heard, sizeof heard, MSG_WAITALL), sizeof heard);
    assert_int_equal(look_twice(fixture, CONNECTIONS_STRANGER_LOOK_MS), 1);
    assert_true(is_out(loud));
    assert_false(is_out(silent));
    assert_int_equal(look_twice(fixture, CONNECTIONS_STRANGER_MS), 1);
    assert_true(is_out(silent));
    assert_false(is_out(known));
}

/* The monitor tells later than messages come. */
static void an_end_told_of_late_is_the_end_of_the_one_before(void **state)
{
    struct fixture *fixture = *state;
    struct connections *connections = &fixture->connections;
    struct key agency = key_of("agency"), centre = key_of("centre");
    struct guest *first = let_in(fixture, "127.0.0.2");
    struct connection was;
    int fd = first->inside;
    assert_true(connections_known(connections, fd, &agency, 1, &was));
    assert_true(key_is_none(&was.owner));
    struct connection first_one = connections->slots[fd];
    struct guest *second = accept_one(fixture, "127.0.0.3");
    assert_int_equal(dup2(second->inside, fd), fd); /* in the place of the first */
    (void)close(second->inside);
    second->inside = fd;
    first->inside = -1;
    assert_true(connections_known(connections, fd, &centre, 2, &was));
    assert_true(key_equal(&was.owner, &agency));
    assert_int_equal(was.number, 1);
    assert_int_equal(connections_closed(connections, fd).number, 0);
    assert_false(connections_next_ended(connections, &was));
    (void)connections_accepted(connections, fd, fixture->now, &was);
    assert_int_equal(connections->open_count, 1);
    /* What came last over the first is told only now: its descriptor is not its own any more. */
    assert_false(connections_known(connections, fd, &agency, 1, &was));
    connections_refused(connections, fd, 1);
    connections_cut(connections, fd, 1);
    connection_cut(&first_one, fd);
    assert_false(is_out(second));
    connections_cut(connections, fd, 2);
    assert_true(is_out(second));
    assert_int_equal(connections_closed(connections, fd).number, 2);
    assert_int_equal(connections->open_count, 0);
}

/* libzmq tells before it closes the descriptor. */
static void an_end_told_of_early_is_found_at_a_look(void **state)
{
    struct fixture *fixture = *state;
    struct connections *connections = &fixture->connections;
    struct key agency = key_of("agency");
    struct guest *guest = let_in(fixture, "127.0.0.2");
    struct connection was;
    assert_true(connections_known(connections, guest->inside, &agency, 1, &was));
    assert_int_equal(connections_closed(connections, guest->inside).number, 0);
    assert_false(connections_next_ended(connections, &was));
    (void)close(guest->inside);
    guest->inside = -1;
    assert_true(connections_next_ended(connections, &was));
    assert_true(key_equal(&was.owner, &agency));
    assert_int_equal(was.number, 1);
    assert_false(connections_next_ended(connections, &was));
    assert_int_equal(connections->open_count, 0);
}

/* ---- any order of what monitor and socket tell ----------------------------------------------- */

/* The list has each stranger once, and the counts are those of the table. */
static void assert_sound(const struct connections *connections)
{
    size_t open = 0, doubtful = 0, listed = 0;
    for (size_t fd = 0; fd < connections->slot_count; fd++) {
        const struct connection *connection = &connections->slots[fd];
        open += connection->cookie != 0;
        doubtful += connection->is_doubtful;
        if (connection->place == 0)
            continue;
        listed++;
        assert_true(key_is_none(&connection->owner));
        assert_true(connection->place <= connections->stranger_count);
        assert_int_equal(connections->strangers[connection->place - 1], fd);
    }
    assert_int_equal(connections->open_count, open);
    assert_int_equal(connections->doubtful_count, doubtful);
    assert_int_equal(connections->stranger_count, listed);
    assert_true(listed <= connections->strangers_max);
}

/* Which numbers have a connection, as who keeps lines by them believes. */
struct told {
    bool is_open[STEPS + 1];
    size_t open_count;
};

/* Each end is told of once. */
static void tell_end(struct told *told, const struct connection *was)
{
    if (was->number == 0)
        return;
    assert_true(told->is_open[was->number]);
    told->is_open[was->number] = false;
    told->open_count--;
}

static void assert_told(const struct connections *connections, const struct told *told)
{
    size_t known = 0;
    for (size_t fd = 0; fd < connections->slot_count; fd++) {
        uint64_t number = connections->slots[fd].number;
        known += number != 0;
        assert_true(number == 0 || told->is_open[number]);
    }
    assert_int_equal(known, told->open_count);
}

static void end(struct guest *guest)
{
    (void)close(guest->outside);
    (void)close(guest->inside);
    guest->outside = guest->inside = -1;
}

/* Descriptors are used again at once, and what was told of the one before them is believed to be
 * said of the one that has them now. */
static void any_order_of_events_leaves_it_sound(void **state)
{
    enum { GUESTS = 12 };
    static struct told told;
    static const char *const addresses[] = {"127.0.0.2", "127.0.0.3", "127.0.0.4"};
    struct fixture *fixture = *state;
    struct connections *connections = &fixture->connections;
    struct key agency = key_of("agency");
    uint64_t draw = 1, number = 0;
    connections->open_max = GUESTS - 1;
    for (int i = 0; i < GUESTS; i++)
        (void)accept_one(fixture, addresses[i % 3]);
    for (int i = 0; i < STEPS; i++) {
        draw = draw * 6364136223846793005U + 1442695040888963407U;
        struct guest *guest = &fixture->guests[(draw >> 40) % GUESTS];
        int fd = guest->inside;
        struct connection was = {0};
        switch (draw >> 61) {
        case 0:
            end(guest);
            fixture->guest_count = (size_t)(guest - fixture->guests);
            (void)accept_one(fixture, guest->address);
            fixture->guest_count = GUESTS;
            break;
        case 1:
            assert_true(connections_known(connections, fd, &agency, ++number, &was));
            told.is_open[number] = true;
            told.open_count++;
            break;
        case 2:
            if ((size_t)fd < connections->slot_count)
                assert_false(connections_known(connections, fd, &agency,
                                               connections->slots[fd].newest, &was));
            break;
        case 3:
            was = connections_closed(connections, fd);
            break;
        case 4:
            while (connections_next_ended(connections, &was)) {
                tell_end(&told, &was);
                assert_sound(connections);
            }
            was = (struct connection){0};
            break;
        case 5:
            fixture->now.ms += CONNECTIONS_STRANGER_MS / 4;
            (void)connections_look(connections, fixture->now);
            break;
        default:
            (void)connections_accepted(connections, fd, fixture->now, &was);
            break;
        }
        tell_end(&told, &was);
        assert_sound(connections);
        assert_told(connections, &told);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_flood_drives_out_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_floods_leave_a_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silence_and_noise_do_not_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_end_told_of_late_is_the_end_of_the_one_before, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_end_told_of_early_is_found_at_a_look, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_order_of_events_leaves_it_sound, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
