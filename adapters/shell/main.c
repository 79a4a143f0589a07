/* lienthong-adapter - see adapters/README.md and lienthong-adapter(8). */
#include <argp.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/shell/adapter.h"
#include "gateway/workers/file_read.h"
#include "proto/base/check.h"
#include "proto/base/version.h"

enum { EXIT_USAGE = 2, EXIT_SETTINGS = 3 };
enum {
    /* A piece of a file and what ZeroMQ makes of it stay on the heap: mapped and unmapped each
     * time, they would cost more in page faults than in encryption. */
    MMAP_THRESHOLD_BYTES = 512 * 1024,
    TRIM_THRESHOLD_BYTES = 4 * 1024 * 1024,
};
enum { OPTION_CHECK = 1000, OPTION_HELP_SETTINGS, OPTION_LOG_FORMAT };

const char *argp_program_version = "lienthong-adapter " VERSION_TEXT;

struct options {
    const char *settings_path;
    bool check_only;
    bool help_settings;
    int log_format; /* -1: as the settings say */
};

static const struct argp_option option_table[] = {
    {"settings", 's', "FILE", 0, "Settings (YAML). Required.", 0},
    {"check", OPTION_CHECK, NULL, 0, "Check settings, registry, keys and mapping, and end.", 0},
    {"help-settings", OPTION_HELP_SETTINGS, NULL, 0, "Print what may be set, and end.", 0},
    {"log-format", OPTION_LOG_FORMAT, "text|json", 0, "Overrides the settings.", 0},
    {0},
};

static const struct argp_option vietnamese_options[] = {
    {"settings", 's', "FILE", 0, "Tệp cấu hình (YAML). Bắt buộc.", 0},
    {"check", OPTION_CHECK, NULL, 0, "Kiểm tra cấu hình, danh bạ và khóa rồi kết thúc.", 0},
    {"help-settings", OPTION_HELP_SETTINGS, NULL, 0, "In các mục cấu hình rồi kết thúc.", 0},
    {"log-format", OPTION_LOG_FORMAT, "text|json", 0, "Thay cho cấu hình.", 0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    enum log_format format;
    switch (key) {
    case 's':
        options->settings_path = argument;
        return 0;
    case OPTION_CHECK:
        options->check_only = true;
        return 0;
    case OPTION_HELP_SETTINGS:
        options->help_settings = true;
        return 0;
    case OPTION_LOG_FORMAT:
        if (!log_format_parse(bytes_of_text(argument), &format))
            argp_error(state, "--log-format takes text or json");
        options->log_format = (int)format;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static enum language ambient_language(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != 0)
            return language_of(value);
    }
    return LANGUAGE_ENGLISH;
}

static int print_settings_help(enum language language)
{
    struct buffer text;
    buffer_init(&text, SETTINGS_FILE_BYTES_MAX);
    bool printed =
        settings_print_help(adapter_settings_table, ADAPTER_SETTINGS_ROWS, language, &text) &&
        fwrite(text.data, 1, text.size, stdout) == text.size;
    buffer_release(&text);
    return printed ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void print_faults(const struct settings_faults *faults, const char *path,
                         enum language language)
{
    struct buffer text;
    buffer_init(&text, SETTINGS_FILE_BYTES_MAX);
    if (settings_faults_print(faults, path, language, &text))
        (void)fwrite(text.data, 1, text.size, stderr);
    buffer_release(&text);
}

/* Relative paths of the file are relative to its folder. */
static bool load_settings(const char *path, enum language language,
                          struct adapter_settings *ret_settings)
{
    static struct settings_faults faults;
    struct buffer yaml;
    buffer_init(&yaml, SETTINGS_FILE_BYTES_MAX);
    enum reason reason = file_read(path, &yaml);
    if (reason != REASON_NONE) {
        (void)fprintf(stderr, "%s: %s\n", path,
                      language_pick(language, reason_vietnamese(reason), reason_english(reason)));
        return false;
    }
    char folder[FILE_PATH_BYTES_MAX] = ".";
    const char *slash = strrchr(path, '/');
    if (slash != NULL && (size_t)(slash - path) < sizeof folder) {
        memcpy(folder, path, (size_t)(slash - path));
        folder[slash - path] = 0;
    }
    bool loaded = settings_load(adapter_settings_table, ADAPTER_SETTINGS_ROWS, buffer_view(&yaml),
                                folder, ret_settings, &faults);
    if (!loaded)
        print_faults(&faults, path, language);
    buffer_release(&yaml);
    const char *fault = loaded ? adapter_settings_fault(ret_settings) : NULL;
    if (fault != NULL)
        (void)fprintf(stderr, "%s: %s: %s\n", path, fault,
                      language_pick(language, "thiếu, hoặc giá trị không dùng được",
                                    "missing, or not a usable value"));
    return loaded && fault == NULL;
}

static void say_check(const char *file, int line, const char *expression)
{
    (void)fprintf(stderr, "lienthong-adapter: check failed: %s:%d: %s\n", file, line, expression);
}

int main(int argc, char **argv)
{
    static struct adapter adapter;
    struct options options = {.log_format = -1};
    struct adapter_settings settings;
    enum language language = ambient_language();
    const struct argp argp = {
        .options = language == LANGUAGE_VIETNAMESE ? vietnamese_options : option_table,
        .parser = parse_option,
        .doc = language_pick(language,
                             "Ký, gửi và nhận thông điệp hồ sơ cho một bên tham gia, phục vụ phần "
                             "mềm của bên đó tại 127.0.0.1.",
                             "Signs, sends and receives dossier messages for one participant, and "
                             "serves its systems on 127.0.0.1."),
    };
    check_set_hook(say_check);
    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
        return EXIT_USAGE;
    if (options.help_settings)
        return print_settings_help(language);
    if (options.settings_path == NULL) {
        (void)fprintf(
            stderr, "lienthong-adapter: %s\n",
            language_pick(language, "thiếu --settings TỆP", "--settings FILE is required"));
        return EXIT_USAGE;
    }
    if (!load_settings(options.settings_path, language, &settings))
        return EXIT_SETTINGS;
    if (options.log_format >= 0)
        settings.log_format = options.log_format;
    (void)umask(S_IRWXG | S_IRWXO); /* what is written holds personal data */
    /* Verification needs no heap of its own, and a large frame gives its memory back at once. */
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD_BYTES);
    bool started = options.check_only ? adapter_check(&adapter, &settings, language)
                                      : adapter_start(&adapter, &settings, language);
    if (started && !options.check_only)
        adapter_run(&adapter);
    adapter_stop(&adapter);
    return started ? EXIT_SUCCESS : EXIT_FAILURE;
}
