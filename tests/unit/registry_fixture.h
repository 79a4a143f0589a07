/* Registries for tests: the shipped data, and small ones written in the test itself. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "routing/registry/registry.h"
#include "routing/table/csv.h"

/* Not SHA-256; enough to tell files apart. */
static inline void fixture_hash(const struct bytes *parts, size_t part_count,
                                struct digest *ret_digest)
{
    uint64_t state = 1;
    for (size_t i = 0; i < part_count; i++)
        state = (state ^ hash_bytes(parts[i])) * 1099511628211U + parts[i].size;
    for (size_t i = 0; i < DIGEST_BYTES; i++)
        ret_digest->bytes[i] = (uint8_t)(state >> (8 * (i % 8)));
}

/* A file of the source tree, with a terminator; tests run at its root. Owned by the caller. */
static inline char *fixture_read(const char *path)
{
    enum { BYTES_MAX = 4 * 1024 * 1024 };
    FILE *file = fopen(path, "rb");
    check(file != NULL);
    char *text = malloc(BYTES_MAX);
    check(text != NULL);
    size_t size = fread(text, 1, BYTES_MAX - 1, file);
    (void)fclose(file);
    text[size] = 0;
    return text;
}

static inline struct bytes fixture_text(const char *text)
{
    return text == NULL ? (struct bytes){NULL, 0} : bytes_of_text(text);
}

/* The shipped data with another agencies.csv (NULL: the shipped one). It must have no faults. */
static inline struct registry *fixture_shipped(const char *agencies_path)
{
    static const char *const paths[REGISTRY_FILE_COUNT] = {
        [REGISTRY_FILE_VERSION] = "routing/data/version",
        [REGISTRY_FILE_AGENCIES] = "routing/data/agencies.csv",
        [REGISTRY_FILE_PROCEDURES] = "routing/data/procedures.csv",
        [REGISTRY_FILE_POLICY] = "routing/data/policy.csv",
        [REGISTRY_FILE_HOLIDAYS] = "routing/data/holidays.csv",
    };
    char *texts[REGISTRY_FILE_COUNT] = {NULL};
    struct registry_files files = {0};
    static struct faults faults;
    struct registry *registry = NULL;
    for (size_t i = 0; i < REGISTRY_FILE_COUNT; i++) {
        bool other = i == REGISTRY_FILE_AGENCIES && agencies_path != NULL;
        const char *path = other ? agencies_path : paths[i];
        if (path != NULL)
            texts[i] = fixture_read(path);
        files.content[i] = fixture_text(texts[i]);
    }
    enum reason reason = registry_new(&files, fixture_hash, &faults, &registry);
    check(reason == REASON_NONE);
    for (size_t i = 0; i < REGISTRY_FILE_COUNT; i++)
        free(texts[i]);
    return registry;
}

static inline wall_t fixture_day(const char *text)
{
    civil_day_t day;
    bool parsed = day_parse(bytes_of_text(text), &day);
    check(parsed);
    return day_start(day);
}
