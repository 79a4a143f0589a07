/* The ministries' dialect: a token, one address for each operation, HTTP statuses that mean
 * something. */
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "tests/standins/portal/portal.h"

enum { TEXT_BYTES = 256 };

/* What a code of the whole call is in HTTP. */
static unsigned int status_of(const char *code)
{
    static const struct {
        const char *code;
        unsigned int status;
    } statuses[] = {
        {PORTAL_SESSION, MHD_HTTP_UNAUTHORIZED},    {PORTAL_FIELD, MHD_HTTP_BAD_REQUEST},
        {PORTAL_ENVELOPE, MHD_HTTP_BAD_REQUEST},    {PORTAL_EXISTS, MHD_HTTP_BAD_REQUEST},
        {PORTAL_TRANSITION, MHD_HTTP_BAD_REQUEST},  {PORTAL_NOT_FOUND, MHD_HTTP_NOT_FOUND},
        {PORTAL_MAINTENANCE, MHD_HTTP_BAD_GATEWAY}, {PORTAL_INTERNAL, MHD_HTTP_BAD_GATEWAY},
    };
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (strcmp(statuses[i].code, code) == 0)
            return statuses[i].status;
    return MHD_HTTP_OK;
}

static struct portal_reply say(const char *code, const char *message, json_t *result)
{
    return portal_say(status_of(code), code, message, result);
}

static const char *bearer_of(const struct portal_request *request)
{
    static const char prefix[] = "Bearer ";
    const char *header = portal_header(request, MHD_HTTP_HEADER_AUTHORIZATION);
    return strncmp(header, prefix, sizeof prefix - 1) == 0 ? header + sizeof prefix - 1 : "";
}

static struct portal_reply turn_away(struct portal *portal, struct portal_request *request,
                                     const char *service, size_t entries, struct trouble_hit hit,
                                     const char *code)
{
    portal_note_call(portal, DIALECT_MINISTRY, service, entries, code, hit);
    if (hit.kind == TROUBLE_ERROR_500)
        return portal_say(MHD_HTTP_INTERNAL_SERVER_ERROR, PORTAL_INTERNAL, "", NULL);
    if (hit.kind == TROUBLE_SESSION_EXPIRY)
        portal_session_close(portal, bearer_of(request));
    struct portal_reply reply = say(code, "", NULL);
    reply.manner = hit.kind == TROUBLE_CONTENT_TYPE ? REPLY_PAGE : REPLY_JSON;
    return reply;
}

/* ---- operations ---------------------------------------------------------------------------- */

/* One value of an application/x-www-form-urlencoded body, decoded. */
static bool form_value(const char *form, const char *name, char ret_value[TEXT_BYTES])
{
    size_t length = strlen(name);
    for (const char *pair = form; pair != NULL; pair = strchr(pair, '&')) {
        pair += pair[0] == '&';
        if (strncmp(pair, name, length) != 0 || pair[length] != '=')
            continue;
        size_t size = strcspn(pair + length + 1, "&");
        if (size >= TEXT_BYTES)
            return false;
        memcpy(ret_value, pair + length + 1, size);
        ret_value[size] = 0;
        (void)MHD_http_unescape(ret_value);
        return true;
    }
    return false;
}

static struct portal_reply give_token(struct portal *portal, struct portal_request *request)
{
    char grant[TEXT_BYTES];
    char user[TEXT_BYTES];
    char secret[TEXT_BYTES];
    char token[PORTAL_SESSION_BYTES];
    const char *form = buffer_text(&request->body);
    if (form == NULL || !form_value(form, "grant_type", grant) ||
        !form_value(form, "client_id", user) || !form_value(form, "client_secret", secret) ||
        strcmp(grant, "client_credentials") != 0)
        return say(PORTAL_ENVELOPE, "grant_type", NULL);
    if (strcmp(user, portal->options.user) != 0 || strcmp(secret, portal->options.password) != 0 ||
        !portal_session_open(portal, token))
        return say(PORTAL_SESSION, "client_id", NULL);
    return (struct portal_reply){MHD_HTTP_OK,
                                 json_pack("{s:s, s:I, s:s, s:s}", "access_token", token,
                                           "expires_in",
                                           (json_int_t)portal->options.session_seconds,
                                           "token_type", "Bearer", "scope", "dvcqg"),
                                 REPLY_JSON};
}

static struct portal_reply next_value(struct portal *portal, const json_t *document)
{
    char value[TEXT_BYTES];
    const char *counter = portal_text(document, "code");
    if (counter[0] == 0)
        return say(PORTAL_ENVELOPE, "code", NULL);
    if (!portal_store_begin(portal->store, DIALECT_MINISTRY, "GetNextValue", 0))
        return say(PORTAL_INTERNAL, "", NULL);
    (void)snprintf(value, sizeof value, "%07lld",
                   (long long)portal_store_next_value(portal->store, counter));
    if (!portal_store_end(portal->store, PORTAL_OK, ""))
        return say(PORTAL_INTERNAL, "", NULL);
    return (struct portal_reply){MHD_HTTP_OK, json_pack("{s:s}", "value", value), REPLY_JSON};
}

/* The file's digest is its number: what is uploaded twice is one file. */
static struct portal_reply take_file(struct portal *portal, struct portal_request *request)
{
    struct digest digest;
    char text[DIGEST_TEXT_BYTES];
    struct trouble_hit none = {TROUBLE_NONE, 0, 0};
    if (portal_query(request, "TenTep")[0] == 0)
        return say(PORTAL_ENVELOPE, "TenTep", NULL);
    sha256_final(&request->hash, &digest);
    digest_format(&digest, text);
    portal_note_call(portal, DIALECT_MINISTRY, "UploadFile", 1, PORTAL_OK, none);
    return (struct portal_reply){
        MHD_HTTP_OK,
        json_pack("{s:s+%, s:s}", "IdTepTin", "TEP-", text, (size_t)16, "HashTepTin", text),
        REPLY_JSON};
}

