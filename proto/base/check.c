/* What must hold and does not is a mistake of our own: the program ends where it is noticed,
 * before it writes anything that rests on it, and starts again from what the disk has. */
#include "proto/base/check.h"

#include <stddef.h>
#include <stdlib.h>

static check_hook *installed_hook;

void check_set_hook(check_hook *hook)
{
    installed_hook = hook;
}

_Noreturn void check_failed(const char *file, int line, const char *expression)
{
    if (installed_hook != NULL)
        installed_hook(file, line, expression);
    abort();
}
