/* The portal kind against a portal that a script plays: what is sent, and what counts as done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/portal/portal_office.h"
#include "gateway/workers/file_read.h"
#include "tests/support/scripted_server.h"
#include "tests/unit/scratch.h"

enum { WAIT_ROUNDS_MAX = 1000, REPLIES_MAX = 16, ANSWERS_MAX = 16, REPLY_BYTES = 2048 };

#define CODE "H38.09-261125-0001"

struct play {
    struct scripted_server *server;
    struct office *office;
    char replies[REPLIES_MAX][REPLY_BYTES];
    struct scripted_reply script[REPLIES_MAX];
    size_t reply_count, answer_count;
    enum reason answers[ANSWERS_MAX]; /* by message_seq */
    uint32_t retry_after_ms;
    struct scratch scratch;
};

/* ---- the play -------------------------------------------------------------------------------- */

static void says_with(struct play *play, const char *head, const char *body)
{
    char *reply = play->replies[play->reply_count];
    (void)snprintf(reply, REPLY_BYTES, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", head,
                   strlen(body), body);
    play->script[play->reply_count++].raw = reply;
}

static void says(struct play *play, const char *body)
{
    says_with(play, "200 OK\r\nContent-Type: application/json", body);
}

#define LOGGED_IN  "{\"session\":\"S1\",\"error_code\":\"0\"}"
#define LOGGED_IN2 "{\"session\":\"S2\",\"error_code\":\"0\"}"
#define ONE(code)                                                                                  \
    "{\"error_code\":\"" code "\",\"message\":\"\",\"result\":[{\"MaHoSo\":\"" CODE                \
    "\",\"error_code\":\"" code "\",\"message\":\"\"}]}"
#define WHOLE(code) "{\"error_code\":\"" code "\",\"message\":\"\",\"result\":null}"

static void begin_with(struct play *play, const char *dialect)
{
    char url[64], ledger[300], fault[MAPPING_FAULT_BYTES];
    struct buffer mapping;
    play->server = scripted_server_open(play->script, play->reply_count);
    assert_non_null(play->server);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", scripted_server_port(play->server));
    assert_true(scratch_open(&play->scratch));
    (void)snprintf(ledger, sizeof ledger, "%s/portal.sqlite", play->scratch.folder);
    buffer_init(&mapping, MAPPING_PROGRAM_BYTES_MAX);
    assert_int_equal(file_read(dialect, &mapping), REASON_NONE);
    json_t *settings = json_pack("{s:s, s:s, s:s, s:s}", "unit", "H38", "dstcode", "DST",
                                 "auth_path", "/auth/login", "integration_path", "/integration");
    struct portal_options options = {
        .dialect = {.base_url = url,
                    .mapping = buffer_view(&mapping),
                    .settings = settings,
                    .credentials = json_pack("{s:s, s:s}", "username", "u", "password", "p"),
                    .headers = "X-Road-Client: VN/GOV/H38 | X-Two: 2",
                    .files_base = "http://files",
                    .files_token = "t"},
        .ledger = ledger,
        .connect_timeout_ms = 20000,
        .timeout_ms = 20000,
        .calls_max = 16,
        .requests_max = 2,
        .batch_max = 50,
    };
    enum reason reason = portal_office_new(&options, &play->office, fault);
    if (reason != REASON_NONE)
        print_error("the mapping: %s\n", fault);
    assert_int_equal(reason, REASON_NONE);
    assert_true(scripted_server_serve(play->server)); /* after the mapping's process was made */
    json_decref(options.dialect.credentials);
    json_decref(settings);
    buffer_release(&mapping);
}

static void begin(struct play *play)
{
    begin_with(play, "adapters/portal/provincial.jq");
}

static void end(struct play *play)
{
    play->office->verbs->close(play->office);
    scripted_server_stop(&play->server);
    scratch_close(&play->scratch);
    free(play);
}

static struct play *new_play(void)
{
    struct play *play = calloc(1, sizeof *play);
    assert_non_null(play);
    return play;
}

static void hear(void *context, const struct office_answer *answer)
{
    struct play *play = context;
    assert_in_range(answer->message_seq, 1, ANSWERS_MAX - 1);
    play->answers[answer->message_seq] = answer->reason;
    play->retry_after_ms = answer->retry_after_ms;
    play->answer_count++;
}

