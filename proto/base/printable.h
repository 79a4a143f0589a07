/* printable - other people's words, made safe for a terminal, a log line or a page.
 *
 * A text from outside may clear a screen, write over what stands there, run backwards or hide a
 * part of itself. Whatever comes from a message, a file, a program or a peer goes through here
 * before people see it: escape sequences and other control characters (C0, C1), marks that turn the
 * direction of writing, characters that are not seen, and bytes that are no UTF-8 become U+FFFD;
 * ends of lines and tabs become a blank, so that one value stays on its line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/bytes.h"

enum { PRINTABLE_GROWTH = 3 /* bytes that one byte may become: U+FFFD */ };

/* Neither a control, nor a mark of direction, nor invisible, nor the end of a line. */
bool printable_is_character(uint32_t character);
/* UTF-8, and nothing in it that would be replaced. */
bool printable_is_text(struct bytes text);
/* Into an array, with a terminator; what does not fit is left out, whole characters at a time.
 * Answers ret_text. */
const char *printable_copy(struct bytes text, char *ret_text, size_t capacity);
/* The same into fresh memory, for free; NULL: out of memory. */
char *printable_new(struct bytes text);
