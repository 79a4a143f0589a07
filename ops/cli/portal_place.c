/* What the portal's commands read before they do anything: the adapter's settings, its dialect,
 * its ledger. They work on the same files as the running adapter, which is why most of them only
 * read. */
#include "ops/cli/portal_place.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/portal/portal_setup.h"
#include "adapters/portal/portal_window.h"
#include "gateway/api/json_text.h"
#include "gateway/workers/program.h"
#include "ops/cli/adapter_call.h"
#include "ops/cli/say.h"
#include "ops/cli/text.h"
#include "proto/base/day.h"
#include "proto/base/reason.h"

static volatile sig_atomic_t is_interrupted;

/* A flag and nothing else: a long run ends between two requests and not within one. */
static void interrupt(int signal_number)
{
    (void)signal_number;
    is_interrupted = 1;
}

void portal_interrupts_watch(void)
{
    struct sigaction action = {.sa_handler = interrupt};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

bool portal_is_interrupted(void)
{
    return is_interrupted != 0;
}

/* To whom the portal's adapter speaks is no office but the portal. */
static const char *trouble_text(const struct invocation *invocation, enum reason reason)
{
    bool is_silent = reason == REASON_OFFICE_UNREACHABLE || reason == REASON_OFFICE_TIMEOUT;
    return is_silent ? text_of(TEXT_PORTAL_SILENT, invocation->language)
                     : reason_text(reason, invocation->language);
}

/* What was decided against us is told apart from what may pass, so that a script knows whether to
 * try again. */
int portal_complain(const struct invocation *invocation, const char *what, enum reason reason)
{
    enum reason_class class = reason_class(reason);
    bool is_no = class == REASON_CLASS_PERMANENT && reason != REASON_FILE_UNREADABLE &&
                 reason != REASON_SETTINGS_INVALID;
    say(stderr, text_of(TEXT_PORTAL_FAILED, invocation->language), what,
        trouble_text(invocation, reason), reason_code(reason));
    return is_no ? EXIT_CODE_REFUSED : EXIT_CODE_UNREACHABLE;
}

#define SETTINGS_DEFAULT "/etc/lienthong/adapter.yaml"
enum { TOKEN_BYTES_MAX = 256 };

/* ---- settings -------------------------------------------------------------------------------- */

/* A file, or a folder with adapter.yaml in it or beside it. */
static bool find_settings(const char *where, char ret_path[PATH_BYTES_MAX])
{
    static const char *const tails[] = {"adapter.yaml", "../adapter.yaml"};
    struct stat status;
    const char *environment = getenv("LIENTHONG_ADAPTER");
    if (where == NULL)
        where = environment != NULL && environment[0] != 0 ? environment : SETTINGS_DEFAULT;
    (void)path_make(ret_path, "%s", where);
    if (stat(where, &status) != 0)
        return false;
    if (!S_ISDIR(status.st_mode))
        return true;
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        if (path_make(ret_path, "%s/%s", where, tails[i]) && access(ret_path, R_OK) == 0)
            return true;
    }
    return false;
}

static int load_settings(const struct invocation *invocation, struct portal_place *place)
{
    size_t row_count;
    const struct setting *rows = adapter_settings_rows(&row_count);
    if (!program_load_settings(place->settings_path, rows, row_count, invocation->language,
                               &place->settings))
        return EXIT_CODE_UNREACHABLE;
    const char *fault = adapter_settings_fault(&place->settings);
    place->portal = adapter_settings_of_kind(&place->settings);
    if (fault == NULL && adapter_settings_kind(&place->settings) == &office_kind_portal)
        return EXIT_CODE_OK;
    return portal_complain(invocation, fault == NULL ? "office.kind" : fault,
                           REASON_SETTINGS_INVALID);
}

/* ---- the portal ------------------------------------------------------------------------------ */

/* Where the portal fetches files: as the running adapter would say, so that both say the same. */
static void read_links(const struct adapter_settings *settings, char base[64],
                       char token[TOKEN_BYTES_MAX])
{
    char path[PATH_BYTES_MAX], port[16];
    base[0] = token[0] = 0;
    if (path_make(path, "%s/api.port", settings->state_directory) &&
        file_read_line(path, port, sizeof port))
        (void)snprintf(base, 64, "http://127.0.0.1:%s", port);
    if (!path_make(path, "%s/office.token", settings->state_directory) ||
        !file_read_line(path, token, TOKEN_BYTES_MAX))
        token[0] = 0;
}

/* The client keeps what it needs of the setup, which is released here in any case: it holds the
 * portal's password. */
