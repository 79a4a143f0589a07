/* Brings the province up, lets the desk forward its dossiers, shows how they fare, and counts. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "gateway/workers/registry_directory.h"
#include "ops/client/control_socket.h"
#include "ops/sandbox/children.h"
#include "ops/sandbox/desk.h"
#include "ops/sandbox/figures.h"
#include "ops/sandbox/sandbox.h"
#include "proto/seal/sha256.h"

enum {
    ROUND_MS = 50,
    SHOW_MS = 1000,         /* on a terminal */
    SHOW_QUIETLY_MS = 5000, /* in a log */
    GATEWAY_MEMORY_MB = 64,
    ADAPTER_MEMORY_MB = 24,
    KIB_PER_MB = 1024,
};

struct province {
    const struct sandbox_up_options *options;
    enum language language;
    struct registry *registry;
    struct children children;
    struct desk *desk;
    char desk_directory[PATH_BYTES_MAX], desk_adapter[PATH_BYTES_MAX]; /* the desk keeps views */
    struct figures figures;
    int signals;
    int control;
    int lock;
    bool is_stopping;
    bool is_terminal;
    uint64_t gateway_kib, adapter_kib; /* peaks seen, over restarts */
};

static bool fail(const char *what)
{
    (void)fprintf(stderr, "lienthong sandbox up: %s\n", what);
    return false;
}

/* ---- processes
 * -------------------------------------------------------------------------------------------- */

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
    if (added && options->hold != NULL && children_find(&province->children, options->hold) == NULL)
        return fail(options->hold);
    for (size_t i = 0; added && i < province->children.count; i++) {
        struct child *child = &province->children.list[i];
        if (options->hold == NULL || strcmp(options->hold, child->name) != 0)
            child_start(&province->children, child);
    }
    return added || fail("processes");
}

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

static json_t *status_json(struct province *province)
{
    json_t *list = json_array();
    for (size_t i = 0; i < province->children.count; i++) {
        const struct child *child = &province->children.list[i];
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:i, s:i}", "name", child->name, "pid",
                                              (int)child->pid, "restarts", (int)child->restarts));
    }
    const struct figures *figures = &province->figures;
    return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "ok", 1, "forwarded",
                     (json_int_t)figures->total.forwarded, "accepted",
                     (json_int_t)figures->total.accepted, "results",
                     (json_int_t)figures->total.results, "lost", (json_int_t)figures->lost,
                     "duplicated", (json_int_t)figures->duplicated, "out_of_order",
                     (json_int_t)figures->out_of_order, "processes", list);
}

static json_t *answer_control(void *context, const json_t *request)
{
    struct province *province = context;
    const char *command = json_string_value(json_object_get(request, "command"));
    const char *name = json_string_value(json_object_get(request, "name"));
    if (command != NULL && strcmp(command, "status") == 0)
        return status_json(province);
    struct child *child = name == NULL ? NULL : children_find(&province->children, name);
    if (command == NULL || child == NULL)
        return json_pack("{s:b, s:s}", "ok", 0, "error", "unknown command or process");
    if (strcmp(command, "stop") == 0)
        child_stop(&province->children, child);
    else if (strcmp(command, "start") == 0)
        child_start(&province->children, child);
    else
        return json_pack("{s:b, s:s}", "ok", 0, "error", "unknown command or process");
    return status_json(province);
}

static bool start_control(struct province *province)
{
    char path[PATH_BYTES_MAX];
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    province->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    province->control = path_make(path, "%s/run/control.socket", province->options->directory)
                            ? control_listen(path)
                            : -1;
    return (province->signals >= 0 && province->control >= 0) || fail("control socket");
}

enum reason sandbox_ask(const char *directory, const char *command, const char *name,
                        json_t **ret_answer)
{
    enum { TIMEOUT_MS = 30000 };
    char path[PATH_BYTES_MAX];
    *ret_answer = NULL;
    json_t *request = json_pack("{s:s, s:s}", "command", command, "name", name);
    enum reason reason = path_make(path, "%s/run/control.socket", directory)
                             ? control_ask(path, request, TIMEOUT_MS, ret_answer)
                             : REASON_FILE_UNREADABLE;
    json_decref(request);
    return reason;
}

