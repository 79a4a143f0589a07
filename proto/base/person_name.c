/* Names of people: any script, nothing that hides. */
#include "proto/base/person_name.h"

#include "proto/base/limits.h"
#include "proto/base/printable.h"
#include "proto/base/utf8.h"

bool acting_for_is_valid(struct bytes name)
{
    size_t characters;
    return name.size > 0 && utf8_is_valid(name, &characters) &&
           characters <= PERSON_NAME_CHARACTERS_MAX && printable_is_text(name) &&
           name.data[0] != ' ' && name.data[name.size - 1] != ' ';
}
