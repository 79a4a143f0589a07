/* fold - texts as people search them: lower case, without diacritics, Đ as d; what is no letter and
 * no digit becomes one blank. */
#pragma once

#include "proto/base/bytes.h"

/* Appends. False at the buffer's limit, or without memory. */
bool fold_text(struct bytes text, struct buffer *into);
/* A dossier code in any spelling: its letters and digits, in upper case, without a terminator.
 * Answers how many were written; ret_text gets one. */
size_t fold_code(struct bytes text, char *ret_text, size_t capacity);
