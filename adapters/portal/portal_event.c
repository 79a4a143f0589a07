/* One message folded into a dossier's facts: a pure function from (facts, message) to (facts, what
 * is told). The table of services and states is in the header; here is what each type changes.
 *
 * Facts are copied one level deep and lists are copied before they change, because the facts
 * before the event are still needed: a create that stands for a step tells the dossier as it was
 * before that step. The first fault is kept and the rest of the work goes on over it, so that no
 * function has to unwind. */
#include "adapters/portal/portal_event.h"

#include <string.h>

#include "gateway/api/json_text.h"
#include "proto/base/time.h"
#include "proto/codec/message_type.h"

/* ---- members --------------------------------------------------------------------------------- */

int64_t portal_fact_number(const json_t *facts, const char *name)
{
    return (int64_t)json_integer_value(json_object_get(facts, name));
}

const char *portal_fact_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static bool is_true(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

/* Envelopes carry moments as texts with an offset; facts are in milliseconds, the portal's dates
 * are made of them by the dialect. */
static int64_t moment_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    struct stamp stamp;
    return text != NULL && stamp_parse(bytes_of_text(text), &stamp) ? stamp.at.ms : 0;
}

/* ---- one message in work --------------------------------------------------------------------- */

struct reading {
    enum message_type type;
    const json_t *message;
    const json_t *envelope;
    const json_t *body;
    json_t *facts; /* being changed */
    int64_t at_ms;
    enum reason reason;
};

static void fail(struct reading *reading, enum reason reason)
{
    if (reading->reason == REASON_NONE)
        reading->reason = reason;
}

static void put(struct reading *reading, json_t *object, const char *name, json_t *value)
{
    if (!json_put(object, name, value))
        fail(reading, REASON_OUT_OF_MEMORY);
}

/* 0 is no moment and no number of the portal's: the member goes. */
static void put_number(struct reading *reading, const char *name, int64_t number)
{
    if (number == 0)
        (void)json_object_del(reading->facts, name);
    else
        put(reading, reading->facts, name, json_integer((json_int_t)number));
}

/* The member of the body under the same name, when it has one. */
static void take(struct reading *reading, const char *name)
{
    json_t *value = json_object_get(reading->body, name);
    if (value != NULL && json_object_set(reading->facts, name, value) != 0)
        fail(reading, REASON_OUT_OF_MEMORY);
}

static void take_as(struct reading *reading, json_t *into, const char *name, const json_t *from,
                    const char *from_name)
{
    json_t *value = json_object_get(from, from_name);
    if (value != NULL && json_object_set(into, name, value) != 0)
        fail(reading, REASON_OUT_OF_MEMORY);
}

/* Facts are copied only one level deep, so a list is copied before it is changed. */
static json_t *list_of(struct reading *reading, const char *name)
{
    json_t *old = json_object_get(reading->facts, name);
    json_t *list = old == NULL ? json_array() : json_copy(old);
    put(reading, reading->facts, name, list);
    return json_object_get(reading->facts, name);
}

/* value is taken over. */
static void append(struct reading *reading, json_t *list, json_t *value)
{
    if (json_array_size(list) >= PORTAL_LIST_MAX) {
        json_decref(value);
        fail(reading, REASON_FIELD_TOO_LONG);
    } else if (json_array_append_new(list, value) != 0) {
        fail(reading, REASON_OUT_OF_MEMORY);
    }
}

/* The message's files: what the portal needs to fetch them later. */
static json_t *files_of(struct reading *reading)
{
    static const char *const names[] = {"sha256", "name", "media_type", "component_code"};
    json_t *list = json_array();
    size_t index;
    const json_t *attachment;
    json_array_foreach(json_object_get(reading->message, "attachments"), index, attachment)
    {
        json_t *file = json_object();
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            take_as(reading, file, names[i], attachment, names[i]);
        append(reading, list, file);
    }
    return list;
}

static void add_files(struct reading *reading)
{
    json_t *list = list_of(reading, "files");
    json_t *files = files_of(reading);
    if (json_array_size(list) + json_array_size(files) > PORTAL_LIST_MAX)
        fail(reading, REASON_FIELD_TOO_LONG);
    else if (json_array_extend(list, files) != 0)
        fail(reading, REASON_OUT_OF_MEMORY);
    json_decref(files);
}

/* ---- what each type changes ------------------------------------------------------------------ */

static enum dossier_state state_of(const struct reading *reading)
{
    return (enum dossier_state)portal_fact_number(reading->facts, "state");
}

