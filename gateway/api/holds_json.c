/* Dossiers that nothing is purged of, in JSON. What a hold is: gateway/custody/hold.h. */
#include "gateway/api/holds_json.h"

#include <string.h>

#include "gateway/api/json_member.h"

const char *const holds_members[] = {"dossier_code", "held", "by", "why", NULL};

static json_t *hold_json(const struct hold *hold)
{
    json_t *json = json_object();
    return json_whole(json, json_put_text(json, "dossier_code", hold->dossier_code) &&
                                json_put(json, "held", json_boolean(hold->is_held)) &&
                                json_put_moment(json, "at", hold->at) &&
                                json_put_text(json, "by", bytes_of_text(hold->by)) &&
                                json_put_text(json, "why", bytes_of_text(hold->why)));
}

/* All of them: HOLDS_MAX rows are one answer. */
void holds_list_answer(struct api_request *request)
{
    char text[DOSSIER_CODE_BYTES_MAX];
    json_t *list = json_array();
    struct hold hold;
    bool ok = list != NULL;
    enum reason reason = REASON_NONE;
    for (size_t i = 0; ok && reason == REASON_NONE; i++) {
        reason = hold_at(api_store(request), i, text, &hold);
        ok = reason != REASON_NONE || json_array_append_new(list, hold_json(&hold)) == 0;
    }
    api_answer_read(request, reason == REASON_NOT_FOUND ? REASON_NONE : reason,
                    json_whole(json_pack("{s:o}", "holds", list), ok));
}

/* False: it was answered what is missing, or wrong. */
static bool take_words(struct api_request *request, const char *name, char *ret_text, size_t size)
{
    struct bytes word = {NULL, 0};
    bool fits = json_take_text(api_json(request), name, &word) && word.size < size;
    if (fits && word.size > 0) {
        memcpy(ret_text, word.data, word.size);
        return true;
    }
    api_answer_reason(request, fits ? REASON_FIELD_MISSING : REASON_FIELD_INVALID, name);
    return false;
}

bool holds_take(struct api_request *request, char ret_text[HOLDS_TEXT_BYTES], struct hold *ret_hold)
{
    struct hold hold = {.is_held = false};
    memset(ret_text, 0, HOLDS_TEXT_BYTES);
    if (!api_take_flag(request, "held", true, &hold.is_held) ||
        !take_words(request, "dossier_code", ret_text, HOLDS_TEXT_BYTES) ||
        !take_words(request, "by", hold.by, sizeof hold.by) ||
        !take_words(request, "why", hold.why, sizeof hold.why))
        return false;
    hold.dossier_code = bytes_of_text(ret_text);
    *ret_hold = hold;
    return true;
}

void holds_answer(struct api_request *request, enum reason reason, const struct hold *hold)
{
    if (reason == REASON_NONE)
        api_answer_json(request, HTTP_OK, hold_json(hold));
    else
        api_answer_reason(request, reason, "dossier_code");
}
