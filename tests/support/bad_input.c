#include "tests/support/bad_input.h"
#include "tests/support/patience.h"

#include <stdio.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"

struct province bad_province;
char bad_endpoint[LINK_ENDPOINT_BYTES_MAX + 1];
int bad_failures;
int bad_passes;

void bad_report(const char *name, bool passed, const char *got)
{
    (void)printf("%s %s%s%s\n", passed ? "ok" : "FAILED", name, passed ? "" : ": got ",
                 passed ? "" : got);
    (void)fflush(stdout);
    if (passed)
        bad_passes++;
    else
        bad_failures++;
}

static int64_t days_from_now(int days)
{
    return peer_now().ms + (int64_t)days * DAY_MS;
}

/* ---- the province ---------------------------------------------------------------------------- */

static bool spoil(size_t index, enum authority_key key, int from_days, int to_days)
{
    struct key name = province_agency(index);
    struct authority_request request = {
        .common_name = name.text,
        .key = key,
        .not_before = {days_from_now(from_days)},
        .not_after = {days_from_now(to_days)},
    };
    return province_issue(&bad_province, name.text, &request);
}

static bool put_on_list(size_t index)
{
    struct buffer certificate;
    struct buffer list;
    char name[64];
    (void)snprintf(name, sizeof name, "keys/%s.crt", province_agency(index).text);
    buffer_init(&certificate, AUTHORITY_PEM_BYTES_MAX);
    buffer_init(&list, AUTHORITY_PEM_BYTES_MAX);
    bool revoked =
        province_read(&bad_province, name, &certificate) &&
        authority_revoke(bad_province.authority, buffer_view(&certificate),
                         (wall_t){days_from_now(0) - 1000}) == REASON_NONE &&
        authority_list(bad_province.authority, (wall_t){days_from_now(0) - 1000},
                       (wall_t){days_from_now(30)}, &list) == REASON_NONE &&
        province_write(&bad_province, "registry/trust/lists/revoked.pem", buffer_view(&list));
    buffer_release(&certificate);
    buffer_release(&list);
    return revoked;
}

bool bad_make_province(const char *directory)
{
    const struct province_options options = {
        .directory = directory,
        .agencies = AGENCIES,
        .key = AUTHORITY_P256,
        .gateway_key = AUTHORITY_RSA_2048,
        .window_messages = 64,
        .gateway_settings = "attachment_bytes_max: 1MiB\n",
    };
    return province_make(&bad_province, &options) && spoil(EXPIRED, AUTHORITY_P256, -30, -1) &&
           spoil(FUTURE, AUTHORITY_P256, 1, 30) && put_on_list(REVOKED) &&
           spoil(SHORT, AUTHORITY_RSA_1024, -1, 30) && spoil(EDWARD, AUTHORITY_ED25519, -1, 30);
}

/* ---- sending --------------------------------------------------------------------------------- */

bool bad_open_peer(struct peer *peer, size_t index)
{
    bool opened = peer_open(peer, &bad_province, province_agency(index).text, bad_endpoint) &&
                  peer_greet(peer, 64, patience_ms(WAIT_MS));
    if (!opened)
        bad_report("connect", false, "no welcome");
    return opened;
}

void bad_send_parcel(struct peer *peer, const struct parcel *parcel)
{
    struct frame frame = {.kind = FRAME_PARCELS, .parcels = {parcel, 1}};
    check(peer_send(peer, &frame) == REASON_NONE);
}

void bad_send_document(struct peer *peer, struct bytes document, struct bytes signature)
{
    struct parcel parcel = {.documents = &document, .document_count = 1, .signature = signature};
    bad_send_parcel(peer, &parcel);
}

void bad_progress_draft(struct peer *peer, struct envelope *ret_draft)
{
    static int number;
    static char code[64];
    (void)snprintf(code, sizeof code, "H99-261124-%04d", ++number);
    peer_draft(peer, ret_draft, "", code);
    ret_draft->type = MESSAGE_TYPE_PROGRESS;
}

void bad_expect_receipt(struct peer *peer, const char *name, const struct message_id *id,
                        uint32_t type, enum reason reason)
{
    uint32_t got_type = 0;
    const struct receipt_item *item = peer_await_receipt(peer, id, &got_type, patience_ms(WAIT_MS));
    bool passed = item != NULL && got_type == type && item->reason == reason;
    bad_report(name, passed, item == NULL ? "no receipt" : reason_code(item->reason));
}

/* Builds, signs and sends; what comes back must be this receipt. */
void bad_send_draft(struct peer *peer, const char *name, const struct envelope *draft,
                    enum reason expected)
{
    struct buffer document;
    struct buffer signature;
    buffer_init(&document, DOCUMENT_BYTES_MAX);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    check(peer_build(peer, draft, &document));
    check(peer_sign(peer, buffer_view(&document), &signature));
    bad_send_document(peer, buffer_view(&document), buffer_view(&signature));
    bad_expect_receipt(peer, name, &draft->id,
                       expected == REASON_NONE ? MESSAGE_TYPE_RECEIPT_CUSTODY
                                               : MESSAGE_TYPE_RECEIPT_REFUSED,
                       expected);
    buffer_release(&document);
    buffer_release(&signature);
}

void bad_expect_still_well(struct peer *peer)
{
    struct envelope draft;
    bad_progress_draft(peer, &draft);
    bad_send_draft(peer, "a good message after it", &draft, REASON_NONE);
}
