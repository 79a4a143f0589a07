/* Invariant 11, privacy: what stands in contents, file names and remarks stands in no log line. */
#include <string.h>

#include "tests/sim/check.h"

static void logged(void *state, struct node *node, const struct log_line *line, struct bytes text)
{
    (void)state;
    (void)line;
    if (memmem(text.data, text.size, SECRET_TEXT, strlen(SECRET_TEXT)) != NULL)
        sim_violated(node->sim, 11, NULL, "%s logs what only the message may say",
                     sim_node_name(node->index));
}

const struct checker check_privacy = {.name = "privacy", .logged = logged};
