/* rest_office - the kind "rest": a back office that is called over HTTP, in its own dialect.
 *
 * The contract is port/office.h. What to call and how to read an answer is a jq program, the
 * mapping; which status means what, how often, and what counts as success is decided here:
 *
 *            first attempt                 the mapping's word and the status: reply_judge.h
 *   QUEUED ─────────────────▶ CALLING ─────────────────────────────────────────────▶ answered
 *     │ a later one              │ ▲ not there            409, or so the mapping says
 *     │                          │ │                         │
 *     └──────▶ LOOKING ──────────┼─┘                         ▼
 *                 └─ there: ok   └──────────────────▶ CONFIRMING ─ there: ok, otherwise duplicate
 *                    else: later
 *
 *   any of the three ── 401, 403 ──▶ LOGGING_IN ──▶ the same again; once in a call
 *
 * The office may have taken a message before a connection was cut. So every call carries the
 * message id (header Idempotency-Key, and whatever field the mapping puts it in), and every later
 * attempt looks first: the office never gets a message twice, even if it does not know duplicates
 * itself.
 *
 * What the mapping is asked, and what it answers (README.md has an example):
 *   {stage: "request", purpose: "call" | "lookup" | "login", attempt, message,
 *    credentials, session}
 *     ─▶ {method, path, headers: {Name: text}, json}   the request
 *      | {answer: {reason, …}}                         no call is needed: this is the verdict
 *      | {login: true}                                 log in first
 *      | null                                          there is no such operation
 *   {stage: "answer", purpose, status, headers: {"small-letters": text}, json, text, message}
 *     ─▶ {reason: "ok" | a code of the reason table, office_reference, text, session}
 *        of a lookup "ok": it is there; "not_found": it is not
 *     json: the body, null when it is none; then text is the body as it is, "" when it is empty,
 *     null when it is no UTF-8 or longer than 64 KiB
 *
 * The mapping is asked about every reply and knows its office's bodies. For one that it does not
 * know (a proxy's page, a login form) it must answer office_reply_malformed: then the status
 * decides that it is tried later, and nothing ends. What its word may end: reply_judge.h.
 */
#pragma once

#include "adapters/http/http_client.h"
#include "adapters/http/mapping.h"
#include "adapters/port/kind.h"

struct rest_options {
    const char *base_url; /* "http://127.0.0.1:8080/api"; copied */
    const char *ca_file;  /* NULL: the system's; copied */
    struct bytes mapping; /* the jq program */
    json_t *credentials;  /* given to the mapping; NULL: none. A reference is taken */
    uint32_t connect_timeout_ms;
    uint32_t timeout_ms; /* of one request; at most OFFICE_TIMEOUT_MAX_MS */
    uint32_t calls_max;  /* at once, at most HTTP_REQUESTS_MAX */
};

/* REASON_SETTINGS_INVALID: see ret_fault. REASON_OUT_OF_MEMORY. */
enum reason rest_office_new(const struct rest_options *options, struct office **ret_office,
                            char ret_fault[MAPPING_FAULT_BYTES]);
