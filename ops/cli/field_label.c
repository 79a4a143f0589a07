/* Names of body fields in the reader's language, from the same table as all texts (texts.def). A
 * field that has no text yet keeps its name of the schema. */
#include "ops/cli/field_label.h"

#include "ops/cli/asking.h"

static const struct word_text fields[] = {
#define TEXT(name, vietnamese, english)
#define FIELD(name, vietnamese, english) {#name, TEXT_FIELD_##name},
#include "ops/cli/texts.def"
#undef TEXT
};

const char *field_label(const char *name, enum language language)
{
    return WORD_LABEL(fields, name, language);
}
