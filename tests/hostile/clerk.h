/* clerk - a back office at the API of each of the two real adapters, in a process of its own.
 *
 * It takes what is in the inbox of a0008, sends messages from both, asks where they stand, and
 * notes how long each call took (struct shared: calls). What an adapter says is held against what
 * is so: "delivered" of a message that the centre does not have, or a refusal in the name of an
 * office that never saw it, is a false state.
 */
#pragma once

#include "tests/hostile/world.h"

/* In the child: until shared->stops. Never returns. */
_Noreturn void clerk_run(const struct world *world);
