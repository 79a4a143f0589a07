/* Invariants 11, 13 and 14, files: a file reaches exactly those whose message names it, byte for
 * byte; who is owed one is not turned away; and nobody brings a file into custody by its digest
 * alone. What is looked at is what travels, and what offices and stores are given. */
#include "tests/sim/check.h"

#include <string.h>

#include "proto/codec/message_type.h"
#include "tests/support/blobs_memory.h"

enum { LOOKED_AT_BYTES = 4096 };

static int file_of(const struct digest *digest)
{
    struct digest own;
    for (int file = 0; file < FILES; file++) {
        (void)workload_file(file, &own);
        if (digest_equal(&own, digest))
            return file;
    }
    return NOWHERE;
}

static bool names(const struct sim *sim, const struct record *record, int file)
{
    return record->has_file && record->intent != NOWHERE &&
           sim->intents[record->intent].file == file;
}

/* The gateway owes it to this node, or did. */
static bool is_owed(const struct sim *sim, int node, int file)
{
    for (size_t i = 0; i < sim->records.count; i++) {
        const struct record *record = &sim->records.rows[i];
        for (size_t j = 0; names(sim, record, file) && j < record->place_count; j++) {
            if (record->places[j].node == node)
                return true;
        }
    }
    return false;
}

/* A message of its own names it: what it shows, everybody may see. */
static bool is_sender(const struct sim *sim, int node, int file)
{
    for (size_t i = 0; i < sim->records.count; i++) {
        if (sim->records.rows[i].sender == node && names(sim, &sim->records.rows[i], file))
            return true;
    }
    return false;
}

static void check_chunk(struct sim *sim, int from, int to, const struct frame_blob *chunk)
{
    struct digest digest;
    int file = file_of(&chunk->digest);
    if (file == NOWHERE)
        return; /* of a hostile message */
    struct bytes content = workload_file(file, &digest);
    bool is_its = to == NODE_GATEWAY ? is_sender(sim, from, file) : is_owed(sim, to, file);
    if (!is_its)
        sim_violated(sim, 13, NULL, "%s sends file %d to %s, whom no message gives it",
                     sim_node_name(from), file, sim_node_name(to));
    if (chunk->offset + chunk->content.size > content.size ||
        memcmp(content.data + chunk->offset, chunk->content.data, chunk->content.size) != 0)
        sim_violated(sim, 14, NULL, "%s sends other bytes as file %d", sim_node_name(from), file);
}

static void sent(void *state, struct sim *sim, int from, int to, const struct frame *frame)
{
    (void)state;
    if (frame->kind == FRAME_BLOB_CHUNK)
        check_chunk(sim, from, to, &frame->blob);
}

/* The office gets what the sender has, to the last byte. */
static void called(void *state, struct node *node, const struct store_message *message,
                   struct record *record)
{
    (void)state;
    uint8_t piece[LOOKED_AT_BYTES];
    struct digest digest;
    if (record == NULL || !record->has_file || record->intent == NOWHERE)
        return;
    struct bytes content = workload_file(node->sim->intents[record->intent].file, &digest);
    for (size_t at = 0, got = 0; at < content.size; at += got) {
        if (node->kept->verbs->read(node->kept, &digest, at, piece, sizeof piece, &got) !=
                REASON_NONE ||
            got == 0 || memcmp(piece, content.data + at, got) != 0) {
            sim_violated(node->sim, 9, &message->id, "the office of %s is given another file",
                         sim_node_name(node->index));
            return;
        }
    }
}

/* The hostile one has none of these files: a message of its own that names one is not taken. */
static void committed(void *state, struct node *node, const struct store_plan *plan)
{
    (void)state;
    struct sim *sim = node->sim;
    struct envelope envelope;
    for (size_t i = 0; node->index == NODE_GATEWAY && i < plan->message_count; i++) {
        const struct store_message *message = &plan->messages[i];
        const struct store_parcel *parcel = NULL;
        if (sim_node_of(&message->sender) != NODE_HOSTILE || key_is_none(&message->recipient) ||
            !is_business(message->type))
            continue;
        arena_reset(&sim->parse);
        if (envelope_parse(plan_document(plan, message, &parcel), &sim->parse, &envelope) ==
                REASON_NONE &&
            envelope.attachment_count > 0 && file_of(&envelope.attachments[0].digest) != NOWHERE &&
            !is_owed(sim, NODE_HOSTILE, file_of(&envelope.attachments[0].digest)))
            sim_violated(sim, 13, &message->id,
                         "it is taken with a file that its sender never had");
    }
}

/* What was received so far belongs to whom it came from: an honest one's is what it has. */
static void check_partial(struct sim *sim, const struct key *source, const struct digest *digest,
                          struct bytes content)
{
    struct digest own;
    int owner = sim_node_of(source);
    int file = file_of(digest);
    if (owner == NOWHERE) {
        sim_violated(sim, 13, NULL, "an unfinished file belongs to nobody");
        return;
    }
    if (owner == NODE_HOSTILE || file == NOWHERE || sim->swarm.count[MISHAP_FILE_DAMAGED] > 0)
        return;
    struct bytes whole = workload_file(file, &own);
    if (content.size > whole.size || memcmp(content.data, whole.data, content.size) != 0)
        sim_violated(sim, 13, NULL, "in the unfinished file %d of %s are other bytes", file,
                     sim_node_name(owner));
}

/* What it has begun and not finished: its share, and nobody else's. */
static void stepped(void *state, struct node *node)
{
    (void)state;
    struct sim *sim = node->sim;
    for (size_t i = 0; node->index == NODE_GATEWAY && i < BLOBS_MEMORY_MAX; i++) {
        struct key source;
        struct digest digest;
        struct bytes content;
        if (blobs_memory_partial(node->kept, i, &source, &digest, &content) && content.size > 0)
            check_partial(sim, &source, &digest, content);
    }
    size_t partials = sim->has_hostile && node->index == NODE_GATEWAY
                          ? blobs_memory_partials(node->kept, &sim->nodes[NODE_HOSTILE].key)
                          : 0;
    if (partials > BLOBS_SOURCE_PARTIALS_MAX)
        sim_violated(sim, 13, NULL, "%zu unfinished files of the hostile one are kept", partials);
}

const struct checker check_files = {
    .name = "files", .committed = committed, .sent = sent, .called = called, .stepped = stepped};
