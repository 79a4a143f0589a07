/* An API whose callers are people: a session says who they are, the owner says what they may, and
 * whoever waits for our answer keeps his connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/api/api.h"
#include "tests/unit/scratch.h"

enum { ROUNDS_MAX = 2000, MANY = 100, LISTENERS = 20, FORBIDDEN = 1, STRANGER_MS = 3000 };

static struct api *api;
static struct scratch scratch;
static int64_t now_ms = 1000;
static bool may_answer; /* what waits */

static bool knows(void *context, struct api_request *request)
{
    const char *cookie = api_header(request, "Cookie");
    (void)context;
    return cookie != NULL && strcmp(cookie, "desk=anna") == 0;
}

static enum reason admits(void *context, struct api_request *request)
{
    (void)context;
    return api_which(request) == FORBIDDEN ? REASON_NOT_ALLOWED : REASON_NONE;
}

static void answer_argument(struct api_request *request)
{
    api_answer_json(request, HTTP_OK, json_pack("{s:s}", "argument", api_argument(request)));
}

static void answer_nothing(struct api_request *request)
{
    api_answer_nothing(request);
}

static void answer_late(struct api_request *request)
{
    if (may_answer)
        api_answer_json(request, HTTP_OK, json_pack("{s:b}", "late", true));
}

static const struct api_route routes[] = {
    {"GET", "/v1/mine", API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, answer_argument, NULL, 0},
    {"GET", "/v1/theirs", API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, answer_argument, NULL,
     FORBIDDEN},
    {"GET", "/static/{*}", API_OPEN, API_BODY_NONE, NULL, NULL, NULL, answer_argument, NULL, 0},
    {"GET", "/one/{}", API_OPEN, API_BODY_NONE, NULL, NULL, NULL, answer_argument, NULL, 0},
    {"GET", "/nothing", API_OPEN, API_BODY_NONE, NULL, NULL, NULL, answer_nothing, NULL, 0},
    {"POST", "/wait", API_OPEN, API_BODY_NONE, NULL, NULL, NULL, NULL, answer_late, 0},
    {"GET", "/v1/events", API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, api_events_get, NULL, 0},
};