/* The agency's own word where it gives one that the national list has; else nothing changes. */
static enum dossier_state state_in_body(const struct reading *reading)
{
    int64_t number = portal_fact_number(reading->body, "national_state");
    return dossier_state_is_known((uint32_t)number) ? (enum dossier_state)number
                                                    : state_of(reading);
}

/* The transfer begins a dossier, or corrects one that was loaded before. Names of the procedure
 * and of the agency come from today's registry, but the name that was pinned in the message wins:
 * a person signed for that one. */
static enum dossier_state read_transfer(struct reading *reading)
{
    static const char *const names[] = {"owner",        "summary",     "channel",
                                        "submitted_at", "return_kind", "due_ms",
                                        "components",   "received_ms", "received_by"};
    const json_t *registry = json_object_get(reading->message, "registry");
    enum dossier_state state = state_of(reading);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        take(reading, names[i]);
    put(reading, reading->facts, "procedure", json_object());
    json_t *procedure = json_object_get(reading->facts, "procedure");
    const json_t *known = json_object_get(registry, "procedure");
    take_as(reading, procedure, "code", reading->envelope, "procedure_code");
    take_as(reading, procedure, "name", known, "name");
    take_as(reading, procedure, "name", reading->body, "procedure_name"); /* as it was pinned */
    take_as(reading, procedure, "field_code", known, "field_code");
    take_as(reading, reading->facts, "agency", registry, "agency");
    if (portal_fact_number(reading->facts, "received_ms") == 0)
        put_number(reading, "received_ms", reading->at_ms);
    if (portal_fact_number(reading->facts, "submitted_ms") == 0)
        put_number(reading, "submitted_ms", portal_fact_number(reading->facts, "received_ms"));
    add_files(reading);
    return state == DOSSIER_UNKNOWN || state == DOSSIER_REGISTERED ? DOSSIER_RECEIVED : state;
}

/* One entry for each request, kept with the due date of before, because the pause moves it. */
static enum dossier_state read_supplement_request(struct reading *reading)
{
    json_t *entry = json_object();
    int64_t requested_ms = portal_fact_number(reading->body, "requested_ms");
    take_as(reading, entry, "id", reading->envelope, "message_id");
    take_as(reading, entry, "reason", reading->body, "reason");
    take_as(reading, entry, "components", reading->body, "components");
    take_as(reading, entry, "until_ms", reading->body, "until_ms");
    take_as(reading, entry, "by", json_object_get(reading->body, "official"), "name");
    take_as(reading, entry, "due_before_ms", reading->facts, "due_ms");
    put(reading, entry, "requested_ms",
        json_integer((json_int_t)(requested_ms != 0 ? requested_ms : reading->at_ms)));
    append(reading, list_of(reading, "supplements"), entry);
    return DOSSIER_SUPPLEMENT;
}

/* The last request is answered; how long it lasted does not count for the deadline. */
static enum dossier_state read_supplement(struct reading *reading)
{
    json_t *list = list_of(reading, "supplements");
    size_t count = json_array_size(list);
    json_t *entry = count == 0 ? json_object() : json_copy(json_array_get(list, count - 1));
    int64_t received_ms = portal_fact_number(reading->body, "received_ms");
    int64_t requested_ms = portal_fact_number(entry, "requested_ms");
    received_ms = received_ms != 0 ? received_ms : reading->at_ms;
    if (count == 0)
        take_as(reading, entry, "id", reading->envelope, "message_id");
    take_as(reading, entry, "note", reading->body, "note");
    take_as(reading, entry, "due_before_ms", reading->body, "due_before_ms");
    take_as(reading, entry, "due_ms", reading->body, "due_ms");
    put(reading, entry, "received_ms", json_integer((json_int_t)received_ms));
    put(reading, entry, "files", files_of(reading));
    if (count == 0)
        append(reading, list, entry);
    else if (json_array_set_new(list, count - 1, entry) != 0)
        fail(reading, REASON_OUT_OF_MEMORY);
    /* A new due date has the pause in it already. */
    if (requested_ms > 0 && received_ms > requested_ms &&
        portal_fact_number(reading->body, "due_ms") == 0)
        put_number(reading, "pause_ms",
                   portal_fact_number(reading->facts, "pause_ms") + received_ms - requested_ms);
    take(reading, "due_ms");
    add_files(reading);
    return DOSSIER_PROCESSING;
}

