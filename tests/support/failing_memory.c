#include "tests/support/failing_memory.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"

/* Thread's own: what a library's threads do is not the scenario. */
static _Thread_local bool is_counting;
static _Thread_local uint64_t left; /* 0: none fails any more */
static _Thread_local bool was_reached;

static bool fails(void)
{
    if (!is_counting || left == 0 || --left > 0)
        return false;
    was_reached = true;
    return true;
}

/* The linker sends our objects' calls here; see its option --wrap. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

/* ---- SQLite: it asks for an allocation's size, so that it is kept in front ---- */

enum { SIZE_BYTES = 16 };

static void *sqlite_malloc(int size)
{
    char *memory = fails() ? NULL : __real_malloc((size_t)size + SIZE_BYTES);
    if (memory == NULL)
        return NULL;
    memcpy(memory, &size, sizeof size);
    return memory + SIZE_BYTES;
}

static void sqlite_free(void *memory)
{
    free((char *)memory - SIZE_BYTES);
}

static void *sqlite_realloc(void *memory, int size)
{
    char *again =
        fails() ? NULL : __real_realloc((char *)memory - SIZE_BYTES, (size_t)size + SIZE_BYTES);
    if (again == NULL)
        return NULL;
    memcpy(again, &size, sizeof size);
    return again + SIZE_BYTES;
}

static int sqlite_size(void *memory)
{
    int size;
    memcpy(&size, (char *)memory - SIZE_BYTES, sizeof size);
    return size;
}

static int sqlite_roundup(int size)
{
    return (size + 7) / 8 * 8;
}

static int sqlite_start(void *context)
{
    (void)context;
    return SQLITE_OK;
}

static void sqlite_stop(void *context)
{
    (void)context;
}

/* ---- OpenSSL, jansson ---- */

static void *openssl_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size == 0 || fails() ? NULL : __real_malloc(size);
}

static void openssl_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

static void *openssl_realloc(void *memory, size_t size, const char *file, int line)
{
    if (size == 0) {
        openssl_free(memory, file, line);
        return NULL;
    }
    return fails() ? NULL : __real_realloc(memory, size);
}

void failing_memory_install(void)
{
    static const sqlite3_mem_methods methods = {
        sqlite_malloc,  sqlite_free,  sqlite_realloc, sqlite_size,
        sqlite_roundup, sqlite_start, sqlite_stop,    NULL};
    int configured = sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
    check(configured == SQLITE_OK);
    configured = CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);
    check(configured == 1);
    json_set_alloc_funcs(__wrap_malloc, free);
}

void failing_memory_begin(uint64_t n)
{
    left = n;
    was_reached = false;
    is_counting = true;
}

void failing_memory_pause(void)
{
    is_counting = false;
}

void failing_memory_resume(void)
{
    is_counting = true;
}

bool failing_memory_is_on(void)
{
    return is_counting;
}

bool failing_memory_end(void)
{
    is_counting = false;
    left = 0;
    return was_reached;
}
