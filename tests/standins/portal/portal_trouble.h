/* portal_trouble - how the portal's stand-in misbehaves when a test tells it to.
 *
 *   trouble_add(&troubles, &(struct trouble_plan){.kind = TROUBLE_SLOW, .every = 7, ...})
 *   for each call:  hit = trouble_draw(&troubles, PORTAL_CALL_PROGRESS, 10, now)
 *
 * Deterministic: the same plans and the same calls give the same hits. Pure but for its own
 * counters; the caller locks and waits.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Name in a control request, and what it does. */
enum trouble_kind {
    TROUBLE_NONE,
    TROUBLE_SLOW,               /* "slow": the call takes `milliseconds` longer */
    TROUBLE_ERROR_500,          /* "error_500": HTTP 500, nothing is applied */
    TROUBLE_SESSION_EXPIRY,     /* "session_expiry": the session ends with this call */
    TROUBLE_EXISTS,             /* "exists": new dossiers are answered so, and not taken */
    TROUBLE_ACCEPT_THEN_CLOSE,  /* "accept_then_close": applied, then the line is cut */
    TROUBLE_ACCEPT_THEN_HANG,   /* "accept_then_hang": applied, answered after `milliseconds` */
    TROUBLE_HALF_REFUSED,       /* "half_refused": every second entry has an internal error */
    TROUBLE_CATALOGUE,          /* "catalogue": procedures and agencies have changed */
    TROUBLE_CONTENT_TYPE,       /* "content_type": a page instead of JSON, nothing is applied */
    TROUBLE_CONTENT_TYPE_AFTER, /* "content_type_after": the same, but applied */
    TROUBLE_UNKNOWN_CODE,       /* "unknown_code": a code that no list has, nothing is applied */
    TROUBLE_MAINTENANCE,        /* "maintenance": for `milliseconds` from its first call on */
    TROUBLE_BUSY,               /* "busy": later, nothing is applied */
    TROUBLE_KIND_COUNT,
};

enum portal_call {
    PORTAL_CALL_CREATE,
    PORTAL_CALL_UPDATE,
    PORTAL_CALL_PROGRESS,
    PORTAL_CALL_LOOK_UP,
    PORTAL_CALL_CATALOGUE,
};

struct trouble_plan {
    enum trouble_kind kind;
    uint32_t count; /* how many times; 0: without end */
    uint32_t every; /* one fitting call in so many; 0 and 1: each */
    uint32_t skip;  /* so many fitting calls first pass untouched */
    uint64_t seed;  /* not 0: which ones is drawn, at that rate, instead of counted */
    uint32_t milliseconds;
    uint32_t calls, used; /* so far */
    int64_t until_ms;     /* of a maintenance that has begun */
};

enum { TROUBLE_PLANS_MAX = 32, TROUBLE_MS_MAX = 10 * 60 * 1000 };

struct troubles {
    struct trouble_plan plans[TROUBLE_PLANS_MAX];
    size_t count;
};

struct trouble_hit {
    enum trouble_kind kind;
    uint32_t milliseconds;
    int64_t until_ms;
};

const char *trouble_name(enum trouble_kind kind);
/* {"kind","count","every","seed","milliseconds","skip"}; false when it is not one. */
bool trouble_parse(const json_t *request, struct trouble_plan *ret_plan);
/* False when there are too many plans. */
bool trouble_add(struct troubles *troubles, const struct trouble_plan *plan);
/* The first plan that has its turn; plans that do not fit the call do not count it. */
struct trouble_hit trouble_draw(struct troubles *troubles, enum portal_call call, size_t entries,
                                int64_t now_ms);
/* A list of the plans with what they did so far; NULL for lack of memory. */
json_t *trouble_list(const struct troubles *troubles);
