/* lienthong-gateway: settings, what malloc is to do, start, run, stop. See gateway/README.md and
 * lienthong-gateway(8). All else is in start.c and loop.c. */
#include <malloc.h>
#include <stdlib.h>

#include "gateway/shell/gateway.h"
#include "gateway/workers/program_options.h"
#include "proto/base/version.h"

enum {
    MMAP_THRESHOLD_BYTES = 8 * 1024 * 1024,
    TRIM_THRESHOLD_BYTES = 24 * 1024 * 1024, /* one who floods does not make us begin anew */
};

static const struct program_description description = {
    .name = "lienthong-gateway",
    .version = "lienthong-gateway " VERSION_TEXT,
    .purpose_english =
        "Takes custody of signed dossier messages and carries them to their recipients.",
    .purpose_vietnamese = "Tiếp quản thông điệp hồ sơ đã ký và chuyển đến bên nhận.",
    .check_english = "Check settings, registry and keys, and end.",
    .check_vietnamese = "Kiểm tra cấu hình, danh bạ và khóa rồi kết thúc.",
    .settings = gateway_settings_table,
    .settings_count = GATEWAY_SETTINGS_ROWS,
};

int main(int argc, char **argv)
{
    static struct gateway gateway;
    struct program_options options;
    struct gateway_settings settings;
    int status = program_begin(&description, argc, argv, &options, &settings);
    if (status != PROGRAM_GOES_ON)
        return status;
    if (options.log_format >= 0)
        settings.log_format = options.log_format;
    /* Few arenas: worker threads would otherwise each keep memory of their own. */
    (void)mallopt(M_ARENA_MAX, 2);
    /* The largest frame and what is parsed of it stay on the heap, where their pages are used
     * again: mapped anew for each frame, they would cost more in page faults than in verification.
     */
    (void)mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD_BYTES);
    bool started = options.check_only ? gateway_check(&gateway, &settings, options.language)
                                      : gateway_start(&gateway, &settings, options.language);
    bool ran = started && (options.check_only || gateway_run(&gateway));
    gateway_stop(&gateway);
    return ran ? EXIT_SUCCESS : EXIT_FAILURE;
}
