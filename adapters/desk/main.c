/* lienthong-desk - see adapters/desk/README.md and lienthong-desk(8). */
#include <stdlib.h>
#include <string.h>

#include "adapters/desk/desk.h"
#include "gateway/workers/program_options.h"
#include "proto/base/version.h"

/* As the other daemons have it; the command is beside it. */
static const struct program_description description = {
    .name = DESK_PROGRAM,
    .version = DESK_PROGRAM " " VERSION_TEXT,
    .purpose_english = "The web console of the centre's staff, and of agencies without a system.",
    .purpose_vietnamese = "Bàn làm việc trên web của trung tâm và của cơ quan chưa có phần mềm.",
    .check_english = "Check settings, registry and doors, and end.",
    .check_vietnamese = "Kiểm tra cấu hình, danh bạ và cổng mở rồi kết thúc.",
    .settings = desk_settings_table,
    .settings_count = DESK_SETTINGS_ROWS,
    .settings_fault = desk_settings_fault,
};

/* "people …" stands behind the options, which end there. */
static int options_end(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "people") == 0 && strcmp(argv[i - 1], "--settings") != 0 &&
            strcmp(argv[i - 1], "-s") != 0)
            return i;
    }
    return argc;
}

int main(int argc, char **argv)
{
    static struct desk desk;
    struct program_options options;
    struct desk_settings settings = {0}; /* what no row of the table sets is none */
    int end = options_end(argc, argv);
    int status = program_begin(&description, end, argv, &options, &settings);
    if (status != PROGRAM_GOES_ON)
        return status;
    if (end < argc)
        return desk_command(&settings, options.language, argc - end, argv + end);
    if (options.log_format >= 0)
        settings.log_format = options.log_format;
    bool started = options.check_only ? desk_check(&desk, &settings, options.language)
                                      : desk_start(&desk, &settings, options.language);
    if (started && !options.check_only)
        desk_run(&desk);
    desk_stop(&desk);
    return started ? EXIT_SUCCESS : EXIT_FAILURE;
}
