/* Files: asked for without a right to them, promised and never sent, poisoned, trickled. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/seal/sha256.h"
#include "tests/hostile/attacks.h"

enum { LINES = 16, FEW_LINES = 4, FILE_BYTES = HONEST_FILE_BYTES };

static struct buffer kept;
static size_t id_at;

static bool again(struct assault *assault, uint64_t number, struct bytes *ret_frame)
{
    (void)assault;
    (void)number;
    *ret_frame = buffer_view(&kept);
    return true;
}

void attack_file_refusals(struct assault *assault)
{
    struct frame frame = {.kind = FRAME_BLOB_REFUSED,
                          .blob = {.digest = {{7}}, .reason = REASON_ATTACHMENT_MISSING}};
    buffer_init(&kept, 4096);
    check(assault_frame(assault, &frame, &kept));
    assault_flood(assault, LINES, true, again);
}

void attack_unasked_pieces(struct assault *assault)
{
    static uint8_t content[BLOB_CHUNK_BYTES_MAX];
    struct frame frame = {.kind = FRAME_BLOB_CHUNK,
                          .blob = {.digest = {{7}}, .content = {content, sizeof content}}};
    buffer_init(&kept, FRAME_BYTES_MAX);
    check(assault_frame(assault, &frame, &kept));
    assault_flood(assault, FEW_LINES, true, again);
}

/* ---- theft ---- */

/* Asks for the file of an honest message, by everything that an attacker may have seen of it. */
static bool want_file(struct assault *assault, uint64_t number, struct bytes *ret_frame)
{
    static uint8_t content[FILE_BYTES];
    struct shared *shared = assault->shared;
    size_t index = shared->message_count;
    size_t skipped = number % 10;
    while (index > 0 && (shared->messages[index - 1].file == 0 || skipped-- > 0))
        index--;
    if (index == 0)
        return again(assault, number, ret_frame);
    const struct honest_message *message = &shared->messages[--index];
    struct frame frame = {.kind = FRAME_BLOB_WANT,
                          .blob = {.credit_until = BLOB_CHUNK_BYTES_MAX,
                                   .sender = province_agency(message->sender),
                                   .message_id = message->id}};
    world_file(message->sender, message->file, content, &frame.blob.digest);
    buffer_clear(&kept);
    check(assault_frame(assault, &frame, &kept));
    *ret_frame = buffer_view(&kept);
    return true;
}

void attack_file_theft(struct assault *assault)
{
    struct frame frame = {.kind = FRAME_HEARTBEAT, .heartbeat = {.clock = peer_now()}};
    buffer_init(&kept, 4096);
    check(assault_frame(assault, &frame, &kept));
    assault_flood(assault, FEW_LINES, true, want_file);
}

/* ---- promised and never sent ---- */

/* A sealed message of its own that names a file which nobody has; a new one each time. */
static bool fresh_digest(struct assault *assault, uint64_t number, struct bytes *ret_frame)
{
    struct attachment attachment = {.size_bytes = 50 * 1024 * 1024,
                                    .name = bytes_of_text("never.pdf"),
                                    .media_type = bytes_of_text("application/pdf")};
    struct envelope draft;
    struct bytes seed = {(const uint8_t *)&number, sizeof number};
    sha256_parts(&seed, 1, &attachment.digest);
    attachment.digest.bytes[0] ^= (uint8_t)assault->slot;
    assault_draft(assault, &draft);
    draft.attachments = &attachment;
    draft.attachment_count = 1;
    assault_message(assault, &draft, &kept, &id_at);
    *ret_frame = buffer_view(&kept);
    return true;
}

void attack_fresh_digests(struct assault *assault)
{
    buffer_init(&kept, FRAME_BYTES_MAX);
    assault_flood(assault, FEW_LINES, true, fresh_digest);
}

/* The same, and each file begun: what is asked for gets one octet; then hello, and the next ones.
 */
void attack_begun_files(struct assault *assault)
{
    struct raw_zmtp *line = &assault->lines[0];
    buffer_init(&kept, FRAME_BYTES_MAX);
    for (uint64_t number = 0; assault_goes_on(assault); number++) {
        struct bytes frame;
        bool begins = number % BLOB_TRANSFERS_MAX == 0;
        if ((line->stage == RAW_CLOSED && !assault_dial(assault, line)) ||
            (begins && !assault_greet(assault, line)))
            continue;
        (void)fresh_digest(assault, number, &frame);
        if (!raw_zmtp_send(line, frame, 0) || !assault_await(assault, line, FRAME_BLOB_WANT, 50))
            continue;
        struct frame piece = {.kind = FRAME_BLOB_CHUNK,
                              .blob = {.digest = assault->self.frame.blob.digest,
                                       .offset = assault->self.frame.blob.offset,
                                       .content = bytes_of_text("x")}};
        (void)assault_send(assault, line, &piece);
        atomic_fetch_add(&assault->outcome->sent, 1);
    }
}

/* ---- another's file ---- */

/* Names the files that honest agencies are about to send, and answers the question for them with
 * wrong bytes, or with one octet and then no more. */
static void spoil(struct assault *assault, bool trickles)
{
    enum { AHEAD = 3, WAIT_MS = 100 };
    static uint8_t content[FILE_BYTES];
    static uint32_t spoilt[HONEST + 1]; /* up to this number of each sender */
    struct raw_zmtp *line = &assault->lines[0];
    buffer_init(&kept, FRAME_BYTES_MAX);
    for (uint64_t turn = 0; assault_goes_on(assault); turn++) {
        uint16_t sender = (uint16_t)(1 + turn % HONEST);
        uint32_t sent = atomic_load(&assault->shared->file_count[sender]);
        struct attachment attachment = {.size_bytes = FILE_BYTES,
                                        .name = bytes_of_text("honest.pdf"),
                                        .media_type = bytes_of_text("application/pdf")};
        struct envelope draft;
        spoilt[sender] = spoilt[sender] < sent ? sent : spoilt[sender];
        if (line->stage == RAW_CLOSED &&
            (!assault_dial(assault, line) || !assault_greet(assault, line)))
            continue;
        (void)assault_look(assault, line);
        if (spoilt[sender] >= sent + AHEAD) {
            (void)poll(NULL, 0, 5);
            continue;
        }
        world_file(sender, ++spoilt[sender], content, &attachment.digest);
        assault_draft(assault, &draft);
        draft.attachments = &attachment;
        draft.attachment_count = 1;
        assault_message(assault, &draft, &kept, &id_at);
        if (!raw_zmtp_send(line, buffer_view(&kept), 0) ||
            !assault_await(assault, line, FRAME_BLOB_WANT, WAIT_MS))
            continue;
        content[0] ^= 1;
        struct frame piece = {
            .kind = FRAME_BLOB_CHUNK,
            .blob = {.digest = assault->self.frame.blob.digest,
                     .offset = assault->self.frame.blob.offset,
                     .content = {content, trickles ? (size_t)1 : (size_t)FILE_BYTES / 2}}};
        (void)assault_send(assault, line, &piece);
        atomic_fetch_add(&assault->outcome->sent, 1);
    }
}

void attack_poisoned_files(struct assault *assault)
{
    spoil(assault, false);
}

void attack_trickled_files(struct assault *assault)
{
    spoil(assault, true);
}