static void give(struct play *play, uint64_t seq, uint32_t attempt, const char *type,
                 const char *code, json_t *body)
{
    char id[MESSAGE_ID_TEXT_BYTES];
    (void)snprintf(id, sizeof id, "01997b6e-0000-7000-8000-0000000000%02u", (unsigned)seq);
    json_t *message = json_pack(
        "{s:{s:s, s:s, s:s, s:s, s:s}, s:o, s:[], s:{s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s}}}",
        "envelope", "type", type, "message_id", id, "dossier_code", code, "procedure_code",
        "1.011443", "source_time", "2026-11-25T08:00:00.000+07:00", "body", body, "attachments",
        "registry", "procedure", "code", "1.011443", "name", "Thủ tục", "field_code", "H38-A",
        "agency", "key", "stnmt", "code", "H38.09", "name", "Sở TNMT");
    assert_non_null(message);
    struct office_delivery delivery = {.message_seq = seq, .attempt = attempt, .message = message};
    assert_true(id_parse(bytes_of_text(id), &delivery.id));
    assert_int_equal(play->office->verbs->start(play->office, &delivery), REASON_NONE);
    json_decref(message);
}

static json_t *transfer_body(void)
{
    return json_pack("{s:{s:s, s:i, s:s, s:i}, s:i, s:I, s:I}", "owner", "name", "Mẫu",
                     "owner_kind", 1, "identity_number", "000000000000", "identity_kind", 1,
                     "channel", 2, "received_ms", (json_int_t)1764000000000, "due_ms",
                     (json_int_t)1764100000000);
}

static json_t *progress_body(int state)
{
    return json_pack("{s:s, s:i, s:{s:s}}", "content", "Đã phân công", "national_state", state,
                     "to", "name", "Cán bộ");
}

static void wait_for(struct play *play, size_t count)
{
    for (int i = 0; play->answer_count < count && i < WAIT_ROUNDS_MAX; i++) {
        struct pollfd wait = {.fd = play->office->verbs->fd(play->office), .events = POLLIN};
        (void)poll(&wait, 1, 100);
        play->office->verbs->run(play->office, hear, play);
    }
    assert_int_equal(play->answer_count, count);
}

static enum reason deliver(struct play *play, uint64_t seq, uint32_t attempt, const char *type,
                           json_t *body)
{
    size_t before = play->answer_count;
    give(play, seq, attempt, type, CODE, body);
    wait_for(play, before + 1);
    return play->answers[seq];
}

/* Three dossiers in one batch, messages 1 to 3, and their three answers. */
static void transfer_three(struct play *play, uint32_t attempt)
{
    give(play, 1, attempt, "transfer", "A-261125-0001", transfer_body());
    give(play, 2, attempt, "transfer", "A-261125-0002", transfer_body());
    give(play, 3, attempt, "transfer", "A-261125-0003", transfer_body());
    wait_for(play, 3);
}

static bool asked(struct play *play, size_t index, const char *text)
{
    return strstr(scripted_server_request(play->server, index), text) != NULL;
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void test_a_dossier_is_created_and_then_moved(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, ONE("0"));
    says(play, ONE("00"));
    says(play, ONE("0"));
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_NONE);
    assert_int_equal(deliver(play, 2, 1, "progress", progress_body(4)), REASON_NONE);
    assert_int_equal(deliver(play, 3, 1, "result", json_pack("{s:i}", "national_state", 9)),
                     REASON_NONE);
    assert_true(asked(play, 0, "POST /auth/login"));
    assert_true(asked(play, 0, "X-Road-Client: VN/GOV/H38\r\n"));
    assert_true(asked(play, 1, "\"isUpdating\":\"False\""));
    assert_true(asked(play, 1, "dstcode: DST"));
    assert_true(asked(play, 1, "\"NgayTiepNhan\":\"20251124230000\""));
    assert_true(asked(play, 2, "\"service\":\"CapNhatTienDoHoSoMC\""));
    assert_true(asked(play, 2, "\"TrangThai\":\"4\""));
    assert_true(asked(play, 3, "\"isUpdating\":\"True\""));
    assert_true(asked(play, 3, "\"TrangThaiHoSo\":\"9\""));
    assert_true(asked(play, 3, "\"NgayKetThucXuLy\":\"20261125080000\""));
    end(play);
}

static void test_a_message_that_was_accepted_is_answered_from_the_ledger(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, ONE("0"));
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_NONE);
    assert_int_equal(deliver(play, 1, 2, "transfer", transfer_body()), REASON_NONE);
    assert_int_equal(scripted_server_requests(play->server), 2);
    end(play);
}

