/* The desk's follower before an adapter that is played: each message once, after a restart, a lost
 * book, a page that comes again, a store that is another one, an adapter that is away or talks
 * nonsense, a book that is full. */
#include "tests/unit/desk_index.h"

#include <poll.h>

#include "adapters/desk/follow.h"
#include "gateway/workers/program.h"
#include "tests/support/patience.h"
#include "tests/support/scripted_server.h"

enum { REPLIES_MAX = 12, WAIT_MS = 10000, TURN_MS = 5 };

static struct desk_index desk;
static struct desk_settings settings;
static struct api *api;
static struct follow follow;
static struct scripted_server *server;
static struct scripted_reply script[REPLIES_MAX];
static char *texts[REPLIES_MAX];
static size_t replies;

static bool knows(void *context, struct api_request *request)
{
    (void)context;
    (void)request;
    return false;
}

static int setup(void **state)
{
    char what[API_WHAT_BYTES];
    (void)state;
    replies = 0;
    desk_index_open(&desk, true);
    static const struct api_route routes[] = {{.method = "GET", .path = "/v1/events"}};
    const struct api_options options = {.routes = routes,
                                        .route_count = 1,
                                        .state_directory = desk.scratch.folder,
                                        .doors = {.port = API_PORT_NONE},
                                        .body_bytes_max = 1024,
                                        .people = {.knows = knows}};
    assert_int_equal(api_new(&options, &api, what), REASON_NONE);
    settings = (struct desk_settings){0};
    snprintf(settings.adapter_state, sizeof settings.adapter_state, "%s", desk.scratch.folder);
    assert_true(scratch_write(&desk.scratch, "api.token", bytes_of_text("secret\n")));
    return 0;
}

static void begin_following(void)
{
    struct upstream *upstream = upstream_new(&settings);
    assert_non_null(upstream);
    follow_init(&follow, &desk.index, upstream);
    follow.api = api;
}

static int teardown(void **state)
{
    (void)state;
    upstream_destroy(&follow.upstream);
    if (server != NULL)
        scripted_server_stop(&server);
    api_destroy(&api);
    for (size_t i = 0; i < replies; i++)
        free(texts[i]);
    desk_index_close(&desk);
    return 0;
}

/* ---- what the adapter answers ---- */

/* body is copied. */
static void will_answer(int status, const char *body)
{
    assert_true(replies < REPLIES_MAX);
    assert_true(asprintf(&texts[replies],
                         "HTTP/1.1 %d X\r\nContent-Type: application/json\r\n"
                         "Content-Length: %zu\r\n\r\n%s",
                         status, strlen(body), body) > 0);
    script[replies] = (struct scripted_reply){.raw = texts[replies]};
    replies++;
}

/* A page of count transfers that begins behind `after`; next: where it ends. */
static void will_answer_page(int64_t after, int count, int64_t next, int64_t last,
                             const char *epoch)
{
    json_t *messages = json_array();
    desk.seq = after;
    for (int i = 0; i < count; i++) {
        char code[40];
        snprintf(code, sizeof code, "H38.01-261201-%04lld", (long long)desk.seq + 1);
        json_array_append_new(
            messages, desk_item(&desk, "transfer", code, transfer_body("Trần Thị Đào", "việc")));
    }
    json_t *page = json_pack("{s:o, s:I, s:I, s:s}", "messages", messages, "next", (json_int_t)next,
                             "last", (json_int_t)last, "epoch", epoch);
    char *text = json_dumps(page, JSON_COMPACT);
    will_answer(200, text);
    free(text);
    json_decref(page);
}

static void serve(void)
{
    char port[16];
    server = scripted_server_open(script, replies);
    assert_non_null(server);
    snprintf(port, sizeof port, "%u\n", scripted_server_port(server));
    assert_true(scratch_write(&desk.scratch, "api.port", bytes_of_text(port)));
    begin_following();
    assert_true(scripted_server_serve(server));
}

/* Until it has asked so often and heard the answer. Its waits are over at once: what it is told is
 * the time lies ahead of them. */
