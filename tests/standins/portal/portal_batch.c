#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/standins/portal/portal.h"

struct trouble_hit portal_draw(struct portal *portal, enum portal_call call, size_t entries)
{
    pthread_mutex_lock(&portal->lock);
    struct trouble_hit hit = trouble_draw(&portal->troubles, call, entries, portal_wall_ms());
    pthread_mutex_unlock(&portal->lock);
    if (hit.kind == TROUBLE_SLOW)
        (void)portal_wait(portal, hit.milliseconds);
    return hit;
}

bool portal_is_turned_away(struct trouble_hit hit, const char **ret_code)
{
    static const struct {
        enum trouble_kind kind;
        const char *code;
    } answers[] = {
        {TROUBLE_ERROR_500, ""},
        {TROUBLE_CONTENT_TYPE, ""},
        {TROUBLE_SESSION_EXPIRY, PORTAL_SESSION},
        {TROUBLE_UNKNOWN_CODE, PORTAL_UNKNOWN_CODE},
        {TROUBLE_MAINTENANCE, PORTAL_MAINTENANCE},
        {TROUBLE_BUSY, PORTAL_BUSY},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        if (answers[i].kind != hit.kind)
            continue;
        *ret_code = answers[i].code;
        return true;
    }
    return false;
}

void portal_note_call(struct portal *portal, enum portal_dialect dialect, const char *service,
                      size_t entries, const char *error_code, struct trouble_hit hit)
{
    if (portal_store_begin(portal->store, dialect, service, entries))
        (void)portal_store_end(portal->store, error_code, trouble_name(hit.kind));
}

struct portal_reply portal_spoil(struct portal *portal, struct trouble_hit hit,
                                 struct portal_reply reply)
{
    if (hit.kind == TROUBLE_ACCEPT_THEN_CLOSE)
        reply.manner = REPLY_CUT;
    else if (hit.kind == TROUBLE_CONTENT_TYPE_AFTER)
        reply.manner = REPLY_PAGE;
    else if (hit.kind == TROUBLE_ACCEPT_THEN_HANG)
        (void)portal_wait(portal, hit.milliseconds);
    return reply;
}

/* The number must be the one that the ministries' interface gave this dossier. */
static bool number_is_faulty(struct portal *portal, const struct portal_batch *batch,
                             const json_t *entry)
{
    if (batch->number_field == NULL)
        return false;
    int64_t number = portal_store_number(portal->store, portal_text(entry, "MaHoSo"));
    const char *said = portal_text(entry, batch->number_field);
    return number != 0 && json_integer_value(json_object_get(entry, batch->number_field)) == 0 &&
           strtoll(said, NULL, 10) != number;
}

/* Answers with a code; ret_fault is the field at fault with PORTAL_FIELD. */
static const char *apply_one(struct portal *portal, const struct portal_batch *batch, size_t index,
                             struct portal_fault *ret_fault)
{
    const json_t *entry = json_array_get(batch->entries, index);
    if (batch->hit.kind == TROUBLE_HALF_REFUSED && index % 2 == 1)
        return PORTAL_INTERNAL;
    if (batch->is_faulty(entry, ret_fault))
        return PORTAL_FIELD;
    if (batch->hit.kind == TROUBLE_EXISTS)
        return PORTAL_EXISTS;
    if (number_is_faulty(portal, batch, entry)) {
        (void)snprintf(ret_fault->field, sizeof ret_fault->field, "%s", batch->number_field);
        return PORTAL_FIELD;
    }
    int state = batch->state_field == NULL ? PORTAL_NONE : portal_code(entry, batch->state_field);
    if (batch->state_field == NULL && batch->action == ACTION_CREATE)
        state = portal_text(entry, "NgayTiepNhan")[0] != 0 ? PORTAL_RECEIVED : PORTAL_REGISTERED;
    return portal_store_apply(portal->store, batch->action, entry, state);
}

/* One code for all of them when they agree. */
static const char *code_of_all(const json_t *result)
{
    const char *code = PORTAL_OK;
    size_t index;
    const json_t *one;
    json_array_foreach(result, index, one)
    {
        const char *this_code = portal_text(one, "error_code");
        if (index > 0 && strcmp(code, this_code) != 0)
            return PORTAL_MIXED;
        code = this_code;
    }
    return code;
}

void portal_batch_apply(struct portal *portal, const struct portal_batch *batch,
                        json_t **ret_result, const char **ret_code)
{
    size_t count = json_array_size(batch->entries);
    *ret_result = NULL;
    *ret_code = PORTAL_INTERNAL;
    if (!portal_store_begin(portal->store, batch->dialect, batch->service, count))
        return;
    json_t *result = json_array();
    for (size_t i = 0; i < count; i++) {
        struct portal_fault fault = {""};
        const char *dossier = portal_text(json_array_get(batch->entries, i), "MaHoSo");
        const char *code = apply_one(portal, batch, i, &fault);
        if (strcmp(code, PORTAL_OK) != 0)
            portal_store_refuse(portal->store, i, dossier, code, fault.field);
        (void)json_array_append_new(result, json_pack("{s:s, s:s, s:s}", "MaHoSo", dossier,
                                                      "error_code", code, "message", fault.field));
    }
    const char *code = code_of_all(result);
    if (!portal_store_end(portal->store, code, trouble_name(batch->hit.kind))) {
        json_decref(result);
        return;
    }
    *ret_result = result;
    *ret_code = code;
}
