/* The people who may sign in, as an operator sees and changes them.
 *
 *   first apply ─▶ what is wrong? ─▶ job of the hasher, when there is a password to make ─▶ …
 *               ─▶ apply again ─▶ book and audit in one transaction ─▶ the person, the password
 *
 * A password that is made here is answered once, and is to be changed at the first sign-in. Whoever
 * is changed is signed out: what he may is looked at anew. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/desk/desk.h"
#include "gateway/workers/program.h"

/* The columns of BOOK_PEOPLE and BOOK_PERSON_ROW. */
enum {
    COLUMN_NAME,
    COLUMN_FULL_NAME,
    COLUMN_ROLE,
    COLUMN_CONTENT,
    COLUMN_LOCKED,
    COLUMN_TOTP,
    COLUMN_LAST,
    COLUMN_SESSIONS
};

struct wish {
    struct person person; /* as it shall be */
    bool resets_password, resets_totp;
};

/* ---- as they are told ---- */

/* A role of a newer version is told as the one that may least; the person himself cannot sign in.
 */
static json_t *person_json(sqlite3_stmt *row)
{
    int number = sqlite3_column_int(row, COLUMN_ROLE);
    enum desk_role role =
        number >= 0 && number < DESK_ROLES ? (enum desk_role)number : DESK_ROLE_AUDITOR;
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:i}", "name", book_text(row, COLUMN_NAME),
        "full_name", book_text(row, COLUMN_FULL_NAME), "role", desk_role_name(role), "role_vi",
        desk_role_label(role, LANGUAGE_VIETNAMESE), "role_en",
        desk_role_label(role, LANGUAGE_ENGLISH), "sees_content",
        sqlite3_column_int(row, COLUMN_CONTENT), "locked", sqlite3_column_int(row, COLUMN_LOCKED),
        "has_totp", sqlite3_column_int(row, COLUMN_TOTP), "sessions",
        sqlite3_column_int(row, COLUMN_SESSIONS));
    int64_t last = sqlite3_column_int64(row, COLUMN_LAST);
    return json_whole(object,
                      object != NULL && (last == 0 || put_ms(object, "last_sign_in", last)));
}

/* By name, by pages: the next one begins behind the last name. */
void people_get(struct api_request *request)
{
    struct book *book = &desk_of(request)->book;
    const char *after = api_query(request, "after");
    char last[PERSON_NAME_BYTES] = "";
    uint64_t limit, count = 0;
    if (!api_query_number(request, "limit", API_PAGE_DEFAULT, API_PAGE_MAX, &limit))
        return;
    json_t *people = json_array(), *object = json_object();
    bool ok = people != NULL, has_more = false;
    sqlite3_stmt *row =
        book_ask(book, BOOK_PEOPLE, "ti", after == NULL ? "" : after, (int64_t)limit + 1);
    while (ok && book_next(book, row)) {
        has_more = count++ == limit;
        if (has_more)
            break;
        (void)snprintf(last, sizeof last, "%s", book_text(row, COLUMN_NAME));
        ok = json_array_append_new(people, person_json(row)) == 0;
    }
    book_end(row);
    ok = json_put(object, "people", people) && ok && (!has_more || put_word(object, "next", last));
    api_answer_json(request, HTTP_OK, json_whole(object, ok));
}

/* password: NULL or "" when none was made. */
static void answer_person(struct api_request *request, unsigned status, const char *name)
{
    struct book *book = &desk_of(request)->book;
    struct desk_call *call = desk_call(request);
    sqlite3_stmt *row = book_ask(book, BOOK_PERSON_ROW, "t", name);
    json_t *object = book_next(book, row) ? person_json(row) : NULL;
    book_end(row);
    bool ok = object != NULL && put_word(object, "password", call->secret);
    api_answer_json(request, status, json_whole(object, ok));
    sodium_memzero(call->secret, sizeof call->secret);
}

/* ---- what is wished ---- */

/* Left alone when it is not there. False: answered. */
static bool read_role(struct api_request *request, enum desk_role *ret_role)
{
    const json_t *role = json_object_get(api_json(request), "role");
    if (role == NULL ||
        (json_is_string(role) && desk_role_parse(json_string_value(role), ret_role)))
        return true;
    api_answer_reason(request, REASON_FIELD_INVALID, "role");
    return false;
}

static bool read_full_name(struct api_request *request, char ret_name[PERSON_FULL_NAME_BYTES])
{
    return json_object_get(api_json(request), "full_name") == NULL ||
           desk_take(request, "full_name", ret_name, PERSON_FULL_NAME_BYTES);
}

static bool read_new(struct api_request *request, struct wish *ret_wish)
{
    struct person *person = &ret_wish->person;
    *ret_wish = (struct wish){.person.must_change = true, .resets_password = true};
    if (json_object_get(api_json(request), "role") == NULL) {
        api_answer_reason(request, REASON_FIELD_MISSING, "role");
        return false;
    }
    return desk_take(request, "name", person->name, sizeof person->name) &&
           read_full_name(request, person->full_name) && read_role(request, &person->role) &&
           api_take_flag(request, "sees_content", false, &person->sees_content);
}

