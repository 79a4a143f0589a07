/* Brings the province up, lets the desk forward its dossiers, shows how they fare, and counts. One
 * thread and one loop: signals, the control socket, children, the picture. The programs are the
 * real ones, each in a process of its own; the verdict is by the books of those who are not ours
 * (figures.c, verdict.c). */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "gateway/api/api.h"
#include "gateway/workers/program.h"
#include "gateway/workers/registry_directory.h"
#include "ops/client/http.h"
#include "ops/sandbox/children.h"
#include "ops/sandbox/console.h"
#include "ops/sandbox/database.h"
#include "ops/sandbox/foreground.h"
#include "ops/sandbox/sandbox.h"
#include "ops/sandbox/verdict.h"
#include "ops/sandbox/view.h"
#include "proto/seal/sha256.h"

enum {
    ROUND_MS = 50,
    SHOW_MS = 1000,
    KIB_PER_MB = 1024,
};

enum { PROCESS_STOP, PROCESS_START };

struct province {
    const struct sandbox_up_options *options;
    enum language language;
    struct registry *registry;
    struct children children;
    struct figures figures;
    int signals;
    struct api *control;
    int lock;
    bool is_stopping;
    struct view view;
    int64_t started_ms;
    uint64_t gateway_kib, adapter_kib; /* peaks seen, over restarts */
};

static bool fail(const char *what)
{
    (void)fprintf(stderr, "lienthong sandbox up: %s\n", what);
    return false;
}

/* ---- processes ------------------------------------------------------------------------------- */

static bool add_agency(struct province *province, const struct agency *agency)
{
    const struct sandbox_up_options *options = province->options;
    const char *key = agency->key.text;
    char name[CHILD_NAME_BYTES];
    char program[PATH_BYTES_MAX], settings[PATH_BYTES_MAX], state[PATH_BYTES_MAX];
    char office[PATH_BYTES_MAX], port_file[PATH_BYTES_MAX];
    char port[16], delay[16], every[16];
    (void)snprintf(name, sizeof name, "adapter-%s", key);
    /* One that was enrolled later may have its adapter anywhere. */
    if (path_make(settings, "%s/adapters/%s/adapter.yaml", options->directory, key) &&
        access(settings, F_OK) != 0) {
        (void)fprintf(stderr, "lienthong sandbox up: %s: %s\n", settings,
                      language_pick(province->language, "không có; cơ quan này tự chạy bộ nối",
                                    "not there; this agency runs its adapter itself"));
        return true;
    }
    if (!path_make(program, "%s/lienthong-adapter", options->programs) ||
        !path_make(settings, "%s/adapters/%s/adapter.yaml", options->directory, key) ||
        !path_make(state, "%s/adapters/%s/state", options->directory, key) ||
        children_add(&province->children, name, program, "--settings", settings, (char *)NULL) ==
            NULL)
        return false;
    if (agency->role != ROLE_AGENCY)
        return true;
    (void)snprintf(name, sizeof name, "office-%s", key);
    (void)snprintf(delay, sizeof delay, "%u", options->step_delay_ms);
    (void)snprintf(every, sizeof every, "%u", options->supplement_every);
    if (path_make(office, "%s/offices/%s", options->directory, key) && access(office, F_OK) != 0)
        return true; /* an inbox, answered by hand */
    return path_make(program, "%s/lienthong-sandbox-office", options->programs) &&
           path_make(port_file, "%s/port", office) &&
           file_read_line(port_file, port, sizeof port) &&
           children_add(&province->children, name, program, "--agency", key, "--directory", office,
                        "--adapter", state, "--port", port, "--step-delay-ms", delay,
                        "--supplement-every", every, (char *)NULL) != NULL;
}

static bool add_portal(struct province *province, const struct agency *agency)
{
    const char *directory = province->options->directory;
    char program[PATH_BYTES_MAX], portal[PATH_BYTES_MAX], registry[PATH_BYTES_MAX];
    char port_file[PATH_BYTES_MAX], port[16];
    return add_agency(province, agency) &&
           path_make(program, "%s/lienthong-sandbox-portal", province->options->programs) &&
           path_make(portal, "%s/portal", directory) &&
           path_make(registry, "%s/registry", directory) &&
           path_make(port_file, "%s/port", portal) &&
           file_read_line(port_file, port, sizeof port) &&
           children_add(&province->children, "portal", program, "--directory", portal, "--port",
                        port, "--unit", "H38", "--catalogue", registry, (char *)NULL) != NULL;
}

