/* route_tell - why a message may not go where it was sent: what `route explain` says of it. */
#pragma once

#include <jansson.h>

#include "ops/cli/names.h"

/* message: as an adapter's API has it. To standard error; nothing when its reason is none that the
 * registry decides, or no registry is at hand. */
void route_tell(const struct names *names, const json_t *message);
/* Of a row with a reason: route_tell has something to say of its message. */
bool route_is_told(const json_t *row);