/* Nobody locks himself out, or gives his own role away: then there might be no operator left. */
static bool is_own_end(struct api_request *request, const struct wish *wish)
{
    const struct person *own = &desk_call(request)->person;
    return strcmp(own->name, wish->person.name) == 0 &&
           (wish->person.is_locked || wish->person.role != own->role);
}

static bool read_change(struct api_request *request, const struct person *found,
                        struct wish *ret_wish)
{
    struct person *person = &ret_wish->person;
    *ret_wish = (struct wish){.person = *found};
    if (!read_full_name(request, person->full_name) || !read_role(request, &person->role) ||
        !api_take_flag(request, "sees_content", false, &person->sees_content) ||
        !api_take_flag(request, "locked", false, &person->is_locked) ||
        !api_take_flag(request, "reset_password", false, &ret_wish->resets_password) ||
        !api_take_flag(request, "reset_totp", false, &ret_wish->resets_totp))
        return false;
    if (!is_own_end(request, ret_wish))
        return true;
    api_answer_reason(request, REASON_OWN_ACCOUNT, person->is_locked ? "locked" : "role");
    return false;
}

/* ---- the change, with its line of the audit ---- */

/* For the audit, free: NULL is lack of memory. */
static char *describe(const struct wish *wish)
{
    const struct person *person = &wish->person;
    json_t *object = json_pack("{s:s, s:s, s:b, s:b}", "full_name", person->full_name, "role",
                               desk_role_name(person->role), "sees_content", person->sees_content,
                               "locked", person->is_locked);
    bool ok = object != NULL && (!wish->resets_password || put_word(object, "password", "new")) &&
              (!wish->resets_totp || put_word(object, "totp", "off"));
    char *text = ok ? json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
    json_decref(object);
    return text;
}

static enum reason write_person(struct book *book, const struct wish *wish, const char *hash,
                                bool is_new)
{
    const struct person *person = &wish->person;
    if (is_new)
        return people_add(book, person, hash, program_wall());
    enum reason reason = people_change(book, person);
    if (reason == REASON_NONE && wish->resets_password)
        reason = people_set_password(book, person->name, hash, true, NULL);
    if (reason == REASON_NONE && wish->resets_totp)
        reason = book_run(book, BOOK_PERSON_TOTP, "ttit", person->name, "", (int64_t)0, "");
    return reason;
}

/* before: NULL of a new person. */
static enum reason keep(struct api_request *request, const struct wish *wish,
                        const struct person *before)
{
    struct book *book = &desk_of(request)->book;
    struct desk_call *call = desk_call(request);
    struct wish was = {0};
    if (before != NULL)
        was.person = *before;
    char *old_text = before == NULL ? NULL : describe(&was), *new_text = describe(wish);
    const struct desk_action action = {.action = before == NULL ? "person_add" : "person_change",
                                       .object = wish->person.name,
                                       .before = old_text,
                                       .after = new_text};
    bool is_described = new_text != NULL && (before == NULL || old_text != NULL);
    enum reason reason = is_described ? book_begin(book) : REASON_OUT_OF_MEMORY;
    if (reason == REASON_NONE) {
        reason = write_person(book, wish, call->job.hash, before == NULL);
        if (reason == REASON_NONE)
            reason = desk_audit(request, &call->person, &action);
        reason = book_finish(book, reason);
    }
    free(old_text);
    free(new_text);
    return reason;
}

/* ---- the two routes ---- */

/* The password is kept beside the job, which wipes its own. */
static void begin_password(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    people_first_password(call->secret);
    (void)snprintf(call->job.password, sizeof call->job.password, "%s", call->secret);
    call->job.makes = true;
    desk_give(request);
}

/* True: there is a hash, or none is needed. */
static bool is_ready(struct api_request *request, const struct wish *wish)
{
    struct desk_call *call = desk_call(request);
    if (!wish->resets_password)
        return true;
    if (!call->is_begun)
        begin_password(request);
    else if (call->job.is_done && !call->job.is_right)
        api_answer_reason(request, REASON_OUT_OF_MEMORY, NULL);
    return call->is_begun && call->job.is_done && call->job.is_right;
}

void person_post_apply(struct api_request *request)
{
    struct wish wish;
    if (!read_new(request, &wish) || !is_ready(request, &wish))
        return;
    enum reason reason = keep(request, &wish, NULL);
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, reason == REASON_NAME_TAKEN ? "name" : NULL);
    else
        answer_person(request, HTTP_CREATED, wish.person.name);
}

/* Read anew at each call: while a hash is made another operator may have changed the person. */
void person_put_apply(struct api_request *request)
{
    struct wish wish;
    struct person found;
    enum reason reason = people_find(&desk_of(request)->book, api_argument(request), &found, NULL);
    if (reason != REASON_NONE) {
        api_answer_reason(request, reason, "name");
        return;
    }
    if (!read_change(request, &found, &wish) || !is_ready(request, &wish))
        return;
    reason = keep(request, &wish, &found);
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
    else
        answer_person(request, HTTP_OK, found.name);
}
