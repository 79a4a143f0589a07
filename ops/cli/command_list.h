/* command_list - commands of which the first word says which: `lienthong` itself, and `portal`. */
#pragma once

#include "ops/cli/commands.h"
#include "ops/cli/text.h"

struct command_row {
    const char *name;
    command_function *run;
    enum text summary;
};

struct command_list {
    const char *name; /* "" or "portal" */
    enum text word;   /* what stands for the command in the usage line */
    enum text summary;
    enum text end; /* what follows the commands; TEXT_COUNT: nothing */
    const struct command_row *rows;
    size_t count;
};

/* argv[0] is the list's own name, argv[1] the command's. */
int command_choose(const struct command_list *list, const struct invocation *invocation, int argc,
                   char **argv);
