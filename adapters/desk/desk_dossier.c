/* One dossier: its facts, what happened, its messages, what this person may do now. All from the
 * index, so that it is there while the adapter is not. */
#include "adapters/desk/desk.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/desk/fold.h"
#include "adapters/desk/message_row.h"
#include "gateway/workers/program.h"
#include "proto/codec/message_type.h"
#include "routing/registry/registry.h"

enum { CODE_BYTES = 72 };

/* ---- events ---- */

/* Of a receipt: column 8 is the message that it is about. */
static json_t *receipt_json(sqlite3_stmt *row, const struct registry *registry, bool sees_content)
{
    json_t *event = json_object();
    bool ok = put_ms(event, "time", sqlite3_column_int64(row, 3)) &&
              put_type_name(event, "type", sqlite3_column_int64(row, 1)) &&
              put_word(event, "from", book_text(row, 2)) &&
              put_agency_name(event, "from", registry, book_text(row, 2)) &&
              put_word(event, "to", book_text(row, 9)) &&
              put_agency_name(event, "to", registry, book_text(row, 9)) &&
              put_word(event, "message_id", book_text(row, 8)) &&
              put_word(event, "receipt_id", book_text(row, 0)) &&
              json_put(event, "is_receipt", json_true()) &&
              put_reason_code(event, book_text(row, 4)) &&
              (!sees_content || put_word(event, "text", book_text(row, 5))) &&
              put_word(event, "office_reference", book_text(row, 6)) &&
              put_word(event, "acting_for", book_text(row, 7));
    return json_whole(event, ok);
}

/* Columns of BOOK_MESSAGES_OF_DOSSIER. */
static json_t *event_json(sqlite3_stmt *row, const struct registry *registry)
{
    json_t *event = json_object();
    bool ok = put_ms(event, "time", sqlite3_column_int64(row, 15)) &&
              put_type_name(event, "type", sqlite3_column_int64(row, 4)) &&
              put_word(event, "from", book_text(row, 3)) &&
              put_agency_name(event, "from", registry, book_text(row, 3)) &&
              put_word(event, "to", book_text(row, 5)) &&
              put_agency_name(event, "to", registry, book_text(row, 5)) &&
              put_word(event, "message_id", book_text(row, 1)) &&
              json_put(event, "is_receipt", json_false()) &&
              put_message_state(event, book_text(row, 8)) &&
              put_ms(event, "source_time", sqlite3_column_int64(row, 16)) &&
              put_ms(event, "custody_time", sqlite3_column_int64(row, 17)) &&
              put_word(event, "acting_for", book_text(row, 14));
    return json_whole(event, ok);
}

/* RFC 3339 texts of one offset sort as they are. */
static const char *time_of(const json_t *event)
{
    const char *time = json_string_value(json_object_get(event, "time"));
    return time == NULL ? "" : time;
}

/* A dossier has some dozens of events, nearly in order already: each is put where it belongs
 * from the end on. */
static bool insert_by_time(json_t *events, json_t *event)
{
    size_t at = json_array_size(events);
    while (at > 0 && strcmp(time_of(json_array_get(events, at - 1)), time_of(event)) > 0)
        at--;
    return json_array_insert_new(events, at, event) == 0;
}

/* Receipts are of the index as well, so that the timeline shows who signed what and when, and a
 * message row what became of it. */
static bool put_messages(struct api_request *request, json_t *object, const char *code)
{
    struct desk *desk = desk_of(request);
    bool sees_content = desk_call(request)->person.sees_content;
    json_t *events = json_array(), *messages = json_array();
    sqlite3_stmt *row = book_ask(&desk->book, BOOK_MESSAGES_OF_DOSSIER, "t", code);
    bool ok = events != NULL && messages != NULL;
    while (ok && book_next(&desk->book, row))
        ok = insert_by_time(events, event_json(row, desk->registry)) &&
             json_array_append_new(messages, message_row_json(row, desk->registry, sees_content)) ==
                 0;
    book_end(row);
    row = book_ask(&desk->book, BOOK_RECEIPTS_OF_DOSSIER, "t", code);
    while (ok && book_next(&desk->book, row))
        ok = insert_by_time(events, receipt_json(row, desk->registry, sees_content));
    book_end(row);
    ok = json_put(object, "events", events) && ok;
    return json_put(object, "messages", messages) && ok;
}

