/* What a transfer or a status says when nobody who knows the office has judged it. Only the
 * dialect may end a message (http/reply_judge.h); this table says how long to wait and whom the
 * failure blames. */
#include "adapters/http/http_status.h"

enum reason http_status_reason(long status)
{
    switch (status) {
    case 400:
    case 413:
    case 415:
    case 422:
        return REASON_OFFICE_REFUSED;
    case 401:
    case 403:
    case 407:
        return REASON_OFFICE_LOGIN;
    case 404:
    case 405:
    case 410:
        return REASON_OFFICE_NOT_FOUND;
    case 408:
        return REASON_OFFICE_TIMEOUT;
    case 409:
        return REASON_OFFICE_DUPLICATE;
    case 425:
    case 429:
        return REASON_OFFICE_THROTTLED;
    default:
        break;
    }
    if (status >= 200 && status <= 299)
        return REASON_NONE;
    if (status >= 300 && status <= 399)
        return REASON_OFFICE_NOT_FOUND;
    return status >= 500 && status <= 599 ? REASON_OFFICE_ERROR : REASON_OFFICE_UNKNOWN;
}

enum failure_ground http_transfer_ground(enum reason reason)
{
    bool is_ours = reason == REASON_OUT_OF_MEMORY || reason == REASON_BUSY;
    return is_ours ? FAILURE_OURS : FAILURE_TRANSPORT;
}

enum reason http_transfer_reason(CURLcode code, bool was_connected)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return was_connected ? REASON_OFFICE_TIMEOUT : REASON_OFFICE_UNREACHABLE;
    case CURLE_WRITE_ERROR: /* our own word, at the bound of a reply */
    case CURLE_FILESIZE_EXCEEDED:
        return REASON_OFFICE_REPLY_TOO_LARGE;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
        return REASON_OFFICE_TLS;
    case CURLE_OUT_OF_MEMORY:
        return REASON_OUT_OF_MEMORY;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
        return REASON_OFFICE_REPLY_MALFORMED;
    default:
        /* Refused, not resolved, or cut: also in the middle of a reply. */
        return REASON_OFFICE_UNREACHABLE;
    }
}

/* Bounded: an office that asks for a year is asked again after HTTP_RETRY_AFTER_MAX_MS all the
 * same. */
uint32_t http_retry_after_ms(curl_off_t seconds)
{
    if (seconds <= 0)
        return 0;
    if (seconds > HTTP_RETRY_AFTER_MAX_MS / 1000)
        return HTTP_RETRY_AFTER_MAX_MS;
    return (uint32_t)seconds * 1000;
}
