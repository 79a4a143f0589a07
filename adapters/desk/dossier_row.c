/* A row of the index as JSON. Standing is reckoned when it is asked for: it changes by itself. */
#include "adapters/desk/dossier_row.h"

#include <stdio.h>
#include <string.h>

#include "gateway/api/json_member.h"
#include "proto/base/day.h"
#include "proto/codec/message_type.h"
#include "routing/registry/registry.h"

enum { NAME_BYTES = 48 };

static const struct {
    const char *name, *vietnamese, *english;
    enum waits_for centre, agency;
    bool is_over;
} states[DESK_STATES] = {
#define STATE(name, wire, vietnamese, english, centre, agency, is_over)                            \
    {wire, vietnamese, english, WAITS_##centre, WAITS_##agency, is_over},
#include "adapters/desk/dossier_states.def"
#undef STATE
};

static const struct {
    const char *name, *vietnamese, *english;
} waits[] = {
    [WAITS_NOBODY] = {"nobody", "Không chờ ai", "Nobody"},
    [WAITS_US] = {"us", "Chờ chúng ta", "Us"},
    [WAITS_AGENCY] = {"agency", "Chờ cơ quan", "The agency"},
    [WAITS_OWNER] = {"owner", "Chờ chủ hồ sơ", "The owner"},
};

bool desk_state_parse(const char *name, enum desk_state *ret_state)
{
    for (int i = 0; i < DESK_STATES; i++) {
        if (strcmp(states[i].name, name) == 0) {
            *ret_state = (enum desk_state)i;
            return true;
        }
    }
    return false;
}

bool desk_state_is_over(enum desk_state state)
{
    return states[state].is_over;
}

enum waits_for desk_state_waits(enum desk_state state, bool is_centre)
{
    return is_centre ? states[state].centre : states[state].agency;
}

/* ---- members ---- */

bool put_word(json_t *object, const char *name, const char *text)
{
    return json_put_text(object, name, bytes_of_text(text));
}

bool put_ms(json_t *object, const char *name, int64_t ms)
{
    return json_put_moment(object, name, (wall_t){ms});
}

/* Every word for people comes in both languages, from here and not from the page. */
static bool put_pair(json_t *object, const char *prefix, const char *vietnamese,
                     const char *english)
{
    char name[NAME_BYTES];
    (void)snprintf(name, sizeof name, "%s_vi", prefix);
    bool ok = put_word(object, name, vietnamese);
    (void)snprintf(name, sizeof name, "%s_en", prefix);
    return ok && put_word(object, name, english);
}

/* The registry of today names them; who is in it no more keeps his key. */
bool put_agency_name(json_t *object, const char *prefix, const struct registry *registry,
                     const char *text)
{
    struct key key;
    const struct agency *agency =
        key_parse(bytes_of_text(text), &key) ? registry_agency(registry, &key) : NULL;
    return text[0] == 0 || put_pair(object, prefix, agency == NULL ? text : agency->name_vi,
                                    agency == NULL ? text : agency->name_en);
}

bool put_type_name(json_t *object, const char *prefix, int64_t number)
{
    enum message_type type = number > 0 && message_type_is_known((uint32_t)number)
                                 ? (enum message_type)number
                                 : MESSAGE_TYPE_NONE;
    return put_word(object, prefix, message_type_name(type)) &&
           put_pair(object, prefix, message_type_label(type, LANGUAGE_VIETNAMESE),
                    message_type_label(type, LANGUAGE_ENGLISH));
}

/* A code that the catalogue does not have is shown as it came: old dossiers have such. */
static bool put_procedure(json_t *object, const struct registry *registry, const char *code)
{
    const struct procedure *procedure = registry_procedure(registry, bytes_of_text(code));
    return put_word(object, "procedure_code", code) &&
           (procedure == NULL ||
            put_pair(object, "procedure_name", procedure->name_vi, procedure->name_en));
}

/* ---- the row ---- */

/* Columns of DOSSIER_COLUMNS. */
enum {
    NUMBER,
    CODE,
    PROCEDURE,
    AGENCY,
    CHANNEL,
    STATE,
    WAITS,
    RECEIVED,
    DUE,
    FINISHED,
    OWNER,
    SUMMARY,
    LAST,
    LAST_TYPE,
    VERSION
};

/* The finer points (marks, extensions) are the adapter's deadline; this is what a list shows
 * beside a date. A pause hides lateness: the clock stands. */
static bool put_standing(json_t *object, enum desk_state state, int64_t due_ms, int64_t finished_ms,
                         wall_t now)
{
    if (due_ms == 0)
        return true;
    const char *name = "in_time", *vietnamese = "Trong hạn", *english = "In time";
    bool is_today = day_of((wall_t){due_ms}).number == day_of(now).number;
    if (finished_ms > 0 && finished_ms <= due_ms)
        name = "finished_in_time", vietnamese = "Xong đúng hạn", english = "Finished in time";
    else if (finished_ms > 0)
        name = "finished_late", vietnamese = "Xong trễ hạn", english = "Finished late";
    else if (state == DESK_STATE_SUPPLEMENT || state == DESK_STATE_SUSPENDED)
        name = "paused", vietnamese = "Tạm dừng hạn", english = "Paused";
    else if (due_ms < now.ms)
        name = "overdue", vietnamese = "Quá hạn", english = "Overdue";
    else if (is_today)
        name = "due_today", vietnamese = "Đến hạn hôm nay", english = "Due today";
    return put_word(object, "standing", name) && put_pair(object, "standing", vietnamese, english);
}

/* Owner and summary are what a dossier says of a person: for who may see content alone. All else
 * are codes, times and names of offices. */
json_t *dossier_row_json(sqlite3_stmt *row, const struct registry *registry, bool sees_content,
                         wall_t now)
{
    int number = sqlite3_column_int(row, STATE), wait = sqlite3_column_int(row, WAITS);
    enum desk_state state =
        number >= 0 && number < DESK_STATES ? (enum desk_state)number : DESK_STATE_NONE;
    wait = wait >= 0 && wait <= WAITS_OWNER ? wait : WAITS_NOBODY;
    json_t *object = json_object();
    bool ok = put_word(object, "dossier_code", book_text(row, CODE)) &&
              (!sees_content || (put_word(object, "owner", book_text(row, OWNER)) &&
                                 put_word(object, "summary", book_text(row, SUMMARY)))) &&
              put_procedure(object, registry, book_text(row, PROCEDURE)) &&
              put_word(object, "agency", book_text(row, AGENCY)) &&
              put_agency_name(object, "agency_name", registry, book_text(row, AGENCY)) &&
              (sqlite3_column_int(row, CHANNEL) == 0 ||
               json_put(object, "channel", json_integer(sqlite3_column_int(row, CHANNEL)))) &&
              put_word(object, "state", states[state].name) &&
              put_pair(object, "state", states[state].vietnamese, states[state].english) &&
              put_ms(object, "received", sqlite3_column_int64(row, RECEIVED)) &&
              put_ms(object, "due", sqlite3_column_int64(row, DUE)) &&
              put_standing(object, state, sqlite3_column_int64(row, DUE),
                           sqlite3_column_int64(row, FINISHED), now) &&
              put_ms(object, "last_time", sqlite3_column_int64(row, LAST)) &&
              put_type_name(object, "last_type", sqlite3_column_int64(row, LAST_TYPE)) &&
              put_word(object, "waits_for", waits[wait].name) &&
              put_pair(object, "waits_for", waits[wait].vietnamese, waits[wait].english) &&
              json_put(object, "version", json_integer(sqlite3_column_int64(row, VERSION)));
    return json_whole(object, ok);
}
