/* Gives the kernel back the pages of our own code after the start: parsing, libraries' start-up
 * and tables that are used once would else count as memory of a program that may run for years.
 * They come back from the file when they are needed. Only mappings of files that may be run and
 * not written. */
#include "gateway/workers/code_pages.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE_BYTES_MAX = 4352, MAPPINGS_MAX = 4096 };

void code_pages_forget(void)
{
    char line[LINE_BYTES_MAX];
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL)
        return;
    for (int i = 0; i < MAPPINGS_MAX && fgets(line, sizeof line, maps) != NULL; i++) {
        char *rest = NULL;
        uintptr_t from = strtoul(line, &rest, 16);
        if (*rest != '-')
            continue;
        uintptr_t to = strtoul(rest + 1, &rest, 16);
        if (strncmp(rest, " r-xp ", 6) != 0 || strchr(rest, '/') == NULL)
            continue;
        /* An address out of our own map of memory. */
        (void)madvise((void *)from, to - from, MADV_DONTNEED); // NOLINT(performance-no-int-to-ptr)
    }
    (void)fclose(maps);
}