static bool add_desk(struct province *province)
{
    const struct sandbox_up_options *options = province->options;
    char program[PATH_BYTES_MAX], desk[PATH_BYTES_MAX], adapter[PATH_BYTES_MAX];
    char registry[PATH_BYTES_MAX], dossiers[16], delay[16], least[24], most[24];
    (void)snprintf(dossiers, sizeof dossiers, "%u", options->dossiers);
    (void)snprintf(delay, sizeof delay, "%u", options->forward_delay_ms);
    (void)snprintf(least, sizeof least, "%llu", (unsigned long long)options->file_bytes_min);
    (void)snprintf(most, sizeof most, "%llu", (unsigned long long)options->file_bytes_max);
    return path_make(program, "%s/lienthong-sandbox-desk", options->programs) &&
           path_make(desk, "%s/desk", options->directory) &&
           path_make(adapter, "%s/adapters/centre/state", options->directory) &&
           path_make(registry, "%s/registry", options->directory) &&
           children_add(&province->children, "desk", program, "--directory", desk, "--adapter",
                        adapter, "--registry", registry, "--dossiers", dossiers,
                        "--forward-delay-ms", delay, "--file-bytes-min", least, "--file-bytes-max",
                        most, (char *)NULL) != NULL;
}

/* The centre's staff's, on what the centre's adapter has. */
static bool add_console(struct province *province)
{
    const struct sandbox_up_options *options = province->options;
    char program[PATH_BYTES_MAX], settings[PATH_BYTES_MAX];
    return console_prepare(options->directory, province->registry) &&
           path_make(program, "%s/lienthong-desk", options->programs) &&
           path_make(settings, "%s/consoles/centre/desk.yaml", options->directory) &&
           children_add(&province->children, CONSOLE_CHILD, program, "--settings", settings,
                        (char *)NULL) != NULL;
}

/* --hold leaves one of them down, for whoever wants to see what the others do without it. */
static bool start_children(struct province *province)
{
    const struct sandbox_up_options *options = province->options;
    char program[PATH_BYTES_MAX], settings[PATH_BYTES_MAX];
    bool added = children_init(&province->children, options->directory) &&
                 path_make(program, "%s/lienthong-gateway", options->programs) &&
                 path_make(settings, "%s/gateway/gateway.yaml", options->directory) &&
                 children_add(&province->children, "gateway", program, "--settings", settings,
                              (char *)NULL) != NULL;
    for (size_t i = 0; added && i < registry_agency_count(province->registry); i++) {
        const struct agency *agency = registry_agency_at(province->registry, i);
        if (agency->role == ROLE_CENTRE || agency->role == ROLE_AGENCY)
            added = add_agency(province, agency);
        if (agency->role == ROLE_PORTAL)
            added = add_portal(province, agency);
    }
    added = added && add_desk(province) && add_console(province);
    if (added && options->hold != NULL && children_find(&province->children, options->hold) == NULL)
        return fail(options->hold);
    for (size_t i = 0; added && i < province->children.count; i++) {
        struct child *child = &province->children.list[i];
        if (options->hold == NULL || strcmp(options->hold, child->name) != 0)
            child_start(&province->children, child);
    }
    return added || fail("processes");
}

/* A program that was restarted begins a new peak; the largest of all is kept, because a leak shows
 * at whichever ran longest. */
static void watch_memory(struct province *province)
{
    for (size_t i = 0; i < province->children.count; i++) {
        const struct child *child = &province->children.list[i];
        uint64_t kib = child_peak_memory_kib(child);
        if (strcmp(child->name, "gateway") == 0 && kib > province->gateway_kib)
            province->gateway_kib = kib;
        if (strncmp(child->name, "adapter-", 8) == 0 && kib > province->adapter_kib)
            province->adapter_kib = kib;
    }
}

/* ---- control ---- */

