#include "adapters/shell/code_pages.h"

#include <stdint.h>
#include <stdio.h>
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
        uintptr_t from;
        uintptr_t to;
        char rights[5];
        if (sscanf(line, "%zx-%zx %4s", &from, &to, rights) != 3 || strcmp(rights, "r-xp") != 0 ||
            strchr(line, '/') == NULL)
            continue;
        /* An address out of our own map of memory. */
        (void)madvise((void *)from, to - from, MADV_DONTNEED); // NOLINT(performance-no-int-to-ptr)
    }
    (void)fclose(maps);
}
