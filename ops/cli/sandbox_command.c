/* lienthong sandbox - a whole province on this machine: init, up, and a hand on its processes. It
 * runs from the source tree and from where it is installed; the province itself is ops/sandbox. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ops/cli/adapter_call.h"
#include "ops/cli/options.h"
#include "ops/cli/say.h"
#include "ops/cli/table.h"
#include "ops/sandbox/sandbox.h"

enum {
    DOSSIERS_DEFAULT = 200, /* the centre's first day */
    DOSSIERS_MAX = 9999,    /* four digits in a dossier code */
    STEP_DELAY_DEFAULT_MS = 300,
    SUPPLEMENT_EVERY_DEFAULT = 7,
    LIMIT_DEFAULT_SECONDS = 900,
};

struct sandbox_values {
    const char *data, *mapping, *hold;
    bool once, quiet, json;
    int64_t dossiers, forward_delay_ms, step_delay_ms, supplement_every, limit_seconds;
    int64_t file_bytes_min, file_bytes_max;
};

/* The folder of this program. */
static bool find_programs(char ret_path[PATH_BYTES_MAX])
{
    ssize_t size = readlink("/proc/self/exe", ret_path, PATH_BYTES_MAX - 1);
    if (size <= 0)
        return false;
    ret_path[size] = 0;
    char *slash = strrchr(ret_path, '/');
    if (slash == NULL)
        return false;
    *slash = 0;
    return true;
}

/* In the source tree, or where `make install` puts it. */
static bool find_data(const char *programs, const char *in_sources, const char *installed,
                      char ret_path[PATH_BYTES_MAX])
{
    return (path_make(ret_path, "%s/../../%s", programs, in_sources) &&
            access(ret_path, R_OK) == 0) ||
           (path_make(ret_path, "%s/../../../%s", programs, in_sources) && /* build/VARIANT/bin */
            access(ret_path, R_OK) == 0) ||
           (path_make(ret_path, "%s/../share/lienthong/%s", programs, installed) &&
            access(ret_path, R_OK) == 0);
}

static int init(const struct invocation *invocation, const struct sandbox_values *values,
                const char *programs, const char *directory)
{
    char data[PATH_BYTES_MAX] = "";
    char mapping[PATH_BYTES_MAX] = "";
    char portal_mapping[PATH_BYTES_MAX];
    if (!find_data(programs, "adapters/portal/provincial.jq", "provincial.jq", portal_mapping) ||
        (values->data == NULL && !find_data(programs, "routing/data", "registry", data)) ||
        (values->mapping == NULL &&
         !find_data(programs, "adapters/rest/vbdlis.jq", "vbdlis.jq", mapping))) {
        (void)fputs(text_of(TEXT_SANDBOX_NO_DATA, invocation->language), stderr);
        return EXIT_CODE_UNREACHABLE;
    }
    struct sandbox_init_options options = {
        .directory = directory,
        .data = values->data != NULL ? values->data : data,
        .mapping = values->mapping != NULL ? values->mapping : mapping,
        .portal_mapping = portal_mapping,
        .is_quiet = values->quiet || isatty(STDERR_FILENO) != 1,
    };
    return sandbox_init(&options, invocation->language) ? EXIT_CODE_OK : EXIT_CODE_UNREACHABLE;
}

/* One size given larger than the other is no mistake worth an error: the range is then that one
 * size. */
static int up(const struct invocation *invocation, const struct sandbox_values *values,
              const char *programs, const char *directory)
{
    struct sandbox_up_options options = {
        .directory = directory,
        .programs = programs,
        .dossiers = (uint32_t)values->dossiers,
        .forward_delay_ms = (uint32_t)values->forward_delay_ms,
        .step_delay_ms = (uint32_t)values->step_delay_ms,
        .supplement_every = (uint32_t)values->supplement_every,
        .file_bytes_min =
            (uint64_t)(values->file_bytes_min < values->file_bytes_max ? values->file_bytes_min
                                                                       : values->file_bytes_max),
        .file_bytes_max = (uint64_t)values->file_bytes_max,
        .limit_seconds = (uint32_t)values->limit_seconds,
        .once = values->once,
        .hold = values->hold,
    };
    return sandbox_up(&options, invocation->language);
}

/* ---- asking one that runs -------------------------------------------------------------------- */

static const struct table_column columns[] = {
    {TEXT_COLUMN_PROCESS, TABLE_NAME},
    {TEXT_COLUMN_RUNNING, TABLE_TEXT},
    {TEXT_COLUMN_PROCESS_ID, TABLE_NUMBER},
    {TEXT_COLUMN_RESTARTS, TABLE_NUMBER},
};
enum { COLUMN_COUNT = sizeof columns / sizeof columns[0] };

static long long figure(const json_t *status, const char *name)
{
    return (long long)json_integer_value(json_object_get(status, name));
}