/* A dossier that exists, for the command that shows one. */
static void find_dossier(const struct province *province, char ret_code[DOSSIER_CODE_BYTES_MAX + 1])
{
    char path[PATH_BYTES_MAX];
    sqlite3 *desk = NULL;
    ret_code[0] = 0;
    if (path_make(path, "%s/desk/desk.sqlite", province->options->directory) &&
        database_open(path, "", true, &desk)) {
        sqlite3_stmt *found =
            database_prepare(desk, "SELECT code FROM dossier ORDER BY code LIMIT 1", "");
        if (found != NULL && sqlite3_step(found) == SQLITE_ROW)
            (void)snprintf(ret_code, DOSSIER_CODE_BYTES_MAX + 1, "%s",
                           (const char *)sqlite3_column_text(found, 0));
        (void)sqlite3_finalize(found);
    }
    (void)sqlite3_close(desk);
}

/* Everything that a test or a person asks of a running province, in one answer, so that figures and
 * processes are of one moment. */
static json_t *status_json(struct province *province)
{
    char code[DOSSIER_CODE_BYTES_MAX + 1];
    find_dossier(province, code);
    (void)figures_read(province->options->directory, province->registry, &province->figures);
    json_t *list = json_array();
    for (size_t i = 0; i < province->children.count; i++) {
        const struct child *child = &province->children.list[i];
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:i, s:i}", "name", child->name, "pid",
                                              (int)child->pid, "restarts", (int)child->restarts));
    }
    const struct figures *figures = &province->figures;
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "dossier", code, "forwarded",
                     (json_int_t)figures->total.forwarded, "accepted",
                     (json_int_t)figures->total.accepted, "results",
                     (json_int_t)figures->total.results, "lost", (json_int_t)figures->lost,
                     "duplicated", (json_int_t)figures->duplicated, "out_of_order",
                     (json_int_t)figures->out_of_order, "processes", list);
}

static void status_get(struct api_request *request)
{
    api_answer_json(request, HTTP_OK, status_json(api_context(request)));
}

/* The answer is the status after the change: the caller sees the process id that came or went. */
static void process_change(struct api_request *request)
{
    struct province *province = api_context(request);
    struct child *child = children_find(&province->children, api_argument(request));
    if (child == NULL) {
        api_answer_reason(request, REASON_NOT_FOUND, "process");
        return;
    }
    if (api_which(request) == PROCESS_STOP)
        child_stop(&province->children, child);
    else
        child_start(&province->children, child);
    status_get(request);
}

static const struct api_route control_routes[] = {
    {"GET", "/v1/status", API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, status_get, NULL, 0},
    {"POST", "/v1/processes/{}/stop", API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, process_change,
     NULL, PROCESS_STOP},
    {"POST", "/v1/processes/{}/start", API_KNOWN, API_BODY_NONE, NULL, NULL, NULL, process_change,
     NULL, PROCESS_START},
};

/* Signals by descriptor, so that they are seen between two steps and no handler runs. */
static bool start_control(struct province *province)
{
    char what[API_WHAT_BYTES];
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    province->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    struct api_options options = {.routes = control_routes,
                                  .route_count = sizeof control_routes / sizeof *control_routes,
                                  .context = province,
                                  .doors = {.port = API_PORT_NONE}};
    bool is_open =
        path_make(options.doors.socket, "%s/run/control.socket", province->options->directory) &&
        api_new(&options, &province->control, what) == REASON_NONE;
    return (province->signals >= 0 && is_open) || fail("control socket");
}

enum reason sandbox_ask(const char *directory, const char *command, const char *name,
                        json_t **ret_answer)
{
    char socket[PATH_BYTES_MAX], path[PATH_BYTES_MAX];
    struct api_reply reply = {0};
    struct http *http = NULL;
    bool is_status = strcmp(command, "status") == 0;
    *ret_answer = NULL;
    if (!path_make(socket, "%s/run/control.socket", directory) ||
        !path_make(path, is_status ? "/v1/status" : "/v1/processes/%s/%s", name, command))
        return REASON_FILE_UNREADABLE;
    enum reason reason =
        http_new(&(struct http_options){.base_url = "http://localhost", .socket = socket}, &http);
    if (reason == REASON_NONE)
        reason = http_call(
            http, &(struct api_call){.method = is_status ? "GET" : "POST", .path = path}, &reply);
    http_destroy(&http);
    *ret_answer = reply.body;
    return reason;
}

