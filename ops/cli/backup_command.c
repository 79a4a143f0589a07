/* lienthong backup DIR, lienthong restore DIR - a program's store and files, saved and put back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/shell/adapter_settings.h"
#include "gateway/shell/gateway_settings.h"
#include "gateway/workers/program.h"
#include "gateway/workers/registry_directory.h"
#include "ops/backup/backup.h"
#include "ops/cli/adapter_call.h"
#include "ops/cli/options.h"
#include "ops/cli/say.h"
#include "proto/base/version.h"
#include "proto/seal/sha256.h"
#include "routing/registry/registry.h"

#include <jansson.h>

struct backup_options {
    bool json, replace;
    const char *adapter, *gateway;
};

/* A settings file, or the folder that holds it. */
static bool find_settings(const char *where, const char *name, char ret_path[PATH_BYTES_MAX])
{
    struct stat status;
    bool is_folder = stat(where, &status) == 0 && S_ISDIR(status.st_mode);
    return (is_folder ? path_make(ret_path, "%s/%s", where, name)
                      : path_make(ret_path, "%s", where)) &&
           access(ret_path, R_OK) == 0;
}

/* The first part of the centre's official code: "H38". */
static void read_province(const char *registry_directory, struct backup_place *place)
{
    static struct faults faults;
    struct registry *registry = NULL;
    if (registry_directory_load(registry_directory, sha256_parts, &faults, &registry) !=
        REASON_NONE)
        return;
    for (size_t i = 0; i < registry_agency_count(registry); i++) {
        const struct agency *agency = registry_agency_at(registry, i);
        if (agency->role != ROLE_CENTRE || agency->official_code == NULL)
            continue;
        (void)snprintf(place->province, sizeof place->province, "%s", agency->official_code);
        place->province[strcspn(place->province, ".")] = 0;
    }
    registry_destroy(&registry);
}

static bool read_gateway(const struct invocation *invocation, const char *path,
                         struct backup_place *place)
{
    static struct gateway_settings settings;
    if (!program_load_settings(path, gateway_settings_table, GATEWAY_SETTINGS_ROWS,
                               invocation->language, &settings))
        return false;
    place->program = "gateway";
    read_province(settings.registry_directory, place);
    return key_parse(bytes_of_text(settings.participant), &place->participant) &&
           path_make(place->state_directory, "%s", settings.state_directory);
}

static bool read_adapter(const struct invocation *invocation, const char *path,
                         struct backup_place *place)
{
    static struct adapter_settings settings;
    size_t row_count;
    const struct setting *rows = adapter_settings_rows(&row_count);
    if (!program_load_settings(path, rows, row_count, invocation->language, &settings))
        return false;
    place->program = "adapter";
    read_province(settings.registry_directory, place);
    return key_parse(bytes_of_text(settings.participant), &place->participant) &&
           path_make(place->state_directory, "%s", settings.state_directory);
}

static int find_place(const struct invocation *invocation, const struct backup_options *options,
                      struct backup_place *place)
{
    char path[PATH_BYTES_MAX];
    const char *environment = getenv("LIENTHONG_ADAPTER");
    const char *usual = environment != NULL && environment[0] != 0 ? environment : "/etc/lienthong";
    bool is_gateway = options->gateway != NULL;
    const char *where = is_gateway ? options->gateway[0] != 0 ? options->gateway : "/etc/lienthong"
                        : options->adapter != NULL ? options->adapter
                                                   : usual;
    *place = (struct backup_place){.program = ""};
    if (!find_settings(where, is_gateway ? "gateway.yaml" : "adapter.yaml", path)) {
        say(stderr, text_of(TEXT_FILE_UNREADABLE, invocation->language), where);
        return EXIT_CODE_UNREACHABLE;
    }
    bool is_read =
        is_gateway ? read_gateway(invocation, path, place) : read_adapter(invocation, path, place);
    return is_read ? EXIT_CODE_OK : EXIT_CODE_UNREACHABLE;
}

static int complain(const struct invocation *invocation, enum reason reason, const char *what)
{
    bool is_refusal = reason == REASON_PROGRAM_RUNS || reason == REASON_STATE_IN_PLACE ||
                      reason == REASON_BACKUP_OF_ANOTHER || reason == REASON_BACKUP_DAMAGED ||
                      reason == REASON_BACKUP_INCOMPLETE || reason == REASON_STORE_NEWER;
    program_say_failure("lienthong", invocation->language, reason, what);
    return is_refusal ? EXIT_CODE_REFUSED : EXIT_CODE_UNREACHABLE;
}

static void print_report(const struct invocation *invocation, const struct backup_place *place,
                         const struct backup_report *report, enum text text, bool json)
{
    char made[TIME_TEXT_BYTES], label[32];
    stamp_format((struct stamp){report->made, VIETNAM_OFFSET_MINUTES}, made);
    if (!json) {
        say(stdout, text_of(text, invocation->language), place->program, place->participant.text,
            time_label(made, label), (unsigned long long)report->files,
            (unsigned long long)report->bytes);
        if (report->moved[0] != 0)
            say(stdout, text_of(TEXT_RESTORE_MOVED, invocation->language), report->moved);
        return;
    }
    json_print_new(json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s}", "program", place->program,
                             "participant", place->participant.text, "province", place->province,
                             "made", made, "files", (json_int_t)report->files, "bytes",
                             (json_int_t)report->bytes, "moved", report->moved));
}

static int run(const struct invocation *invocation, int argc, char **argv, bool is_restore)
{
    struct backup_options options = {0};
    const struct option_row rows[] = {
        {"gateway", 'g', OPTION_MAYBE, &options.gateway, VALUE_PATH, TEXT_BACKUP_GATEWAY, 0, 0},
        {"adapter", 'a', OPTION_TEXT, &options.adapter, VALUE_PATH, TEXT_OPTION_ADAPTER, 0, 0},
        OPTION_ROW_JSON(&options.json),
        {"replace", 0, OPTION_FLAG, &options.replace, VALUE_NONE, TEXT_RESTORE_REPLACE, 0, 0},
    };
    static const struct option_word words[] = {{NULL, {VALUE_FOLDER}, 1, false}};
    struct option_table table = OPTION_TABLE("backup", TEXT_COMMAND_BACKUP, words, rows, NULL);
    struct option_words given;
    struct backup_place place;
    struct backup_report report;
    int code;
    if (is_restore) {
        table.command = "restore";
        table.summary = TEXT_COMMAND_RESTORE;
    } else {
        table.count--; /* --replace is of a restore */
    }
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    (void)umask(S_IRWXG | S_IRWXO); /* what is written holds personal data */
    code = find_place(invocation, &options, &place);
    if (code != EXIT_CODE_OK)
        return code;
    enum reason reason = is_restore ? backup_restore(&place, given.values[0], options.replace,
                                                     program_wall(), &report)
                                    : backup_make(&place, given.values[0], program_wall(), &report);
    if (reason != REASON_NONE)
        return complain(invocation, reason, report.what);
    print_report(invocation, &place, &report, is_restore ? TEXT_RESTORED : TEXT_BACKED_UP,
                 options.json);
    return EXIT_CODE_OK;
}

int command_backup(const struct invocation *invocation, int argc, char **argv)
{
    return run(invocation, argc, argv, false);
}

int command_restore(const struct invocation *invocation, int argc, char **argv)
{
    return run(invocation, argc, argv, true);
}
