/* Messages of the index as JSON. */
#include "adapters/desk/message_row.h"

#include <string.h>

#include "gateway/api/json_member.h"
#include "proto/base/reason.h"
#include "routing/registry/registry.h"

/* Columns of the two statements. */
enum {
    SEQ,
    ID,
    SHA256,
    SENDER,
    TYPE,
    RECIPIENT,
    CODE,
    PROCEDURE,
    STATE,
    IS_OUT,
    REASON,
    TURN,
    TEXT,
    REFERENCE,
    ACTING_FOR,
    TIME,
    SOURCE,
    CUSTODY,
    ENDED,
    FILES,
    OWNER
};

/* The adapter's words for a state, and ours for people. A state of a newer adapter is shown by
 * its name. */
bool put_message_state(json_t *object, const char *state)
{
    static const struct {
        const char *name, *vietnamese, *english;
    } states[] = {
        {"queued", "Chờ gửi", "Queued"},
        {"leased", "Đang gửi", "On its way"},
        {"deferred", "Chờ thử lại", "Tried again"},
        {"held", "Tạm giữ", "Held"},
        {"custody", "cổng đã tiếp quản", "At the gateway"},
        {"awaited", "Chờ trả lời", "Answer awaited"},
        {"delivered", "Đã nhận", "Taken"},
        {"refused", "Bị từ chối", "Refused"},
        {"expired", "Hết hạn", "Expired"},
        {"withdrawn", "Đã rút", "Withdrawn"},
    };
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (strcmp(states[i].name, state) == 0)
            return put_word(object, "state", state) &&
                   put_word(object, "state_vi", states[i].vietnamese) &&
                   put_word(object, "state_en", states[i].english);
    }
    return put_word(object, "state", "custody") && put_word(object, "state_vi", state) &&
           put_word(object, "state_en", state);
}

bool put_reason_code(json_t *object, const char *code)
{
    enum reason reason;
    return !reason_parse(bytes_of_text(code), &reason) || json_put_reason(object, reason);
}

bool put_turn(json_t *object, const char *code)
{
    for (int i = ACTOR_NOBODY; i <= ACTOR_GATEWAY; i++) {
        if (strcmp(actor_code((enum actor)i), code) == 0)
            return put_word(object, "turn", code) &&
                   put_word(object, "turn_vi", actor_vietnamese((enum actor)i)) &&
                   put_word(object, "turn_en", actor_english((enum actor)i));
    }
    return true;
}

static bool put_procedure_name(json_t *object, const struct registry *registry, const char *code)
{
    const struct procedure *procedure = registry_procedure(registry, bytes_of_text(code));
    return put_word(object, "procedure_code", code) &&
           (procedure == NULL || put_word(object, "procedure_name_vi", procedure->name_vi));
}

/* Texts of people, and whose dossier it is, are content; who acted, and why it waits, is not. */
json_t *message_row_json(sqlite3_stmt *row, const struct registry *registry, bool sees_content)
{
    json_t *object = json_object();
    bool ok = put_word(object, "message_id", book_text(row, ID)) &&
              put_word(object, "sha256", book_text(row, SHA256)) &&
              put_type_name(object, "type", sqlite3_column_int64(row, TYPE)) &&
              put_word(object, "direction", sqlite3_column_int(row, IS_OUT) != 0 ? "out" : "in") &&
              put_word(object, "sender", book_text(row, SENDER)) &&
              put_agency_name(object, "sender", registry, book_text(row, SENDER)) &&
              put_word(object, "recipient", book_text(row, RECIPIENT)) &&
              put_agency_name(object, "recipient", registry, book_text(row, RECIPIENT)) &&
              put_word(object, "dossier_code", book_text(row, CODE)) &&
              put_procedure_name(object, registry, book_text(row, PROCEDURE)) &&
              put_word(object, "acting_for", book_text(row, ACTING_FOR)) &&
              put_message_state(object, book_text(row, STATE)) &&
              put_reason_code(object, book_text(row, REASON)) &&
              put_turn(object, book_text(row, TURN)) &&
              put_word(object, "office_reference", book_text(row, REFERENCE)) &&
              (!sees_content || (put_word(object, "text", book_text(row, TEXT)) &&
                                 put_word(object, "owner", book_text(row, OWNER)))) &&
              put_ms(object, "time", sqlite3_column_int64(row, TIME)) &&
              put_ms(object, "ended", sqlite3_column_int64(row, ENDED)) &&
              json_put(object, "file_count", json_integer(sqlite3_column_int64(row, FILES)));
    return json_whole(object, ok);
}