/* ---- the run ---- */

/* As of now; asked for again whenever figures were read. */
static struct verdict verdict_of(const struct province *province)
{
    return (struct verdict){
        .figures = &province->figures,
        .dossiers = province->options->dossiers,
        .elapsed_s = (uint64_t)(program_mono().ms - province->started_ms) / 1000,
        .is_interrupted = province->is_stopping,
        .directory = province->options->directory,
    };
}

/* One round: signals, control, children. */
static void tend(struct province *province)
{
    struct pollfd waits[] = {{.fd = province->signals, .events = POLLIN},
                             {.fd = api_fd(province->control), .events = POLLIN}};
    struct signalfd_siginfo info;
    (void)poll(waits, 2, ROUND_MS);
    if (read(province->signals, &info, sizeof info) == (ssize_t)sizeof info)
        province->is_stopping = true;
    api_run(province->control, program_mono());
    children_tend(&province->children);
}

/* Ends by itself only when all is done or the time is up: figures that stand still are a finding
 * too. */
static void run(struct province *province)
{
    int64_t until = province->started_ms + (int64_t)province->options->limit_seconds * 1000;
    int64_t next_show = 0;
    struct verdict verdict = verdict_of(province);
    while (!province->is_stopping && !verdict_is_done(&verdict) && program_mono().ms < until) {
        tend(province);
        if (program_mono().ms < next_show)
            continue;
        next_show = program_mono().ms + SHOW_MS;
        watch_memory(province);
        (void)figures_read(province->options->directory, province->registry, &province->figures);
        verdict = verdict_of(province);
        view_show(&province->view, &province->figures, verdict.elapsed_s);
    }
    view_end(&province->view);
}

/* The portal is asked after the desk's book was read: it may be ahead of it. */
static uint64_t not_at_portal(const struct figures_row *total)
{
    return total->forwarded > total->at_portal ? total->forwarded - total->at_portal : 0;
}

static void print_figures(struct province *province)
{
    const struct figures *figures = &province->figures;
    enum language language = province->language;
    uint32_t restarts = 0;
    for (size_t i = 0; i < province->children.count; i++)
        restarts += province->children.list[i].restarts;
    (void)printf(language_pick(language, "bộ nhớ: cổng %llu MB, bộ nối nhiều nhất %llu MB\n",
                               "memory: gateway %llu MB, adapters at most %llu MB\n"),
                 (unsigned long long)province->gateway_kib / KIB_PER_MB,
                 (unsigned long long)province->adapter_kib / KIB_PER_MB);
    (void)printf(language_pick(language,
                               "sai thứ tự %llu, tệp sai %llu, tiến trình khởi động lại %u\n",
                               "%llu out of order, %llu bad papers, %u process restarts\n"),
                 (unsigned long long)figures->out_of_order, (unsigned long long)figures->bad_papers,
                 restarts);
    bool is_late = !province->is_stopping;
    const char *other = is_late ? language_pick(language, "thiếu hoặc khác", "missing or other")
                                : language_pick(language, "chưa tới", "not there yet");
    const char *lost = is_late ? language_pick(language, "mất", "lost")
                               : language_pick(language, "đang trên đường", "under way");
    (void)printf(
        language_pick(language, "Cổng DVCQG: %llu hồ sơ đúng như sổ, %llu %s, %llu gửi hai lần\n",
                      "portal: %llu dossiers as in the ledger, %llu %s, %llu sent twice\n"),
        (unsigned long long)figures->total.at_portal,
        (unsigned long long)not_at_portal(&figures->total), other,
        (unsigned long long)figures->portal_twice);
    (void)printf(
        language_pick(language, "%llu hồ sơ đã chuyển, %llu kết quả đã trả, %llu %s, %llu trùng\n",
                      "%llu dossiers forwarded, %llu results returned, %llu %s, %llu "
                      "duplicated\n"),
        (unsigned long long)figures->total.forwarded, (unsigned long long)figures->total.results,
        (unsigned long long)figures->lost, lost, (unsigned long long)figures->duplicated);
}

