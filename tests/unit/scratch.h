/* scratch - a folder of a test's own, and files in it. */
#pragma once

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/base/bytes.h"

struct scratch {
    char folder[64];
};

static inline bool scratch_open(struct scratch *scratch)
{
    snprintf(scratch->folder, sizeof scratch->folder, "/tmp/lienthong-test-XXXXXX");
    return mkdtemp(scratch->folder) != NULL;
}

static inline bool scratch_write(const struct scratch *scratch, const char *name,
                                 struct bytes content)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", scratch->folder, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return false;
    bool whole = content.size == 0 || fwrite(content.data, content.size, 1, file) == 1;
    return fclose(file) == 0 && whole;
}

static inline int scratch_remove_one(const char *path, const struct stat *status, int flag,
                                     struct FTW *walk)
{
    (void)status;
    (void)flag;
    (void)walk;
    return remove(path);
}

static inline void scratch_close(const struct scratch *scratch)
{
    nftw(scratch->folder, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
