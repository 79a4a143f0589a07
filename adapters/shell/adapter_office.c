#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/rest/rest_office.h"
#include "adapters/shell/adapter.h"
#include "gateway/api/json_text.h"

enum { CREDENTIALS_BYTES_MAX = 16 * 1024, OFFICE_REFERENCE_BYTES_MAX = 64 };

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

static enum reason read_credentials(const char *path, json_t **ret_credentials)
{
    struct buffer text;
    if (path[0] == 0)
        return REASON_NONE;
    buffer_init(&text, CREDENTIALS_BYTES_MAX);
    enum reason reason = file_read_secret(path, &text);
    if (reason == REASON_NONE)
        reason = json_text_read(buffer_view(&text), ret_credentials);
    if (text.size > 0)
        explicit_bzero(text.data, text.size);
    buffer_release(&text);
    return reason;
}

static enum reason start_rest(struct adapter *adapter, char ret_fault[MAPPING_FAULT_BYTES])
{
    const struct adapter_settings *settings = &adapter->settings;
    struct buffer mapping;
    struct rest_options options = {
        .base_url = settings->office.url,
        .ca_file = settings->office.ca_file[0] == 0 ? NULL : settings->office.ca_file,
        .connect_timeout_ms = (uint32_t)settings->office.connect_timeout_ms,
        .timeout_ms = (uint32_t)settings->office.timeout_ms,
        .calls_max = (uint32_t)settings->office.window,
    };
    enum reason reason = read_credentials(settings->office.credentials_file, &options.credentials);
    if (reason != REASON_NONE) {
        (void)snprintf(ret_fault, MAPPING_FAULT_BYTES, "%.*s", MAPPING_FAULT_BYTES - 1,
                       settings->office.credentials_file);
        return reason;
    }
    buffer_init(&mapping, MAPPING_PROGRAM_BYTES_MAX);
    reason = file_read(settings->office.mapping, &mapping);
    options.mapping = buffer_view(&mapping);
    if (reason == REASON_NONE)
        reason = rest_office_new(&options, &adapter->office, ret_fault);
    buffer_release(&mapping);
    json_decref(options.credentials);
    return reason;
}

bool adapter_office_start(struct adapter *adapter)
{
    const struct adapter_settings *settings = &adapter->settings;
    char fault[MAPPING_FAULT_BYTES] = "";
    if (settings->office.kind == OFFICE_INBOX)
        return true;
    enum reason reason = settings->office.kind == OFFICE_PORTAL
                             ? adapter_portal_start(adapter, fault)
                             : start_rest(adapter, fault);
    if (reason == REASON_NONE && !arena_init(&adapter->office_arena, MESSAGE_JSON_ARENA_BYTES))
        reason = REASON_OUT_OF_MEMORY;
    return reason == REASON_NONE ||
           adapter_fail(adapter, reason, fault[0] != 0 ? fault : settings->office.mapping);
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

void adapter_office_run(struct adapter *adapter)
{
    if (adapter->office == NULL)
        return;
    adapter->office->verbs->run(adapter->office, keep_answer, adapter);
    say_trouble(adapter);
}

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
                                           &adapter->office_arena),
    };
    if (delivery.message == NULL)
        return REASON_OUT_OF_MEMORY;
    if (adapter->settings.office.kind == OFFICE_PORTAL &&
        !adapter_portal_describe(adapter, delivery.message))
        reason = REASON_OUT_OF_MEMORY;
    if (reason == REASON_NONE)
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
