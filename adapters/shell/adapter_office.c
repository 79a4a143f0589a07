/* Between the office's thread of events and the session's steps: answers of an office come
 * whenever it has them and are kept here until a step has committed them.
 *
 * An answer that the step refused for want of room, or whose commit failed, is given again; only
 * what is committed is forgotten. A lost answer does no harm: the lease of the message ends, and
 * the next attempt finds the message at the office. */
#include <stdlib.h>
#include <string.h>

#include "adapters/shell/adapter.h"

enum { OFFICE_REFERENCE_BYTES_MAX = 64 };

/* An answer between the office's word and its commit. Bounded by the office's window: one for each
 * call. */
struct kept_answer {
    struct office_answer answer; /* its texts are these */
    uint8_t office_reference[OFFICE_REFERENCE_BYTES_MAX];
    uint8_t text[REASON_TEXT_BYTES_MAX];
    bool is_given; /* to the session, in this step */
    struct kept_answer *next;
};

/* ---- starting and stopping ------------------------------------------------------------------- */

bool adapter_office_start(struct adapter *adapter)
{
    const struct adapter_settings *settings = &adapter->settings;
    const struct office_kind *kind = adapter_settings_kind(settings);
    char fault[OFFICE_FAULT_BYTES] = "";
    if (kind->open == NULL)
        return true;
    enum reason reason = kind->open(&settings->office, adapter_settings_of_kind(settings),
                                    settings->state_directory, &adapter->office, fault);
    if (reason == REASON_NONE && !arena_init(&adapter->office_arena, MESSAGE_JSON_ARENA_BYTES))
        reason = REASON_OUT_OF_MEMORY;
    return reason == REASON_NONE ||
           adapter_fail(adapter, reason, fault[0] != 0 ? fault : settings->office.mapping);
}

/* Last of the start: only with the store open is it known whether messages came before, and only
 * with the door open where their files can be fetched. */
bool adapter_office_ready(struct adapter *adapter)
{
    struct store_positions positions;
    if (adapter->office == NULL || adapter->office->verbs->ready == NULL)
        return true;
    enum reason reason = adapter->store->verbs->positions(adapter->store, &positions);
    if (reason != REASON_NONE) /* not known is not "none": a lost ledger would be begun anew */
        return adapter_fail(adapter, reason, adapter->settings.state_directory);
    adapter->office->verbs->ready(adapter->office, positions.next_message_seq > 1,
                                  local_api_links(adapter->api));
    return true;
}

void adapter_office_stop(struct adapter *adapter)
{
    if (adapter->office != NULL)
        adapter->office->verbs->close(adapter->office);
    while (adapter->answers != NULL) {
        struct kept_answer *next = adapter->answers->next;
        free(adapter->answers);
        adapter->answers = next;
    }
    arena_release(&adapter->office_arena);
}

/* ---- answers --------------------------------------------------------------------------------- */

static struct bytes keep_text(struct bytes text, uint8_t *place, size_t size_max)
{
    if (text.size > size_max)
        text.size = 0;
    if (text.size > 0)
        memcpy(place, text.data, text.size);
    return (struct bytes){place, text.size};
}

/* When memory is short the answer is lost like one that never came: the lease ends, and the next
 * attempt finds the message at the office. */
static void keep_answer(void *context, const struct office_answer *answer)
{
    struct adapter *adapter = context;
    struct kept_answer **last = &adapter->answers;
    struct kept_answer *kept = calloc(1, sizeof *kept);
    if (kept == NULL)
        return;
    kept->answer = *answer;
    kept->answer.office_reference =
        keep_text(answer->office_reference, kept->office_reference, sizeof kept->office_reference);
    kept->answer.text = keep_text(answer->text, kept->text, sizeof kept->text);
    while (*last != NULL)
        last = &(*last)->next;
    *last = kept;
}

bool adapter_office_has_answers(const struct adapter *adapter)
{
    return adapter->answers != NULL;
}

/* Said once each time that it changes, to the log and, with what to do, to whoever started us. */
static void say_trouble(struct adapter *adapter)
{
    const char *what = "";
    if (adapter->office->verbs->trouble == NULL)
        return;
    enum reason reason = adapter->office->verbs->trouble(adapter->office, &what);
    if (reason == adapter->office_trouble)
        return;
    adapter->office_trouble = reason;
    local_api_set_office_trouble(adapter->api, reason);
    adapter_log(adapter, reason == REASON_NONE ? LOG_INFO : LOG_ERROR,
                reason == REASON_NONE ? "office_mended" : "office_trouble", reason, what);
    if (reason != REASON_NONE)
        (void)adapter_fail(adapter, reason, what);
}

int64_t adapter_office_questions(void *context)
{
    const struct adapter *adapter = context;
    return adapter->office == NULL || adapter->office->verbs->questions == NULL
               ? -1
               : adapter->office->verbs->questions(adapter->office);
}

void adapter_office_run(struct adapter *adapter)
{
    if (adapter->office == NULL)
        return;
    adapter->office->registry = adapter->registry;
    adapter->office->verbs->run(adapter->office, keep_answer, adapter);
    say_trouble(adapter);
}

/* In the order in which the office gave them. What does not fit waits for the next step. */
void adapter_office_step(struct adapter *adapter)
{
    for (struct kept_answer *kept = adapter->answers; kept != NULL; kept = kept->next) {
        if (!session_has_room(adapter->session))
            return;
        enum reason reason = session_office_answer(adapter->session, &kept->answer);
        /* Anything else is final: the message ended meanwhile, or was never there. */
        kept->is_given = reason_class(reason) != REASON_CLASS_TRANSIENT;
    }
}

void adapter_office_settle(struct adapter *adapter, enum reason reason)
{
    struct kept_answer **at = &adapter->answers;
    while (*at != NULL) {
        struct kept_answer *kept = *at;
        if (kept->is_given && reason == REASON_NONE) {
            *at = kept->next;
            free(kept);
            continue;
        }
        kept->is_given = false;
        at = &kept->next;
    }
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* The office's JSON is made anew at every attempt, from the bytes that were signed (invariant 2):
 * links and registry are those of now. */
static enum reason start_call(struct adapter *adapter, uint64_t message_seq, uint32_t attempt)
{
    struct store_document document;
    struct store *store = adapter->store;
    enum reason reason = store->verbs->read_document(store, message_seq, &document);
    if (reason != REASON_NONE)
        return reason;
    struct office_delivery delivery = {
        .message_seq = message_seq,
        .attempt = attempt,
        .id = document.message.id,
        .message = message_json_for_office(&document, local_api_links(adapter->api),
                                           adapter->registry, &adapter->office_arena),
    };
    if (delivery.message == NULL)
        return REASON_OUT_OF_MEMORY;
    /* A read of its own: the views of the document end with it. */
    delivery.was_accepted = session_has_accepted(adapter->session, &document.message.digest);
    reason = adapter->office->verbs->start(adapter->office, &delivery);
    json_decref(delivery.message);
    return reason;
}

void adapter_office_call(struct adapter *adapter, uint64_t message_seq, uint32_t attempt)
{
    enum reason reason = start_call(adapter, message_seq, attempt);
    if (reason != REASON_NONE)
        keep_answer(adapter, &(struct office_answer){.message_seq = message_seq,
                                                     .reason = reason,
                                                     .ground = FAILURE_OURS});
}
