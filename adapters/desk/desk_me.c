/* Who I am, what I may, and whether the desk itself is well. */
#include "adapters/desk/desk.h"

#include "proto/base/version.h"
#include "routing/registry/registry.h"

static json_t *rights_json(enum desk_role role)
{
    json_t *rights = json_array();
    bool ok = true;
    for (int i = DESK_RIGHT_ANYBODY + 1; i < DESK_RIGHTS; i++) {
        if (desk_role_may(role, (enum desk_right)i))
            ok = json_array_append_new(rights, json_string(desk_right_name((enum desk_right)i))) ==
                     0 &&
                 ok;
    }
    return json_whole(rights, ok);
}

/* "ok", or why pages have what was known before alone. */
static json_t *standing_json(enum reason reason)
{
    if (reason == REASON_NONE)
        return json_pack("{s:s}", "code", "ok");
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "code", reason_code(reason), "text_vi",
                     reason_vietnamese(reason), "text_en", reason_english(reason), "hint",
                     reason_hint(reason), "hint_vi", reason_hint_vietnamese(reason));
}

/* A participant that the registry lost meanwhile keeps its key; a reload that would lose it is
 * refused. */
static json_t *participant_json(const struct desk *desk)
{
    const struct agency *agency = registry_agency(desk->registry, &desk->participant);
    const char *key = desk->participant.text;
    return json_pack("{s:s, s:s, s:s, s:b}", "key", key, "name_vi",
                     agency == NULL ? key : agency->name_vi, "name_en",
                     agency == NULL ? key : agency->name_en, "is_centre",
                     agency != NULL && agency->role == ROLE_CENTRE);
}

json_t *desk_me_json(struct desk *desk, const struct person *person)
{
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:b, s:b, s:o, s:s, s:o, s:o}", "name", person->name,
        "full_name", person->full_name, "role", desk_role_name(person->role), "role_vi",
        desk_role_label(person->role, LANGUAGE_VIETNAMESE), "role_en",
        desk_role_label(person->role, LANGUAGE_ENGLISH), "rights", rights_json(person->role),
        "sees_content", person->sees_content, "has_totp", person->has_totp, "must_change_password",
        person->must_change, "participant", participant_json(desk), "version", VERSION_TEXT,
        "adapter", desk_adapter_json(desk), "book", standing_json(desk->book.trouble));
}

void me_get(struct api_request *request)
{
    api_answer_json(request, HTTP_OK, desk_me_json(desk_of(request), &desk_call(request)->person));
}

/* For a proxy, or whoever watches: nothing about what is inside. */
void desk_healthz_get(struct api_request *request)
{
    const struct desk *desk = desk_of(request);
    const char *book = desk->book.trouble == REASON_NONE ? "ok" : reason_code(desk->book.trouble);
    api_answer_json(request, desk->book.trouble == REASON_NONE ? HTTP_OK : HTTP_UNAVAILABLE,
                    json_pack("{s:s}", "book", book));
}
