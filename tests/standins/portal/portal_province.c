/* The province's dialect: a session, one address for all services. */
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/standins/portal/portal.h"

enum { DATE_BYTES = 16 };

/* ---- the envelope -------------------------------------------------------------------------- */

struct envelope {
    const char *session, *service, *updating;
    const json_t *data;
    const json_t *document;
    size_t entries;
};

static bool is_one_of(const char *text, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, names[i]) == 0)
            return true;
    return false;
}

static bool is_catalogue(const char *service)
{
    static const char *const names[] = {"LayThuTuc", "LayDanhSachTTHC", "LayDanhMucCoQuan",
                                        "LayDanhMucLinhVuc"};
    return is_one_of(service, names, sizeof names / sizeof *names);
}

/* The field at fault, or NULL. */
static const char *read_envelope(const struct portal *portal, const json_t *document,
                                 struct envelope *envelope)
{
    static const char *const known[] = {"session", "madonvi", "service", "isUpdating", "data",
                                        "mahoso",  "maTTHC",  "tungay",  "denngay",    "saumahoso"};
    const char *name;
    json_t *value;
    if (!json_is_object(document))
        return "JSON";
    json_object_foreach((json_t *)document, name, value)
    {
        if (!is_one_of(name, known, sizeof known / sizeof *known))
            return "field";
    }
    *envelope = (struct envelope){
        .session = portal_text(document, "session"),
        .service = portal_text(document, "service"),
        .updating = portal_text(document, "isUpdating"),
        .data = json_object_get(document, "data"),
        .document = document,
    };
    envelope->entries = json_array_size(envelope->data);
    if (portal_text(document, "madonvi")[0] == 0 ||
        (portal->options.unit != NULL &&
         strcmp(portal_text(document, "madonvi"), portal->options.unit) != 0))
        return "madonvi";
    if (envelope->updating[0] != 0 && strcmp(envelope->updating, "True") != 0 &&
        strcmp(envelope->updating, "False") != 0)
        return "isUpdating";
    return envelope->session[0] == 0 ? "session" : NULL;
}

/* ---- services ------------------------------------------------------------------------------ */

static struct portal_reply say(const char *error_code, const char *message, json_t *result)
{
    return portal_say(MHD_HTTP_OK, error_code, message, result);
}

/* Ends a call that is not applied, as the trouble or the envelope's fault wants it. */
static struct portal_reply turn_away(struct portal *portal, const struct envelope *envelope,
                                     struct trouble_hit hit, const char *code, const char *message)
{
    portal_note_call(portal, DIALECT_PROVINCE, envelope->service, envelope->entries, code, hit);
    if (hit.kind == TROUBLE_ERROR_500)
        return portal_say(MHD_HTTP_INTERNAL_SERVER_ERROR, PORTAL_INTERNAL, "", NULL);
    if (hit.kind == TROUBLE_SESSION_EXPIRY)
        portal_session_close(portal, envelope->session);
    json_t *result = NULL;
    if (hit.kind == TROUBLE_MAINTENANCE) {
        char until[DATE_BYTES];
        time_t seconds = (time_t)(hit.until_ms / 1000 + VIETNAM_OFFSET_MINUTES * 60 + 1);
        struct tm parts;
        (void)gmtime_r(&seconds, &parts);
        (void)strftime(until, sizeof until, "%Y%m%d%H%M%S", &parts);
        result = json_pack("{s:s}", "BaoTriDen", until);
    }
    struct portal_reply reply = say(code, message, result);
    reply.manner = hit.kind == TROUBLE_CONTENT_TYPE ? REPLY_PAGE : REPLY_JSON;
    return reply;
}

static struct portal_reply write_entries(struct portal *portal, const struct envelope *envelope,
                                         bool is_progress)
{
    bool is_update = strcmp(envelope->updating, "True") == 0;
    size_t at_most = is_progress ? PORTAL_PROGRESS_AT_ONCE : PORTAL_DOSSIERS_AT_ONCE;
    struct trouble_hit none = {TROUBLE_NONE, 0, 0};
    const char *code = NULL;
    if (!is_progress && envelope->updating[0] == 0)
        return turn_away(portal, envelope, none, PORTAL_ENVELOPE, "isUpdating");
    if (!json_is_array(envelope->data) || envelope->entries == 0 || envelope->entries > at_most)
        return turn_away(portal, envelope, none, PORTAL_ENVELOPE, "data");
    enum portal_call call = is_progress ? PORTAL_CALL_PROGRESS
                            : is_update ? PORTAL_CALL_UPDATE
                                        : PORTAL_CALL_CREATE;
    struct portal_batch batch = {
        .dialect = DIALECT_PROVINCE,
        .service = envelope->service,
        .action = is_progress ? ACTION_PROGRESS
                  : is_update ? ACTION_UPDATE
                              : ACTION_CREATE,
        .entries = envelope->data,
        .is_faulty = is_progress ? portal_progress_is_faulty : portal_record_is_faulty,
        .state_field = is_progress ? "TrangThai" : "TrangThaiHoSo",
        .hit = portal_draw(portal, call, envelope->entries),
    };
    if (portal_is_turned_away(batch.hit, &code))
        return turn_away(portal, envelope, batch.hit, code, "");
    json_t *result = NULL;
    portal_batch_apply(portal, &batch, &result, &code);
    if (is_progress && strcmp(code, PORTAL_OK) == 0)
        code = PORTAL_OK_LONG;
    return portal_spoil(portal, batch.hit, say(code, "", result));
}