/* ---- the run ---- */

static bool is_done(const struct province *province)
{
    const struct figures *figures = &province->figures;
    return figures->total.forwarded >= province->options->dossiers &&
           figures->total.results >= province->options->dossiers &&
           figures->total.at_portal >= province->options->dossiers;
}

static void show(struct province *province)
{
    const struct figures_row *total = &province->figures.total;
    if (province->is_terminal) {
        (void)printf("\033[H\033[2J");
        figures_print(&province->figures, province->language);
    } else {
        (void)printf("%s %llu, %s %llu, %s %llu\n",
                     language_pick(province->language, "đã chuyển", "forwarded"),
                     (unsigned long long)total->forwarded,
                     language_pick(province->language, "đã tiếp nhận", "accepted"),
                     (unsigned long long)total->accepted,
                     language_pick(province->language, "đã có kết quả", "results"),
                     (unsigned long long)total->results);
    }
    (void)fflush(stdout);
}

/* One round: signals, control, children. */
static void tend(struct province *province)
{
    struct pollfd waits[] = {{.fd = province->signals, .events = POLLIN},
                             {.fd = province->control, .events = POLLIN}};
    struct signalfd_siginfo info;
    (void)poll(waits, 2, ROUND_MS);
    if (read(province->signals, &info, sizeof info) == (ssize_t)sizeof info)
        province->is_stopping = true;
    if (waits[1].revents != 0)
        control_serve(province->control, answer_control, province);
    children_tend(&province->children);
}

static void run(struct province *province)
{
    int64_t until = sandbox_now_ms() + (int64_t)province->options->limit_seconds * 1000;
    int64_t next_show = 0;
    while (!province->is_stopping && !is_done(province) && sandbox_now_ms() < until) {
        tend(province);
        if (sandbox_now_ms() < next_show)
            continue;
        next_show = sandbox_now_ms() + (province->is_terminal ? SHOW_MS : SHOW_QUIETLY_MS);
        watch_memory(province);
        (void)figures_read(province->options->directory, province->registry, &province->figures);
        show(province);
    }
}

/* True: every figure is right. */
static bool report(struct province *province)
{
    const struct figures *figures = &province->figures;
    unsigned long long gateway_mb = province->gateway_kib / KIB_PER_MB;
    unsigned long long adapter_mb = province->adapter_kib / KIB_PER_MB;
    bool is_vietnamese = province->language == LANGUAGE_VIETNAMESE;
    watch_memory(province);
    (void)printf("\n");
    figures_print(figures, province->language);
    uint32_t restarts = 0;
    for (size_t i = 0; i < province->children.count; i++)
        restarts += province->children.list[i].restarts;
    gateway_mb = province->gateway_kib / KIB_PER_MB;
    adapter_mb = province->adapter_kib / KIB_PER_MB;
    (void)printf(is_vietnamese
                     ? "\nbộ nhớ: cổng %llu MB trong giới hạn %d, bộ nối nhiều nhất %llu MB trong "
                       "giới hạn %d\n"
                     : "\nmemory: gateway %llu MB of %d, adapters at most %llu MB of %d\n",
                 gateway_mb, (int)GATEWAY_MEMORY_MB, adapter_mb, (int)ADAPTER_MEMORY_MB);
    (void)printf(is_vietnamese ? "sai thứ tự %llu, tệp sai %llu, tiến trình khởi động lại %u\n"
                               : "%llu out of order, %llu bad papers, %u process restarts\n",
                 (unsigned long long)figures->out_of_order, (unsigned long long)figures->bad_papers,
                 restarts);
    (void)printf(is_vietnamese
                     ? "Cổng DVCQG: %llu hồ sơ đúng như sổ, %llu thiếu hoặc khác, %llu gửi "
                       "hai lần\n"
                     : "portal: %llu dossiers as in the ledger, %llu missing or other, "
                       "%llu sent twice\n",
                 (unsigned long long)figures->total.at_portal,
                 (unsigned long long)(figures->total.forwarded - figures->total.at_portal),
                 (unsigned long long)figures->portal_twice);
    (void)printf("%llu dossiers forwarded, %llu results returned, %llu lost, %llu duplicated\n",
                 (unsigned long long)figures->total.forwarded,
                 (unsigned long long)figures->total.results, (unsigned long long)figures->lost,
                 (unsigned long long)figures->duplicated);
    (void)fflush(stdout);
    return is_done(province) && figures->lost == 0 && figures->duplicated == 0 &&
           figures->out_of_order == 0 && figures->bad_papers == 0 && figures->portal_twice == 0 &&
           (province->options->any_memory ||
            (gateway_mb < GATEWAY_MEMORY_MB && adapter_mb < ADAPTER_MEMORY_MB));
}

