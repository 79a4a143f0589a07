/* transition_json - a change of state as the data of an event: the log, for those who listen.
 *
 * {event, time, message_id, dossier_code, from, to, type, type_vi, state, state_vi,
 *  reason, reason_vi, reason_en, attempt, count}, without what is not there.
 */
#pragma once

#include "gateway/custody/effects.h"

/* One line, appended. False: memory is short, or the buffer's limit is reached. */
bool transition_json_write(const struct transition *transition, wall_t at, struct buffer *into);
