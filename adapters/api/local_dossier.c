/* A dossier's history as this participant knows it: messages both ways, and what became of them.
 * One page of the store's history is gathered in memory and sorted by time; within a page the order
 * is that of events, and pages follow the store's order. */
#include <stdlib.h>
#include <string.h>

#include "adapters/api/local_api_parts.h"
#include "proto/codec/message_type.h"

enum {
    MESSAGES_MAX = STORE_PAGE_MAX, /* per page; a dossier has a few dozen */
};

/* While events are gathered each keeps its moment, to be sorted by. */
struct timed {
    wall_t at;
    size_t place; /* of two at the same moment the one that was found first stays first */
    json_t *event;
};

struct history {
    struct local_api *api;
    struct timed *events;
    size_t count, capacity;
    bool is_complete; /* false: memory was short */
};

/* event is taken over. Without memory the history is not complete, and is then not answered at all:
 * half of one would be taken for the whole. */
static void add_event(struct history *history, wall_t at, json_t *event)
{
    struct timed *events = /* bounded by MESSAGES_MAX messages */
        rows_grow(history->events, history->count, &history->capacity, sizeof *events);
    if (events != NULL)
        history->events = events;
    if (event == NULL || events == NULL) {
        json_decref(event);
        history->is_complete = false;
        return;
    }
    history->events[history->count] = (struct timed){at, history->count, event};
    history->count++;
}

static json_t *new_event(const struct store_message *message, uint32_t type, wall_t at,
                         const struct key *from, const struct key *to)
{
    json_t *event = json_object();
    return json_whole(event, json_put_moment(event, "time", at) && json_put_type(event, type) &&
                                 json_put_text(event, "from", key_bytes(from)) &&
                                 json_put_text(event, "to", key_bytes(to)) &&
                                 json_put_id(event, "message_id", &message->id));
}

/* On whose word it was sent: in its document alone, as all that is personal. One that was purged
 * has nothing to say. False when memory is short. */
static bool put_person(struct local_api *api, json_t *event, uint64_t seq)
{
    struct store *store = api->options.store;
    struct store_document found;
    struct envelope envelope;
    arena_reset(&api->arena);
    return store->verbs->read_document(store, seq, &found) != REASON_NONE ||
           envelope_parse(found.document, &api->arena, &envelope) != REASON_NONE ||
           json_put_text(event, "acting_for", envelope.acting_for);
}

/* The message itself, once per place that it is owed to. */
static void add_message(struct history *history, const struct store_message *message,
                        const struct key *recipient, bool is_expected)
{
    const struct local_api_options *options = &history->api->options;
    struct entry entries[LOCAL_ENTRIES_MAX];
    size_t count = 0;
    if (options->store->verbs->entries_of(options->store, message->seq, entries, LOCAL_ENTRIES_MAX,
                                          &count) != REASON_NONE)
        history->is_complete = false;
    for (size_t i = 0; i < count; i++) {
        const struct entry *entry = &entries[i];
        bool is_to_gateway = key_equal(&entry->destination, &options->gateway);
        bool is_ours = key_equal(&message->sender, &options->self);
        /* What went on from the gateway to several stands at each of them. */
        if (is_ours && is_to_gateway && count > 1)
            continue;
        json_t *event = new_event(message, message->type, message->custody, &message->sender,
                                  is_ours && !is_to_gateway ? &entry->destination : recipient);
        bool ok = json_put(event, "destination", json_string(entry->destination.text)) &&
                  (!is_expected || json_put(event, "to_is_expected", json_true())) &&
                  local_put_state(history->api, event, message, recipient, entry) &&
                  put_person(history->api, event, message->seq) &&
                  json_put(event, "attempts", json_integer(entry->attempts));
        add_event(history, message->custody, json_whole(event, ok));
    }
}

