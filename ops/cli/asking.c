/* The connection is closed before anything is shown: a pager that waits must not hold a place of
 * the program's (API_CONNECTIONS_MAX). */
#include "ops/cli/asking.h"

#include <string.h>

int asking_run(const struct invocation *invocation, const struct asking *asking)
{
    struct http *http = NULL;
    json_t *answer = NULL;
    int code = program_open(invocation, asking->adapter, asking->gateway, &http);
    if (code == EXIT_CODE_OK)
        code = asking->ask(invocation, http, asking->context, &answer);
    http_destroy(&http);
    if (code == EXIT_CODE_OK && asking->json) {
        json_print(answer);
    } else if (code == EXIT_CODE_OK) {
        struct names names;
        names_open_for(invocation, asking->adapter, asking->gateway, &names);
        code = asking->show(&names, asking->context, answer);
        names_close(&names);
    }
    json_decref(answer);
    return code;
}

int asking_post(const struct invocation *invocation, struct http *http, const char *path,
                json_t *body, json_t **ret_answer)
{
    const struct api_call call = {.method = "POST", .path = path, .body = body};
    int code = adapter_call(invocation, http, &call, ret_answer);
    json_decref(body);
    return code;
}

json_int_t json_count(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

const char *word_label(const struct word_text *words, size_t count, const char *name,
                       enum language language)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i].name, name) == 0)
            return text_of(words[i].text, language);
    }
    return name;
}
