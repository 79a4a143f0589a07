/* value - the kinds of values that options and words of the command line take: how people call
 * them, which are allowed, and which may be offered while a word is being typed. The table is
 * values.def.
 */
#pragma once

#include <stdbool.h>

#include "proto/base/language.h"

enum value {
#define VALUE(name, vietnamese, english, shape_vi, shape_en) VALUE_##name,
#include "ops/cli/values.def"
#undef VALUE
    VALUE_COUNT,
};

/* "TỆP", "FILE": for usage lines. */
const char *value_label(enum value value, enum language language);
/* What one looks like, for who wrote another; "" when nothing can be said. */
const char *value_shape(enum value value, enum language language);
bool value_is_valid(enum value value, const char *text);

typedef void value_found(void *context, const char *word);
/* The words that the kind consists of; none when it is open. False: it is open. */
bool value_each_word(enum value value, value_found *found, void *context);
/* The same, and for participants those of the registry at hand: what may be offered. ":files" and
 * ":folders" stand for what the shell knows better. */
void value_each_offer(enum value value, value_found *found, void *context);
