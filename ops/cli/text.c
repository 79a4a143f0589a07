/* Texts of the commands in two languages: one table, so that no text is without its translation.
 */
#include "ops/cli/text.h"

#include "proto/base/check.h"

static const struct {
    const char *vietnamese;
    const char *english;
} texts[TEXT_COUNT] = {
#define TEXT(name, vietnamese, english) [TEXT_##name] = {vietnamese, english},
#include "ops/cli/texts.def"
#undef TEXT
};

const char *text_of(enum text text, enum language language)
{
    check((size_t)text < TEXT_COUNT);
    return language == LANGUAGE_VIETNAMESE ? texts[text].vietnamese : texts[text].english;
}
