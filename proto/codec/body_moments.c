/* Each type has its own words for the same two questions; this is the one place that knows them.
 * What a body does not say stays 0, and a type that is not listed says nothing of either. */
#include "proto/codec/body_moments.h"

#include "proto/codec/message_type.h"
#include "schema/body.pb-c.h"

static void moments_of_transfer(const Lienthong__V1__Transfer *transfer,
                                struct body_moments *ret_moments)
{
    ret_moments->happened.ms = transfer->received_ms;
    ret_moments->due.ms = transfer->due_ms;
    if (transfer->area_code != NULL)
        ret_moments->area_code = bytes_of_text(transfer->area_code);
}

void body_moments(uint32_t type, const Lienthong__V1__Body *body, struct body_moments *ret_moments)
{
    *ret_moments = (struct body_moments){0};
    if (body == NULL || (uint32_t)body->kind_case != type)
        return;
    switch (type) {
    case MESSAGE_TYPE_TRANSFER:
        moments_of_transfer(body->transfer, ret_moments);
        break;
    case MESSAGE_TYPE_SUPPLEMENT_REQUEST:
        ret_moments->happened.ms = body->supplement_request->requested_ms;
        break;
    case MESSAGE_TYPE_SUPPLEMENT:
        ret_moments->happened.ms = body->supplement->received_ms;
        ret_moments->due.ms = body->supplement->due_ms;
        break;
    case MESSAGE_TYPE_SUSPEND:
        ret_moments->happened.ms = body->suspend->from_ms;
        break;
    case MESSAGE_TYPE_RESUME:
        ret_moments->due.ms = body->resume->due_ms;
        break;
    case MESSAGE_TYPE_EXTENSION:
        ret_moments->due.ms = body->extension->due_ms;
        break;
    case MESSAGE_TYPE_RESULT:
        ret_moments->happened.ms = body->result->finished_ms;
        break;
    case MESSAGE_TYPE_HANDED_OVER:
        ret_moments->happened.ms = body->handed_over->handed_ms;
        break;
    default:
        break;
    }
}
