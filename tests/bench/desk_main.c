/* A large desk, and people at work in it (tests/bench/desk).
 *
 *   desk fill BOOK DOSSIERS WAITING PEOPLE      makes the book, prints a session of each person
 *   desk work URL DOSSIERS SECONDS <SESSIONS    each asks, reads for a moment, asks again; prints
 *                                               for each kind of question: asked, p50, p99, worst,
 *                                               in milliseconds; 1: one failed or was late
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/desk/book/people.h"
#include "adapters/desk/dossier_query.h"
#include "gateway/workers/program.h"
#include "tests/bench/desk_fill.h"
#include "tests/bench/histogram.h"
#include "tests/bench/process.h"

enum {
    PEOPLE_MAX = 100,
    PATH_BYTES = 512,
    THINK_US = 1000 * 1000, /* on average: faster than people read */
    BAR_US = 100 * 1000,    /* p99 of each kind */
    TIMEOUT_MS = 20000,
};

enum kind {
    KIND_LANDING,
    KIND_VIEW, /* and those behind it */
    KIND_DUE = KIND_VIEW + DOSSIER_VIEWS,
    KIND_CODE,
    KIND_OWNER,
    KIND_FAMILY,
    KIND_WORDS,
    KIND_AGENCY,
    KIND_DOSSIER,
    KINDS,
};

static const char *const names[] = {"view, by due date", "code",  "owner",
                                    "family name",       "words", "words of an agency",
                                    "one dossier"};

struct kind_times {
    struct histogram times;
    uint64_t failed;
};

static struct work {
    const char *url;
    int64_t dossiers;
    double until;
    pthread_mutex_t lock;
    struct kind_times kinds[KINDS];
} work = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* One person at work. */
struct clerk {
    char cookie[SESSION_TEXT_BYTES + 8];
    uint64_t random;
    CURL *curl;
};

static uint64_t next_random(struct clerk *clerk, uint64_t bound)
{
    clerk->random ^= clerk->random << 13;
    clerk->random ^= clerk->random >> 7;
    clerk->random ^= clerk->random << 17;
    return clerk->random % bound;
}

/* ---- questions ---- */

static void add_escaped(struct clerk *clerk, const char *text, char *path)
{
    char *escaped = curl_easy_escape(clerk->curl, text, 0);
    size_t size = strlen(path);
    if (escaped != NULL)
        (void)snprintf(path + size, PATH_BYTES - size, "%s", escaped);
    curl_free(escaped);
}

/* Somebody types a code without its dashes, in small letters. */
static void spell(char *code)
{
    size_t size = 0;
    for (size_t i = 0; code[i] != 0; i++)
        if (code[i] != '-' && code[i] != '.')
            code[size++] = code[i] == 'H' ? 'h' : code[i];
    code[size] = 0;
}

static void make_path(struct clerk *clerk, enum kind kind, char path[PATH_BYTES])
{
    static const char *const phrases[] = {"giấy phép xây dựng", "lý lịch tư pháp", "đất biến động",
                                          "thẻ du lịch",        "số 4711",         "mai tang hoa"};
    char text[DESK_FILL_WORDS_BYTES];
    int64_t number = (int64_t)next_random(clerk, (uint64_t)work.dossiers);
    const char *phrase = phrases[next_random(clerk, sizeof phrases / sizeof *phrases)];
    (void)snprintf(path, PATH_BYTES, "/v1/dossiers?q=");
    desk_fill_code(number, text, sizeof text);
    if (kind == KIND_LANDING) {
        (void)snprintf(path, PATH_BYTES, "/v1/landing");
    } else if (kind < KIND_DUE) {
        (void)snprintf(path, PATH_BYTES, "/v1/dossiers?view=%s", dossier_views[kind - KIND_VIEW]);
    } else if (kind == KIND_DUE) {
        (void)snprintf(path, PATH_BYTES, "/v1/dossiers?sort=due&view=%s",
                       dossier_views[next_random(clerk, DOSSIER_VIEWS)]);
    } else if (kind == KIND_DOSSIER) {
        (void)snprintf(path, PATH_BYTES, "/v1/dossiers/%s", text);
    } else if (kind == KIND_CODE) {
        spell(text);
        add_escaped(clerk, text, path);
    } else if (kind == KIND_OWNER || kind == KIND_FAMILY) {
        desk_fill_owner(number, text, sizeof text);
        text[kind == KIND_FAMILY ? strcspn(text, " ") : strlen(text)] = 0;
        add_escaped(clerk, text, path);
    } else {
        add_escaped(clerk, phrase, path);
        size_t size = strlen(path);
        if (kind == KIND_AGENCY)
            (void)snprintf(path + size, PATH_BYTES - size, "&agency=%s", desk_fill_agency(number));
    }
}

