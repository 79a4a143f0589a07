/* Times as people say them, by the clock of the machine that shows them, which may differ from the
 * daemon's by what clocks differ. */
#include "ops/cli/age.h"

#include <stdio.h>
#include <string.h>

#include "gateway/workers/program.h"

static const char *duration_label(int64_t ms, enum language language, char scratch[AGE_BYTES])
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

/* False: it is none. */
static bool age_ms(const char *time, int64_t *ret_ms)
{
    struct stamp stamp;
    if (!stamp_parse(bytes_of_text(time), &stamp))
        return false;
    *ret_ms = program_wall().ms - stamp.at.ms;
    return true;
}

const char *age_label(const char *time, enum language language, char scratch[AGE_BYTES])
{
    int64_t ms;
    return age_ms(time, &ms) ? duration_label(ms, language, scratch) : time;
}

/* Empty for what is due already: "in 0 s" would promise something. */
const char *future_label(const char *time, enum language language, char scratch[AGE_BYTES])
{
    int64_t ms;
    char duration[AGE_BYTES - 8];
    scratch[0] = 0;
    if (age_ms(time, &ms) && ms < 0) {
        (void)snprintf(duration, sizeof duration, "%s", duration_label(-ms, language, scratch));
        (void)snprintf(scratch, AGE_BYTES, language_pick(language, "sau %s", "in %s"), duration);
    }
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
