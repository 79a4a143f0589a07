/* Files that are wanted: asked for, received, finished. The diagram of their states: fetch_parts.h.
 * A place in the table is free in state WANTED_NONE; functions that may end a wanted file say so,
 * for its place may be another's by the time they return. */
#include "gateway/custody/fetch_parts.h"

#include "proto/base/check.h"

/* ---- the list of a peer ---- */

void fetch_move(struct wanted *wanted, enum wanted_state to)
{
    wanted->state = to;
}

struct wanted *fetch_find_wanted(const struct fetch_peer *peer, const struct digest *digest)
{
    struct wanted *wanted = peer->first;
    while (wanted != NULL && !digest_equal(&wanted->digest, digest))
        wanted = wanted->next;
    return wanted;
}

/* At the end of the peer's list: files come in the order in which their messages came. */
bool fetch_add_wanted(struct fetch *fetch, struct fetch_peer *peer, const struct wanted *wanted)
{
    size_t index = 0;
    while (index < fetch->wanted_limit && fetch->wanted[index].state != WANTED_NONE)
        index++;
    if (index == fetch->wanted_max)
        return false;
    if (index == fetch->wanted_limit)
        fetch->wanted_limit++;
    struct wanted *slot = &fetch->wanted[index];
    *slot = *wanted;
    slot->peer = peer->key;
    slot->progress = fetch->now;
    slot->next = NULL;
    struct wanted **last = &peer->first;
    while (*last != NULL)
        last = &(*last)->next;
    *last = slot;
    peer->wanted_count++;
    fetch->wanted_count++;
    return true;
}

/* The limit goes back with the last places, so that the walk over all of them stays short after a
 * burst. */
void fetch_forget_wanted(struct fetch *fetch, struct fetch_peer *peer, struct wanted *wanted)
{
    struct wanted **at = &peer->first;
    while (*at != wanted)
        at = &(*at)->next;
    *at = wanted->next;
    peer->wanted_count--;
    fetch->wanted_count--;
    fetch_move(wanted, WANTED_NONE);
    while (fetch->wanted_limit > 0 && fetch->wanted[fetch->wanted_limit - 1].state == WANTED_NONE)
        fetch->wanted_limit--;
}

/* A want names the message that the file is for: by that alone the other end knows that we are
 * entitled to it (entitle.c). */
void fetch_emit_answer(struct fetch *fetch, const struct wanted *wanted, struct frame *answer)
{
    if (answer->kind == FRAME_BLOB_WANT) {
        answer->blob.sender = wanted->sender;
        answer->blob.message_id = wanted->message_id;
    }
    fetch_emit_frame(fetch, &wanted->peer, answer);
}

/* ---- outcomes ---- */

/* Not the bytes that were promised, which may be the peer's doing, the disk's or an earlier peer's.
 */
static bool says_other_bytes(enum reason reason)
{
    return reason == REASON_ATTACHMENT_DIGEST || reason == REASON_ATTACHMENT_LONG;
}

/* What becomes of the messages. Only an author's own bytes, all of one go, are sure ground for what
 * cannot be undone; everything else is tried again. */
static enum reason judge(const struct fetch *fetch, const struct wanted *wanted, enum reason reason)
{
    bool is_authors = fetch->options.draw != NULL;
    if (reason == REASON_NONE || reason == REASON_ATTACHMENT_TOO_LARGE ||
        reason_class(reason) == REASON_CLASS_TRANSIENT)
        return reason;
    if (says_other_bytes(reason))
        return is_authors && !wanted->is_resumed ? reason : REASON_ATTACHMENT_DAMAGED;
    if (reason == REASON_ATTACHMENT_MISSING) /* its own word */
        return is_authors ? reason : REASON_ATTACHMENT_DAMAGED;
    return REASON_BUSY;
}

/* The other end is told in both cases: it holds a place for the transfer until it hears how it
 * ended. */
