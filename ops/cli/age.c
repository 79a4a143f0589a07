#include "ops/cli/age.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proto/base/time.h"

const char *duration_label(int64_t ms, enum language language, char scratch[AGE_BYTES])
{
    enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 24 * 3600 };
    bool is_vietnamese = language == LANGUAGE_VIETNAMESE;
    long long s = ms > 0 ? (long long)(ms / 1000) : 0;
    if (s < MINUTE_S)
        (void)snprintf(scratch, AGE_BYTES, is_vietnamese ? "%lld giây" : "%lld s", s);
    else if (s < HOUR_S)
        (void)snprintf(scratch, AGE_BYTES, is_vietnamese ? "%lld phút" : "%lld min", s / MINUTE_S);
    else if (s < DAY_S)
        (void)snprintf(scratch, AGE_BYTES, is_vietnamese ? "%lld giờ %02lld" : "%lld h %02lld",
                       s / HOUR_S, s % HOUR_S / MINUTE_S);
    else
        (void)snprintf(scratch, AGE_BYTES, is_vietnamese ? "%lld ngày %lld giờ" : "%lld d %lld h",
                       s / DAY_S, s % DAY_S / HOUR_S);
    return scratch;
}

const char *age_label(const char *time, enum language language, char scratch[AGE_BYTES])
{
    struct stamp stamp;
    struct timespec now;
    char duration[AGE_BYTES];
    if (!stamp_parse(bytes_of_text(time), &stamp))
        return time;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t age_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - stamp.at.ms;
    if (age_ms >= 0)
        return duration_label(age_ms, language, scratch);
    (void)duration_label(-age_ms, language, duration);
    (void)snprintf(scratch, AGE_BYTES, language_pick(language, "sau %s", "in %s"), duration);
    return scratch;
}

const char *between_label(const char *from, const char *to, enum language language,
                          char scratch[AGE_BYTES])
{
    struct stamp first, last;
    scratch[0] = 0;
    if (stamp_parse(bytes_of_text(from), &first) && stamp_parse(bytes_of_text(to), &last))
        (void)duration_label(last.at.ms - first.at.ms, language, scratch);
    return scratch;
}