static void test_a_transition_that_is_forbidden_is_not_sent(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, ONE("0"));
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_NONE);
    assert_int_equal(deliver(play, 2, 1, "result", json_pack("{s:i}", "national_state", 9)),
                     REASON_PORTAL_TRANSITION);
    assert_int_equal(deliver(play, 3, 1, "progress", progress_body(0)), REASON_OFFICE_ERROR);
    assert_int_equal(scripted_server_requests(play->server), 3);
    end(play);
}

static void test_nothing_is_sent_of_a_dossier_that_is_not_known(void **state)
{
    (void)state;
    struct play *play = new_play();
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "progress", progress_body(4)), REASON_PORTAL_DOSSIER);
    assert_int_equal(scripted_server_requests(play->server), 0);
    end(play);
}

static void test_a_session_that_ended_is_opened_once(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, WHOLE("-3"));
    says(play, LOGGED_IN2);
    says(play, ONE("0"));
    says(play, WHOLE("-3"));
    says(play, LOGGED_IN);
    says(play, WHOLE("-3"));
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_NONE);
    assert_true(asked(play, 3, "\"session\":\"S2\""));
    assert_int_equal(deliver(play, 2, 1, "progress", progress_body(4)), REASON_OFFICE_LOGIN);
    assert_int_equal(scripted_server_requests(play->server), 7);
    end(play);
}

#define THERE(state, steps)                                                                        \
    "{\"error_code\":\"0\",\"result\":[{\"MaHoSo\":\"" CODE "\",\"TrangThaiHoSo\":\"" state        \
    "\",\"DanhSachTienDo\":[" steps "]}]}"

static void test_exists_switches_to_update_by_code(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, ONE("11"));
    says(play, THERE("1", ""));
    says(play, ONE("0"));
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_NONE);
    assert_true(asked(play, 2, "TraCuuHoSo"));
    assert_true(asked(play, 3, "\"isUpdating\":\"True\""));
    end(play);
}

static void test_exists_and_not_there_is_no_success(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, ONE("11"));
    says(play, "{\"error_code\":\"12\",\"message\":\"\",\"result\":[]}");
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_OFFICE_DUPLICATE);
    end(play);
}

#define TAKEN_STEP                                                                                 \
    "{\"ThoiDiemXuLy\":\"20261125080000\",\"TrangThai\":\"4\",\"NoiDungXuLy\":\"Đã phân công\"}"

static void test_a_later_attempt_looks_first(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, ONE("0"));
    says_with(play, "200 OK\r\nContent-Type: text/html", "<html>thành công</html>");
    says(play, THERE("4", TAKEN_STEP));
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_NONE);
    assert_int_equal(deliver(play, 2, 1, "progress", progress_body(4)),
                     REASON_OFFICE_REPLY_MALFORMED);
    assert_int_equal(deliver(play, 2, 2, "progress", progress_body(4)), REASON_NONE);
    assert_int_equal(scripted_server_requests(play->server), 4); /* it was not sent again */
    end(play);
}

static const struct {
    const char *head, *body;
    enum reason reason;
} misbehaviours[] = {
    {"500 Oops", "", REASON_OFFICE_ERROR},
    {"503 Closed\r\nRetry-After: 7", "{}", REASON_OFFICE_ERROR},
    {"200 OK", "{\"message\":\"Thành công\"}", REASON_OFFICE_UNKNOWN},
    {"200 OK", "{\"error_code\":\"77\",\"result\":null}", REASON_OFFICE_UNKNOWN},
    {"200 OK", "{\"error_code\":\"20\"}", REASON_OFFICE_THROTTLED},
    {"200 OK", "{\"error_code\":\"99\"}", REASON_OFFICE_ERROR},
    {"404 Not Found", "{\"error_code\":\"0\"}", REASON_OFFICE_NOT_FOUND},
    {"302 Found\r\nLocation: /", "{\"error_code\":\"0\"}", REASON_OFFICE_NOT_FOUND},
    {"500 Oops", ONE("0"), REASON_OFFICE_ERROR},
};

static void test_what_is_no_success_is_told_as_such(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof misbehaviours / sizeof *misbehaviours; i++) {
        struct play *play = new_play();
        says(play, LOGGED_IN);
        says_with(play, misbehaviours[i].head, misbehaviours[i].body);
        begin(play);
        assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), misbehaviours[i].reason);
        end(play);
    }
}