/* One dossier by code, several by a list of codes, or those that were received in a period. */
static json_t *look_up(struct portal *portal, const struct envelope *envelope,
                       const char **ret_code)
{
    const json_t *wanted = json_object_get(envelope->document, "mahoso");
    json_t *result = json_array();
    size_t index;
    const json_t *code;
    *ret_code = PORTAL_OK;
    if (json_is_string(wanted)) {
        json_t *record = portal_store_find(portal->store, json_string_value(wanted));
        *ret_code = record == NULL ? PORTAL_NOT_FOUND : PORTAL_OK;
        if (record != NULL)
            (void)json_array_append_new(result, record);
        return result;
    }
    if (!json_is_array(wanted)) {
        json_decref(result);
        return portal_store_list(portal->store, portal_text(envelope->document, "tungay"),
                                 portal_text(envelope->document, "denngay"),
                                 portal_text(envelope->document, "saumahoso"));
    }
    json_array_foreach(wanted, index, code)
    {
        json_t *record =
            json_is_string(code) ? portal_store_find(portal->store, json_string_value(code)) : NULL;
        if (record != NULL)
            (void)json_array_append_new(result, record);
    }
    return result;
}

static struct portal_reply read_dossiers(struct portal *portal, const struct envelope *envelope)
{
    const json_t *wanted = json_object_get(envelope->document, "mahoso");
    struct trouble_hit hit = {TROUBLE_NONE, 0, 0};
    const char *code = NULL;
    bool is_period = wanted == NULL && portal_text(envelope->document, "tungay")[0] != 0 &&
                     portal_text(envelope->document, "denngay")[0] != 0;
    if (!is_period && !json_is_string(wanted) &&
        (!json_is_array(wanted) || json_array_size(wanted) > PORTAL_DOSSIERS_AT_ONCE))
        return turn_away(portal, envelope, hit, PORTAL_ENVELOPE, "mahoso");
    hit = portal_draw(portal, PORTAL_CALL_LOOK_UP, 1);
    if (portal_is_turned_away(hit, &code))
        return turn_away(portal, envelope, hit, code, "");
    if (!portal_store_begin(portal->store, DIALECT_PROVINCE, envelope->service,
                            json_is_array(wanted) ? json_array_size(wanted) : 1))
        return say(PORTAL_INTERNAL, "", NULL);
    json_t *result = look_up(portal, envelope, &code);
    (void)portal_store_end(portal->store, code, trouble_name(hit.kind));
    return say(code, "", result);
}

static struct portal_reply read_catalogue(struct portal *portal, const struct envelope *envelope)
{
    const char *code = NULL;
    struct trouble_hit hit = portal_draw(portal, PORTAL_CALL_CATALOGUE, 1);
    if (portal_is_turned_away(hit, &code))
        return turn_away(portal, envelope, hit, code, "");
    json_t *result =
        portal_catalogue(portal, envelope->service, portal_text(envelope->document, "maTTHC"),
                         hit.kind == TROUBLE_CATALOGUE);
    code = json_array_size(result) > 0 ? PORTAL_OK_LONG : PORTAL_NOT_FOUND;
    portal_note_call(portal, DIALECT_PROVINCE, envelope->service, 1, code, hit);
    return say(code, "", result);
}

/* ---- the two addresses ----------------------------------------------------------------------- */

static bool is_addressed(const struct portal *portal, const struct portal_request *request)
{
    return strcmp(portal_header(request, "dstcode"), portal->options.destination) == 0;
}

static json_t *document_of(struct portal_request *request)
{
    struct bytes body = buffer_view(&request->body);
    return json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, NULL);
}

struct portal_reply portal_province_login(struct portal *portal, struct portal_request *request)
{
    char session[PORTAL_SESSION_BYTES] = "";
    struct trouble_hit none = {TROUBLE_NONE, 0, 0};
    if (!is_addressed(portal, request))
        return portal_say(MHD_HTTP_FORBIDDEN, PORTAL_LOGIN, "dstcode", NULL);
    json_t *document = document_of(request);
    bool is_right = strcmp(portal_text(document, "username"), portal->options.user) == 0 &&
                    strcmp(portal_text(document, "password"), portal->options.password) == 0 &&
                    portal_session_open(portal, session);
    json_decref(document);
    const char *code = is_right ? PORTAL_OK : PORTAL_LOGIN;
    portal_note_call(portal, DIALECT_PROVINCE, "login", 0, code, none);
    return (struct portal_reply){
        MHD_HTTP_OK, json_pack("{s:s, s:s}", "session", session, "error_code", code), REPLY_JSON};
}

struct portal_reply portal_province_call(struct portal *portal, struct portal_request *request)
{
    struct trouble_hit none = {TROUBLE_NONE, 0, 0};
    struct envelope envelope = {.service = ""};
    struct portal_reply reply;
    if (!is_addressed(portal, request))
        return portal_say(MHD_HTTP_FORBIDDEN, PORTAL_ENVELOPE, "dstcode", NULL);
    json_t *document = document_of(request);
    const char *fault = read_envelope(portal, document, &envelope);
    if (fault != NULL)
        reply = turn_away(portal, &envelope, none, PORTAL_ENVELOPE, fault);
    else if (!portal_session_is_open(portal, envelope.session))
        reply = turn_away(portal, &envelope, none, PORTAL_SESSION, "session");
    else if (strcmp(envelope.service, "DongBoHoSoMC") == 0)
        reply = write_entries(portal, &envelope, false);
    else if (strcmp(envelope.service, "CapNhatTienDoHoSoMC") == 0)
        reply = write_entries(portal, &envelope, true);
    else if (strcmp(envelope.service, "TraCuuHoSo") == 0)
        reply = read_dossiers(portal, &envelope);
    else if (is_catalogue(envelope.service))
        reply = read_catalogue(portal, &envelope);
    else
        reply = turn_away(portal, &envelope, none, PORTAL_ENVELOPE, "service");
    json_decref(document);
    return reply;
}
