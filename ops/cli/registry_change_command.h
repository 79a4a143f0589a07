/* registry_change_command - `lienthong registry preview NEW`, `apply [NEW]`, `history`,
 * `restore VERSION`: each answers the exit code of the program. */
#pragma once

#include "ops/cli/commands.h"

struct registry_change_options {
    const char *place;   /* the registry in use; NULL: registry_place */
    const char *gateway; /* "": where it usually is */
    const char *adapter; /* NULL: nobody says which dossiers are under way */
    const char *why;
    bool json;
};

/* What another registry would change. EXIT_CODE_REFUSED: it may not take the place. */
int registry_preview(const struct invocation *invocation,
                     const struct registry_change_options *options, const char *folder);
/* folder: proposes it. NULL: puts in use what another person has proposed. */
int registry_apply(const struct invocation *invocation,
                   const struct registry_change_options *options, const char *folder);
/* Proposes the content of an earlier version under a new one. */
int registry_restore(const struct invocation *invocation,
                     const struct registry_change_options *options, const char *version);
int registry_history(const struct invocation *invocation,
                     const struct registry_change_options *options);
