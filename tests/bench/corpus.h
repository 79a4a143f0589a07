/* corpus - messages that were signed before the clock starts, packed into the frames that will
 * carry them, in one file that every round reads again.
 *
 *   corpus_make    builds and signs (all processors), frame by frame, in order of id
 *   corpus_save, corpus_load, corpus_release
 *
 * run_messages messages that follow each other go to one agency, the next ones to the next agency;
 * by that agency's procedure, each in a dossier of its own. A document has exactly document_bytes.
 */
#pragma once

#include "proto/base/digest.h"
#include "proto/base/id.h"
#include "proto/base/reason.h"
#include "proto/seal/seal.h"

struct corpus_options {
    size_t messages;
    size_t agencies;
    size_t run_messages; /* at least 1 */
    size_t document_bytes;
    size_t manifest_messages; /* 0: each message is signed itself */
    size_t frame_messages;    /* a multiple of manifest_messages when that is not 0 */
    const struct signer *signer;
    struct key sender;
};

struct corpus_message {
    struct message_id id;
    struct digest digest;
};

struct corpus_frame {
    uint64_t offset; /* in bytes */
    uint32_t size;
    uint32_t first_message;
    uint32_t message_count;
};

struct corpus {
    struct corpus_message *messages;
    size_t message_count;
    struct corpus_frame *frames;
    size_t frame_count;
    uint8_t *bytes;
    size_t byte_count;
};

bool corpus_make(const struct corpus_options *options, struct corpus *ret_corpus);
bool corpus_save(const struct corpus *corpus, const char *path);
bool corpus_load(const char *path, struct corpus *ret_corpus);
void corpus_release(struct corpus *corpus);
struct bytes corpus_frame_bytes(const struct corpus *corpus, size_t frame);
/* Index of the message with that id; SIZE_MAX when it is none of these. */
size_t corpus_find(const struct corpus *corpus, const struct message_id *id);
