/* Messages become rows. A dossier is what its messages make of it, in the order in which the
 * adapter's store has them; whoever signed first is known there, and nowhere else. */
#include "adapters/desk/index.h"

#include <stdio.h>
#include <string.h>

#include "adapters/desk/fold.h"
#include "proto/codec/message_type.h"

enum { WORDS_BYTES_MAX = 8192, CODE_BYTES = 72 };

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static int64_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static int64_t moment_of(const json_t *object, const char *name)
{
    struct stamp stamp;
    return stamp_parse(bytes_of_text(text_of(object, name)), &stamp) ? stamp.at.ms : 0;
}

static bool has_ended(const char *state)
{
    return strcmp(state, "delivered") == 0 || strcmp(state, "refused") == 0 ||
           strcmp(state, "expired") == 0 || strcmp(state, "withdrawn") == 0;
}

/* ---- dossiers ---- */

/* As it stands now; what a message does not say stays. */
struct dossier {
    int64_t number, received_ms, due_ms, finished_ms, channel, version;
    enum desk_state state;
    char agency[PARTICIPANT_KEY_BYTES_MAX + 1];
};

/* Of columns that the last version of the desk wrote: a state that this one does not know is
 * none. */
static bool read_dossier(const struct index *index, const char *code, struct dossier *ret_dossier)
{
    sqlite3_stmt *row = book_ask(index->book, BOOK_DOSSIER_OF_CODE, "t", code);
    bool is_there = book_next(index->book, row);
    if (is_there) {
        int state = sqlite3_column_int(row, 5);
        *ret_dossier = (struct dossier){
            .number = sqlite3_column_int64(row, 0),
            .channel = sqlite3_column_int64(row, 4),
            .state = state >= 0 && state < DESK_STATES ? (enum desk_state)state : DESK_STATE_NONE,
            .received_ms = sqlite3_column_int64(row, 7),
            .due_ms = sqlite3_column_int64(row, 8),
            .finished_ms = sqlite3_column_int64(row, 9),
            .version = sqlite3_column_int64(row, 14)};
        (void)snprintf(ret_dossier->agency, sizeof ret_dossier->agency, "%s", book_text(row, 3));
    }
    book_end(row);
    return is_there;
}

static enum reason write_dossier(const struct index *index, const struct dossier *dossier,
                                 int64_t at_ms, int64_t type)
{
    return book_run(
        index->book, BOOK_DOSSIER_SET, "iiiiiiiiti", dossier->number, (int64_t)dossier->state,
        (int64_t)desk_state_waits(dossier->state, index->is_centre), dossier->received_ms,
        dossier->due_ms, dossier->finished_ms, at_ms, type, dossier->agency, dossier->channel);
}

/* What can be found by words: who, what, which files. */
static enum reason index_words(const struct index *index, int64_t number, const json_t *item)
{
    struct buffer words;
    const json_t *body = json_object_get(item, "body"), *file;
    const char *code = text_of(item, "dossier_code");
    size_t i;
    buffer_init(&words, WORDS_BYTES_MAX);
    /* Of more words than may be, those that fit are found. */
    bool ok = fold_text(bytes_of_text(text_of(json_object_get(body, "owner"), "name")), &words) &&
              buffer_append_text(&words, " ") &&
              fold_text(bytes_of_text(text_of(body, "summary")), &words) &&
              buffer_append_text(&words, " ") && fold_text(bytes_of_text(code), &words);
    json_array_foreach(json_object_get(item, "attachments"), i, file)
    {
        ok = ok && buffer_append_text(&words, " ") &&
             fold_text(bytes_of_text(text_of(file, "name")), &words);
    }
    const char *text = ok || words.size > 0 ? buffer_text(&words) : NULL;
    enum reason reason = book_run(index->book, BOOK_WORDS_DROP, "i", number);
    if (reason == REASON_NONE)
        reason = book_run(index->book, BOOK_WORDS_SET, "it", number, text == NULL ? "" : text);
    if (reason == REASON_NONE)
        reason = book_run(index->book, BOOK_WORDS_ADD, "i", number);
    buffer_release(&words);
    return reason;
}