/* "Stopped" is the one end that an agency may give a result instead of "finished". */
static enum dossier_state read_result(struct reading *reading)
{
    int64_t finished_ms = portal_fact_number(reading->body, "finished_ms");
    enum dossier_state state = state_in_body(reading);
    json_t *entry = json_object();
    if (state != DOSSIER_STOPPED)
        state = DOSSIER_FINISHED;
    take_as(reading, entry, "id", reading->envelope, "message_id");
    take_as(reading, entry, "code", reading->body, "result_code");
    take_as(reading, entry, "number", reading->body, "result_number");
    put(reading, entry, "files", files_of(reading));
    append(reading, list_of(reading, "results"), entry);
    put_number(reading, "finished_ms", finished_ms != 0 ? finished_ms : reading->at_ms);
    take(reading, "note");
    return state;
}

/* A legal refusal (form 03) is an end that the citizen must see: not accepted when the dossier was
 * not yet received, stopped when it was. A technical one is between programs and changes nothing.
 */
static enum dossier_state read_refusal(struct reading *reading)
{
    enum dossier_state state = state_of(reading);
    if (!is_true(reading->body, "legal"))
        return state; /* the agency could not read it: nothing that the citizen must know */
    take_as(reading, reading->facts, "note", reading->body, "reason");
    if (state == DOSSIER_UNKNOWN || state == DOSSIER_REGISTERED) {
        put_number(reading, "refused_ms", reading->at_ms);
        return DOSSIER_NOT_ACCEPTED;
    }
    put_number(reading, "finished_ms", reading->at_ms);
    return DOSSIER_STOPPED;
}

static enum dossier_state read_handed_over(struct reading *reading)
{
    int64_t handed_ms = portal_fact_number(reading->body, "handed_ms");
    put_number(reading, "handed_ms", handed_ms != 0 ? handed_ms : reading->at_ms);
    take(reading, "return_kind");
    take_as(reading, reading->facts, "return_note", reading->body, "recipient_note");
    return DOSSIER_HANDED_OVER;
}

/* Moments that a state must have, and that a progress alone does not bring. */
static void complete(struct reading *reading, enum dossier_state to)
{
    if ((to == DOSSIER_FINISHED || to == DOSSIER_STOPPED) &&
        portal_fact_number(reading->facts, "finished_ms") == 0)
        put_number(reading, "finished_ms", reading->at_ms);
    if (to == DOSSIER_HANDED_OVER && portal_fact_number(reading->facts, "handed_ms") == 0)
        put_number(reading, "handed_ms", reading->at_ms);
    if (to == DOSSIER_PROCESSING)
        put_number(reading, "finished_ms", 0); /* an objection took the end back */
}

static enum dossier_state change(struct reading *reading)
{
    switch (reading->type) {
    case MESSAGE_TYPE_TRANSFER:
        return read_transfer(reading);
    case MESSAGE_TYPE_PROGRESS:
        return state_in_body(reading);
    case MESSAGE_TYPE_SUPPLEMENT_REQUEST:
        return read_supplement_request(reading);
    case MESSAGE_TYPE_SUPPLEMENT:
        return read_supplement(reading);
    case MESSAGE_TYPE_FINANCIAL_OBLIGATION:
        take(reading, "fees");
        take(reading, "note");
        return DOSSIER_PAYMENT;
    case MESSAGE_TYPE_RESULT:
        return read_result(reading);
    case MESSAGE_TYPE_RESULT_OBJECTION:
        put(reading, reading->facts, "results", json_array());
        take_as(reading, reading->facts, "note", reading->body, "content");
        return DOSSIER_PROCESSING;
    case MESSAGE_TYPE_EXTENSION:
        take_as(reading, reading->facts, "note", reading->body, "reason");
        take(reading, "due_ms");
        return state_of(reading);
    case MESSAGE_TYPE_RESUME:
        take(reading, "due_ms");
        return state_of(reading);
    case MESSAGE_TYPE_REFUSAL:
        return read_refusal(reading);
    case MESSAGE_TYPE_WITHDRAWAL:
        take_as(reading, reading->facts, "note", reading->body, "reason");
        return DOSSIER_WITHDRAWN;
    case MESSAGE_TYPE_HANDED_OVER:
        return read_handed_over(reading);
    default: /* suspend, consultations, what came to nothing: told, but nothing changes */
        return state_of(reading);
    }
}

