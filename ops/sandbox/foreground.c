/* The sandbox takes the terminal's foreground group for itself: Ctrl-C would otherwise go to every
 * child at once, and the order in which they end is ours. */
#include "ops/sandbox/foreground.h"

#include <signal.h>
#include <unistd.h>

/* Who is not in the foreground is stopped when it changes it, unless it ignores that signal. */
static void set_group(pid_t group)
{
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    struct sigaction before;
    (void)sigaction(SIGTTOU, &ignored, &before);
    (void)tcsetpgrp(STDIN_FILENO, group);
    (void)sigaction(SIGTTOU, &before, NULL);
}

void foreground_take(struct foreground *foreground)
{
    pid_t group = getpgrp();
    foreground->group = 0;
    if (group == getpid() || tcgetpgrp(STDIN_FILENO) != group || setpgid(0, 0) != 0)
        return;
    foreground->group = group;
    set_group(getpid());
}

void foreground_give_back(const struct foreground *foreground)
{
    if (foreground->group != 0)
        set_group(foreground->group);
}
