/* A registered agency against the office of another one: valid messages for a real adapter, through
 * the gateway, in numbers, weights and with words that nobody expects. */
#include <poll.h>
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/seal/sha256.h"
#include "tests/hostile/attacks.h"

enum { LINES = 4, EACH_MS = 20 /* names are tried, not numbers */ };

static struct buffer kept;

static bool next_parcel(struct assault *assault, uint64_t number, struct bytes *ret_frame)
{
    struct key recipient = province_agency(VICTIM_ADAPTER);
    (void)number;
    check(assault_parcel(assault, &recipient, PARCEL_MESSAGES_MAX, &kept));
    *ret_frame = buffer_view(&kept);
    return true;
}

void attack_inbox_flood(struct assault *assault)
{
    buffer_init(&kept, FRAME_BYTES_MAX);
    assault_flood(assault, LINES, true, next_parcel);
}

static void draft_for_victim(struct assault *assault, struct envelope *ret_draft)
{
    assault_draft(assault, ret_draft);
    ret_draft->type = MESSAGE_TYPE_RESULT;
    ret_draft->recipient = province_agency(VICTIM_ADAPTER);
}

/* File names that mean something to a file system, a terminal or a browser; the files are sent. */
void attack_inbox_odd_names(struct assault *assault)
{
    static const char *const names[] = {"..\\..\\x.aspx",
                                        "CON",
                                        "a.pdf:zone",
                                        "\xe2\x80\xae"
                                        "fdp.exe",
                                        "<script>.pdf",
                                        "a\xc2\x85"
                                        "b.pdf",
                                        "../../etc/passwd",
                                        " ",
                                        "\x1b[2J.pdf"};
    struct raw_zmtp *line = &assault->lines[0];
    struct bytes content = bytes_of_text("content");
    buffer_init(&kept, FRAME_BYTES_MAX);
    for (uint64_t number = 0; assault_goes_on(assault); number++) {
        struct attachment attachment = {
            .size_bytes = content.size,
            .name = bytes_of_text(names[number % (sizeof names / sizeof *names)]),
            .media_type = bytes_of_text("application/pdf")};
        struct envelope draft;
        struct buffer document;
        size_t ignored;
        if (line->stage == RAW_CLOSED &&
            (!assault_dial(assault, line) || !assault_greet(assault, line)))
            continue;
        sha256_parts(&content, 1, &attachment.digest);
        draft_for_victim(assault, &draft);
        draft.attachments = &attachment;
        draft.attachment_count = 1;
        buffer_init(&document, ENVELOPE_BYTES_MAX);
        bool is_refused_here = !peer_build(&assault->self, &draft, &document);
        buffer_release(&document);
        atomic_fetch_add(&assault->outcome->sent, 1);
        (void)poll(NULL, 0, EACH_MS);
        if (is_refused_here)
            continue; /* our own builder does not make it: neither parser takes it */
        assault_message(assault, &draft, &kept, &ignored);
        if (!raw_zmtp_send(line, buffer_view(&kept), 0) ||
            !assault_await(assault, line, FRAME_BLOB_WANT, 20))
            continue;
        struct frame piece = {.kind = FRAME_BLOB_CHUNK,
                              .blob = {.digest = attachment.digest, .content = content}};
        (void)assault_send(assault, line, &piece);
    }
}