static void say_where(const struct province *province)
{
    const char *directory = province->options->directory;
    (void)printf(
        language_pick(
            province->language,
            "\nTỉnh thử nghiệm đang chạy; Ctrl-C để dừng.\n"
            "  nhật ký          %s/logs/\n"
            "  sổ của một cửa   %s/desk/desk.sqlite\n"
            "  sổ của cơ quan   %s/offices/*/office.sqlite\n"
            "  hàng đợi         lienthong queues --gateway %s/gateway/control.socket\n"
            "  hồ sơ            lienthong track --adapter %s/adapters/centre/state MÃ-HỒ-SƠ\n"
            "  Cổng             lienthong portal worklist --adapter %s/adapters/portal\n",
            "\nThe sandbox province is up; Ctrl-C ends it.\n"
            "  logs             %s/logs/\n"
            "  the desk's book  %s/desk/desk.sqlite\n"
            "  offices' books   %s/offices/*/office.sqlite\n"
            "  queues           lienthong queues --gateway %s/gateway/control.socket\n"
            "  a dossier        lienthong track --adapter %s/adapters/centre/state CODE\n"
            "  the portal       lienthong portal worklist --adapter %s/adapters/portal\n"),
        directory, directory, directory, directory, directory, directory);
    (void)fflush(stdout);
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
    /* Signals are blocked before any thread is made. */
    if (!take_lock(province) || !start_children(province) || !start_control(province) ||
        !path_make(province->desk_directory, "%s/desk", options->directory) ||
        !path_make(province->desk_adapter, "%s/adapters/centre/state", options->directory))
        return false;
    struct desk_options desk_options = {
        .directory = province->desk_directory,
        .adapter = province->desk_adapter,
        .registry = province->registry,
        .dossiers = options->dossiers,
        .forward_delay_ms = options->forward_delay_ms,
        .file_bytes_min = options->file_bytes_min,
        .file_bytes_max = options->file_bytes_max,
    };
    return desk_start(&desk_options, &province->desk) || fail("desk");
}

int sandbox_up(const struct sandbox_up_options *options, enum language language)
{
    static struct province province;
    province = (struct province){.options = options,
                                 .language = language,
                                 .signals = -1,
                                 .control = -1,
                                 .lock = -1,
                                 .is_terminal = isatty(STDOUT_FILENO) == 1};
    bool started = start(&province);
    bool right = false;
    if (started) {
        run(&province);
        (void)figures_read(options->directory, province.registry, &province.figures);
        right = report(&province);
        if (!options->once && !province.is_stopping)
            say_where(&province);
        while (!options->once && !province.is_stopping)
            tend(&province);
    }
    desk_stop(&province.desk);
    children_stop_all(&province.children);
    registry_destroy(&province.registry);
    if (province.signals >= 0)
        (void)close(province.signals);
    if (province.control >= 0)
        (void)close(province.control);
    if (province.lock >= 0)
        (void)close(province.lock);
    return !started ? 3 : right ? 0 : 1;
}
