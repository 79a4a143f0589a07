/* utf8 - is a text what RFC 3629 calls UTF-8, and how many characters has it?
 *
 * NUL is refused as well: a text with one inside reads differently in C, in SQL and on paper.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/bytes.h"

/* False for overlong forms, surrogates, values above U+10FFFF, cut sequences and NUL.
 * ret_characters (may be NULL): code points. */
bool utf8_is_valid(struct bytes text, size_t *ret_characters);

/* Length of the character at the start of text and its code point; 0: what stands there is no
 * UTF-8, or NUL, or text is empty. */
size_t utf8_next(struct bytes text, uint32_t *ret_character);
