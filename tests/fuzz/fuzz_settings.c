/* Settings files: any bytes are either taken, with every value in its bounds, or refused with at
 * least one fault that can be printed. */
#include <stdlib.h>
#include <string.h>

#include "proto/settings/settings.h"

struct example {
    char text[16];
    char path[32];
    int64_t number;
    int64_t wait_ms;
    int64_t size_bytes;
    int choice;
    bool flag;
};

static const struct setting table[] = {
    {.name = "text", .kind = SETTING_TEXT, SETTING_FIELD(struct example, text), .fallback = ""},
    {.name = "a.path", .kind = SETTING_PATH, SETTING_FIELD(struct example, path), .fallback = "p"},
    {.name = "a.b.number",
     .kind = SETTING_INTEGER,
     SETTING_FIELD(struct example, number),
     .fallback = "1",
     .min = -5,
     .max = 5},
    {.name = "a.wait",
     .kind = SETTING_DURATION,
     SETTING_FIELD(struct example, wait_ms),
     .fallback = "1s"},
    {.name = "size",
     .kind = SETTING_SIZE,
     SETTING_FIELD(struct example, size_bytes),
     .fallback = "1KiB"},
    {.name = "choice",
     .kind = SETTING_CHOICE,
     SETTING_FIELD(struct example, choice),
     .fallback = "one",
     .choices = "one two"},
    {.name = "flag",
     .kind = SETTING_BOOLEAN,
     SETTING_FIELD(struct example, flag),
     .fallback = "false"},
};

static void must(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct settings_faults faults;
    struct example values;
    struct buffer text;
    memset(&values, 0x55, sizeof values);
    if (settings_load(table, sizeof table / sizeof *table, (struct bytes){data, size}, "/f",
                      &values, &faults)) {
        must(memchr(values.text, 0, sizeof values.text) != NULL);
        must(memchr(values.path, 0, sizeof values.path) != NULL);
        must(values.number >= -5 && values.number <= 5);
        must(values.wait_ms >= 0 && values.size_bytes >= 0);
        must(values.choice == 0 || values.choice == 1);
        return 0;
    }
    must(faults.count > 0 && faults.count <= SETTINGS_FAULTS_MAX);
    buffer_init(&text, SETTINGS_FAULTS_MAX * 512);
    must(settings_faults_print(&faults, "f", LANGUAGE_VIETNAMESE, &text));
    for (size_t i = 0; i < text.size; i++)
        must(text.data[i] == '\n' || text.data[i] >= ' ');
    buffer_release(&text);
    return 0;
}
