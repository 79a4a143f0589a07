/* lienthong-gateway - see gateway/README.md and lienthong-gateway(8). */
#include <argp.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "gateway/shell/gateway.h"
#include "gateway/workers/program.h"
#include "proto/base/check.h"
#include "proto/base/version.h"

enum { HEAP_KEPT_BYTES = 8 * 1024 * 1024 };
enum { OPTION_CHECK = 1000, OPTION_HELP_SETTINGS, OPTION_LOG_FORMAT };

const char *argp_program_version = "lienthong-gateway " VERSION_TEXT;

struct options {
    const char *settings_path;
    bool check_only;
    bool help_settings;
    int log_format; /* -1: as the settings say */
};

static const struct argp_option option_table[] = {
    {"settings", 's', "FILE", 0, "Settings (YAML). Required.", 0},
    {"check", OPTION_CHECK, NULL, 0, "Check settings, registry and keys, and end.", 0},
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

static void say_check(const char *file, int line, const char *expression)
{
    (void)fprintf(stderr, "lienthong-gateway: check failed: %s:%d: %s\n", file, line, expression);
}

int main(int argc, char **argv)
{
    static struct gateway gateway;
    struct options options = {.log_format = -1};
    struct gateway_settings settings;
    enum language language = program_language();
    const struct argp argp = {
        .options = language == LANGUAGE_VIETNAMESE ? vietnamese_options : option_table,
        .parser = parse_option,
        .doc = language_pick(
            language, "Tiếp quản thông điệp hồ sơ đã ký và chuyển đến bên nhận.",
            "Takes custody of signed dossier messages and carries them to their recipients."),
    };
    check_set_hook(say_check);
    argp_err_exit_status = PROGRAM_EXIT_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
        return PROGRAM_EXIT_USAGE;
    if (options.help_settings)
        return program_print_settings(gateway_settings_table, GATEWAY_SETTINGS_ROWS, language)
                   ? EXIT_SUCCESS
                   : EXIT_FAILURE;
    if (options.settings_path == NULL) {
        (void)fprintf(
            stderr, "lienthong-gateway: %s\n",
            language_pick(language, "thiếu --settings TỆP", "--settings FILE is required"));
        return PROGRAM_EXIT_USAGE;
    }
    if (!program_load_settings(options.settings_path, gateway_settings_table, GATEWAY_SETTINGS_ROWS,
                               language, &settings))
        return PROGRAM_EXIT_SETTINGS;
    if (options.log_format >= 0)
        settings.log_format = options.log_format;
    (void)umask(S_IRWXG | S_IRWXO); /* what is written holds personal data */
    /* Few arenas: worker threads would otherwise each keep memory of their own. */
    (void)mallopt(M_ARENA_MAX, 2);
    /* The largest frame and what is parsed of it stay on the heap, where their pages are used
     * again: mapped anew for each frame, they would cost more in page faults than in verification.
     */
    (void)mallopt(M_MMAP_THRESHOLD, HEAP_KEPT_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, HEAP_KEPT_BYTES);
    bool started = options.check_only ? gateway_check(&gateway, &settings, language)
                                      : gateway_start(&gateway, &settings, language);
    bool ran = started && (options.check_only || gateway_run(&gateway));
    gateway_stop(&gateway);
    return ran ? EXIT_SUCCESS : EXIT_FAILURE;
}