/* Any message of a dossier makes its row: an agency may hear of one half-way, after a handover. */
static enum reason make_dossier(const struct index *index, const json_t *item,
                                struct dossier *ret_dossier)
{
    char canonical[CODE_BYTES];
    const char *code = text_of(item, "dossier_code");
    (void)fold_code(bytes_of_text(code), canonical, sizeof canonical);
    enum reason reason = book_run(index->book, BOOK_DOSSIER_ADD, "tt", code, canonical);
    *ret_dossier = (struct dossier){.number = book_last_row(index->book)};
    return reason;
}

/* A transfer begins a dossier, or takes it elsewhere. */
static enum reason apply_transfer(const struct index *index, const json_t *item,
                                  struct dossier *dossier)
{
    const json_t *body = json_object_get(item, "body");
    const char *to = text_of(item, "to");
    char summary[INDEX_SUMMARY_BYTES];
    dossier->state = DESK_STATE_FORWARDED;
    dossier->received_ms = number_of(body, "received_ms");
    dossier->due_ms = number_of(body, "due_ms");
    dossier->channel = number_of(body, "channel");
    dossier->finished_ms = 0;
    (void)snprintf(dossier->agency, sizeof dossier->agency, "%s",
                   to[0] != 0 ? to : index->self.text);
    (void)snprintf(summary, sizeof summary, "%s", text_of(body, "summary"));
    if (summary[0] == 0)
        (void)snprintf(summary, sizeof summary, "%s", text_of(body, "procedure_name"));
    enum reason reason = book_run(index->book, BOOK_DOSSIER_FACTS, "ittt", dossier->number,
                                  text_of(item, "procedure_code"),
                                  text_of(json_object_get(body, "owner"), "name"), summary);
    return reason == REASON_NONE ? index_words(index, dossier->number, item) : reason;
}

/* A progress says a text, or a state of the national list (routing/dossier/dossier_state.h). Any
 * word of the agency shows that it has the dossier. */
static enum desk_state state_of_progress(int64_t national_state, enum desk_state before)
{
    switch (national_state) {
    case 5:
        return DESK_STATE_SUPPLEMENT;
    case 6:
        return DESK_STATE_PAYMENT;
    case 8:
        return DESK_STATE_STOPPED;
    default:
        return before == DESK_STATE_FORWARDED || before == DESK_STATE_NONE ? DESK_STATE_PROCESSING
                                                                           : before;
    }
}

/* One place for what each type makes of a dossier. Types that only talk (consultations, an
 * extension) leave it where it is. */
static enum desk_state state_after(enum message_type type, const json_t *body,
                                   enum desk_state before)
{
    switch (type) {
    case MESSAGE_TYPE_REFUSAL:
        return DESK_STATE_REFUSED;
    case MESSAGE_TYPE_PROGRESS:
        return state_of_progress(number_of(body, "national_state"), before);
    case MESSAGE_TYPE_SUPPLEMENT_REQUEST:
        return DESK_STATE_SUPPLEMENT;
    case MESSAGE_TYPE_SUPPLEMENT:
    case MESSAGE_TYPE_RESUME:
    case MESSAGE_TYPE_RESULT_OBJECTION:
        return DESK_STATE_PROCESSING;
    case MESSAGE_TYPE_SUSPEND:
        return DESK_STATE_SUSPENDED;
    case MESSAGE_TYPE_FINANCIAL_OBLIGATION:
        return DESK_STATE_PAYMENT;
    case MESSAGE_TYPE_RESULT:
        return number_of(body, "national_state") == 8 ? DESK_STATE_STOPPED : DESK_STATE_RESULT;
    case MESSAGE_TYPE_WITHDRAWAL:
        return DESK_STATE_WITHDRAWN;
    case MESSAGE_TYPE_HANDED_OVER:
        return DESK_STATE_HANDED_OVER;
    default:
        return before;
    }
}

/* The end is the first one: a hand-over after a result does not make the dossier late. What goes
 * on again has no end. */
