/* Signing in and out, and changing a password.
 *
 *   first apply ─▶ must he wait? ─▶ job of the hasher ─▶ … ─▶ apply again ─▶ session, cookie
 *
 * Whether a name exists is not told: nobody's hash takes as long as anybody's, and the answer is
 * the same. What failed stands in the audit, for whoever looks for guesses. */
#include "adapters/desk/desk.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "gateway/workers/program.h"
#include "proto/base/utf8.h"

bool desk_take(struct api_request *request, const char *name, char *ret_text, size_t capacity)
{
    struct bytes text = {NULL, 0};
    bool is_text = json_take_text(api_json(request), name, &text);
    if (!is_text || text.size >= capacity || (text.size > 0 && memchr(text.data, 0, text.size))) {
        api_answer_reason(request, is_text ? REASON_FIELD_TOO_LONG : REASON_FIELD_NOT_TEXT, name);
        return false;
    }
    if (text.size > 0)
        memcpy(ret_text, text.data, text.size);
    ret_text[text.size] = 0;
    return true;
}

static void answer_wait(struct api_request *request, int64_t wait_ms)
{
    char seconds[24];
    (void)snprintf(seconds, sizeof seconds, "%lld", (long long)(wait_ms + 999) / 1000);
    api_answer_reason(request, REASON_SIGN_IN_SLOW, NULL);
    api_answer_header(request, "Retry-After", seconds);
}

void desk_give(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    (void)snprintf(call->job.address, sizeof call->job.address, "%s", call->address);
    call->is_begun = hasher_give(desk_of(request)->hasher, &call->job);
    if (!call->is_begun) {
        sodium_memzero(call->job.password, sizeof call->job.password);
        api_answer_reason(request, REASON_BUSY, NULL);
    }
}

/* ---- sign in ---- */

/* The name is read at each call: the request holds it. ret_person: an empty one when there is none
 * of that name. */
static bool read_name(struct api_request *request, struct person *ret_person)
{
    char name[PERSON_NAME_BYTES];
    if (!desk_take(request, "name", name, sizeof name))
        return false;
    *ret_person = (struct person){0};
    (void)snprintf(ret_person->name, sizeof ret_person->name, "%s", name);
    return true;
}

bool desk_must_wait(struct api_request *request, const char *name)
{
    struct desk *desk = desk_of(request);
    int64_t wait_ms =
        throttle_wait_ms(&desk->throttle, name, desk_call(request)->address, desk->now);
    if (wait_ms > 0)
        answer_wait(request, wait_ms);
    return wait_ms > 0;
}

/* Nobody's hash where there is no such person: it takes as long. An attempt counts as a failed one
 * from here on, or as many as wait in the queue would be free. */
void desk_compare_password(struct api_request *request, const struct person *person,
                           const char *member)
{
    struct desk *desk = desk_of(request);
    struct desk_call *call = desk_call(request);
    struct person found;
    if (desk_must_wait(request, person->name) ||
        !desk_take(request, member, call->job.password, sizeof call->job.password))
        return;
    enum reason reason = people_find(&desk->book, person->name, &found, call->job.hash);
    if (reason != REASON_NONE)
        (void)snprintf(call->job.hash, sizeof call->job.hash, "%s", hasher_dummy(desk->hasher));
    desk_give(request);
    if (call->is_begun)
        throttle_failed(&desk->throttle, person->name, call->address, desk->now);
}

/* The hash is read again: what was right for a password that was changed meanwhile opens nothing,
 * or a guess that waited in the queue would outlive the change. */
bool desk_password_was_right(struct api_request *request, const char *name,
                             struct person *ret_person)
{
    struct desk *desk = desk_of(request);
    struct desk_call *call = desk_call(request);
    char hash[PASSWORD_HASH_BYTES];
    bool is_there = people_find(&desk->book, name, ret_person, hash) == REASON_NONE;
    bool is_right = call->job.is_right && is_there && !ret_person->is_locked &&
                    strcmp(hash, call->job.hash) == 0;
    if (is_right)
        throttle_succeeded(&desk->throttle, name, call->address);
    else
        desk_fail_sign_in(request, is_there ? ret_person : NULL);
    return is_right;
}

void desk_fail_sign_in(struct api_request *request, const struct person *known)
{
    desk_audit_failure(request, known);
    api_answer_reason(request, REASON_SIGN_IN_WRONG, NULL);
}

