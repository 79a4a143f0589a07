/* The second code of one's own account: a secret for the authenticator, in force when a code of it
 * was typed; ten recovery codes, shown once; and giving it up. Whoever begins or ends it shows his
 * password again, because a session may be somebody else's for a moment. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "adapters/desk/desk.h"
#include "gateway/workers/program.h"

/* True: the password was compared, and is right. The first call gives it to the hasher. */
static bool has_password(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    if (!call->is_begun) {
        desk_compare_password(request, &call->person, "password");
        return false;
    }
    return call->job.is_done && desk_password_was_right(request, call->person.name, &call->person);
}

/* Not in force yet, and in the place of one that was begun before. */
void totp_begin_apply(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    uint8_t secret[TOTP_SECRET_BYTES];
    char hex[2 * TOTP_SECRET_BYTES + 1], text[TOTP_BASE32_BYTES];
    if (!has_password(request))
        return;
    randombytes_buf(secret, sizeof secret);
    (void)sodium_bin2hex(hex, sizeof hex, secret, sizeof secret);
    totp_base32(secret, text);
    enum reason reason =
        book_run(&desk_of(request)->book, BOOK_PERSON_TOTP_NEW, "tt", call->person.name, hex);
    json_t *uri = json_sprintf("otpauth://totp/Lien%%20Thong:%s?secret=%s&issuer=Lien%%20Thong",
                               call->person.name, text);
    api_answer_read(request, reason, json_pack("{s:s, s:o}", "secret", text, "uri", uri));
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(hex, sizeof hex);
    sodium_memzero(text, sizeof text);
}

static enum reason keep(struct api_request *request, const char *secret, int64_t step,
                        const char *recovery)
{
    struct book *book = &desk_of(request)->book;
    struct desk_call *call = desk_call(request);
    const struct desk_action action = {.action = secret[0] == 0 ? "totp_off" : "totp_on"};
    enum reason reason = book_begin(book);
    if (reason == REASON_NONE)
        reason =
            book_run(book, BOOK_PERSON_TOTP, "ttit", call->person.name, secret, step, recovery);
    if (reason == REASON_NONE)
        reason = desk_audit(request, &call->person, &action);
    return book_finish(book, reason);
}

static void answer_codes(struct api_request *request,
                         char codes[RECOVERY_CODES][RECOVERY_CODE_BYTES])
{
    json_t *list = json_array(), *object = json_object();
    bool ok = list != NULL;
    for (int i = 0; i < RECOVERY_CODES; i++)
        ok = ok && json_array_append_new(list, json_string(codes[i])) == 0;
    ok = json_put(object, "recovery_codes", list) && ok;
    api_answer_json(request, HTTP_OK, json_whole(object, ok));
}

/* The code that confirms is used by that: it opens nothing afterwards. */
void totp_confirm(struct api_request *request)
{
    struct desk *desk = desk_of(request);
    struct desk_call *call = desk_call(request);
    char code[TOTP_CODE_BYTES], hex[2 * TOTP_SECRET_BYTES + 1];
    char codes[RECOVERY_CODES][RECOVERY_CODE_BYTES], recovery[RECOVERY_TEXT_BYTES];
    int64_t step = 0;
    if (desk_must_wait(request, call->person.name) ||
        !desk_take(request, "code", code, sizeof code))
        return;
    if (!people_begun_totp(&desk->book, call->person.name, hex)) {
        api_answer_reason(request, REASON_NOT_FOUND, "totp");
        return;
    }
    if (!people_code_matches(hex, code, program_wall(), 0, &step)) {
        throttle_failed(&desk->throttle, call->person.name, call->address, desk->now);
        desk_fail_sign_in(request, &call->person);
        return;
    }
    recovery_make(codes, recovery);
    enum reason reason = keep(request, hex, step, recovery);
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
    else
        answer_codes(request, codes);
    sodium_memzero(codes, sizeof codes);
    sodium_memzero(hex, sizeof hex);
}

void totp_end_apply(struct api_request *request)
{
    if (!has_password(request))
        return;
    enum reason reason = keep(request, "", 0, "");
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
    else
        api_answer_nothing(request);
}
