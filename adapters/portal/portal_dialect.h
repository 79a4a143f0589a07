/* portal_dialect - the words of one portal interface: a jq program between our facts and its JSON.
 *
 * The interface of today is to be replaced (decree 278/2025/NĐ-CP), so nothing of it stands in C:
 * operations, field names, date forms, codes and their meaning are a table and a mapping in
 * provincial.jq and ministry.jq, run by adapters/http/mapping.h in a process of its own. What
 * follows from a meaning is decided here and in portal_office.c.
 *
 *   portal_dialect_ask(question)     ─▶ an HTTP request
 *   the shell sends it
 *   portal_dialect_answer(reply)     ─▶ one verdict for the call and one for each item
 *
 * The mapping's contract, stage "request":
 *   {stage, service, items, filter, settings, credentials, session, files: {base, token}}
 *     ─▶ {method, path, headers, json | form}, or {login: true}, or null: no such operation
 *   service     items
 *   login       -
 *   create      facts of dossiers that the portal does not have
 *   update      facts of dossiers that it has
 *   progress    {facts, step}
 *   lookup      {code}, or {code, facts} or {code, facts, step}: is it there, and is it as this
 *               says?
 *   listing     - ; filter {from_ms, to_ms, after}
 *   agencies, procedures, fields   -
 * Stage "answer":
 *   {stage, service, status, json, items}
 *     ─▶ {reason, text, until_ms, session, items: [{reason, text, …}], rows: […]}
 *   reason: a code of proto/base/reason.def. items: one for each item asked about, in their order;
 *   without it the call's reason is every item's. until_ms: when a maintenance ends.
 *   of a create: incomplete: true when its state must be told by an update; portal_id: the portal's
 *   own number, put into the facts.
 *   of a lookup: {reason: "ok" | "not_found", matches, state, received_ms, due_ms, finished_ms,
 *   handed_ms, steps, portal_id}; of a listing rows of {code, state, received_ms, …}; of the
 * catalogues rows of {code, name, …}.
 *
 * "exists" is office_duplicate, "not there" is not_found. No text of an answer decides anything,
 * and a status alone ends nothing: http/reply_judge.h says what the mapping's word may end.
 */
#pragma once

#include <jansson.h>

#include "adapters/http/mapping.h"
#include "adapters/http/reply_judge.h"
#include "adapters/http/said_request.h"

enum {
    PORTAL_REPLY_VALUES_MAX = 64 * 1024, /* the whole catalogue of procedures */
};

struct portal_dialect_options {
    const char *base_url;   /* copied */
    struct bytes mapping;   /* the jq program */
    const json_t *settings; /* given to the mapping: unit, paths, dstcode; copied */
    json_t *credentials;    /* may be NULL; a reference is taken */
    const char *headers; /* "Name: value | Name: value", for a security server in front; copied */
    const char *files_base; /* where the portal fetches files, "https://host/path"; copied */
    const char *files_token;
};

struct portal_dialect;

/* REASON_SETTINGS_INVALID: ret_fault says why. */
enum reason portal_dialect_new(const struct portal_dialect_options *options,
                               struct portal_dialect **ret_dialect,
                               char ret_fault[MAPPING_FAULT_BYTES]);
void portal_dialect_destroy(struct portal_dialect **dialect);
/* When the address is known only later; base counts unless the options named one. When memory is
 * short, files are named without them. */
void portal_dialect_set_links(struct portal_dialect *dialect, const char *base, const char *token);

struct portal_question {
    const char *service;
    json_t *items;  /* array; NULL: none. The caller's */
    json_t *filter; /* object; NULL: none. The caller's */
};

/* REASON_NONE: ret_request is to be released. REASON_OFFICE_LOGIN: log in first.
 * REASON_OFFICE_NOT_FOUND: the dialect has no such operation. REASON_OFFICE_UNKNOWN: the mapping is
 * wrong. */
enum reason portal_dialect_ask(struct portal_dialect *dialect,
                               const struct portal_question *question,
                               struct said_request *ret_request);
/* False: the mapping fails on the question, so that it can never be asked. Before the login it may
 * be true of a question that fails after it. */
bool portal_dialect_can_say(struct portal_dialect *dialect, const struct portal_question *question);
/* False: the mapping passed a bound in its last run, so nothing is known of that question. */
bool portal_dialect_has_answered(const struct portal_dialect *dialect);

struct portal_answer {
    enum reason reason; /* of the whole call */
    enum failure_ground ground;
    long status; /* of HTTP; 0: there was no reply */
    uint32_t retry_after_ms;
    int64_t until_ms; /* of a maintenance; 0: none */
    json_t *json;     /* what the mapping said: json_decref; may be NULL */
};

/* The answer to a login that was accepted opens the session; an answer that the session has ended
 * (class SESSION) closes it. */
void portal_dialect_answer(struct portal_dialect *dialect, const struct portal_question *question,
                           const struct http_reply *reply, struct portal_answer *ret_answer);
void portal_answer_release(struct portal_answer *answer);
/* Of one item; the call's judgement when it has no reason of its own. *ret_item may be NULL. */
struct reply_judgement portal_answer_item(const struct portal_answer *answer, size_t index,
                                          const json_t **ret_item);