static enum reason apply_type(const struct index *index, enum message_type type, const json_t *item,
                              struct dossier *dossier, int64_t at_ms)
{
    const json_t *body = json_object_get(item, "body");
    if (type == MESSAGE_TYPE_TRANSFER)
        return apply_transfer(index, item, dossier);
    bool was_over = desk_state_is_over(dossier->state);
    bool moves_due = type == MESSAGE_TYPE_EXTENSION || type == MESSAGE_TYPE_SUPPLEMENT ||
                     type == MESSAGE_TYPE_RESUME;
    dossier->state = state_after(type, body, dossier->state);
    if (moves_due && number_of(body, "due_ms") > 0)
        dossier->due_ms = number_of(body, "due_ms");
    if (!desk_state_is_over(dossier->state))
        dossier->finished_ms = 0;
    else if (!was_over)
        dossier->finished_ms =
            number_of(body, "finished_ms") > 0 ? number_of(body, "finished_ms") : at_ms;
    return REASON_NONE;
}

/* Receipts and what is about no dossier (a test message) come not here. */
static enum reason index_dossier(const struct index *index, enum message_type type,
                                 const json_t *item, int64_t at_ms)
{
    struct dossier dossier;
    const char *code = text_of(item, "dossier_code");
    if (code[0] == 0)
        return REASON_NONE;
    enum reason reason = REASON_NONE;
    if (!read_dossier(index, code, &dossier))
        reason = make_dossier(index, item, &dossier);
    if (reason == REASON_NONE)
        reason = apply_type(index, type, item, &dossier, at_ms);
    return reason == REASON_NONE ? write_dossier(index, &dossier, at_ms, (int64_t)type) : reason;
}

/* ---- receipts ---- */

/* In the words that the adapter has for where a message stands. */
static const char *state_said(enum message_type type)
{
    switch (type) {
    case MESSAGE_TYPE_RECEIPT_DELIVERED:
        return "delivered";
    case MESSAGE_TYPE_RECEIPT_REFUSED:
        return "refused";
    case MESSAGE_TYPE_RECEIPT_EXPIRED:
        return "expired";
    case MESSAGE_TYPE_RECEIPT_WITHDRAWN:
        return "withdrawn";
    default:
        return "custody";
    }
}

/* What a copy's receiver says ends nothing: the statement has the recipient's word alone. */
static bool ends_message(const struct index *index, const char *sha256, enum message_type type,
                         const json_t *said, int64_t at_ms, const char *word,
                         enum reason *ret_reason)
{
    *ret_reason = book_run(index->book, BOOK_MESSAGE_ENDED, "ttitttt", sha256, state_said(type),
                           at_ms, word, text_of(said, "text"), text_of(said, "office_reference"),
                           text_of(said, "destination"));
    return *ret_reason == REASON_NONE && book_changes(index->book) > 0;
}

/* A transfer that was taken is being processed; one that came to nothing is ours again. */
static enum reason follow_transfer(const struct index *index, const char *sha256,
                                   enum message_type said, int64_t at_ms)
{
    struct dossier dossier;
    char code[CODE_BYTES];
    sqlite3_stmt *row = book_ask(index->book, BOOK_MESSAGE_OF_DIGEST, "t", sha256);
    bool is_transfer =
        book_next(index->book, row) && sqlite3_column_int(row, 0) == MESSAGE_TYPE_TRANSFER;
    (void)snprintf(code, sizeof code, "%s", book_text(row, 1));
    book_end(row);
    if (!is_transfer || !read_dossier(index, code, &dossier) ||
        dossier.state != DESK_STATE_FORWARDED)
        return REASON_NONE;
    dossier.state =
        said == MESSAGE_TYPE_RECEIPT_DELIVERED ? DESK_STATE_PROCESSING : DESK_STATE_REFUSED;
    return write_dossier(index, &dossier, at_ms, (int64_t)said);
}

