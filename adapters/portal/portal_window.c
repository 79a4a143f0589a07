/* Hours of the day in which the portal is not asked, in Vietnam's time, which has no summer time:
 * a day is always 24 hours. A window may span midnight, and windows that touch are one closed
 * time. */
#include "adapters/portal/portal_window.h"

#include <string.h>

enum { MINUTES_OF_DAY = 24 * 60, MINUTE_MS = 60 * 1000 };

/* "22:00": two digits, a colon, two digits. */
static bool parse_minute(const char *text, int *ret_minute)
{
    static const char form[] = "00:00";
    for (size_t i = 0; i < sizeof form - 1; i++) {
        bool is_digit = text[i] >= '0' && text[i] <= '9';
        if (form[i] == '0' ? !is_digit : text[i] != form[i])
            return false; /* also at the end of the text */
    }
    int hour = (text[0] - '0') * 10 + text[1] - '0';
    int minute = (text[3] - '0') * 10 + text[4] - '0';
    *ret_minute = hour * 60 + minute;
    return minute < 60 && *ret_minute <= MINUTES_OF_DAY;
}

static bool parse_one(const char *text, int *ret_from, int *ret_to, int *ret_used)
{
    enum { TIME_CHARACTERS = 5 };
    if (!parse_minute(text, ret_from) || text[TIME_CHARACTERS] != '-' ||
        !parse_minute(text + TIME_CHARACTERS + 1, ret_to))
        return false;
    *ret_used = 2 * TIME_CHARACTERS + 1;
    return *ret_from != *ret_to && *ret_from < MINUTES_OF_DAY;
}

bool portal_windows_parse(const char *text, struct portal_windows *ret_windows)
{
    struct portal_windows windows = {.count = 0};
    text += strspn(text, " ");
    while (*text != 0) {
        int used;
        if (windows.count == PORTAL_WINDOWS_MAX ||
            !parse_one(text, &windows.list[windows.count].from_minute,
                       &windows.list[windows.count].to_minute, &used))
            return false;
        windows.count++;
        text += used;
        if (*text != 0 && *text != ' ')
            return false;
        text += strspn(text, " ");
    }
    *ret_windows = windows;
    return true;
}

/* Milliseconds that this window stays open; 0: it is closed. */
static int64_t open_for_ms(int from_minute, int to_minute, int64_t of_day_ms)
{
    int64_t from = (int64_t)from_minute * MINUTE_MS, to = (int64_t)to_minute * MINUTE_MS;
    int64_t day = (int64_t)MINUTES_OF_DAY * MINUTE_MS;
    if (from < to)
        return of_day_ms >= from && of_day_ms < to ? to - of_day_ms : 0;
    if (of_day_ms >= from)
        return day - of_day_ms + to;
    return of_day_ms < to ? to - of_day_ms : 0;
}

/* Compared before it is subtracted: the least number of all has no distance from now. */
int64_t portal_closed_wait_ms(int64_t until_ms, wall_t now)
{
    int64_t wait = until_ms > now.ms ? until_ms - now.ms : 0;
    return wait < PORTAL_CLOSED_MAX_MS ? wait : PORTAL_CLOSED_MAX_MS;
}

int64_t portal_windows_wait_ms(const struct portal_windows *windows, wall_t now)
{
    int64_t day = (int64_t)MINUTES_OF_DAY * MINUTE_MS;
    int64_t wait = 0;
    /* Windows that touch follow each other: as many rounds as there are windows reach the end. */
    for (size_t round = 0; round <= windows->count; round++) {
        int64_t at = (now.ms + wait + (int64_t)VIETNAM_OFFSET_MINUTES * MINUTE_MS) % day;
        int64_t longest = 0;
        for (size_t i = 0; i < windows->count; i++) {
            int64_t open =
                open_for_ms(windows->list[i].from_minute, windows->list[i].to_minute, at);
            longest = open > longest ? open : longest;
        }
        if (longest == 0)
            break;
        wait += longest;
    }
    return wait;
}
