/* One sentence for why a message stands where it does: reason, a person's remark, since when, whose
 * turn, the office's number, which people. All commands that show a row of the API say it by this
 * function, so that two of them cannot differ (invariant 15). The words come from the daemon;
 * nothing is decided here. */
#include "ops/cli/cause.h"

#include <stdio.h>
#include <string.h>

#include "ops/cli/adapter_call.h"
#include "ops/cli/text.h"

/* A part that has nothing to say is left out, with what would have stood before it. */
static void add(char scratch[CAUSE_BYTES], const char *before, const char *format,
                const char *value)
{
    size_t size = strlen(scratch);
    if (value[0] == 0)
        return;
    if (size > 0)
        size += (size_t)snprintf(scratch + size, CAUSE_BYTES - size, "%s", before);
    if (size < CAUSE_BYTES)
        (void)snprintf(scratch + size, CAUSE_BYTES - size, format, value);
}

const char *cause_label(const json_t *row, enum language language, char scratch[CAUSE_BYTES])
{
    bool is_vietnamese = language == LANGUAGE_VIETNAMESE;
    const char *since = json_text(row, "since");
    char time[32];
    scratch[0] = 0;
    add(scratch, "", "%s", json_text(row, is_vietnamese ? "reason_vi" : "reason_en"));
    add(scratch, ": ", "%s", json_text(row, "text"));
    add(scratch, ", ", text_of(TEXT_CAUSE_SINCE, language), time_label(since, time));
    add(scratch, "; ", text_of(TEXT_CAUSE_TURN, language),
        json_text(row, is_vietnamese ? "turn_vi" : "turn_en"));
    add(scratch, " ", "(%s)", json_text(row, "party"));
    add(scratch, "; ", text_of(TEXT_CAUSE_NUMBER, language), json_text(row, "office_reference"));
    add(scratch, "; ", text_of(TEXT_CAUSE_SENT_BY, language), json_text(row, "acting_for"));
    add(scratch, "; ", text_of(TEXT_CAUSE_ANSWERED_BY, language), json_text(row, "answered_for"));
    return scratch;
}
