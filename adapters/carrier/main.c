/* lienthong-carrier - see adapters/carrier/README.md and lienthong-carrier(8). */
#include <malloc.h>
#include <stdlib.h>

#include "adapters/carrier/carrier.h"
#include "gateway/workers/program_options.h"
#include "proto/base/limits.h"
#include "proto/base/version.h"

enum {
    /* The largest frame stays on the heap: mapped and unmapped each time, it would cost ten times
     * as much in page faults as in encryption, and all others wait for that. */
    MMAP_THRESHOLD_BYTES = 2 * FRAME_BYTES_MAX,
    TRIM_THRESHOLD_BYTES = 16 * FRAME_BYTES_MAX, /* what a burst took is given back */
};

static const struct program_description description = {
    .name = CARRIER_PROGRAM,
    .version = CARRIER_PROGRAM " " VERSION_TEXT,
    .purpose_english = "Keeps one connection to the gateway for the adapters of many participants.",
    .purpose_vietnamese = "Giữ một kết nối tới cổng cho bộ nối của nhiều bên tham gia.",
    .check_english = "Check settings, registry and key, and end.",
    .check_vietnamese = "Kiểm tra cấu hình, danh bạ và khóa rồi kết thúc.",
    .settings = carrier_settings_table,
    .settings_count = CARRIER_SETTINGS_ROWS,
    .settings_fault = carrier_settings_fault,
};

int main(int argc, char **argv)
{
    static struct carrier_program program;
    struct program_options options;
    struct carrier_settings settings;
    int status = program_begin(&description, argc, argv, &options, &settings);
    if (status != PROGRAM_GOES_ON)
        return status;
    if (options.log_format >= 0)
        settings.log_format = options.log_format;
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD_BYTES);
    bool started = options.check_only ? carrier_check(&program, &settings, options.language)
                                      : carrier_start(&program, &settings, options.language);
    if (started && !options.check_only)
        carrier_run(&program);
    carrier_stop(&program);
    return started ? EXIT_SUCCESS : EXIT_FAILURE;
}
