/* The command line and the first steps of every daemon, in the order in which they must be: limits
 * before secrets are read, the umask before anything is written. */
#include "gateway/workers/program_options.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "gateway/workers/program.h"
#include "gateway/workers/program_limits.h"
#include "proto/base/check.h"
#include "proto/log/log.h"

enum { OPTION_CHECK = 1000, OPTION_HELP_SETTINGS, OPTION_LOG_FORMAT };

struct call {
    struct program_options options;
    const char *settings_path;
    bool help_settings;
};

static const char *checked_program; /* a check's hook has no context */

static void say_check(const char *file, int line, const char *expression)
{
    (void)fprintf(stderr, "%s: check failed: %s:%d: %s\n", checked_program, file, line, expression);
}

/* Everything else is in the settings file: a command line is seen by every user of the machine. */
static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct call *call = state->input;
    enum log_format format;
    switch (key) {
    case 's':
        call->settings_path = argument;
        return 0;
    case OPTION_CHECK:
        call->options.check_only = true;
        return 0;
    case OPTION_HELP_SETTINGS:
        call->help_settings = true;
        return 0;
    case OPTION_LOG_FORMAT:
        if (!log_format_parse(bytes_of_text(argument), &format))
            argp_error(state, "--log-format takes text or json");
        call->options.log_format = (int)format;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* argp ends the program by itself for --help, --version and what it cannot read. */
static bool parse_call(const struct program_description *description, int argc, char **argv,
                       struct call *call)
{
    enum language language = call->options.language;
    const char *check_help =
        language_pick(language, description->check_vietnamese, description->check_english);
    const struct argp_option table[] = {
        {"settings", 's', "FILE", 0,
         language_pick(language, "Tệp cấu hình (YAML). Bắt buộc.", "Settings (YAML). Required."),
         0},
        {"check", OPTION_CHECK, NULL, 0, check_help, 0},
        {"help-settings", OPTION_HELP_SETTINGS, NULL, 0,
         language_pick(language, "In các mục cấu hình rồi kết thúc.",
                       "Print what may be set, and end."),
         0},
        {"log-format", OPTION_LOG_FORMAT, "text|json", 0,
         language_pick(language, "Thay cho cấu hình.", "Overrides the settings."), 0},
        {0},
    };
    const struct argp argp = {
        .options = table,
        .parser = parse_option,
        .doc =
            language_pick(language, description->purpose_vietnamese, description->purpose_english),
    };
    argp_program_version = description->version;
    argp_err_exit_status = PROGRAM_EXIT_USAGE;
    return argp_parse(&argp, argc, argv, 0, NULL, call) == 0;
}

/* What the rows of the table cannot say by themselves is the program's to judge (settings_fault);
 * the row is named and the value never. */
static bool load_settings(const struct program_description *description, const char *path,
                          enum language language, void *ret_settings)
{
    if (!program_load_settings(path, description->settings, description->settings_count, language,
                               ret_settings))
        return false;
    const char *fault =
        description->settings_fault != NULL ? description->settings_fault(ret_settings) : NULL;
    if (fault != NULL)
        (void)fprintf(stderr, "%s: %s: %s\n", path, fault,
                      language_pick(language, "thiếu, hoặc giá trị không dùng được",
                                    "missing, or not a usable value"));
    return fault == NULL;
}

int program_begin(const struct program_description *description, int argc, char **argv,
                  struct program_options *ret_options, void *ret_settings)
{
    enum language language = program_language();
    struct call call = {.options = {.language = language, .log_format = -1}};
    checked_program = description->name;
    check_set_hook(say_check);
    if (!parse_call(description, argc, argv, &call))
        return PROGRAM_EXIT_USAGE;
    if (call.help_settings)
        return program_print_settings(description->settings, description->settings_count, language)
                   ? EXIT_SUCCESS
                   : EXIT_FAILURE;
    if (call.settings_path == NULL) {
        (void)fprintf(
            stderr, "%s: %s\n", description->name,
            language_pick(language, "thiếu --settings TỆP", "--settings FILE is required"));
        return PROGRAM_EXIT_USAGE;
    }
    program_guard_memory();
    if (program_raise_descriptors() < PROGRAM_DESCRIPTORS_MIN) {
        program_say_failure(description->name, language, REASON_DESCRIPTORS_FEW, "ulimit -n");
        return EXIT_FAILURE;
    }
    if (!load_settings(description, call.settings_path, language, ret_settings))
        return PROGRAM_EXIT_SETTINGS;
    (void)umask(S_IRWXG | S_IRWXO); /* what is written holds personal data */
    *ret_options = call.options;
    return PROGRAM_GOES_ON;
}