static void test_a_maintenance_holds_everything_back(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, "{\"error_code\":\"21\",\"result\":{\"BaoTriDen\":\"29991231235959\"}}");
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_OFFICE_THROTTLED);
    assert_int_equal(play->retry_after_ms, 3600 * 1000);
    assert_int_equal(deliver(play, 1, 2, "transfer", transfer_body()), REASON_OFFICE_THROTTLED);
    assert_int_equal(scripted_server_requests(play->server), 2);
    end(play);
}

static void test_each_item_of_a_batch_has_its_own_end(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, "{\"error_code\":\"16\",\"result\":[{\"MaHoSo\":\"A-261125-0001\","
               "\"error_code\":\"0\"},{\"MaHoSo\":\"A-261125-0002\",\"error_code\":\"99\"},"
               "{\"MaHoSo\":\"A-261125-0003\",\"error_code\":\"00\"}]}");
    begin(play);
    transfer_three(play, 1);
    assert_int_equal(play->answers[1], REASON_NONE);
    assert_int_equal(play->answers[2], REASON_OFFICE_ERROR);
    assert_int_equal(play->answers[3], REASON_NONE);
    end(play);
}

/* The results name their dossiers: their order is the portal's affair. */
static void test_results_belong_to_the_dossiers_that_they_name(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, "{\"error_code\":\"16\",\"result\":[{\"MaHoSo\":\"A-261125-0002\","
               "\"error_code\":\"99\"},{\"MaHoSo\":\"A-261125-0003\",\"error_code\":\"0\"},"
               "{\"MaHoSo\":\"A-261125-0009\",\"error_code\":\"0\"}]}");
    begin(play);
    transfer_three(play, 1);
    assert_int_equal(play->answers[1], REASON_OFFICE_UNKNOWN);
    assert_int_equal(play->answers[2], REASON_OFFICE_ERROR);
    assert_int_equal(play->answers[3], REASON_NONE);
    end(play);
}

/* Invariant 6: what the portal shows of one dossier is nothing to the others of its batch. */
static void test_a_row_that_cannot_be_read_harms_nobody_else(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, "{\"error_code\":\"0\",\"result\":[{\"MaHoSo\":\"A-261125-0001\","
               "\"NgayKetThucXuLy\":\"2026-11-25\"},{\"MaHoSo\":\"A-261125-0002\","
               "\"NgayTra\":20261125},{\"MaHoSo\":\"A-261125-0003\"}]}");
    begin(play);
    transfer_three(play, 2);
    for (size_t seq = 1; seq <= 3; seq++)
        assert_int_equal(play->answers[seq], REASON_NONE);
    end(play);
}

/* The ministries' interface: a lookup that does not show the number does not take it away. */
static void test_the_portal_s_own_number_is_kept(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, "{\"access_token\":\"T\"}");
    says(play, "{\"error_code\":\"0\",\"result\":{\"IdHoSo\":\"77\"}}");
    says(play, THERE("2", ""));
    says(play, "{\"error_code\":\"0\",\"result\":[{\"error_code\":\"0\"}]}");
    begin_with(play, "adapters/portal/ministry.jq");
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_NONE);
    assert_int_equal(deliver(play, 2, 2, "progress", progress_body(4)), REASON_NONE);
    assert_true(asked(play, 3, "CapNhatTienTrinh"));
    assert_true(asked(play, 3, "\"IDHoSo\":\"77\""));
    end(play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_dossier_is_created_and_then_moved),
        cmocka_unit_test(test_a_message_that_was_accepted_is_answered_from_the_ledger),
        cmocka_unit_test(test_a_transition_that_is_forbidden_is_not_sent),
        cmocka_unit_test(test_nothing_is_sent_of_a_dossier_that_is_not_known),
        cmocka_unit_test(test_a_session_that_ended_is_opened_once),
        cmocka_unit_test(test_exists_switches_to_update_by_code),
        cmocka_unit_test(test_exists_and_not_there_is_no_success),
        cmocka_unit_test(test_a_later_attempt_looks_first),
        cmocka_unit_test(test_what_is_no_success_is_told_as_such),
        cmocka_unit_test(test_a_maintenance_holds_everything_back),
        cmocka_unit_test(test_each_item_of_a_batch_has_its_own_end),
        cmocka_unit_test(test_results_belong_to_the_dossiers_that_they_name),
        cmocka_unit_test(test_the_portal_s_own_number_is_kept),
        cmocka_unit_test(test_a_row_that_cannot_be_read_harms_nobody_else),
    };
    return cmocka_run_group_tests_name("portal_office", tests, NULL, NULL);
}
