#include "tests/standins/portal/portal_trouble.h"

#include <string.h>

static const char *const names[TROUBLE_KIND_COUNT] = {
    [TROUBLE_NONE] = "",
    [TROUBLE_SLOW] = "slow",
    [TROUBLE_ERROR_500] = "error_500",
    [TROUBLE_SESSION_EXPIRY] = "session_expiry",
    [TROUBLE_EXISTS] = "exists",
    [TROUBLE_ACCEPT_THEN_CLOSE] = "accept_then_close",
    [TROUBLE_ACCEPT_THEN_HANG] = "accept_then_hang",
    [TROUBLE_HALF_REFUSED] = "half_refused",
    [TROUBLE_CATALOGUE] = "catalogue",
    [TROUBLE_CONTENT_TYPE] = "content_type",
    [TROUBLE_CONTENT_TYPE_AFTER] = "content_type_after",
    [TROUBLE_UNKNOWN_CODE] = "unknown_code",
    [TROUBLE_MAINTENANCE] = "maintenance",
    [TROUBLE_BUSY] = "busy",
};

const char *trouble_name(enum trouble_kind kind)
{
    return names[kind];
}

static bool read_number(const json_t *request, const char *name, int64_t at_most, int64_t *number)
{
    const json_t *value = json_object_get(request, name);
    if (value == NULL)
        return true;
    *number = json_integer_value(value);
    return json_is_integer(value) && *number >= 0 && *number <= at_most;
}

bool trouble_parse(const json_t *request, struct trouble_plan *ret_plan)
{
    const char *kind = json_string_value(json_object_get(request, "kind"));
    int64_t count = 0;
    int64_t every = 1;
    int64_t skip = 0;
    int64_t seed = 0;
    int64_t milliseconds = 0;
    if (kind == NULL || !read_number(request, "count", INT32_MAX, &count) ||
        !read_number(request, "every", INT32_MAX, &every) ||
        !read_number(request, "skip", INT32_MAX, &skip) ||
        !read_number(request, "seed", INT64_MAX, &seed) ||
        !read_number(request, "milliseconds", TROUBLE_MS_MAX, &milliseconds))
        return false;
    for (int i = TROUBLE_NONE + 1; i < TROUBLE_KIND_COUNT; i++) {
        if (strcmp(kind, names[i]) != 0)
            continue;
        *ret_plan = (struct trouble_plan){
            .kind = (enum trouble_kind)i,
            .count = (uint32_t)count,
            .every = (uint32_t)every,
            .skip = (uint32_t)skip,
            .seed = (uint64_t)seed,
            .milliseconds = (uint32_t)milliseconds,
        };
        return true;
    }
    return false;
}

bool trouble_add(struct troubles *troubles, const struct trouble_plan *plan)
{
    if (troubles->count == TROUBLE_PLANS_MAX)
        return false;
    troubles->plans[troubles->count++] = *plan;
    return true;
}

/* A trouble that could not be told from good behaviour in this call does not count it. */
static bool fits(enum trouble_kind kind, enum portal_call call, size_t entries)
{
    bool is_write =
        call == PORTAL_CALL_CREATE || call == PORTAL_CALL_UPDATE || call == PORTAL_CALL_PROGRESS;
    switch (kind) {
    case TROUBLE_EXISTS:
        return call == PORTAL_CALL_CREATE;
    case TROUBLE_HALF_REFUSED:
        return is_write && entries > 1;
    case TROUBLE_ACCEPT_THEN_CLOSE:
    case TROUBLE_ACCEPT_THEN_HANG:
    case TROUBLE_CONTENT_TYPE_AFTER:
        return is_write;
    case TROUBLE_CATALOGUE:
        return call == PORTAL_CALL_CATALOGUE;
    default:
        return true;
    }
}

/* The splitmix64 generator (Steele, Lea, Flood 2014): a table of any size without a state. */
static uint64_t mix(uint64_t value)
{
    value += 0x9e3779b97f4a7c15ULL;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

static bool has_its_turn(struct trouble_plan *plan, int64_t now_ms)
{
    if (plan->kind == TROUBLE_MAINTENANCE && now_ms < plan->until_ms)
        return true;
    if (plan->count > 0 && plan->used >= plan->count)
        return false;
    uint32_t call = plan->calls++;
    uint32_t every = plan->every == 0 ? 1 : plan->every;
    if (call < plan->skip)
        return false;
    call -= plan->skip;
    bool hit = plan->seed != 0 ? mix(plan->seed + call) % every == 0 : call % every == every - 1;
    if (hit) {
        plan->used++;
        plan->until_ms = now_ms + plan->milliseconds;
    }
    return hit;
}

struct trouble_hit trouble_draw(struct troubles *troubles, enum portal_call call, size_t entries,
                                int64_t now_ms)
{
    for (size_t i = 0; i < troubles->count; i++) {
        struct trouble_plan *plan = &troubles->plans[i];
        if (fits(plan->kind, call, entries) && has_its_turn(plan, now_ms))
            return (struct trouble_hit){plan->kind, plan->milliseconds, plan->until_ms};
    }
    return (struct trouble_hit){TROUBLE_NONE, 0, 0};
}

json_t *trouble_list(const struct troubles *troubles)
{
    json_t *list = json_array();
    for (size_t i = 0; i < troubles->count; i++) {
        const struct trouble_plan *plan = &troubles->plans[i];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:I, s:I, s:I, s:I}", "kind", names[plan->kind], "count",
                            (json_int_t)plan->count, "every", (json_int_t)plan->every, "calls",
                            (json_int_t)plan->calls, "used", (json_int_t)plan->used));
    }
    return list;
}