/* A receipt may be about many messages, of many dossiers; its items are told one by one. */
static enum reason index_receipt_item(const struct index *index, enum message_type type,
                                      const json_t *item, const json_t *said, int64_t place,
                                      int64_t at_ms)
{
    const char *sha256 = text_of(said, "sha256"), *word = text_of(said, "reason");
    const char *reason_word = strcmp(word, "ok") == 0 ? "" : word;
    enum reason reason =
        book_run(index->book, BOOK_RECEIPT_ADD, "iittititttt", number_of(item, "seq"), place,
                 text_of(item, "message_id"), sha256, (int64_t)type, text_of(item, "sender"), at_ms,
                 reason_word, text_of(said, "text"), text_of(said, "office_reference"),
                 text_of(said, "acting_for"));
    if (reason == REASON_NONE && type == MESSAGE_TYPE_RECEIPT_CUSTODY)
        return book_run(index->book, BOOK_MESSAGE_CUSTODY, "tt", sha256, state_said(type));
    if (reason == REASON_NONE &&
        ends_message(index, sha256, type, said, at_ms, reason_word, &reason))
        reason = follow_transfer(index, sha256, type, at_ms);
    return reason;
}

static enum reason index_receipt(const struct index *index, enum message_type type,
                                 const json_t *item, int64_t at_ms)
{
    const json_t *said;
    size_t i;
    enum reason reason = REASON_NONE;
    json_array_foreach(json_object_get(json_object_get(item, "body"), "items"), i, said)
    {
        int64_t said_ms = number_of(said, "at_ms");
        if (reason == REASON_NONE)
            reason = index_receipt_item(index, type, item, said, (int64_t)i,
                                        said_ms > 0 ? said_ms : at_ms);
    }
    return reason;
}

/* ---- messages ---- */

/* As it stood when it was read. What changes later is told by receipts, and by the queues. */
static enum reason add_message(const struct index *index, enum message_type type,
                               const json_t *item, int64_t at_ms)
{
    const char *state = text_of(item, "state");
    bool is_out = strcmp(text_of(item, "sender"), index->self.text) == 0;
    int64_t ended_ms = has_ended(state) ? moment_of(item, "state_time") : 0;
    if (has_ended(state) && ended_ms == 0)
        ended_ms = at_ms;
    return book_run(index->book, BOOK_MESSAGE_ADD, "itttittttittttiiiii", number_of(item, "seq"),
                    text_of(item, "message_id"), text_of(item, "sha256"), text_of(item, "sender"),
                    (int64_t)type, text_of(item, "to"), text_of(item, "dossier_code"),
                    text_of(item, "procedure_code"), state, (int64_t)is_out,
                    text_of(item, "reason"), text_of(item, "text"),
                    text_of(item, "office_reference"), text_of(item, "acting_for"), at_ms,
                    moment_of(item, "source_time"), moment_of(item, "custody_time"), ended_ms,
                    (int64_t)json_array_size(json_object_get(item, "attachments")));
}

enum reason index_message(const struct index *index, json_t *item)
{
    enum message_type type;
    if (!message_type_parse(bytes_of_text(text_of(item, "type")), &type))
        return REASON_NONE; /* of a newer adapter: another row will do */
    int64_t at_ms = moment_of(item, "custody_time");
    at_ms = at_ms > 0 ? at_ms : moment_of(item, "created");
    if (message_type_is_receipt(type))
        return index_receipt(index, type, item, at_ms);
    if ((int)type > MESSAGE_TYPE_BUSINESS_COUNT)
        return REASON_NONE;
    enum reason reason = add_message(index, type, item, at_ms);
    if (reason == REASON_DUPLICATE)
        return REASON_NONE; /* it was told before */
    return reason == REASON_NONE ? index_dossier(index, type, item, at_ms) : reason;
}

/* Only where it differs, so that a round over all that waits writes nothing when nothing
 * changed. */
enum reason index_entry(const struct index *index, json_t *entry)
{
    const char *state = text_of(entry, "state");
    return book_run(index->book, BOOK_MESSAGE_WAITS, "tttt", text_of(entry, "message_id"), state,
                    text_of(entry, "reason"), text_of(entry, "turn"));
}

/* Each in one stroke, however many there are: nobody waits for a walk over a million rows. */
enum reason index_clear(const struct index *index)
{
    enum reason reason = book_run(index->book, BOOK_CLEAR_WORDS, "");
    if (reason == REASON_NONE)
        reason = book_run(index->book, BOOK_CLEAR_DOSSIERS, "");
    if (reason == REASON_NONE)
        reason = book_run(index->book, BOOK_CLEAR_MESSAGES, "");
    return reason == REASON_NONE ? book_run(index->book, BOOK_CLEAR_RECEIPTS, "") : reason;
}
