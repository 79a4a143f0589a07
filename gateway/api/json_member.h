/* json_member - members of an answer that every API writes alike.
 *
 * Each answers false when memory is short; values that are empty, zero or none are left out.
 */
#pragma once

#include "gateway/api/json_text.h"
#include "gateway/custody/clock_sense.h"
#include "proto/base/digest.h"
#include "proto/base/id.h"
#include "proto/base/time.h"
#include "routing/outbox/entry.h"

/* RFC 3339 in Vietnam's time. */
bool json_put_moment(json_t *object, const char *name, wall_t at);
/* "clock": its state; "clock_shows", and "clock_goes_by": what the program reckons with. */
bool json_put_clock(json_t *object, const struct clock_report *clock);
bool json_put_id(json_t *object, const char *name, const struct message_id *id);
bool json_put_digest(json_t *object, const char *name, const struct digest *digest);
/* "reason", "reason_vi", "reason_en", "hint", "hint_vi". */
bool json_put_reason(json_t *object, enum reason reason);
/* "type" and "type_vi". */
bool json_put_type(json_t *object, uint32_t type);
/* "state" and "state_vi" of an entry (enum entry_state). */
bool json_put_entry_state(json_t *object, unsigned int state);
/* "due", when it is tried again; of an entry that has ended nothing, for there it is the end. */
bool json_put_due(json_t *object, const struct entry *entry);
/* The object itself; NULL, and released, when not all of it could be written. */
json_t *json_whole(json_t *object, bool is_whole);
