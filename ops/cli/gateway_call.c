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
