/* Why the registry forbids a message, worked out again here from the registry at hand: the receipt
 * says only which reason it was, and whoever wrote the message wants the row. */
#include "ops/cli/route_tell.h"

#include "ops/cli/adapter_call.h"
#include "ops/cli/say.h"
#include "proto/base/time.h"
#include "routing/registry/route.h"

enum { EXPLANATION_BYTES_MAX = 32 * 1024 };

/* Reasons that the registry alone decides, which stand next to one another in reason.def. */
bool route_is_told(const json_t *row)
{
    enum reason reason = REASON_NONE;
    return reason_parse(bytes_of_text(json_text(row, "reason")), &reason) &&
           (reason == REASON_POLICY_FORBIDDEN ||
            (reason >= REASON_PROCEDURE_UNKNOWN && reason <= REASON_ROUTE_MISSING));
}

static struct key key_at(const json_t *message, const char *name)
{
    struct key key = {{0}};
    (void)key_parse(bytes_of_text(json_text(message, name)), &key);
    return key;
}

void route_tell(const struct names *names, const json_t *message)
{
    struct stamp created = {0};
    struct route_decision decision;
    struct buffer text;
    struct route_question question = {
        .sender = key_at(message, "sender"),
        .recipient = key_at(message, "recipient"),
        .procedure_code = bytes_of_text(json_text(message, "procedure_code")),
        .dossier_code = bytes_of_text(json_text(message, "dossier_code")),
    };
    if (!route_is_told(message) ||
        !message_type_parse(bytes_of_text(json_text(message, "type")), &question.type) ||
        !stamp_parse(bytes_of_text(json_text(message, "created")), &created))
        return;
    question.at = created.at;
    struct names read = {.registry = NULL};
    const struct names *known = names->registry != NULL ? names : &read;
    if (known == &read && names->invocation != NULL)
        names_read(names, &read);
    if (known->registry != NULL) {
        (void)route_resolve(known->registry, &question, &decision);
        buffer_init(&text, EXPLANATION_BYTES_MAX);
        (void)route_explain(known->registry, &question, &decision, names->language, &text);
        say_lines(stderr, buffer_view(&text));
        buffer_release(&text);
    }
    names_close(&read);
}