/* ---- actions ---- */

/* What a page makes a button of. about: the message that it is on; its sender goes with it,
 * because ids are unique by sender alone. */
static bool add_action(json_t *actions, const char *action, enum message_type type,
                       const char *vietnamese, const char *english, const json_t *about)
{
    json_t *object = json_object();
    const char *id = json_string_value(json_object_get(about, "message_id"));
    const char *sender = json_string_value(json_object_get(about, "sender"));
    bool ok = put_word(object, "action", action) &&
              (type == MESSAGE_TYPE_NONE || put_word(object, "type", message_type_name(type))) &&
              put_word(object, "label_vi", vietnamese) && put_word(object, "label_en", english) &&
              (id == NULL || put_word(object, "message_id", id)) &&
              (sender == NULL || put_word(object, "sender", sender));
    return json_array_append_new(actions, json_whole(object, ok)) == 0;
}

/* What may be said of a dossier in that state, by whom (centre or agency): the business types that
 * policy.csv lets each send. The adapter has the last word. */
static bool may_send(enum message_type type, enum desk_state state, bool is_centre)
{
    bool is_over = desk_state_is_over(state);
    switch (type) {
    case MESSAGE_TYPE_TRANSFER:
        return is_centre && (state == DESK_STATE_REFUSED || state == DESK_STATE_NONE);
    case MESSAGE_TYPE_SUPPLEMENT:
        return is_centre && state == DESK_STATE_SUPPLEMENT;
    case MESSAGE_TYPE_WITHDRAWAL:
        return is_centre && !is_over;
    case MESSAGE_TYPE_HANDED_OVER:
    case MESSAGE_TYPE_RESULT_OBJECTION:
        return is_centre && state == DESK_STATE_RESULT;
    case MESSAGE_TYPE_SUPPLEMENT_REQUEST:
    case MESSAGE_TYPE_PROGRESS:
    case MESSAGE_TYPE_EXTENSION:
    case MESSAGE_TYPE_RESULT:
    case MESSAGE_TYPE_FINANCIAL_OBLIGATION:
        return !is_centre && !is_over && state != DESK_STATE_REFUSED;
    case MESSAGE_TYPE_SUSPEND:
        return !is_centre && state == DESK_STATE_PROCESSING;
    case MESSAGE_TYPE_RESUME:
        return !is_centre && state == DESK_STATE_SUSPENDED;
    default:
        return false;
    }
}

/* Each message that waits for us may be taken or refused; both are signed at the adapter and
 * cannot be undone. */
static bool add_verdicts(json_t *actions, const json_t *messages)
{
    const json_t *message;
    size_t i;
    bool ok = true;
    json_array_foreach(messages, i, message)
    {
        const char *direction = json_string_value(json_object_get(message, "direction"));
        bool is_open = json_object_get(message, "ended") == NULL && direction != NULL &&
                       strcmp(direction, "in") == 0;
        if (is_open)
            ok = ok &&
                 add_action(actions, "accept", MESSAGE_TYPE_NONE, "Tiếp nhận", "Take", message) &&
                 add_action(actions, "refuse", MESSAGE_TYPE_NONE, "Từ chối", "Refuse", message);
    }
    return ok;
}

/* What an operator's hand can do to what we sent, by the state of the message: at our adapter until
 * the gateway has it, then there, where this desk may ask it. */
static const struct {
    const char *state, *action, *vietnamese, *english;
    bool is_at_gateway;
} hands[] = {
    {"queued", "hold", "Tạm giữ", "Hold", false},
    {"deferred", "hold", "Tạm giữ", "Hold", false},
    {"deferred", "release", "Thử ngay", "Try now", false},
    {"held", "release", "Cho đi tiếp", "Release", false},
    {"queued", "withdraw", "Rút thông điệp", "Withdraw the message", false},
    {"held", "withdraw", "Rút thông điệp", "Withdraw the message", false},
    {"custody", "hold", "Tạm giữ tại cổng", "Hold at the gateway", true},
    {"custody", "release", "Cho đi tiếp tại cổng", "Release at the gateway", true},
    {"refused", "again", "Gửi lại thành thông điệp mới", "Send again as a new message", false},
    {"expired", "again", "Gửi lại thành thông điệp mới", "Send again as a new message", false},
};

