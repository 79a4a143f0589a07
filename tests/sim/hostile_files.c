/* Files in hostile hands: wrong ones, ones that never come, ones that somebody else is sending, and
 * asking for what is somebody else's. */
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "tests/sim/check.h"

enum { WANTS = 4, PROMISES = 8, OWN_FILE_BYTES = 3000 };

/* A message that names a file which it does not have. Whether it sends anything of it is decided
 * when it is asked (hostile_file_frame). */
static void name_file(struct sim *sim, const struct digest *digest, uint64_t size_bytes)
{
    struct attachment file = {
        .digest = *digest, .size_bytes = size_bytes, .name = bytes_of_text("x.pdf")};
    struct message_id id;
    hostile_make_id(sim, &id);
    hostile_send_result(sim, &id, sim->hostile.made_ids, &file);
}

static void name_anothers(struct sim *sim)
{
    struct digest digest;
    struct bytes content = workload_file((int)dice_below(&sim->dice, FILES), &digest);
    name_file(sim, &digest, content.size);
}

/* Fresh digests, whose files are never sent; two copies of every other message wait for them. */
static void promise(struct sim *sim)
{
    for (int i = 0; i < PROMISES; i++) {
        struct digest digest;
        dice_fill(&sim->dice, digest.bytes, DIGEST_BYTES);
        name_file(sim, &digest, OWN_FILE_BYTES);
        if (i % 2 == 0)
            hostile_put(sim, buffer_view(&sim->hostile.own));
    }
}

/* Of anybody's message, and of its own to somebody else. */
static void ask_for_anothers(struct sim *sim)
{
    for (int i = 0; i < WANTS && sim->records.count > 0; i++) {
        const struct record *record =
            &sim->records.rows[dice_below(&sim->dice, sim->records.count)];
        struct frame want = {.kind = FRAME_BLOB_WANT,
                             .blob = {.credit_until = UINT64_MAX,
                                      .sender = sim->nodes[record->sender].key,
                                      .message_id = record->id}};
        int file = record->has_file && record->intent != NOWHERE
                       ? sim->intents[record->intent].file
                       : (int)dice_below(&sim->dice, FILES);
        (void)workload_file(file, &want.blob.digest);
        hostile_say(sim, &want);
    }
}

/* What it is entitled to, as an honest one asks for it. */
static void ask_for_own(struct sim *sim)
{
    struct hostile *hostile = &sim->hostile;
    for (uint64_t i = 0; i < HOSTILE_HEARD_MAX && i < hostile->heard_count; i++) {
        const struct heard *heard = &hostile->heard[i];
        if (!heard->has_file)
            continue;
        struct frame want = {.kind = FRAME_BLOB_WANT,
                             .blob = {.digest = heard->file,
                                      .credit_until = BLOB_CHUNK_BYTES_MAX,
                                      .sender = heard->sender,
                                      .message_id = heard->id}};
        hostile_say(sim, &want);
    }
}

void hostile_file_frame(struct sim *sim, const struct frame *frame)
{
    static const uint8_t content[OWN_FILE_BYTES] = "something else";
    if (frame->kind != FRAME_BLOB_WANT)
        return;
    if (swarm_happens(&sim->swarm, MISHAP_HOSTILE_FILE_GONE)) {
        struct frame gone = {
            .kind = FRAME_BLOB_REFUSED,
            .blob = {.digest = frame->blob.digest, .reason = REASON_ATTACHMENT_MISSING}};
        hostile_say(sim, &gone);
        return;
    }
    bool sends_wrong = swarm_happens(&sim->swarm, MISHAP_HOSTILE_POISON);
    bool trickles = !sends_wrong && swarm_happens(&sim->swarm, MISHAP_HOSTILE_TRICKLE);
    if (!sends_wrong && !trickles)
        return;
    uint64_t asked = frame->blob.credit_until - frame->blob.offset;
    if (asked == 0)
        return;
    struct frame chunk = {
        .kind = FRAME_BLOB_CHUNK,
        .blob = {.digest = frame->blob.digest,
                 .offset = frame->blob.offset,
                 .content = {content, trickles                 ? 1
                                      : asked < sizeof content ? (size_t)asked
                                                               : sizeof content}}};
    hostile_say(sim, &chunk);
}

void hostile_files_turn(struct sim *sim)
{
    struct swarm *swarm = &sim->swarm;
    if (swarm_happens(swarm, MISHAP_HOSTILE_NAMES))
        name_anothers(sim);
    if (swarm_happens(swarm, MISHAP_HOSTILE_PROMISES))
        promise(sim);
    if (swarm_happens(swarm, MISHAP_HOSTILE_WANTS))
        ask_for_anothers(sim);
    if (swarm_happens(swarm, MISHAP_HOSTILE_WANTS_OWN))
        ask_for_own(sim);
}