/* As it is typed in the folder that this program was started in. */
static const char *below_here(const char *path)
{
    char here[PATH_BYTES_MAX];
    size_t size = getcwd(here, sizeof here) == NULL ? 0 : strlen(here);
    return size > 0 && strncmp(path, here, size) == 0 && path[size] == '/' ? path + size : NULL;
}

static void say_where(const struct province *province)
{
    const char *directory = province->options->directory;
    char code[DOSSIER_CODE_BYTES_MAX + 1];
    find_dossier(province, code);
    (void)printf(
        language_pick(province->language,
                      "\nTỉnh thử nghiệm đang chạy ở %s:\n"
                      "logs/ nhật ký, desk/ sổ của một cửa, offices/ sổ của cơ quan.\n\n",
                      "\nThe sandbox province is up in %s:\n"
                      "logs/ of each program, desk/ the desk's book, offices/ the agencies'.\n\n"),
        directory);
    console_say(directory, province->language);
    const char *programs = province->options->programs;
    const char *below = below_here(programs);
    (void)printf("%s\n\n",
                 language_pick(province->language, "Ở một cửa sổ khác:", "In another window:"));
    (void)printf("  export PATH=\"%s%s:$PATH\"\n", below != NULL ? "$PWD" : "",
                 below != NULL ? below : programs);
    (void)printf("  lienthong track --adapter %s/adapters/centre %s\n", directory, code);
    (void)printf("  lienthong queues --gateway %s/gateway\n", directory);
    (void)printf("  lienthong portal worklist --adapter %s/adapters/portal\n\n", directory);
}

/* True: every figure is right. */
static bool report(struct province *province)
{
    struct verdict verdict = verdict_of(province);
    bool stays = !province->options->once && !province->is_stopping;
    watch_memory(province);
    view_table(&province->view, &province->figures);
    (void)printf("\n");
    print_figures(province);
    if (stays)
        say_where(province);
    verdict_print(&verdict, province->language, stdout);
    if (stays)
        (void)printf("%s\n", language_pick(province->language, "Ctrl-C để dừng.",
                                           "Ctrl-C ends the province."));
    (void)fflush(stdout);
    return verdict_is_good(&verdict);
}

/* Two runs of one province would fight over its ports and stores. */
static bool take_lock(struct province *province)
{
    char path[PATH_BYTES_MAX];
    if (!path_make(path, "%s/lock", province->options->directory))
        return fail("lock");
    province->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (province->lock < 0)
        return fail(path);
    return flock(province->lock, LOCK_EX | LOCK_NB) == 0 ||
           fail(language_pick(province->language, "tỉnh thử nghiệm này đang chạy",
                              "this province is up already"));
}

static bool start(struct province *province)
{
    static struct faults faults;
    char path[PATH_BYTES_MAX];
    const struct sandbox_up_options *options = province->options;
    if (path_make(path, "%s/registry", options->directory) && access(path, R_OK) != 0)
        return fail(language_pick(
            province->language, "chưa có tỉnh thử nghiệm ở đây; trước hết: lienthong sandbox init",
            "no sandbox province is here; first: lienthong sandbox init"));
    if (!path_make(path, "%s/registry", options->directory) ||
        registry_directory_load(path, sha256_parts, &faults, &province->registry) != REASON_NONE)
        return fail(path);
    return take_lock(province) && start_children(province) && start_control(province);
}

/* Children are ended before anything is closed: they write into the folders whose lock goes
 * last. */
int sandbox_up(const struct sandbox_up_options *options, enum language language)
{
    static struct province province;
    province = (struct province){.options = options,
                                 .language = language,
                                 .signals = -1,
                                 .lock = -1,
                                 .started_ms = program_mono().ms};
    struct foreground foreground;
    foreground_take(&foreground);
    view_init(&province.view, language, stdout);
    bool started = start(&province);
    bool right = false;
    if (started) {
        run(&province);
        (void)figures_read(options->directory, province.registry, &province.figures);
        right = report(&province);
        while (!options->once && !province.is_stopping)
            tend(&province);
    }
    children_stop_all(&province.children);
    registry_destroy(&province.registry);
    if (province.signals >= 0)
        (void)close(province.signals);
    api_destroy(&province.control);
    if (province.lock >= 0)
        (void)close(province.lock);
    foreground_give_back(&foreground);
    return !started ? 3 : right ? 0 : 1;
}
