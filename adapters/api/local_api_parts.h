/* local_api_parts - what the files of an adapter's API share. Nobody else includes this.
 *
 *   local_routes.c       which path is whose
 *   local_find.c         messages and receipts in the store
 *   local_attachments.c  uploads and downloads
 *   local_submit.c       submit
 *   local_change.c       accept, refuse, hold, release, withdraw
 *   local_again.c        what is sent again
 *   local_read.c         inbox, queues, one message
 *   local_feed.c         all messages, in the order of the store
 *   local_health.c       health, figures
 *   local_deadlines.c    when dossiers are due
 *   local_dossier.c      a dossier's history
 *   local_receipt.c      where a message went and where it is, what its receipts say
 */
#pragma once

#include "adapters/api/local_api.h"
#include "gateway/api/holds_json.h"
#include "gateway/api/jobs_json.h"
#include "gateway/api/json_member.h"
#include "routing/registry/route.h"

struct local_api {
    struct local_api_options options;
    struct api *server;
    struct message_links own_links;    /* without a token: whoever asks has one */
    struct message_links office_links; /* with the office's */
    struct arena arena;                /* of one request's moment */
    enum reason office_trouble;
};

/* A request's memory. */
struct local_upload {
    struct digest digest;   /* POST: known when the whole is there */
    struct digest stand_in; /* at the blobs store */
    bool is_digest_known;   /* PUT */
    bool is_named;          /* all of it is there, and it is new */
    bool is_begun;          /* at the blobs store */
    uint64_t size_bytes;    /* PUT: declared; POST: when it is whole */
    uint64_t position;
};

/* ---- local_routes.c */
enum { LOCAL_ROUTES = 33 };
extern const struct api_route local_routes[LOCAL_ROUTES];

/* ---- local_find.c */
/* The message that the path names, from ?sender= or from anybody. False (and answered). */
bool local_find_message(struct api_request *request, struct store_message *ret_message);
/* By id alone, whoever sent it: ourselves, the gateway, anybody registered. */
enum reason local_find_anybodys(const struct local_api *api, const struct message_id *id,
                                struct store_message *ret_message);
/* What the registry at hand says of a new message of ours; the gateway would say it later. */
enum reason local_check_registry(const struct local_api *api, const struct envelope *draft);
/* Everybody who said something about a message of ours: the gateway, and whoever it may have gone
 * to. *outcomes starts as {0} and is the walk's own; the message's codes are the store's no more
 * after the first call. False at the end. */
enum {
    LOCAL_ENTRIES_MAX = ROUTE_DESTINATIONS_MAX + SUCCESSOR_HOPS_MAX + 1, /* of one message */
    LOCAL_ABOUTS_MAX = 2 + LOCAL_ENTRIES_MAX, /* the gateway, whom it names, its entries */
};
struct local_outcomes {
    struct key abouts[LOCAL_ABOUTS_MAX];
    size_t count, next;
    size_t agency_count; /* of the registry, when it may have gone to any of them */
};
bool local_next_outcome(const struct local_api *api, const struct store_message *message,
                        struct local_outcomes *outcomes, struct key *ret_about,
                        struct outcome *ret_outcome);

/* ---- local_receipt.c */
/* What a receipt says about a message; its texts live in the arena, which is reset. False: there is
 * none yet. */
bool local_find_receipt(const struct local_api *api, uint64_t receipt_seq,
                        const struct message_id *message_id, struct receipt_item *ret_item);
/* What a receipt says of this message, and who signed it: "reason…", "turn…", "receipt_id",
 * "signer", "text" (a person's remark) and "office_reference", as far as there are such.
 * about: whom it is about. Resets the arena. False when memory is short. */
bool local_put_receipt(const struct local_api *api, json_t *object,
                       const struct message_id *message_id, const struct key *about,
                       const struct outcome *outcome);
/* "state" and "state_vi": what a receipt of this type says of its message. */
bool local_put_told(json_t *object, uint32_t receipt_type);
/* Where a message is, in one word for people: "state", "state_vi", since when ("state_time") and
 * why ("reason…", "text"). Of ours it follows the receipt that ended it; until then it is "custody"
 * once the gateway has it, which is not delivery (invariant 9), and before that what the entry
 * says. Resets the arena and may read the store. False when memory is short. */
bool local_put_state(struct local_api *api, json_t *object, const struct store_message *message,
                     const struct key *recipient, const struct entry *entry);
/* Where an entry stands, or why it ended (gateway/api/standing_json.h). taken: its message. */
bool local_put_standing(struct local_api *api, json_t *object, const struct entry *entry,
                        wall_t taken);
/* Who gets, or got, a message of ours: as we named it, or as a receipt says, or (ret_is_expected)
 * as our copy of the registry would have it. None when nothing is known. */
struct key local_recipient(const struct local_api *api, const struct store_message *message,
                           bool *ret_is_expected);

/* ---- local_read.c */
/* Why a stored document became no JSON: it is damaged, or memory was short for a moment. Resets
 * the arena. */
enum reason local_why_unread(struct local_api *api, const struct store_document *document);
/* What is known here of a message beside its bytes: where it goes, where it is, its receipts.
 * Resets the arena and clears the message's codes. False when memory is short. */
bool local_put_places(struct local_api *api, json_t *json, struct store_message *message);

/* ---- local_again.c */
/* "sent_again_as" and "again_of": the new message, and the one of before. */
bool local_put_again(const struct local_api *api, json_t *object,
                     const struct store_message *message);

/* ---- local_deadlines.c */
/* Fills in when the dossier is due, where the draft leaves it out, and checks what it says. Another
 * reason than NONE: ret_field says what is wrong. */
enum reason local_fill_deadline(const struct local_api *api, const struct envelope *draft,
                                struct Lienthong__V1__Body *body, const char **ret_field);
/* NULL when memory is short. */
json_t *local_deadline_json(const struct store_deadline *row);

/* ---- handlers */
void attachment_put_begin(struct api_request *request);
void hold_dossier_apply(struct api_request *request);
void attachment_post_begin(struct api_request *request);
void attachment_receive(struct api_request *request, struct bytes content);
void attachment_complete(struct api_request *request);
void attachment_get(struct api_request *request);
void attachment_release(struct api_request *request);

void submit_apply(struct api_request *request);
void accept_apply(struct api_request *request);
void refuse_apply(struct api_request *request);
void operate_apply(struct api_request *request); /* which: enum session_operation */
void ledger_explain_apply(struct api_request *request);
void again_apply(struct api_request *request);

void inbox_get(struct api_request *request);
void message_get(struct api_request *request);
void feed_get(struct api_request *request);
void ledger_get(struct api_request *request);
void part_get(struct api_request *request); /* which: its place in struct store_document */
void health_get(struct api_request *request);
void trust_clock_apply(struct api_request *request);
void healthz_get(struct api_request *request);
void metrics_get(struct api_request *request);
void queues_get(struct api_request *request);
void dossier_get(struct api_request *request);
void deadlines_get(struct api_request *request);
