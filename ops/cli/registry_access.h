/* registry_access - how the commands that read a registry open it and say what is wrong with it. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "ops/cli/commands.h"
#include "routing/registry/registry.h"

/* The directory given, or $LIENTHONG_REGISTRY, or /etc/lienthong/registry. */
const char *registry_place(const char *given);

/* The registry at that place, without a word when there is none: NULL. */
struct registry *registry_at_hand(struct faults *faults);
/* EXIT_CODE_OK: *ret_registry is the caller's. EXIT_CODE_NEGATIVE: it has faults, and nothing was
 * printed. EXIT_CODE_UNREACHABLE: it was printed why. */
int registry_open(const struct invocation *invocation, const char *directory,
                  struct faults *ret_faults, struct registry **ret_registry);
/* One line for each fault, and their number. */
void registry_print_faults(const struct invocation *invocation, const struct faults *faults,
                           FILE *to);
