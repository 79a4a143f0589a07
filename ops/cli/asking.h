/* asking - what all commands do that put one question to a program and show its answer. */
#pragma once

#include "ops/cli/adapter_call.h"
#include "ops/cli/names.h"
#include "ops/cli/text.h"

struct asking {
    const char *adapter, *gateway; /* as program_open has them */
    bool json;                     /* the answer as it is, and not `show` */
    int (*ask)(const struct invocation *invocation, struct http *http, void *context,
               json_t **ret_answer);
    int (*show)(const struct names *names, void *context, const json_t *answer);
    void *context;
};

/* Opens, asks, closes, shows; the exit code of the step that failed, or that of `show`. */
int asking_run(const struct invocation *invocation, const struct asking *asking);
/* POST of a body, which is taken over; otherwise adapter_call. */
int asking_post(const struct invocation *invocation, struct http *http, const char *path,
                json_t *body, json_t **ret_answer);

/* A member that is a count; 0 when it is not there. */
json_int_t json_count(const json_t *object, const char *name);

/* A word of an API and what people read for it. */
struct word_text {
    const char *name;
    enum text text;
};
/* A word that the table does not have is shown as it is: the program may be newer than we are. */
const char *word_label(const struct word_text *words, size_t count, const char *name,
                       enum language language);
#define WORD_LABEL(words, name, language)                                                          \
    word_label(words, sizeof(words) / sizeof(words)[0], name, language)
