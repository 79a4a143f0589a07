#include "gateway/workers/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEY_FILE_BYTES_MAX = 4096 };

enum language program_language(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != 0)
            return language_of(value);
    }
    return LANGUAGE_ENGLISH;
}

bool program_print_settings(const struct setting *table, size_t row_count, enum language language)
{
    struct buffer text;
    buffer_init(&text, SETTINGS_FILE_BYTES_MAX);
    bool printed = settings_print_help(table, row_count, language, &text) &&
                   fwrite(text.data, 1, text.size, stdout) == text.size;
    buffer_release(&text);
    return printed;
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

bool program_load_settings(const char *path, const struct setting *table, size_t row_count,
                           enum language language, void *ret_values)
{
    static struct settings_faults faults;
    struct buffer yaml;
    buffer_init(&yaml, SETTINGS_FILE_BYTES_MAX);
    enum reason reason = file_read(path, &yaml);
    if (reason != REASON_NONE) {
        (void)fprintf(stderr, "%s: %s\n", path,
                      language_pick(language, reason_vietnamese(reason), reason_english(reason)));
        buffer_release(&yaml);
        return false;
    }
    char folder[FILE_PATH_BYTES_MAX] = ".";
    const char *slash = strrchr(path, '/');
    if (slash != NULL && (size_t)(slash - path) < sizeof folder) {
        memcpy(folder, path, (size_t)(slash - path));
        folder[slash - path] = 0;
    }
    bool loaded = settings_load(table, row_count, buffer_view(&yaml), folder, ret_values, &faults);
    if (!loaded)
        print_faults(&faults, path, language);
    buffer_release(&yaml);
    return loaded;
}

enum reason program_read_curve_secret(const char *path, struct curve_pair *ret_pair)
{
    struct buffer text;
    struct curve_pair pair;
    buffer_init(&text, KEY_FILE_BYTES_MAX);
    enum reason reason = file_read_secret(path, &text);
    struct bytes key = buffer_view(&text);
    while (key.size > 0 && (key.data[key.size - 1] == '\n' || key.data[key.size - 1] == '\r'))
        key.size--;
    if (reason == REASON_NONE && !curve_pair_of_secret(key, &pair))
        reason = REASON_KEY_UNREADABLE;
    if (reason == REASON_NONE)
        *ret_pair = pair;
    explicit_bzero(&pair, sizeof pair);
    if (text.size > 0)
        explicit_bzero(text.data, text.size);
    buffer_release(&text);
    return reason;
}

void program_say_failure(const char *program, enum language language, enum reason reason,
                         const char *what)
{
    const char *hint = language_pick(language, reason_hint_vietnamese(reason), reason_hint(reason));
    (void)fprintf(stderr, "%s: %s: %s (%s)%s%s\n", program, what,
                  language_pick(language, reason_vietnamese(reason), reason_english(reason)),
                  reason_code(reason), hint[0] != 0 ? "\n  " : "", hint);
}

wall_t program_wall(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (wall_t){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

mono_t program_mono(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (mono_t){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

int32_t program_offset_minutes(void)
{
    time_t now = time(NULL);
    struct tm local;
    return localtime_r(&now, &local) == NULL ? VIETNAM_OFFSET_MINUTES
                                             : (int32_t)(local.tm_gmtoff / 60);
}