/* What was said about a message of ours, by whom. */
static void add_outcome(struct history *history, const struct store_message *message,
                        const struct key *about, const struct outcome *outcome)
{
    json_t *event =
        new_event(message, outcome->receipt_type, outcome->at, about, &history->api->options.self);
    bool ok = local_put_told(event, outcome->receipt_type) &&
              local_put_receipt(history->api, event, &message->id, about, outcome);
    /* The gateway speaks in a recipient's place of the end of a life, or of an operator's hand. */
    json_t *signer = json_object_get(event, "signer");
    if (ok && signer != NULL && strcmp(json_string_value(signer), about->text) != 0)
        ok = json_put(event, "from", json_incref(signer)) &&
             json_put_text(event, "party", key_bytes(about));
    add_event(history, outcome->at, json_whole(event, ok));
}

/* Of messages to us the receipts are our own, and stand in the state of the message. */
static void add_outcomes(struct history *history, const struct store_message *message)
{
    struct outcome outcome;
    struct key about;
    struct local_outcomes outcomes = {0};
    while (local_next_outcome(history->api, message, &outcomes, &about, &outcome)) {
        if (message_type_is_receipt((enum message_type)outcome.receipt_type))
            add_outcome(history, message, &about, &outcome);
    }
}

/* By the moment at which it happened and not by when we heard of it. */
static int compare_times(const void *left, const void *right)
{
    const struct timed *a = left;
    const struct timed *b = right;
    if (a->at.ms != b->at.ms)
        return a->at.ms < b->at.ms ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

static json_t *sorted_events(struct history *history)
{
    json_t *list = json_array();
    if (history->count > 0)
        qsort(history->events, history->count, sizeof *history->events, compare_times);
    for (size_t i = 0; i < history->count; i++)
        history->is_complete =
            json_array_append_new(list, history->events[i].event) == 0 && history->is_complete;
    return json_whole(list, history->is_complete);
}

/* In the order of the store, for what happened at the same moment. */
static void gather(struct history *history, const uint64_t *seqs, size_t count)
{
    struct store *store = history->api->options.store;
    for (size_t i = 0; i < count; i++) {
        struct store_message message;
        if (store->verbs->read_message(store, seqs[i], &message) != REASON_NONE) {
            history->is_complete = false;
            return;
        }
        bool is_expected;
        struct key recipient = local_recipient(history->api, &message, &is_expected);
        /* Its texts lived until that call on the store; nothing below looks at them. */
        message.dossier_code = message.procedure_code = (struct bytes){NULL, 0};
        add_message(history, &message, &recipient, is_expected);
        add_outcomes(history, &message);
    }
}

void dossier_get(struct api_request *request)
{
    struct local_api *api = api_context(request);
    struct store *store = api->options.store;
    uint64_t after;
    size_t count = 0;
    if (!api_query_number(request, "after", 0, INT64_MAX, &after))
        return;
    struct history history = {.api = api, .is_complete = true};
    uint64_t *seqs = calloc(MESSAGES_MAX, sizeof *seqs);
    enum reason reason = seqs == NULL ? REASON_OUT_OF_MEMORY : REASON_NONE;
    if (reason == REASON_NONE)
        reason = store->verbs->history(store, bytes_of_text(api_argument(request)), after, false,
                                       seqs, MESSAGES_MAX, &count);
    if (reason != REASON_NONE) {
        api_answer_reason(request, reason, NULL);
    } else {
        gather(&history, seqs, count);
        json_t *events = sorted_events(&history);
        uint64_t next = count > 0 ? seqs[count - 1] : after;
        struct store_deadline row;
        bool has_clock = store->verbs->read_deadline(store, bytes_of_text(api_argument(request)),
                                                     &row) == REASON_NONE;
        api_answer_json(request, HTTP_OK,
                        events == NULL
                            ? NULL
                            : json_pack("{s:s,s:o*,s:o,s:I}", "dossier_code", api_argument(request),
                                        "deadline", has_clock ? local_deadline_json(&row) : NULL,
                                        "events", events, "next", (json_int_t)next));
    }
    free(history.events);
    free(seqs);
}
