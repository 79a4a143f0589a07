/* Names of body fields in the reader's language, from the same table as all texts (texts.def). A
 * field that has no text yet keeps its name of the schema. */
#include "ops/cli/field_label.h"

#include <stddef.h>
#include <string.h>

#include "ops/cli/text.h"

static const struct {
    const char *name;
    enum text label;
} fields[] = {
#define TEXT(name, vietnamese, english)
#define FIELD(name, vietnamese, english) {#name, TEXT_FIELD_##name},
#include "ops/cli/texts.def"
#undef TEXT
};

const char *field_label(const char *name, enum language language)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].name, name) == 0)
            return text_of(fields[i].label, language);
    return name;
}