static void play(size_t questions)
{
    mono_t begin = program_mono();
    while (follow.is_asking || scripted_server_requests(server) < questions) {
        struct pollfd wait = {.fd = upstream_fd(follow.upstream), .events = POLLIN};
        if (scripted_server_requests(server) < questions)
            (void)follow_run(&follow, (mono_t){program_mono().ms + 2 * FOLLOW_AWAY_MS});
        (void)poll(&wait, 1, TURN_MS);
        upstream_run(follow.upstream);
        if (program_mono().ms - begin.ms > patience_ms(WAIT_MS))
            fail_msg("only %zu questions", scripted_server_requests(server));
    }
}

static void assert_asked(size_t index, const char *text)
{
    const char *request = scripted_server_request(server, index);
    if (strstr(request, text) == NULL)
        fail_msg("question %zu is not '%s': %.80s", index, text, request);
}

static int64_t dossiers(void)
{
    return ask_number(&desk, "SELECT count(*) FROM dossiers");
}

/* ---- tests ---- */

static void it_reads_to_the_end_and_then_asks_what_waits(void **state)
{
    (void)state;
    will_answer_page(0, 2, 2, 3, "a");
    will_answer_page(2, 1, 3, 3, "a");
    will_answer(200, "{\"entries\":[{\"message_id\":\"01997b6e-0000-7000-8000-000000000002\","
                     "\"state\":\"held\",\"reason\":\"peer_unreachable\",\"turn\":\"receiver\"}]}");
    serve();
    play(2);
    assert_asked(0, "GET /v1/messages?after=0&limit=100 ");
    assert_asked(0, "Authorization: Bearer secret\r\n");
    assert_asked(1, "GET /v1/messages?after=2&limit=100 ");
    assert_int_equal(dossiers(), 3);
    assert_true(follow.has_caught_up);
    assert_true(follow.indexed_to.ms > 0);
    follow.due = (mono_t){INT64_MAX};
    play(3);
    assert_asked(2, "GET /v1/queues?limit=200 ");
    assert_int_equal(ask_number(&desk, "SELECT count(*) FROM messages WHERE state = 'held'"), 1);
}

static void start_again(void)
{
    upstream_destroy(&follow.upstream);
    begin_following();
}

static void a_restart_goes_on_behind(void **state)
{
    (void)state;
    will_answer_page(0, 2, 2, 2, "a");
    will_answer_page(2, 1, 3, 3, "a");
    serve();
    play(1);
    start_again();
    play(2);
    assert_asked(1, "after=2&");
    assert_int_equal(dossiers(), 3);
}

static void a_lost_book_is_made_anew(void **state)
{
    (void)state;
    will_answer_page(0, 2, 2, 2, "a");
    will_answer_page(0, 2, 2, 2, "a");
    serve();
    play(1);
    book_close(&desk.book);
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s%s", desk.path, endings[i]);
        (void)remove(path);
    }
    assert_int_equal(book_open(desk.path, &desk.book), REASON_NONE);
    start_again();
    play(2);
    assert_asked(1, "after=0&");
    assert_int_equal(dossiers(), 2);
    assert_int_equal(ask_number(&desk, "SELECT value FROM note WHERE name = 'feed_position'"), 2);
}

static void a_page_that_comes_again_makes_nothing_twice(void **state)
{
    (void)state;
    will_answer_page(0, 3, 3, 4, "a");
    will_answer_page(1, 3, 4, 4, "a"); /* two of them were there */
    serve();
    play(2);
    assert_int_equal(dossiers(), 4);
    assert_int_equal(ask_number(&desk, "SELECT count(*) FROM messages"), 4);
    assert_int_equal(ask_number(&desk, "SELECT max(version) FROM dossiers"), 1);
}

/* A page that leads nowhere is not gone round for ever: it is asked again as any. */
static void a_page_that_leads_back_moves_nothing(void **state)
{
    (void)state;
    will_answer_page(0, 3, 3, 3, "a");
    will_answer_page(0, 1, 1, 3, "a");
    serve();
    play(2);
    assert_int_equal(follow.position, 3);
    assert_int_equal(dossiers(), 3);
}

