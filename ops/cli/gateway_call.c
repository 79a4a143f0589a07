#include "ops/cli/gateway_call.h"

#include <stdio.h>
#include <string.h>

#include "ops/cli/adapter_call.h"
#include "ops/cli/say.h"
#include "ops/cli/text.h"
#include "ops/client/control_socket.h"

enum { CONTROL_TIMEOUT_MS = 10 * 1000 };

#define GATEWAY_SOCKET_DEFAULT "/run/lienthong/gateway.socket"

int gateway_call(const struct invocation *invocation, const char *socket, const json_t *request,
                 json_t **ret_answer)
{
    enum language language = invocation->language;
    const char *path = socket[0] != 0 ? socket : GATEWAY_SOCKET_DEFAULT;
    json_t *answer = NULL;
    enum reason reason = control_ask(path, request, CONTROL_TIMEOUT_MS, &answer);
    if (reason != REASON_NONE) {
        say(stderr, text_of(TEXT_UNREACHABLE, language), path, unreachable_text(reason, language));
        return EXIT_CODE_UNREACHABLE;
    }
    if (json_is_true(json_object_get(answer, "ok"))) {
        *ret_answer = answer;
        return EXIT_CODE_OK;
    }
    const json_t *error = json_object_get(answer, "error");
    bool is_missing = strcmp(json_text(error, "code"), "not_found") == 0;
    error_print(language, error);
    json_decref(answer);
    return is_missing ? EXIT_CODE_NEGATIVE : EXIT_CODE_REFUSED;
}

int gateway_find_id(const struct invocation *invocation, const char *socket, const char *text,
                    struct short_id *ret_id)
{
    enum { PAGE = 1000 };
    json_int_t after = 0;
    int code = EXIT_CODE_OK;
    short_id_init(ret_id, text);
    for (bool more = !short_id_is_whole(ret_id); more && code == EXIT_CODE_OK;) {
        json_t *page = NULL;
        json_t *request = json_pack("{s:s, s:I, s:I}", "command", "queues", "limit",
                                    (json_int_t)PAGE, "after", after);
        code = gateway_call(invocation, socket, request, &page);
        const json_t *rows = json_object_get(page, "entries");
        size_t count = json_array_size(rows);
        json_int_t last =
            json_integer_value(json_object_get(json_array_get(rows, count - 1), "seq"));
        short_id_look(ret_id, rows);
        more = count == PAGE && last > after;
        after = last;
        json_decref(page);
        json_decref(request);
    }
    return code == EXIT_CODE_OK ? short_id_judge(ret_id, invocation) : code;
}
