/* text - every text that a person reads from this program, in Vietnamese and English.
 *
 * The table is ops/cli/texts.def. A text may be a format; then both languages take the same
 * arguments in the same order (a unit test compares them).
 */
#pragma once

#include <stddef.h>

#include "proto/base/language.h"

enum text {
#define TEXT(name, vietnamese, english) TEXT_##name,
#include "ops/cli/texts.def"
#undef TEXT
    TEXT_COUNT,
};

const char *text_of(enum text text, enum language language);