/* Whether the portal's record of the dossier changes, or only its history grows by a step. */
static enum portal_service service_of(const struct reading *reading)
{
    switch (reading->type) {
    case MESSAGE_TYPE_PROGRESS:
    case MESSAGE_TYPE_SUSPEND:
    case MESSAGE_TYPE_CONSULTATION_REQUEST:
    case MESSAGE_TYPE_CONSULTATION_REPLY:
    case MESSAGE_TYPE_RECEIPT_REFUSED:
    case MESSAGE_TYPE_RECEIPT_EXPIRED:
    case MESSAGE_TYPE_RECEIPT_WITHDRAWN:
        return PORTAL_PROGRESS;
    case MESSAGE_TYPE_RESUME:
        return portal_fact_number(reading->body, "due_ms") != 0 ? PORTAL_RECORD : PORTAL_PROGRESS;
    case MESSAGE_TYPE_REFUSAL:
        return is_true(reading->body, "legal") ? PORTAL_RECORD : PORTAL_PROGRESS;
    default:
        return PORTAL_RECORD;
    }
}

/* ---- a step of the way ----------------------------------------------------------------------- */

static json_t *step_of(struct reading *reading, enum dossier_state to)
{
    static const char *const contents[] = {"content", "reason", "note", "question", "opinion"};
    json_t *step = json_object();
    const json_t *official = json_object_get(reading->body, "to");
    if (official == NULL)
        official = json_object_get(reading->body, "from");
    if (official == NULL)
        official = json_object_get(reading->body, "official");
    take_as(reading, step, "official", official, "name");
    take_as(reading, step, "position", official, "position");
    take_as(reading, step, "unit", official, "unit");
    put(reading, step, "content",
        json_string(message_type_label(reading->type, LANGUAGE_VIETNAMESE)));
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        if (portal_fact_text(reading->body, contents[i])[0] != 0)
            take_as(reading, step, "content", reading->body, contents[i]);
    }
    put(reading, step, "state", json_integer(to));
    put(reading, step, "at_ms", json_integer((json_int_t)reading->at_ms));
    take_as(reading, step, "started_ms", reading->body, "started_ms");
    take_as(reading, step, "due_ms", reading->body, "due_ms");
    return step;
}

/* ---- the event ------------------------------------------------------------------------------- */

/* The business moment if the body names one, then the source's clock, then the sealing (invariant
 * 12: the clocks are kept apart; the portal wants the first). */
static int64_t event_moment(const struct reading *reading)
{
    int64_t at_ms = portal_fact_number(reading->body, "happened_ms");
    if (at_ms == 0)
        at_ms = moment_of(reading->envelope, "source_time");
    return at_ms != 0 ? at_ms : moment_of(reading->envelope, "created");
}

/* Of receipts the portal hears those of what came to nothing (portal_ended.c). */
static bool is_told(enum message_type type)
{
    return (int)type <= MESSAGE_TYPE_BUSINESS_COUNT || type == MESSAGE_TYPE_RECEIPT_REFUSED ||
           type == MESSAGE_TYPE_RECEIPT_EXPIRED || type == MESSAGE_TYPE_RECEIPT_WITHDRAWN;
}

enum reason portal_event_read(const json_t *message, const json_t *facts,
                              struct portal_event *ret_event)
{
    struct reading reading = {.message = message,
                              .envelope = json_object_get(message, "envelope"),
                              .body = json_object_get(message, "body")};
    const char *type = portal_fact_text(reading.envelope, "type");
    if (!message_type_parse(bytes_of_text(type), &reading.type) || !is_told(reading.type))
        return REASON_MESSAGE_TYPE_UNKNOWN;
    if (facts == NULL && reading.type != MESSAGE_TYPE_TRANSFER)
        return REASON_PORTAL_DOSSIER;
    reading.facts = facts == NULL ? json_object() : json_copy((json_t *)(uintptr_t)facts);
    if (reading.facts == NULL)
        return REASON_OUT_OF_MEMORY;
    reading.at_ms = event_moment(&reading);
    struct portal_event event = {.from = state_of(&reading), .at_ms = reading.at_ms};
    take_as(&reading, reading.facts, "code", reading.envelope, "dossier_code");
    event.to = change(&reading);
    event.service = service_of(&reading);
    if (event.to != event.from)
        complete(&reading, event.to);
    put_number(&reading, "state", event.to);
    event.facts = reading.facts;
    if (event.service == PORTAL_PROGRESS)
        event.step = step_of(&reading, event.to);
    if (reading.reason == REASON_NONE && !dossier_may_move(event.from, event.to))
        reading.reason = REASON_PORTAL_TRANSITION;
    if (reading.reason == REASON_NONE)
        *ret_event = event;
    else
        portal_event_release(&event);
    return reading.reason;
}

void portal_event_release(struct portal_event *event)
{
    json_decref(event->facts);
    json_decref(event->step);
    *event = (struct portal_event){0};
}