static bool add_hands(const struct desk *desk, json_t *actions, const json_t *messages)
{
    const json_t *message;
    size_t i;
    bool ok = true, has_gateway = upstream_has(desk->upstream, UPSTREAM_GATEWAY);
    json_array_foreach(messages, i, message)
    {
        const char *state = json_string_value(json_object_get(message, "state"));
        const char *direction = json_string_value(json_object_get(message, "direction"));
        bool is_ours = state != NULL && direction != NULL && strcmp(direction, "out") == 0;
        for (size_t j = 0; ok && is_ours && j < sizeof hands / sizeof *hands; j++) {
            if (strcmp(hands[j].state, state) != 0 || (hands[j].is_at_gateway && !has_gateway))
                continue;
            ok = add_action(actions, hands[j].action, MESSAGE_TYPE_NONE, hands[j].vietnamese,
                            hands[j].english, message) &&
                 put_word(json_array_get(actions, json_array_size(actions) - 1), "place",
                          hands[j].is_at_gateway ? "gateway" : "adapter");
        }
    }
    return ok;
}

/* Rights first, then the state. A page shows nothing that is not here, and the adapter refuses
 * what should not have been. */
static bool put_actions(struct api_request *request, json_t *object, enum desk_state state)
{
    const struct desk *desk = desk_of(request);
    enum desk_role role = desk_call(request)->person.role;
    json_t *actions = json_array();
    bool ok = actions != NULL;
    for (int i = 1; i <= MESSAGE_TYPE_BUSINESS_COUNT; i++) {
        enum message_type type = (enum message_type)i;
        if (desk_role_may(role, DESK_RIGHT_SEND) && may_send(type, state, desk->is_centre))
            ok = ok &&
                 add_action(actions, "send", type, message_type_label(type, LANGUAGE_VIETNAMESE),
                            message_type_label(type, LANGUAGE_ENGLISH), NULL);
    }
    if (desk_role_may(role, DESK_RIGHT_INBOX))
        ok = ok && add_verdicts(actions, json_object_get(object, "messages"));
    if (desk_role_may(role, DESK_RIGHT_QUEUES))
        ok = ok && add_hands(desk, actions, json_object_get(object, "messages"));
    return json_put(object, "actions", actions) && ok;
}

void desk_dossier_get(struct api_request *request)
{
    struct desk *desk = desk_of(request);
    char canonical[CODE_BYTES], code[CODE_BYTES] = "";
    enum desk_state state = DESK_STATE_NONE;
    json_t *object = json_object();
    (void)fold_code(bytes_of_text(api_argument(request)), canonical, sizeof canonical);
    sqlite3_stmt *row = book_ask(&desk->book, BOOK_DOSSIER_OF_CANON, "t", canonical);
    bool is_there = book_next(&desk->book, row), ok = true;
    if (is_there) {
        int number = sqlite3_column_int(row, 5);
        state = number >= 0 && number < DESK_STATES ? (enum desk_state)number : DESK_STATE_NONE;
        (void)snprintf(code, sizeof code, "%s", book_text(row, 1));
        ok = json_put(object, "dossier",
                      dossier_row_json(row, desk->registry, desk_call(request)->person.sees_content,
                                       program_wall()));
    }
    book_end(row);
    if (!is_there) {
        json_decref(object);
        api_answer_reason(request, REASON_NOT_FOUND, "dossier_code");
        return;
    }
    ok = ok && put_messages(request, object, code) && put_actions(request, object, state) &&
         json_put(object, "adapter", desk_adapter_json(desk));
    api_answer_json(request, HTTP_OK, json_whole(object, ok));
}