static size_t drop(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

/* From the first byte sent to the last one read. */
static void ask(struct clerk *clerk, enum kind kind)
{
    char path[PATH_BYTES], url[2 * PATH_BYTES];
    long status = 0;
    double taken_s = 0;
    make_path(clerk, kind, path);
    (void)snprintf(url, sizeof url, "%s%s", work.url, path);
    (void)curl_easy_setopt(clerk->curl, CURLOPT_URL, url);
    CURLcode code = curl_easy_perform(clerk->curl);
    (void)curl_easy_getinfo(clerk->curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(clerk->curl, CURLINFO_TOTAL_TIME, &taken_s);
    (void)pthread_mutex_lock(&work.lock);
    if (code != CURLE_OK || status != 200)
        work.kinds[kind].failed++;
    histogram_record(&work.kinds[kind].times, (uint64_t)(taken_s * 1e6));
    (void)pthread_mutex_unlock(&work.lock);
}

static void *clerk_main(void *argument)
{
    struct clerk *clerk = argument;
    struct timespec rest = {0};
    clerk->curl = curl_easy_init();
    if (clerk->curl == NULL)
        return NULL;
    (void)curl_easy_setopt(clerk->curl, CURLOPT_COOKIE, clerk->cookie);
    (void)curl_easy_setopt(clerk->curl, CURLOPT_WRITEFUNCTION, drop);
    (void)curl_easy_setopt(clerk->curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    while (clock_seconds() < work.until) {
        ask(clerk, (enum kind)next_random(clerk, KINDS));
        uint64_t rest_us = next_random(clerk, UINT64_C(2) * THINK_US);
        rest.tv_sec = (time_t)(rest_us / 1000000);
        rest.tv_nsec = (long)(rest_us % 1000000) * 1000;
        (void)nanosleep(&rest, NULL);
    }
    curl_easy_cleanup(clerk->curl);
    return NULL;
}

static bool print_kinds(void)
{
    bool is_good = true;
    for (int kind = 0; kind < KINDS; kind++) {
        const struct kind_times *it = &work.kinds[kind];
        const char *name = kind == KIND_LANDING ? "landing page"
                           : kind < KIND_DUE    ? dossier_views[kind - KIND_VIEW]
                                                : names[kind - KIND_DUE];
        uint64_t p99_us = histogram_quantile(&it->times, 0.99);
        (void)printf("%-20s %5llu asked  p50 %6.1f  p99 %6.1f  worst %6.1f ms%s\n", name,
                     (unsigned long long)it->times.count,
                     (double)histogram_quantile(&it->times, 0.5) / 1000, (double)p99_us / 1000,
                     (double)it->times.max_us / 1000,
                     it->failed > 0 ? "  FAILED" : (p99_us > BAR_US ? "  LATE" : ""));
        is_good = is_good && it->failed == 0 && it->times.count > 0 && p99_us <= BAR_US;
    }
    return is_good;
}

static int work_main(char **words)
{
    static struct clerk clerks[PEOPLE_MAX];
    static pthread_t threads[PEOPLE_MAX];
    char secret[SESSION_TEXT_BYTES + 2];
    size_t count = 0;
    work.url = words[2];
    work.dossiers = strtoll(words[3], NULL, 10);
    work.until = clock_seconds() + strtod(words[4], NULL);
    if (work.dossiers <= 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return 2;
    for (; count < PEOPLE_MAX && fgets(secret, sizeof secret, stdin) != NULL; count++) {
        secret[strcspn(secret, "\n")] = 0;
        (void)snprintf(clerks[count].cookie, sizeof clerks[count].cookie, "desk=%s", secret);
        clerks[count].random = UINT64_C(88172645463325252) + count * 7919;
        if (pthread_create(&threads[count], NULL, clerk_main, &clerks[count]) != 0)
            return 1;
    }
    for (size_t i = 0; i < count; i++)
        (void)pthread_join(threads[i], NULL);
    return print_kinds() ? 0 : 1;
}

/* ---- the book ---- */

/* Straight in the book: signing in is not what is measured. */
static enum reason add_people(struct desk_fill *fill, int count)
{
    enum reason reason = book_begin(&fill->book);
    for (int i = 0; reason == REASON_NONE && i < count; i++) {
        struct person person = {.role = DESK_ROLE_CLERK, .sees_content = true};
        char secret[SESSION_TEXT_BYTES];
        (void)snprintf(person.name, sizeof person.name, "person%d", i);
        (void)snprintf(person.full_name, sizeof person.full_name, "Person %d", i);
        reason = people_add(&fill->book, &person, "none", fill->now);
        if (reason == REASON_NONE)
            reason = sessions_begin(&fill->book, person.name, "127.0.0.1", fill->now, secret);
        if (reason == REASON_NONE)
            (void)printf("%s\n", secret);
    }
    return book_finish(&fill->book, reason);
}

static int fill_main(char **words)
{
    struct desk_fill fill;
    int64_t dossiers = strtoll(words[3], NULL, 10);
    enum reason reason = desk_fill_open(&fill, words[2], dossiers, strtoll(words[4], NULL, 10));
    for (int64_t number = 0; reason == REASON_NONE && number < dossiers;) {
        reason = book_begin(&fill.book);
        for (int i = 0; reason == REASON_NONE && i < DESK_FILL_COMMIT && number < dossiers; i++)
            reason = desk_fill_dossier(&fill, number++);
        reason = book_finish(&fill.book, reason);
    }
    fill.now = program_wall(); /* sessions begin now, however long that took */
    if (reason == REASON_NONE)
        reason = add_people(&fill, (int)strtol(words[5], NULL, 10));
    desk_fill_close(&fill);
    if (reason != REASON_NONE)
        (void)fprintf(stderr, "desk: %s\n", reason_english(reason));
    return reason == REASON_NONE ? 0 : 1;
}

int main(int count, char **words)
{
    if (count == 6 && strcmp(words[1], "fill") == 0)
        return fill_main(words);
    return count == 5 && strcmp(words[1], "work") == 0 ? work_main(words) : 2;
}
