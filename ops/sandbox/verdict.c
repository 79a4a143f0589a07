/* Whether a run was good: everything arrived, once, in order, with its files, and the portal shows
 * it. What is missing is said with the place where its reason stands. Figures of memory and time
 * are told elsewhere and judge nothing: they depend on the machine. */
#include "ops/sandbox/verdict.h"

#include <stdarg.h>

#include "ops/client/file.h"
#include "ops/sandbox/view.h"
#include "ops/terminal/terminal.h"

bool verdict_is_done(const struct verdict *verdict)
{
    const struct figures_row *total = &verdict->figures->total;
    return total->forwarded >= verdict->dossiers && total->results >= verdict->dossiers &&
           total->at_portal >= verdict->dossiers;
}

bool verdict_is_good(const struct verdict *verdict)
{
    const struct figures *figures = verdict->figures;
    return verdict_is_done(verdict) && figures->lost == 0 && figures->duplicated == 0 &&
           figures->out_of_order == 0 && figures->bad_papers == 0 && figures->portal_twice == 0;
}

/* One fault: in a window on as many lines as it needs, broken between words. */
static void say_fault(FILE *to, enum language language, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void say_fault(FILE *to, enum language language, const char *format, ...)
{
    char line[PATH_BYTES_MAX + 512];
    size_t used = (size_t)snprintf(line, sizeof line, "%s",
                                   language_pick(language, "KHÔNG ĐẠT: ", "FAILED: "));
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line + used, sizeof line - used, format, arguments);
    va_end(arguments);
    text_print_wrapped(line, 0, terminal_width(to), to);
}

static void say_not_forwarded(const struct verdict *verdict, enum language language, FILE *to)
{
    unsigned long long missing = verdict->dossiers - verdict->figures->total.forwarded;
    say_fault(to, language,
              language_pick(language,
                            "hồ sơ một cửa chưa chuyển được: %llu, sau %llu s; xem "
                            "%s/logs/adapter-centre.log",
                            "dossiers not forwarded by the desk: %llu, after %llu s; see "
                            "%s/logs/adapter-centre.log"),
              missing, (unsigned long long)verdict->elapsed_s, verdict->directory);
}

/* One agency's: who is awaited, and the two places that say why. */
static void say_awaited(const struct verdict *verdict, const struct figures_row *row,
                        enum language language, FILE *to)
{
    uint64_t count;
    enum awaited awaited = figures_awaited(row, &count);
    const char *key = row->agency->key.text;
    const char *what =
        awaited == AWAITED_OFFICE
            ? language_pick(language, "hồ sơ chờ cơ quan tiếp nhận", "dossiers not accepted by")
        : awaited == AWAITED_RESULT
            ? language_pick(language, "hồ sơ chờ kết quả của", "dossiers without a result from")
            : language_pick(language, "hồ sơ chưa đúng ở Cổng DVCQG, của",
                            "dossiers not right at the portal, of");
    const char *log = awaited == AWAITED_PORTAL ? "adapter-portal" : "adapter-";
    say_fault(to, language,
              language_pick(language, "%s %s: %llu, sau %llu s; xem %s/logs/%s%s.log",
                            "%s %s: %llu, after %llu s; see %s/logs/%s%s.log"),
              what, language_pick(language, row->agency->name_vi, row->agency->name_en),
              (unsigned long long)count, (unsigned long long)verdict->elapsed_s, verdict->directory,
              log, awaited == AWAITED_PORTAL ? "" : key);
}

/* Of what must never be, however the run ended: once is a failure. */
static void say_count(const struct verdict *verdict, uint64_t count, const char *what,
                      const char *where, enum language language, FILE *to)
{
    if (count == 0)
        return;
    say_fault(to, language,
              language_pick(language, "%s: %llu; xem %s và %s/logs/gateway.log",
                            "%s: %llu; see %s and %s/logs/gateway.log"),
              what, (unsigned long long)count, where, verdict->directory);
}

/* What is not there yet is late, or lost, when the time is up; before that it is under way. */
static void say_late(const struct verdict *verdict, enum language language, FILE *to)
{
    const struct figures *figures = verdict->figures;
    if (figures->total.forwarded < verdict->dossiers)
        say_not_forwarded(verdict, language, to);
    for (size_t i = 0; i < figures->row_count; i++) {
        uint64_t count;
        if (figures_awaited(&figures->rows[i], &count) != AWAITED_NOTHING)
            say_awaited(verdict, &figures->rows[i], language, to);
    }
}

static void say_interrupted(const struct verdict *verdict, enum language language, FILE *to)
{
    const struct figures_row *total = &verdict->figures->total;
    char line[256];
    (void)snprintf(line, sizeof line,
                   language_pick(language,
                                 "DỪNG GIỮA CHỪNG sau %llu s: %llu trong %llu hồ sơ chưa chuyển, "
                                 "%llu đang trên đường; chưa kết luận được gì về số này",
                                 "STOPPED after %llu s: %llu of %llu dossiers not forwarded yet, "
                                 "%llu under way; about these nothing is known"),
                   (unsigned long long)verdict->elapsed_s,
                   (unsigned long long)(verdict->dossiers - total->forwarded),
                   (unsigned long long)verdict->dossiers,
                   (unsigned long long)verdict->figures->lost);
    text_print_wrapped(line, 0, terminal_width(to), to);
}

void verdict_print(const struct verdict *verdict, enum language language, FILE *to)
{
    const struct figures *figures = verdict->figures;
    if (verdict_is_good(verdict)) {
        (void)fprintf(to, language_pick(language, "ĐẠT sau %llu s\n", "PASSED in %llu s\n"),
                      (unsigned long long)verdict->elapsed_s);
        return;
    }
    if (verdict->is_interrupted)
        say_interrupted(verdict, language, to);
    else
        say_late(verdict, language, to);
    say_count(verdict, figures->duplicated,
              language_pick(language, "đến hai lần ở cơ quan hoặc một cửa",
                            "arrived twice at an office or at the desk"),
              "offices/, desk/", language, to);
    say_count(verdict, figures->out_of_order,
              language_pick(language, "bước sai thứ tự", "steps out of order"),
              "desk/desk.sqlite (fault)", language, to);
    say_count(
        verdict, figures->bad_papers,
        language_pick(language, "tệp khác với tệp đã gửi", "files that differ from those sent"),
        "desk/desk.sqlite (fault)", language, to);
    say_count(verdict, figures->portal_twice,
              language_pick(language, "Cổng DVCQG nhận hai lần", "taken twice by the portal"),
              "portal/portal.sqlite", language, to);
}