static enum reason open_client(struct portal_place *place, char fault[MAPPING_FAULT_BYTES])
{
    const struct adapter_settings *settings = &place->settings;
    struct portal_setup setup;
    char base[64], token[TOKEN_BYTES_MAX];
    const char *what = "";
    read_links(settings, base, token);
    enum reason reason =
        portal_setup_read(&settings->office, place->portal, base, token, &setup, &what);
    (void)snprintf(fault, MAPPING_FAULT_BYTES, "%s", what);
    struct portal_client_options options = {
        .dialect = setup.options,
        .ca_file = settings->office.ca_file[0] == 0 ? NULL : settings->office.ca_file,
        .connect_timeout_ms = (uint32_t)settings->office.connect_timeout_ms,
        .timeout_ms = (uint32_t)settings->office.timeout_ms,
    };
    if (reason == REASON_NONE)
        reason = portal_client_new(&options, &place->client, fault);
    portal_setup_release(&setup);
    return reason;
}

/* What a failure leaves open is portal_place_close's, which the caller calls in any case. */
int portal_place_open(const struct invocation *invocation, const char *where, bool with_client,
                      struct portal_place *ret_place)
{
    char path[PATH_BYTES_MAX], fault[MAPPING_FAULT_BYTES] = "";
    *ret_place = (struct portal_place){.ledger = NULL};
    if (!find_settings(where, ret_place->settings_path))
        return portal_complain(invocation, ret_place->settings_path, REASON_FILE_UNREADABLE);
    int code = load_settings(invocation, ret_place);
    if (code != EXIT_CODE_OK)
        return code;
    enum reason reason = with_client ? open_client(ret_place, fault) : REASON_NONE;
    if (reason != REASON_NONE)
        return portal_complain(invocation, fault, reason);
    (void)folder_make(ret_place->settings.state_directory, 0700);
    if (!path_make(path, "%s/" PORTAL_LEDGER_NAME, ret_place->settings.state_directory))
        return EXIT_CODE_USAGE;
    reason = portal_ledger_open(path, &ret_place->ledger);
    return reason == REASON_NONE ? EXIT_CODE_OK : portal_complain(invocation, path, reason);
}

void portal_place_close(struct portal_place *place)
{
    portal_client_destroy(&place->client);
    portal_ledger_close(&place->ledger);
}

/* The start of a day of an option, which was read as one before. */
static wall_t day_or(const char *text, wall_t fallback)
{
    civil_day_t day;
    return text != NULL && day_parse(bytes_of_text(text), &day) ? day_start(day) : fallback;
}

/* Whole days of Vietnam; the last one is included, as people mean it. */
bool portal_period(const struct invocation *invocation, const char *first, const char *last,
                   int64_t days, wall_t *ret_from, wall_t *ret_to)
{
    const int64_t day_ms = (int64_t)24 * 60 * 60 * 1000;
    wall_t today = day_start(day_of(program_wall()));
    *ret_from = day_or(first, (wall_t){today.ms - days * day_ms});
    *ret_to = (wall_t){day_or(last, today).ms + day_ms};
    if (ret_from->ms < ret_to->ms)
        return true;
    (void)fputs(text_of(TEXT_PORTAL_NO_DAYS, invocation->language), stderr);
    return false;
}

void portal_wait_label(const struct invocation *invocation, int64_t until_ms, enum reason trouble,
                       char *ret_label, size_t capacity)
{
    char moment[TIME_TEXT_BYTES], time[32];
    if (until_ms == 0 && trouble != REASON_NONE)
        (void)snprintf(ret_label, capacity, text_of(TEXT_PORTAL_TRIES, invocation->language),
                       trouble_text(invocation, trouble));
    if (until_ms == 0)
        return;
    stamp_format((struct stamp){{until_ms}, VIETNAM_OFFSET_MINUTES}, moment);
    (void)snprintf(ret_label, capacity, text_of(TEXT_PORTAL_PAUSED_LABEL, invocation->language),
                   time_label(moment, time));
}

/* In a maintenance window that the operator has set nothing is asked at all, as the running adapter
 * asks nothing then. Until when it is closed is kept for the complaint. */
enum reason portal_place_ask(struct portal_place *place, const struct portal_question *question,
                             struct portal_answer *ret_answer)
{
    struct portal_windows windows = {.count = 0};
    wall_t now = program_wall();
    *ret_answer = (struct portal_answer){.reason = REASON_PORTAL_CLOSED};
    (void)portal_windows_parse(place->portal->maintenance, &windows);
    int64_t closed = portal_windows_wait_ms(&windows, now);
    if (closed > 0)
        ret_answer->until_ms = now.ms + closed;
    else
        (void)portal_client_ask(place->client, question, ret_answer);
    closed = portal_closed_wait_ms(ret_answer->until_ms, now);
    bool is_closed = ret_answer->reason != REASON_NONE && closed > 0;
    place->closed_until_ms = is_closed ? now.ms + closed : 0;
    return ret_answer->reason;
}

int portal_place_complain(const struct invocation *invocation, const struct portal_place *place,
                          const char *what, enum reason reason)
{
    char label[128];
    if (place->closed_until_ms == 0)
        return portal_complain(invocation, what, reason);
    portal_wait_label(invocation, place->closed_until_ms, reason, label, sizeof label);
    say(stderr, text_of(TEXT_PORTAL_FAILED, invocation->language), what, label,
        reason_code(reason));
    return EXIT_CODE_UNREACHABLE;
}
