/* names - participants as people call them: the registry's names for its keys.
 *
 * The registry that is at hand is asked, never the network: the one that an adapter's or a
 * gateway's settings name, else registry_place. Where none can be read the keys are shown.
 */
#pragma once

#include "ops/cli/commands.h"
#include "routing/registry/registry.h"

struct names {
    struct registry *registry; /* NULL: none could be read */
    enum language language;
    const struct invocation *invocation; /* of names_open_for, with whom it asks */
    const char *adapter, *gateway;
};

/* settings: the settings file whose `registry_directory` counts; NULL: none. */
void names_open(const struct invocation *invocation, const char *settings, struct names *ret_names);
/* Of the adapter, or of the gateway, that a command asks; either may be NULL.
 * For people at a terminal: a program that reads the output gets the keys that commands take. */
void names_open_for(const struct invocation *invocation, const char *adapter, const char *gateway,
                    struct names *ret_names);
/* The registry of those places, also where nobody is at a terminal; to be closed. */
void names_read(const struct names *places, struct names *ret_names);
void names_close(struct names *names);
/* Lives as long as names and key. */
const char *name_of(const struct names *names, const char *key);
/* The same for a narrow column: "One-stop centre", "Justice". */
const char *short_name_of(const struct names *names, const char *key);
