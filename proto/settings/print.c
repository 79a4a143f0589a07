/* What people read of settings: faults, and the manual of a table. Both are made of the rows that
 * load.c checks by (settings.h), in both languages, so that neither can say what is not so. */
#include "proto/settings/settings.h"

#include <inttypes.h>
#include <string.h>

#include "proto/settings/value.h"

struct words {
    const char *vietnamese;
    const char *english;
};

static const char *pick(struct words words, enum language language)
{
    return language_pick(language, words.vietnamese, words.english);
}

static const struct words kind_words[] = {
    [SETTING_TEXT] = {"chuỗi ký tự", "a text"},
    [SETTING_PATH] = {"đường dẫn", "a path"},
    [SETTING_INTEGER] = {"số nguyên", "a whole number"},
    [SETTING_BOOLEAN] = {"true hoặc false", "true or false"},
    [SETTING_DURATION] = {"khoảng thời gian (ms, s, m, h, d)", "a duration (ms, s, m, h, d)"},
    [SETTING_SIZE] = {"dung lượng (KiB, MiB, GiB)", "a size (KiB, MiB, GiB)"},
    [SETTING_CHOICE] = {"một trong", "one of"},
};

static const struct words fault_words[] = {
    [SETTING_FAULT_SYNTAX] = {"không đúng cú pháp của tệp cấu hình",
                              "not the syntax of a settings file"},
    [SETTING_FAULT_UNKNOWN] = {"không có tham số này", "there is no such setting"},
    [SETTING_FAULT_REPEATED] = {"đã khai báo ở trên", "is set twice"},
    [SETTING_FAULT_WRONG_KIND] = {"sai kiểu, phải là", "is of the wrong kind, must be"},
    [SETTING_FAULT_OUT_OF_RANGE] = {"ngoài giới hạn, phải là", "is out of range, must be"},
    [SETTING_FAULT_MISSING] = {"bắt buộc nhưng chưa khai báo, là", "is missing, must be"},
    [SETTING_FAULT_FILE_TOO_LARGE] = {"tệp cấu hình quá lớn", "the file is too large for settings"},
    [SETTING_FAULT_OUT_OF_MEMORY] = {"thiếu bộ nhớ", "out of memory"},
};

struct unit {
    int64_t factor;
    const char *name;
};

/* An amount in the largest unit that divides it. */
static bool print_amount(enum setting_kind kind, int64_t amount, struct buffer *into)
{
    static const struct unit duration_units[] = {
        {86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
    static const struct unit size_units[] = {
        {1L << 30, "GiB"}, {1L << 20, "MiB"}, {1L << 10, "KiB"}, {1, ""}};
    static const struct unit no_units[] = {{1, ""}};
    const struct unit *unit = kind == SETTING_DURATION ? duration_units
                              : kind == SETTING_SIZE   ? size_units
                                                       : no_units;
    while (unit->factor > 1 && (amount == 0 || amount % unit->factor != 0))
        unit++;
    return buffer_append_format(into, "%" PRId64 "%s", amount / unit->factor, unit->name);
}

/* Nothing is said of a range that the type alone sets. */
static bool print_range(const struct setting *setting, enum language language, struct buffer *into)
{
    int64_t min = setting_min(setting);
    int64_t max = setting_max(setting);
    if (min == INT64_MIN && max == INT64_MAX)
        return true;
    if (max == INT64_MAX)
        return buffer_append_text(into, pick((struct words){", từ ", ", at least "}, language)) &&
               print_amount(setting->kind, min, into);
    return buffer_append_text(into, ", ") && print_amount(setting->kind, min, into) &&
           buffer_append_text(into, pick((struct words){" đến ", " to "}, language)) &&
           print_amount(setting->kind, max, into);
}

/* What the setting may be: "a whole number, 1 to 65535". The same words in a fault and in the
 * manual, made of the row: they cannot differ from what is checked. */
static bool value_describe(const struct setting *setting, enum language language,
                           struct buffer *into)
{
    if (!buffer_append_text(into, pick(kind_words[setting->kind], language)))
        return false;
    switch (setting->kind) {
    case SETTING_BOOLEAN:
    case SETTING_RETIRED:
        return true;
    case SETTING_CHOICE:
        return buffer_append_text(into, ": ") && buffer_append_text(into, setting->choices);
    case SETTING_TEXT:
    case SETTING_PATH:
        return print_range(setting, language, into) &&
               buffer_append_text(into, pick((struct words){" byte", " bytes"}, language));
    case SETTING_INTEGER:
    case SETTING_DURATION:
    case SETTING_SIZE:
        return print_range(setting, language, into);
    }
    return true;
}

/* "FILE:LINE:" is what editors jump by. What is allowed is said with every fault but a repetition,
 * where the value may be right in both places. */
static bool print_fault(const struct setting_fault *fault, const char *file_name,
                        enum language language, struct buffer *into)
{
    bool told = fault->setting != NULL && fault->kind != SETTING_FAULT_REPEATED;
    if (!buffer_append_text(into, file_name) || !buffer_append_text(into, ":"))
        return false;
    if (fault->line > 0 && !buffer_append_format(into, "%zu:", fault->line))
        return false;
    if (fault->name[0] != 0 && !buffer_append_format(into, " %s:", fault->name))
        return false;
    if (!buffer_append_format(into, " %s", pick(fault_words[fault->kind], language)))
        return false;
    if (told && (!buffer_append_text(into, " ") || !value_describe(fault->setting, language, into)))
        return false;
    if (!told && fault->kind == SETTING_FAULT_WRONG_KIND &&
        !buffer_append_text(into, pick((struct words){" một nhóm", " a section"}, language)))
        return false;
    return buffer_append_text(into, "\n");
}

bool settings_faults_print(const struct settings_faults *faults, const char *file_name,
                           enum language language, struct buffer *into)
{
    for (size_t i = 0; i < faults->count; i++) {
        if (!print_fault(&faults->list[i], file_name, language, into))
            return false;
    }
    if (faults->left_off == 0)
        return true;
    return language == LANGUAGE_VIETNAMESE
               ? buffer_append_format(into, "%s: còn %zu lỗi nữa\n", file_name, faults->left_off)
               : buffer_append_format(into, "%s: and %zu more faults\n", file_name,
                                      faults->left_off);
}

static bool print_row(const struct setting *row, enum language language, struct buffer *into)
{
    static const struct words otherwise = {"; mặc định ", "; otherwise "};
    static const struct words required = {"; bắt buộc", "; required"};
    if (!buffer_append_format(into, "%s\n    ", row->name) || !value_describe(row, language, into))
        return false;
    bool printed =
        row->fallback == NULL
            ? buffer_append_text(into, pick(required, language))
            : buffer_append_text(into, pick(otherwise, language)) &&
                  buffer_append_text(into, row->fallback[0] == 0 ? "\"\"" : row->fallback);
    const char *meaning = language_pick(language, row->vietnamese, row->english);
    return printed && buffer_append_format(into, "\n    %s\n", meaning);
}

bool settings_print_help(const struct setting *table, size_t row_count, enum language language,
                         struct buffer *into)
{
    for (size_t i = 0; i < row_count; i++) {
        if (table[i].kind != SETTING_RETIRED && !print_row(&table[i], language, into))
            return false;
    }
    return true;
}