static void another_store_is_read_from_its_beginning(void **state)
{
    static const struct {
        const char *epoch;
        int64_t last;
    } others[] = {{"b", 9}, {"a", 1}};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (i > 0) {
            (void)teardown(NULL);
            (void)setup(NULL);
        }
        will_answer_page(0, 3, 3, 3, "a");
        will_answer_page(3, 0, 3, others[i].last, others[i].epoch);
        will_answer_page(0, 1, 1, 1, others[i].epoch);
        serve();
        play(2);
        assert_int_equal(dossiers(), 0);
        play(3);
        assert_asked(2, "after=0&");
        assert_int_equal(dossiers(), 1);
        assert_string_equal(follow.epoch, others[i].epoch);
    }
}

static void what_is_no_page_is_trouble_until_one_comes(void **state)
{
    (void)state;
    will_answer(500, "{}");
    will_answer(200, "not JSON");
    will_answer(200, "[]");
    will_answer(401, "{\"code\":\"token_wrong\"}");
    will_answer_page(0, 1, 1, 1, "a");
    serve();
    for (size_t i = 1; i <= 4; i++) {
        play(i);
        assert_int_equal(follow.trouble, REASON_ADAPTER_UNREACHABLE);
        assert_true(follow.due.ms > program_mono().ms);
    }
    int64_t since_ms = follow.trouble_since.ms;
    assert_true(since_ms > 0);
    play(5);
    assert_int_equal(follow.trouble, REASON_NONE);
    assert_int_equal(dossiers(), 1);
}

/* Not started yet, or without a token: pages say so from the first moment. */
static void an_adapter_that_is_not_there_is_trouble(void **state)
{
    (void)state;
    begin_following();
    assert_true(follow_run(&follow, program_mono()) >= 0);
    assert_false(follow.is_asking);
    assert_int_equal(follow.trouble, REASON_ADAPTER_UNREACHABLE);
}

static void a_page_that_is_too_large_is_asked_for_in_halves(void **state)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                               "Content-Length: 3000000\r\n\r\n";
    (void)state;
    script[0] = (struct scripted_reply){.raw = head, .filler_bytes = 3000000, .closes = true};
    texts[0] = NULL;
    replies = 1;
    will_answer_page(0, 1, 1, 2, "a");
    will_answer_page(1, 1, 2, 2, "a");
    serve();
    play(3);
    assert_asked(1, "after=0&limit=50 ");
    assert_asked(2, "after=1&limit=100 ");
    assert_int_equal(dossiers(), 2);
    assert_int_equal(follow.trouble, REASON_NONE);
}

static void set_pages_max(int64_t pages)
{
    char text[64];
    snprintf(text, sizeof text, "PRAGMA max_page_count = %lld", (long long)pages);
    assert_int_equal(sqlite3_exec(desk.book.database, text, NULL, NULL, NULL), SQLITE_OK);
}

/* Nothing of the page is there, its position is not kept, people are told; with room it goes on. */
static void a_full_book_loses_nothing(void **state)
{
    (void)state;
    will_answer_page(0, 60, 60, 60, "a");
    will_answer_page(0, 60, 60, 60, "a");
    serve();
    set_pages_max(ask_number(&desk, "PRAGMA page_count"));
    play(1);
    assert_int_equal(desk.book.trouble, REASON_STORE_FULL);
    assert_int_equal(follow.position, 0);
    assert_int_equal(dossiers(), 0);
    assert_int_equal(follow.trouble, REASON_NONE);
    set_pages_max(1000000);
    play(2);
    assert_asked(1, "after=0&");
    assert_int_equal(dossiers(), 60);
    assert_int_equal(desk.book.trouble, REASON_NONE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(it_reads_to_the_end_and_then_asks_what_waits),
        TEST(a_restart_goes_on_behind),
        TEST(a_lost_book_is_made_anew),
        TEST(a_page_that_comes_again_makes_nothing_twice),
        TEST(a_page_that_leads_back_moves_nothing),
        TEST(another_store_is_read_from_its_beginning),
        TEST(what_is_no_page_is_trouble_until_one_comes),
        TEST(an_adapter_that_is_not_there_is_trouble),
        TEST(a_page_that_is_too_large_is_asked_for_in_halves),
        TEST(a_full_book_loses_nothing),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
