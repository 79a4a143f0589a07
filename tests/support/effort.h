/* effort - how far a test goes that tries one case after another.
 *
 * `make test` tries enough to notice what breaks; `make test-long EFFORT=N` lets the same tests try
 * N times as many, with the same seeds first.
 */
#pragma once

#include <stdint.h>
#include <stdlib.h>

/* Sanitized programs are slower; what they are there to find, a bad access, is in the first cases.
 */
#ifdef __SANITIZE_ADDRESS__
enum { EFFORT_SANITIZED = 1 };
#else
enum { EFFORT_SANITIZED = 0 };
#endif

static inline unsigned effort(unsigned plain, unsigned sanitized)
{
    const char *text = getenv("EFFORT");
    unsigned long times = text == NULL ? 1 : strtoul(text, NULL, 10);
    return (EFFORT_SANITIZED ? sanitized : plain) * (unsigned)(times > 0 ? times : 1);
}

/* For a test that tries every case there is: sanitized, and short, only one of `sanitized` of them,
 * which are others with every change of what comes before. */
static inline uint64_t effort_stride(uint64_t stride, unsigned sanitized)
{
    return EFFORT_SANITIZED && effort(1, 1) == 1 ? stride * sanitized : stride;
}
