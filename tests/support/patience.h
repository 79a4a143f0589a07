/* patience - how long a test waits for what must happen.
 *
 * A bound of time in a test ends what hangs; it does not judge what is slow. tests/run says in
 * PATIENCE how many times longer everything may take where the machine has other work.
 */
#pragma once

#include <stdlib.h>

enum { PATIENCE_MAX = 100 };

static inline int patience_ms(int ms)
{
    const char *text = getenv("PATIENCE");
    long times = text == NULL ? 1 : strtol(text, NULL, 10);
    return ms * (int)(times < 1 ? 1 : times > PATIENCE_MAX ? PATIENCE_MAX : times);
}