void fetch_end_transfer(struct fetch *fetch, struct fetch_peer *peer, struct wanted *wanted,
                        enum reason outcome)
{
    bool is_asked_for = wanted->state == WANTED_RECEIVING || wanted->state == WANTED_FINISHING ||
                        wanted->state == WANTED_SHOWING;
    struct frame answer = {.kind = FRAME_BLOB_REFUSED,
                           .blob = {.digest = wanted->digest, .reason = outcome}};
    if (outcome == REASON_NONE)
        answer = (struct frame){.kind = FRAME_BLOB_WANT,
                                .blob = {.digest = wanted->digest,
                                         .offset = wanted->size_bytes,
                                         .credit_until = wanted->size_bytes}};
    if (wanted->has_place) {
        struct frame same;
        blob_receiver_finished(&peer->receiver, &wanted->digest, outcome, &same);
    }
    wanted->has_place = false;
    if (is_asked_for)
        fetch_emit_answer(fetch, wanted, &answer);
}

/* What an earlier connection left here is not trusted any more: the file is received whole, once,
 * before anybody is refused for it. */
void fetch_from_start(struct fetch *fetch, struct fetch_peer *peer, struct wanted *wanted)
{
    struct blobs *blobs = fetch->options.blobs;
    fetch_end_transfer(fetch, peer, wanted, REASON_LINK_LOST);
    blobs->verbs->abandon(blobs, &wanted->peer, &wanted->digest);
    wanted->must_come = true;
    wanted->is_resumed = wanted->owes_credit = false;
    fetch_move(wanted, WANTED_QUEUED);
}

/* The wanted may be gone afterwards. */
static void failed(struct fetch *fetch, struct fetch_peer *peer, struct wanted *wanted,
                   enum reason reason)
{
    struct blobs *blobs = fetch->options.blobs;
    if (says_other_bytes(reason) && wanted->is_resumed) {
        fetch_from_start(fetch, peer, wanted);
        return;
    }
    if (reason_class(reason) != REASON_CLASS_TRANSIENT)
        blobs->verbs->abandon(blobs, &wanted->peer, &wanted->digest);
    fetch_end_transfer(fetch, peer, wanted, reason);
    fetch_over(fetch, peer, wanted, judge(fetch, wanted, reason));
}

/* The wanted is gone afterwards, unless it waits for the disk or begins again. */
static void finish(struct fetch *fetch, struct fetch_peer *peer, struct wanted *wanted)
{
    struct blobs *blobs = fetch->options.blobs;
    fetch_move(wanted, WANTED_FINISHING);
    enum reason reason = blobs->verbs->finish(blobs, &wanted->peer, &wanted->digest);
    if (reason == REASON_BUSY)
        return;
    if (reason != REASON_NONE) {
        failed(fetch, peer, wanted, reason);
        return;
    }
    fetch_unclaimed_add(fetch, wanted);
    fetch_end_transfer(fetch, peer, wanted, REASON_NONE);
    fetch_over(fetch, peer, wanted, REASON_NONE);
}

/* ---- beginning ---- */

/* Another peer, or a local system, has put it here since the message came. */
static bool is_here(struct fetch *fetch, const struct wanted *wanted)
{
    struct blobs *blobs = fetch->options.blobs;
    uint64_t size_bytes;
    return !wanted->must_come &&
           blobs->verbs->find(blobs, &wanted->digest, &size_bytes) == REASON_NONE &&
           size_bytes == wanted->size_bytes;
}

/* The wanted may be gone afterwards. True: it takes one of the peer's places. */
static bool begin(struct fetch *fetch, struct fetch_peer *peer, struct wanted *wanted)
{
    struct blobs *blobs = fetch->options.blobs;
    uint64_t offset;
    if (is_here(fetch, wanted)) {
        if (fetch->options.draw == NULL || wanted->size_bytes == 0) {
            fetch_over(fetch, peer, wanted, REASON_NONE);
            return false;
        }
        fetch_move(wanted, WANTED_KEPT);
        return fetch_ask_proof(fetch, peer, wanted);
    }
    enum reason reason =
        blobs->verbs->begin(blobs, &wanted->peer, &wanted->digest, wanted->size_bytes, &offset);
    if (reason == REASON_BUSY)
        return true; /* it was here in part, and is read */
    if (reason != REASON_NONE) {
        fetch_over(fetch, peer, wanted, judge(fetch, wanted, reason));
        return false;
    }
    wanted->is_resumed = offset > 0;
    wanted->progress = fetch->now;
    if (offset == wanted->size_bytes) {
        finish(fetch, peer, wanted);
        return true;
    }
    struct frame_blob offer = {.digest = wanted->digest, .size_bytes = wanted->size_bytes};
    struct frame answer;
    blob_receiver_offer(&peer->receiver, &offer, offset, &answer);
    check(answer.kind == FRAME_BLOB_WANT); /* room and size were looked at */
    wanted->has_place = true;
    fetch_move(wanted, WANTED_RECEIVING);
    fetch_emit_answer(fetch, wanted, &answer);
    return true;
}

