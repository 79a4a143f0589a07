/* http_status - what a transfer that failed, an HTTP status and the dialect's word mean for a
 * delivery. Pure tables.
 *
 *   status              by itself          why
 *   2xx                 ok                 but only with the dialect's word: no success by a status
 *   401, 403, 407       office_login       log in again once, then back off; systems in use answer
 *                                          403 as well when a session has ended
 *   404, 405, 410       office_not_found   no such operation: the settings are wrong, or it is a
 *                                          proxy's own page
 *   3xx                 office_not_found   redirects are not followed: they could lead anywhere
 *   408                 office_timeout
 *   409                 office_duplicate   looked up before it counts as success
 *   425, 429            office_throttled   Retry-After is honoured
 *   400, 413, 415, 422  office_refused     with the dialect's word; else office_reply_malformed
 *   other 4xx           office_unknown
 *   5xx                 office_error       Retry-After is honoured
 *
 * A status alone ends nothing: reply_judge.h. No text of an answer is ever looked at here.
 */
#pragma once

#include <curl/curl.h>

#include "proto/base/reason.h"
#include "routing/outbox/failure.h"

/* REASON_NONE for 2xx. */
enum reason http_status_reason(long status);

/* was_connected: whether the connection stood, so that the office may have got the request. code is
 * not CURLE_OK. */
enum reason http_transfer_reason(CURLcode code, bool was_connected);
/* Whose fault such a reason is. */
enum failure_ground http_transfer_ground(enum reason reason);

enum { HTTP_RETRY_AFTER_MAX_MS = 60 * 60 * 1000 /* as the longest back-off */ };

/* From seconds, as curl reads them from Retry-After (number or date); bounded; 0: none. */
uint32_t http_retry_after_ms(curl_off_t seconds);
