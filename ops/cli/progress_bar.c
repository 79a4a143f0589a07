/* A bar for commands that take minutes. On the standard error and only at a terminal, so that
 * neither a file nor a pipe gets it; the label is cleaned, since it may hold other people's
 * words. */
#include "ops/cli/progress_bar.h"

#include <stdio.h>
#include <unistd.h>

#include "proto/base/printable.h"

enum { BAR_COLUMNS = 30, LABEL_BYTES_MAX = 256 };

void progress_bar_show(uint64_t done, uint64_t total, const char *label)
{
    char bar[BAR_COLUMNS + 1], clean[LABEL_BYTES_MAX];
    if (isatty(STDERR_FILENO) != 1)
        return;
    uint64_t filled = total == 0 ? 0 : done >= total ? BAR_COLUMNS : done * BAR_COLUMNS / total;
    for (uint64_t i = 0; i < BAR_COLUMNS; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[BAR_COLUMNS] = 0;
    (void)fprintf(stderr, "\r[%s] %3u%% %s\033[K", bar,
                  (unsigned)(total == 0      ? 0
                             : done >= total ? 100
                                             : done * 100 / total),
                  printable_copy(bytes_of_text(label), clean, sizeof clean));
}

void progress_bar_end(void)
{
    if (isatty(STDERR_FILENO) == 1)
        (void)fputs("\r\033[K", stderr);
}
