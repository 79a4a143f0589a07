/* lienthong-adapter - see adapters/README.md and lienthong-adapter(8). */
#include <malloc.h>
#include <stdlib.h>

#include "adapters/shell/adapter.h"
#include "gateway/workers/program_options.h"

enum {
    /* A piece of a file and what ZeroMQ makes of it stay on the heap: mapped and unmapped each
     * time, they would cost more in page faults than in encryption. */
    MMAP_THRESHOLD_BYTES = 512 * 1024,
    TRIM_THRESHOLD_BYTES = 4 * 1024 * 1024,
};

static struct program_description description = {
    .name = "lienthong-adapter",
    .version = "lienthong-adapter " ADAPTER_VERSION,
    .purpose_english = "Signs, sends and receives dossier messages for one participant, and serves "
                       "its systems on 127.0.0.1.",
    .purpose_vietnamese = "Ký, gửi và nhận thông điệp hồ sơ cho một bên tham gia, phục vụ phần mềm "
                          "của bên đó tại 127.0.0.1.",
    .check_english = "Check settings, registry, keys and mapping, and end.",
    .check_vietnamese = "Kiểm tra cấu hình, danh bạ và khóa rồi kết thúc.",
    .settings_fault = adapter_settings_fault,
};

int main(int argc, char **argv)
{
    static struct adapter adapter;
    struct program_options options;
    struct adapter_settings settings;
    description.settings = adapter_settings_rows(&description.settings_count);
    int status = program_begin(&description, argc, argv, &options, &settings);
    if (status != PROGRAM_GOES_ON)
        return status;
    if (options.log_format >= 0)
        settings.log_format = options.log_format;
    /* Verification needs no heap of its own, and a large frame gives its memory back at once. */
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD_BYTES);
    bool started = options.check_only ? adapter_check(&adapter, &settings, options.language)
                                      : adapter_start(&adapter, &settings, options.language);
    if (started && !options.check_only)
        adapter_run(&adapter);
    adapter_stop(&adapter);
    return started ? EXIT_SUCCESS : EXIT_FAILURE;
}