/* One dossier; its number comes back. */
static struct portal_reply connect_dossier(struct portal *portal, struct portal_request *request,
                                           json_t *document)
{
    json_t *result = NULL;
    const char *code = NULL;
    json_t *entries = json_pack("[O]", document);
    struct portal_batch batch = {
        .dialect = DIALECT_MINISTRY,
        .service = "NoiHoSo",
        .action = ACTION_CREATE,
        .entries = entries,
        .is_faulty = ministry_dossier_is_faulty,
        .hit = portal_draw(portal, PORTAL_CALL_CREATE, 1),
    };
    struct portal_reply reply;
    if (portal_is_turned_away(batch.hit, &code)) {
        reply = turn_away(portal, request, batch.service, 1, batch.hit, code);
    } else {
        char number[TEXT_BYTES] = "";
        portal_batch_apply(portal, &batch, &result, &code);
        const char *field = portal_text(json_array_get(result, 0), "message");
        json_t *answer = NULL;
        if (strcmp(code, PORTAL_OK) == 0) {
            (void)snprintf(
                number, sizeof number, "%lld",
                (long long)portal_store_number_now(portal->store, portal_text(document, "MaHoSo")));
            answer = json_pack("{s:s}", "IdHoSo", number);
        }
        reply = portal_spoil(portal, batch.hit, say(code, field, answer));
        json_decref(result);
    }
    json_decref(entries);
    return reply;
}

static struct portal_reply update_dossiers(struct portal *portal, struct portal_request *request,
                                           const json_t *document, bool is_progress)
{
    json_t *result = NULL;
    const char *code = NULL;
    size_t count = json_array_size(document);
    if (!json_is_array(document) || count == 0 || count > PORTAL_PROGRESS_AT_ONCE)
        return say(PORTAL_ENVELOPE, "data", NULL);
    struct portal_batch batch = {
        .dialect = DIALECT_MINISTRY,
        .service = is_progress ? "CapNhatTienTrinh" : "CapNhatTrangThai",
        .action = is_progress ? ACTION_PROGRESS : ACTION_STATE,
        .entries = document,
        .is_faulty = is_progress ? ministry_progress_is_faulty : ministry_state_is_faulty,
        .state_field = "TrangThai",
        .number_field = is_progress ? "IDHoSo" : "IdHoSo",
        .hit = portal_draw(portal, PORTAL_CALL_PROGRESS, count),
    };
    if (portal_is_turned_away(batch.hit, &code))
        return turn_away(portal, request, batch.service, count, batch.hit, code);
    portal_batch_apply(portal, &batch, &result, &code);
    return portal_spoil(portal, batch.hit, portal_say(MHD_HTTP_OK, code, "", result));
}

static struct portal_reply look_up(struct portal *portal, struct portal_request *request)
{
    char number[TEXT_BYTES];
    const char *code = NULL;
    const char *dossier = portal_query(request, "MaHoSo");
    struct trouble_hit hit = portal_draw(portal, PORTAL_CALL_LOOK_UP, 1);
    if (portal_is_turned_away(hit, &code))
        return turn_away(portal, request, "TraCuuHoSo", 1, hit, code);
    if (!portal_store_begin(portal->store, DIALECT_MINISTRY, "TraCuuHoSo", 1))
        return say(PORTAL_INTERNAL, "", NULL);
    json_t *result = json_array();
    json_t *record = portal_store_find(portal->store, dossier);
    code = record == NULL ? PORTAL_NOT_FOUND : PORTAL_OK;
    if (record != NULL) {
        (void)snprintf(number, sizeof number, "%lld",
                       (long long)portal_store_number(portal->store, dossier));
        (void)json_object_set_new(record, "IdHoSo", json_string(number));
        (void)json_array_append_new(result, record);
    }
    (void)portal_store_end(portal->store, code, trouble_name(hit.kind));
    return say(code, "", result);
}

/* ---- dispatch ------------------------------------------------------------------------------ */

struct portal_reply portal_ministry_call(struct portal *portal, struct portal_request *request,
                                         const char *path)
{
    bool is_post = strcmp(request->method, "POST") == 0;
    struct portal_reply reply;
    if (is_post && strcmp(path, "token") == 0)
        return give_token(portal, request);
    if (!portal_session_is_open(portal, bearer_of(request)))
        return say(PORTAL_SESSION, "Authorization", NULL);
    if (!is_post && strcmp(path, "TraCuuHoSo") == 0)
        return look_up(portal, request);
    if (is_post && strcmp(path, "UploadFile") == 0)
        return take_file(portal, request);
    struct bytes body = buffer_view(&request->body);
    json_t *document = json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, NULL);
    if (document == NULL)
        reply = say(PORTAL_ENVELOPE, "JSON", NULL);
    else if (is_post && strcmp(path, "GetNextValue") == 0)
        reply = next_value(portal, document);
    else if (is_post && strcmp(path, "NoiHoSo") == 0)
        reply = connect_dossier(portal, request, document);
    else if (is_post && strcmp(path, "CapNhatTienTrinh") == 0)
        reply = update_dossiers(portal, request, document, true);
    else if (is_post && strcmp(path, "CapNhatTrangThai") == 0)
        reply = update_dossiers(portal, request, document, false);
    else
        reply = portal_say(MHD_HTTP_NOT_FOUND, PORTAL_ENVELOPE, "path", NULL);
    json_decref(document);
    return reply;
}
