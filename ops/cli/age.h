/* age - how long ago something was, or how long it took, instead of dates that repeat. */
#pragma once

#include <stdint.h>

#include "proto/base/language.h"

enum { AGE_BYTES = 48 };

/* From a moment as an API writes it to now, as all durations here in two parts at most ("45 s",
 * "3 h 05", "4 d 2 h"); other texts as they are. */
const char *age_label(const char *time, enum language language, char scratch[AGE_BYTES]);
/* Of a moment that is still to come: "in 3 min"; otherwise "". */
const char *future_label(const char *time, enum language language, char scratch[AGE_BYTES]);
/* Between two moments; "" when one of them is none. */
const char *between_label(const char *from, const char *to, enum language language,
                          char scratch[AGE_BYTES]);
