/* foreground - Ctrl-C reaches this program alone, not the `make` that started it.
 *
 * A terminal sends the signal to the process group in the foreground. A program that ends well at
 * Ctrl-C takes the foreground with a group of its own, so that its caller, which would end with an
 * error at the same signal, hears only its exit code.
 *
 * Source: tcsetpgrp(3), credentials(7).
 */
#pragma once

#include <sys/types.h>

struct foreground {
    pid_t group; /* whose it was; 0: nothing was taken */
};

/* Takes nothing where standard input is no terminal, or another group is in the foreground. */
void foreground_take(struct foreground *foreground);
void foreground_give_back(const struct foreground *foreground);
