/* person_name - the name of the person on whose word something was done (acting_for).
 *
 * It is signed, kept as evidence and read by people years later, so that it must read the same for
 * all of them: nothing in it is invisible, turns the direction of writing or ends a line, and no
 * blank is at its ends. Its form is NFC when it came through gateway/api/json_text.h.
 */
#pragma once

#include <stdbool.h>

#include "proto/base/bytes.h"

/* 1 to PERSON_NAME_CHARACTERS_MAX characters, each of them one of printable_is_character. */
bool acting_for_is_valid(struct bytes name);
