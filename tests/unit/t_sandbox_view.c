/* The picture of a sandbox run on real terminals of several sizes: nothing is wider than the window
 * or longer, in either language, with and without colour; and what a run's verdict says. */
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ops/sandbox/verdict.h"
#include "ops/sandbox/view.h"

enum { AGENCIES = 23, OUTPUT_BYTES = 64 * 1024 };

static struct agency agencies[AGENCIES];
static struct figures figures;

/* One agency waits in each of the three ways, the others for nothing. */
static int set_up(void **state)
{
    (void)state;
    figures = (struct figures){.row_count = AGENCIES};
    for (size_t i = 0; i < AGENCIES; i++) {
        agencies[i].name_vi = "Sở Nông nghiệp và Phát triển nông thôn tỉnh Lào Cai";
        agencies[i].name_en = "Department of Agriculture and Rural Development";
        (void)snprintf(agencies[i].key.text, sizeof agencies[i].key.text, "agency%zu", i);
        figures.rows[i] = (struct figures_row){.agency = &agencies[i],
                                               .forwarded = 10,
                                               .accepted = 10,
                                               .results = 10,
                                               .at_portal = 10};
        figures.total.forwarded += 10;
    }
    figures.rows[20].accepted = 3;
    figures.rows[21].results = 8;
    figures.rows[22].at_portal = 9;
    figures.total.accepted = figures.total.forwarded - 7;
    figures.total.results = figures.total.forwarded - 9;
    figures.total.at_portal = figures.total.forwarded - 10;
    return 0;
}

/* What a terminal of that size is sent by two pictures, one over the other. */
static void draw(unsigned short columns, unsigned short rows, enum language language,
                 char ret_output[OUTPUT_BYTES])
{
    struct winsize size = {.ws_col = columns, .ws_row = rows};
    int master, slave;
    assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
    FILE *to = fdopen(slave, "w");
    struct view view;
    size_t used = 0;
    assert_non_null(to);
    assert_int_equal(fcntl(master, F_SETFL, O_NONBLOCK), 0);
    view_init(&view, language, to);
    for (int i = 0; i < 2; i++) {
        view_show(&view, &figures, 1);
        for (ssize_t got = 1; got > 0 && used < OUTPUT_BYTES - 1;) {
            got = read(master, ret_output + used, OUTPUT_BYTES - 1 - used);
            used += got > 0 ? (size_t)got : 0;
        }
    }
    ret_output[used] = 0;
    (void)fclose(to);
    (void)close(master);
}

/* Takes escape sequences and carriage returns out. */
static void strip(char *text)
{
    char *to = text;
    for (char *at = text; *at != 0; at++) {
        if (*at == '\r')
            continue;
        if (*at == '\033') {
            while (*at != 0 && (*at < 'A' || *at > 'z' || *at == '['))
                at++;
            continue;
        }
        *to++ = *at;
    }
    *to = 0;
}

static void look_at_sizes(enum language language)
{
    static const unsigned short sizes[][2] = {{60, 10}, {80, 24}, {100, 30}, {120, 40}, {200, 60}};
    static char output[OUTPUT_BYTES];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        draw(sizes[i][0], sizes[i][1], language, output);
        strip(output);
        size_t lines = 0;
        for (char *line = output + strspn(output, "\n"); *line != 0; line += strspn(line, "\n")) {
            char *end = line + strcspn(line, "\n");
            char after = *end;
            *end = 0;
            assert_in_range(text_width(line), 1, sizes[i][0]);
            *end = after;
            line = end;
            lines++;
        }
        assert_in_range(lines, 6, 2 * (size_t)(sizes[i][1] - 1));
    }
}

static void it_fits_the_window(void **state)
{
    (void)state;
    (void)setenv("TERM", "xterm", 1);
    look_at_sizes(LANGUAGE_ENGLISH);
    look_at_sizes(LANGUAGE_VIETNAMESE);
}

static void who_is_awaited_most_comes_first(void **state)
{
    static char output[OUTPUT_BYTES];
    (void)state;
    (void)setenv("TERM", "xterm", 1);
    draw(80, 24, LANGUAGE_ENGLISH, output);
    const char *office = strstr(output, "acceptance (7)");
    const char *result = strstr(output, "result (2)");
    const char *portal = strstr(output, "portal (1)");
    assert_non_null(office);
    assert_true(office < result && result < portal);
    assert_non_null(strstr(output, "\033[33m"));
    (void)setenv("NO_COLOR", "1", 1);
    draw(80, 24, LANGUAGE_ENGLISH, output);
    assert_null(strstr(output, "\033[33m"));
    (void)unsetenv("NO_COLOR");
}

static void a_plain_terminal_gets_a_line(void **state)
{
    static char output[OUTPUT_BYTES];
    (void)state;
    (void)setenv("TERM", "dumb", 1);
    draw(80, 24, LANGUAGE_ENGLISH, output);
    assert_null(strchr(output, '\033'));
    assert_non_null(strstr(output, "awaited of agency20: acceptance (7)"));
}

static void print_verdict(uint64_t dossiers, enum language language, char *ret_text, size_t size)
{
    struct verdict verdict = {
        .figures = &figures, .dossiers = dossiers, .elapsed_s = 12, .directory = "here"};
    FILE *to = fmemopen(ret_text, size, "w");
    assert_non_null(to);
    verdict_print(&verdict, language, to);
    (void)fclose(to);
}

static void a_verdict_names_who_is_awaited(void **state)
{
    char text[2048];
    (void)state;
    print_verdict(figures.total.forwarded, LANGUAGE_ENGLISH, text, sizeof text);
    assert_string_equal(
        text,
        "FAILED: dossiers not accepted by Department of Agriculture and Rural Development: 7, "
        "after 12 s; see here/logs/adapter-agency20.log\n"
        "FAILED: dossiers without a result from Department of Agriculture and Rural "
        "Development: 2, after 12 s; see here/logs/adapter-agency21.log\n"
        "FAILED: dossiers not right at the portal, of Department of Agriculture and Rural "
        "Development: 1, after 12 s; see here/logs/adapter-portal.log\n");
    figures.duplicated = 1;
    print_verdict(figures.total.forwarded + 1, LANGUAGE_VIETNAMESE, text, sizeof text);
    assert_int_equal(strncmp(text, "KHÔNG ĐẠT: hồ sơ một cửa chưa chuyển được: 1, sau", 40), 0);
    assert_non_null(strstr(text, "KHÔNG ĐẠT: đến hai lần ở cơ quan hoặc một cửa: 1; xem"));
}

static void a_good_run_has_passed(void **state)
{
    char text[256];
    (void)state;
    for (size_t i = 20; i < AGENCIES; i++)
        figures.rows[i].accepted = figures.rows[i].results = figures.rows[i].at_portal = 10;
    figures.total.accepted = figures.total.results = figures.total.at_portal =
        figures.total.forwarded;
    print_verdict(figures.total.forwarded, LANGUAGE_ENGLISH, text, sizeof text);
    assert_string_equal(text, "PASSED in 12 s\n");
    figures.out_of_order = 1;
    print_verdict(figures.total.forwarded, LANGUAGE_ENGLISH, text, sizeof text);
    assert_int_equal(strncmp(text, "FAILED: steps out of order: 1; see", 34), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_fits_the_window, set_up),
        cmocka_unit_test_setup(who_is_awaited_most_comes_first, set_up),
        cmocka_unit_test_setup(a_plain_terminal_gets_a_line, set_up),
        cmocka_unit_test_setup(a_verdict_names_who_is_awaited, set_up),
        cmocka_unit_test_setup(a_good_run_has_passed, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