static void succeed(struct api_request *request, struct person *person)
{
    struct desk *desk = desk_of(request);
    char secret[SESSION_TEXT_BYTES];
    const struct desk_action action = {.action = "sign_in"};
    enum reason reason = book_begin(&desk->book);
    if (reason == REASON_NONE)
        reason = sessions_begin(&desk->book, person->name, desk_call(request)->address,
                                program_wall(), secret);
    if (reason == REASON_NONE)
        reason = desk_audit(request, person, &action);
    reason = book_finish(&desk->book, reason);
    if (reason != REASON_NONE) {
        api_answer_reason(request, reason, NULL);
        return;
    }
    api_answer_json(request, HTTP_OK, desk_me_json(desk, person));
    desk_set_cookie(request, secret);
    sodium_memzero(secret, sizeof secret);
}

/* Who comes so far has the right password, so that wrong codes make the name wait wherever they
 * come from: of six digits a million are soon tried from many addresses. */
static bool code_is_right(struct api_request *request, const struct person *person)
{
    static const char anywhere[] = "code";
    struct desk *desk = desk_of(request);
    char code[TOTP_CODE_BYTES];
    if (json_object_get(api_json(request), "code") == NULL) {
        api_answer_reason(request, REASON_CODE_NEEDED, NULL);
        return false;
    }
    int64_t wait_ms = throttle_wait_ms(&desk->throttle, person->name, anywhere, desk->now);
    if (wait_ms > 0) {
        answer_wait(request, wait_ms);
        return false;
    }
    if (!desk_take(request, "code", code, sizeof code))
        return false;
    enum reason reason = people_use_code(&desk->book, person->name, code, program_wall());
    if (reason == REASON_SIGN_IN_WRONG) {
        throttle_failed(&desk->throttle, person->name, anywhere, desk->now);
        desk_fail_sign_in(request, person);
    } else if (reason != REASON_NONE) {
        api_answer_reason(request, reason, NULL);
    } else {
        throttle_succeeded(&desk->throttle, person->name, anywhere);
    }
    return reason == REASON_NONE;
}

void sign_in_apply(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    struct person person;
    if (!read_name(request, &person))
        return;
    if (!call->is_begun) {
        desk_compare_password(request, &person, "password");
        return;
    }
    if (!call->job.is_done)
        return;
    struct person found;
    if (desk_password_was_right(request, person.name, &found) &&
        (!found.has_totp || code_is_right(request, &found)))
        succeed(request, &found);
}

/* ---- sign out ---- */

/* A book that cannot be written keeps nobody signed in: the next person at this browser would be
 * him. */
void sign_out(struct api_request *request)
{
    struct desk *desk = desk_of(request);
    struct desk_call *call = desk_call(request);
    const struct desk_action action = {.action = "sign_out"};
    enum reason reason = book_begin(&desk->book);
    if (reason == REASON_NONE)
        reason = sessions_end(&desk->book, call->session);
    if (reason == REASON_NONE)
        reason = desk_audit(request, &call->person, &action);
    reason = book_finish(&desk->book, reason);
    if (reason != REASON_NONE &&
        !ended_add(&desk->ended, call->session, call->person.name, call->address, program_wall()))
        api_answer_reason(request, reason, NULL);
    else
        api_answer_nothing(request);
    desk_set_cookie(request, "");
}

/* ---- password ---- */

static bool read_new_password(struct api_request *request, char *ret_password)
{
    if (!desk_take(request, "new", ret_password, PASSWORD_BYTES_MAX + 1))
        return false;
    if (people_password_is_long(ret_password))
        return true;
    api_answer_reason(request, REASON_PASSWORD_SHORT, "new");
    return false;
}

/* The old one is compared first; a right one is followed by a second job, which makes the new hash.
 */
static void begin_password(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    if (read_new_password(request, call->job.password))
        desk_compare_password(request, &call->person, "old");
}

static void store_password(struct api_request *request)
{
    struct desk *desk = desk_of(request);
    struct desk_call *call = desk_call(request);
    const struct desk_action action = {.action = "password"};
    bool is_on = desk_session_is_on(request);
    enum reason reason = call->job.is_right ? book_begin(&desk->book) : REASON_OUT_OF_MEMORY;
    if (reason == REASON_NONE && !is_on) /* somebody changed it while this hash was made */
        reason = REASON_SESSION_OVER;
    if (reason == REASON_NONE)
        reason = people_set_password(&desk->book, call->person.name, call->job.hash, false,
                                     call->session);
    if (reason == REASON_NONE)
        reason = desk_audit(request, &call->person, &action);
    if (call->job.is_right)
        reason = book_finish(&desk->book, reason);
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
    else
        api_answer_nothing(request);
}

void password_apply(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    if (!call->is_begun) {
        begin_password(request);
    } else if (call->job.is_done && call->job.makes) {
        store_password(request);
    } else if (call->job.is_done &&
               desk_password_was_right(request, call->person.name, &call->person)) {
        call->job.makes = true;
        if (read_new_password(request, call->job.password))
            desk_give(request);
    }
}