static int setup(void **state)
{
    static const struct api_header headers[] = {{"X-Content-Type-Options", "nosniff"},
                                                {NULL, NULL}};
    char what[API_WHAT_BYTES];
    (void)state;
    assert_true(scratch_open(&scratch));
    const struct api_options options = {
        .routes = routes,
        .route_count = sizeof routes / sizeof *routes,
        .doors = {.port = 0},
        .state_directory = scratch.folder,
        .body_bytes_max = 1024,
        .people = {.knows = knows,
                   .admits = admits,
                   .stranger = REASON_SESSION_OVER,
                   .public_host = "desk.example:8443",
                   .headers = headers,
                   .connections_max = 2 * MANY,
                   .subscribers_max = LISTENERS,
                   .stranger_ms = STRANGER_MS},
    };
    may_answer = false;
    assert_int_equal(api_new(&options, &api, what), REASON_NONE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    api_destroy(&api);
    scratch_close(&scratch);
    return 0;
}

static void turn(void)
{
    struct pollfd wait = {.fd = api_fd(api), .events = POLLIN};
    int timeout_ms = api_timeout_ms(api);
    (void)poll(&wait, 1, timeout_ms >= 0 && timeout_ms < 5 ? timeout_ms : 5);
    api_run(api, (mono_t){now_ms});
    if (may_answer && api_has_changes(api)) {
        api_step(api);
        api_settle(api, REASON_NONE);
    }
}

static int begin(const char *method, const char *path, const char *extra)
{
    char head[512];
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(api_port(api)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(fcntl(client, F_SETFL, O_NONBLOCK), 0);
    int size = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nContent-Length: 0\r\n%s\r\n", method,
                        path, extra);
    assert_int_equal(send(client, head, (size_t)size, MSG_NOSIGNAL), size);
    return client;
}

/* The first bytes of the answer; "" when the connection was ended without one. */
static const char *end(int client)
{
    static char text[4096];
    ssize_t got = -1;
    for (int i = 0; i < ROUNDS_MAX && got < 0; i++) {
        turn();
        got = recv(client, text, sizeof text - 1, 0);
    }
    text[got > 0 ? got : 0] = 0;
    return text;
}

static const char *ask(const char *method, const char *path, const char *extra)
{
    int client = begin(method, path, extra);
    const char *answer = end(client);
    close(client);
    return answer;
}

#define HOST "Host: localhost\r\n"
#define ANNA HOST "Cookie: desk=anna\r\n"

static void assert_answer(const char *answer, const char *status, const char *part)
{
    assert_memory_equal(answer, status, strlen(status));
    assert_non_null(strstr(answer, part));
    assert_non_null(strstr(answer, "X-Content-Type-Options: nosniff"));
}

static void a_session_says_who_calls_and_the_owner_what_he_may(void **state)
{
    char path[256];
    (void)state;
    assert_answer(ask("GET", "/v1/mine", ANNA), "HTTP/1.1 200", "no-store");
    const char *stranger = ask("GET", "/v1/mine", HOST);
    assert_answer(stranger, "HTTP/1.1 401", "session_over");
    assert_null(strstr(stranger, "Bearer"));
    assert_answer(ask("GET", "/v1/theirs", ANNA), "HTTP/1.1 403", "not_allowed");
    assert_answer(ask("GET", "/v1/theirs", HOST), "HTTP/1.1 401", "session_over");
    assert_answer(ask("GET", "/nowhere", HOST), "HTTP/1.1 404", "not_found");
    assert_memory_equal(ask("GET", "/nothing", HOST), "HTTP/1.1 204", 12);
    snprintf(path, sizeof path, "%s/api.token", scratch.folder);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void the_name_that_people_type_is_one_of_ours(void **state)
{
    (void)state;
    assert_answer(ask("GET", "/one/a", "Host: desk.example:8443\r\n"), "HTTP/1.1 200", "");
    assert_answer(ask("GET", "/one/a", "Host: DESK.example:8443\r\n"), "HTTP/1.1 200", "");
    assert_answer(ask("GET", "/one/a", "Host: desk.example\r\n"), "HTTP/1.1 400", "Host");
    assert_answer(ask("GET", "/one/a", "Host: evil.example:8443\r\n"), "HTTP/1.1 400", "Host");
}

static void a_path_may_end_in_several_segments(void **state)
{
    (void)state;
    assert_answer(ask("GET", "/static/ab/app.js", HOST), "HTTP/1.1 200", "\"ab/app.js\"");
    assert_answer(ask("GET", "/static/", HOST), "HTTP/1.1 404", "");
    assert_answer(ask("GET", "/one/ab/app.js", HOST), "HTTP/1.1 404", "");
}

/* More than programs need: each person has some connections, and one stream of events. */
static void there_are_as_many_places_as_people_need(void **state)
{
    int clients[MANY], listeners[LISTENERS + 1];
    (void)state;
    for (int i = 0; i < MANY; i++) {
        clients[i] = begin("GET", "/v1/mine", ANNA);
        assert_answer(end(clients[i]), "HTTP/1.1 200", "");
    }
    for (int i = 0; i <= LISTENERS; i++) {
        listeners[i] = begin("GET", "/v1/events", ANNA);
        assert_memory_equal(end(listeners[i]), i < LISTENERS ? "HTTP/1.1 200" : "HTTP/1.1 429", 12);
    }
    for (int i = 0; i < MANY; i++)
        close(clients[i]);
    for (int i = 0; i <= LISTENERS; i++)
        close(listeners[i]);
    turn();
}

/* A sign-in waits while the password is hashed; who says nothing at all is ended meanwhile. */
static void who_waits_for_our_answer_keeps_his_place(void **state)
{
    (void)state;
    int waiting = begin("POST", "/wait", HOST);
    for (int i = 0; i < ROUNDS_MAX && !api_has_changes(api); i++)
        turn();
    assert_true(api_has_changes(api));
    int silent = begin("GE", "", ""); /* not a request of anybody */
    turn();
    now_ms += 3 * STRANGER_MS;
    for (int i = 0; i < 10; i++)
        turn();
    may_answer = true;
    assert_answer(end(waiting), "HTTP/1.1 200", "late");
    close(waiting);
    close(silent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_session_says_who_calls_and_the_owner_what_he_may, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_name_that_people_type_is_one_of_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(a_path_may_end_in_several_segments, setup, teardown),
        cmocka_unit_test_setup_teardown(there_are_as_many_places_as_people_need, setup, teardown),
        cmocka_unit_test_setup_teardown(who_waits_for_our_answer_keeps_his_place, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
