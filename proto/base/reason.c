#include "proto/base/reason.h"

#include <stddef.h>

struct row {
    enum reason reason;
    enum reason_class class;
    const char *code;
    const char *vietnamese;
    const char *english;
    const char *hint;
};

static const struct row rows[] = {
#define REASON(name, number, code, class, vi, en, hint)                                            \
    {REASON_##name, REASON_CLASS_##class, code, vi, en, hint},
#include "proto/base/reason.def"
#undef REASON
};

static const struct {
    enum reason reason;
    const char *vietnamese;
} hints[] = {
#define HINT(name, vietnamese) {REASON_##name, vietnamese},
#include "proto/base/reason_hint.def"
#undef HINT
};

static const struct row unknown_row = {
    .class = REASON_CLASS_UNKNOWN,
    .code = "unknown",
    .vietnamese = "Lý do không có trong danh mục",
    .english = "A reason that is not in the table",
    .hint = "The other side may be newer.",
};

static const struct row *find(enum reason reason)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].reason == reason)
            return &rows[i];
    }
    return &unknown_row;
}

const char *reason_code(enum reason reason)
{
    return find(reason)->code;
}

enum reason_class reason_class(enum reason reason)
{
    return find(reason)->class;
}

const char *reason_vietnamese(enum reason reason)
{
    return find(reason)->vietnamese;
}

const char *reason_english(enum reason reason)
{
    return find(reason)->english;
}

const char *reason_hint(enum reason reason)
{
    return find(reason)->hint;
}

const char *reason_hint_vietnamese(enum reason reason)
{
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (hints[i].reason == reason)
            return hints[i].vietnamese;
    return "";
}

const char *reason_text(enum reason reason, enum language language)
{
    return language == LANGUAGE_VIETNAMESE ? reason_vietnamese(reason) : reason_english(reason);
}

const char *reason_hint_text(enum reason reason, enum language language)
{
    return language == LANGUAGE_VIETNAMESE ? reason_hint_vietnamese(reason) : reason_hint(reason);
}

bool reason_parse(struct bytes code, enum reason *ret_reason)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (bytes_equal(code, bytes_of_text(rows[i].code))) {
            *ret_reason = rows[i].reason;
            return true;
        }
    }
    return false;
}

bool reason_is_known(uint32_t number)
{
    return find((enum reason)number) != &unknown_row;
}
