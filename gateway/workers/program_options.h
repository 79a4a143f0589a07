/* program_options - the command line of every daemon of ours, up to its settings:
 *
 *     NAME --settings FILE [--check] [--log-format text|json]
 *     NAME --help-settings
 *
 * and argp's --help, --usage and --version. Calling sequence, first thing in main:
 *
 *     struct program_options options;
 *     struct example_settings settings;
 *     int status = program_begin(&description, argc, argv, &options, &settings);
 *     if (status != PROGRAM_GOES_ON)
 *         return status;
 *
 * What a daemon adds of its own is in its description. Texts that a person reads are in the
 * language of the caller (program_language). The options' meaning: the daemons' manual pages.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/language.h"
#include "proto/settings/settings.h"

enum { PROGRAM_GOES_ON = -1 }; /* no exit status */

/* Lives as long as the program: failed checks are said under its name. */
struct program_description {
    const char *name;
    const char *version; /* the line of --version */
    const char *purpose_english, *purpose_vietnamese;
    const char *check_english, *check_vietnamese; /* the help line of --check */
    const struct setting *settings;
    size_t settings_count;
    /* Names the first setting at fault that the table let pass, or answers NULL. The function may
     * be NULL: the table says all. */
    const char *(*settings_fault)(const void *settings);
};

struct program_options {
    enum language language;
    bool check_only;
    int log_format; /* enum log_format; -1: as the settings say */
};

/* PROGRAM_GOES_ON: both results are filled, and what the program writes from now on is its own
 * user's alone (umask), also its memory (program_limits.h). Otherwise what main returns:
 * EXIT_SUCCESS, --help-settings is printed; EXIT_FAILURE, it could not be, or there are too few
 * descriptors; PROGRAM_EXIT_USAGE, PROGRAM_EXIT_SETTINGS, the reason was said on standard error. As
 * with every argp program, --help and --version end the process. */
int program_begin(const struct program_description *description, int argc, char **argv,
                  struct program_options *ret_options, void *ret_settings);