static void print_status(enum language language, const json_t *status)
{
    struct table table;
    const json_t *processes = json_object_get(status, "processes");
    size_t count = json_array_size(processes);
    say(stdout, text_of(TEXT_SANDBOX_FIGURES, language), figure(status, "forwarded"),
        figure(status, "accepted"), figure(status, "results"), figure(status, "lost"),
        figure(status, "duplicated"), figure(status, "out_of_order"));
    table_init(&table, columns, COLUMN_COUNT, terminal_width(stdout));
    for (size_t i = 0; i < 2 * count; i++) { /* first what does not run */
        char numbers[2][32];
        const json_t *row = json_array_get(processes, i % count);
        bool runs = figure(row, "pid") != 0;
        const char *const cells[COLUMN_COUNT] = {
            json_text(row, "name"),
            text_of(runs ? TEXT_YES : TEXT_NO, language),
            runs ? json_number(row, "pid", numbers[0]) : "",
            json_number(row, "restarts", numbers[1]),
        };
        if (runs == (i >= count))
            table_row(&table, cells);
    }
    table_end(&table, language);
}

/* What a running sandbox has to say; stop and start answer as status does. */
static int ask(const struct invocation *invocation, const char *directory, const char *word,
               const char *name, bool json)
{
    enum language language = invocation->language;
    json_t *status = NULL;
    enum reason reason = sandbox_ask(directory, word, name, &status);
    if (reason != REASON_NONE) {
        say(stderr, text_of(TEXT_SANDBOX_SILENT, language), directory,
            unreachable_text(reason, language));
        return EXIT_CODE_UNREACHABLE;
    }
    bool ok = json_object_get(status, "processes") != NULL;
    if (json)
        json_print(status);
    else if (ok)
        print_status(language, status);
    else
        say(stderr, text_of(TEXT_SANDBOX_UNKNOWN, language), name);
    json_decref(status);
    return ok ? EXIT_CODE_OK : EXIT_CODE_NEGATIVE;
}

/* ---- the command ----------------------------------------------------------------------------- */

int command_sandbox(const struct invocation *invocation, int argc, char **argv)
{
    struct sandbox_values values = {
        .dossiers = DOSSIERS_DEFAULT,
        .step_delay_ms = STEP_DELAY_DEFAULT_MS,
        .supplement_every = SUPPLEMENT_EVERY_DEFAULT,
        .limit_seconds = LIMIT_DEFAULT_SECONDS,
        .file_bytes_min = 20 * 1024,
        .file_bytes_max = 5 * 1024 * 1024,
    };
    const struct option_row rows[] = {
        {"data", 0, OPTION_TEXT, &values.data, VALUE_FOLDER, TEXT_SANDBOX_DATA, 0, 0},
        {"mapping", 0, OPTION_TEXT, &values.mapping, VALUE_FILE, TEXT_SANDBOX_MAPPING, 0, 0},
        {"once", 0, OPTION_FLAG, &values.once, VALUE_NONE, TEXT_SANDBOX_ONCE, 0, 0},
        {"quiet", 'q', OPTION_FLAG, &values.quiet, VALUE_NONE, TEXT_SANDBOX_QUIET, 0, 0},
        {"dossiers", 'n', OPTION_INTEGER, &values.dossiers, VALUE_NUMBER, TEXT_SANDBOX_DOSSIERS, 1,
         DOSSIERS_MAX},
        {"forward-delay-ms", 0, OPTION_INTEGER, &values.forward_delay_ms, VALUE_MILLISECONDS,
         TEXT_SANDBOX_FORWARD_DELAY, 0, 900},
        {"step-delay-ms", 0, OPTION_INTEGER, &values.step_delay_ms, VALUE_MILLISECONDS,
         TEXT_SANDBOX_DELAY, 0, 3600 * 1000},
        {"supplement-every", 0, OPTION_INTEGER, &values.supplement_every, VALUE_NUMBER,
         TEXT_SANDBOX_SUPPLEMENT, 0, 1000},
        {"limit-seconds", 0, OPTION_INTEGER, &values.limit_seconds, VALUE_SECONDS,
         TEXT_SANDBOX_LIMIT, 1, 24 * 3600},
        {"file-bytes-min", 0, OPTION_INTEGER, &values.file_bytes_min, VALUE_BYTES,
         TEXT_SANDBOX_FILE_MIN, 1000, 1024 * 1024 * 1024},
        {"file-bytes-max", 0, OPTION_INTEGER, &values.file_bytes_max, VALUE_BYTES,
         TEXT_SANDBOX_FILE_MAX, 1000, 1024 * 1024 * 1024},
        {"hold", 0, OPTION_TEXT, &values.hold, VALUE_PROCESS, TEXT_SANDBOX_HOLD, 0, 0},
        OPTION_ROW_JSON(&values.json),
    };
    static const struct option_word words[] = {{"init", {VALUE_FOLDER}, 1, false},
                                               {"up", {VALUE_FOLDER}, 1, false},
                                               {"status", {VALUE_FOLDER}, 1, false},
                                               {"stop", {VALUE_FOLDER, VALUE_PROCESS}, 2, false},
                                               {"start", {VALUE_FOLDER, VALUE_PROCESS}, 2, false}};
    const struct option_table table =
        OPTION_TABLE("sandbox", TEXT_COMMAND_SANDBOX, words, rows, NULL);
    struct option_words given;
    char programs[PATH_BYTES_MAX];
    int code;
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    if (!find_programs(programs))
        return EXIT_CODE_UNREACHABLE;
    if (given.word == 0)
        return init(invocation, &values, programs, given.values[0]);
    if (given.word == 1)
        return up(invocation, &values, programs, given.values[0]);
    return ask(invocation, given.values[0], words[given.word].name,
               given.count == 2 ? given.values[1] : "", values.json);
}