static void grant(struct fetch *fetch, struct fetch_peer *peer, struct wanted *wanted)
{
    struct blobs *blobs = fetch->options.blobs;
    struct frame answer;
    wanted->owes_credit = blobs->verbs->is_behind(blobs, &wanted->peer, &wanted->digest);
    if (wanted->owes_credit) {
        peer->progress = wanted->progress = fetch->now; /* it is we who are slow */
        return;
    }
    if (blob_receiver_grant(&peer->receiver, &wanted->digest, &answer))
        fetch_emit_answer(fetch, wanted, &answer);
}

/* Also the other end has BLOB_TRANSFERS_MAX places, and a proof takes one as well. */
void fetch_go_on(struct fetch *fetch, struct fetch_peer *peer)
{
    size_t places = 0;
    for (const struct wanted *wanted = peer->first; wanted != NULL; wanted = wanted->next)
        places += wanted->state != WANTED_QUEUED && wanted->state != WANTED_KEPT;
    for (struct wanted *wanted = peer->first; wanted != NULL;) {
        struct wanted *next = wanted->next;
        if (wanted->state == WANTED_FINISHING)
            finish(fetch, peer, wanted);
        else if (wanted->state == WANTED_RECEIVING && wanted->owes_credit)
            grant(fetch, peer, wanted);
        else if (places < BLOB_TRANSFERS_MAX && wanted->state == WANTED_QUEUED)
            places += begin(fetch, peer, wanted);
        else if (places < BLOB_TRANSFERS_MAX && wanted->state == WANTED_KEPT)
            places += fetch_ask_proof(fetch, peer, wanted);
        wanted = next;
    }
}

/* ---- what the peer says ---- */

/* False: nobody asked for it, or it could not be kept. */
bool fetch_receive_chunk(struct fetch *fetch, struct fetch_peer *peer,
                         const struct frame_blob *chunk)
{
    struct blobs *blobs = fetch->options.blobs;
    struct wanted *wanted = fetch_find_wanted(peer, &chunk->digest);
    struct frame answer;
    if (wanted != NULL && wanted->state == WANTED_SHOWING)
        return fetch_receive_proof(fetch, peer, wanted, chunk);
    if (wanted == NULL || wanted->state != WANTED_RECEIVING)
        return false;
    enum blob_step step = blob_receiver_chunk(&peer->receiver, chunk, &answer);
    if (step == BLOB_DROP)
        return false;
    enum reason reason = step == BLOB_REFUSE
                             ? answer.blob.reason
                             : blobs->verbs->write(blobs, &wanted->peer, &chunk->digest,
                                                   chunk->offset, chunk->content);
    if (reason != REASON_NONE) {
        wanted->has_place = step != BLOB_REFUSE; /* its place was given up with the word */
        failed(fetch, peer, wanted, reason);
        fetch_go_on(fetch, peer);
        return false;
    }
    peer->progress = wanted->progress = fetch->now;
    if (!blob_receiver_written(&peer->receiver, chunk)) {
        grant(fetch, peer, wanted);
        return true;
    }
    finish(fetch, peer, wanted);
    fetch_go_on(fetch, peer);
    return true;
}

bool fetch_receive_refusal(struct fetch *fetch, struct fetch_peer *peer,
                           const struct frame_blob *refusal)
{
    struct wanted *wanted = fetch_find_wanted(peer, &refusal->digest);
    if (wanted == NULL || (wanted->state != WANTED_RECEIVING && wanted->state != WANTED_SHOWING))
        return false;
    if (wanted->has_place) {
        struct frame ignored;
        blob_receiver_finished(&peer->receiver, &wanted->digest, refusal->reason, &ignored);
    }
    /* Whether it has the file is its own word; of its bytes it says nothing that we believe. */
    enum reason reason =
        says_other_bytes(refusal->reason) ? REASON_BUSY : judge(fetch, wanted, refusal->reason);
    fetch_over(fetch, peer, wanted, reason == REASON_NONE ? REASON_BUSY : reason);
    fetch_go_on(fetch, peer);
    return true;
}
