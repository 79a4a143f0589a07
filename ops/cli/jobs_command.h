/* jobs_command - what other commands use of lienthong jobs. */
#pragma once

#include "ops/cli/adapter_call.h"

/* Looks at the job until its progress is no longer so, and shows how far it is; *answer is the
 * newest. What is not over in ten minutes goes on without us. EXIT_CODE_REFUSED: the program
 * stopped it by itself; it was printed why. */
int jobs_wait(const struct invocation *invocation, struct http *http, const char *progress,
              json_t **answer);
/* One job with a page of its set; page -1: the first. */
int jobs_ask(const struct invocation *invocation, struct http *http, const char *number,
             int64_t page, json_t **ret_answer);
