#include "tests/support/blobs_memory.h"

#include <stdlib.h>
#include <string.h>

#include "proto/seal/sha256.h"

struct blob {
    struct digest digest;
    uint8_t *content;
    uint64_t size_bytes; /* declared */
    uint64_t written;
    bool is_finished;
    bool is_used;
    bool is_unnamed; /* .digest is a number of ours; content grows */
};

struct blobs_memory {
    struct blobs port;
    uint64_t size_max_bytes;
    struct blob blobs[BLOBS_MEMORY_MAX];
    uint64_t unnamed;
};

static struct blob *look_up(struct blobs *blobs, const struct digest *digest, bool is_finished)
{
    struct blobs_memory *self = (struct blobs_memory *)blobs;
    for (size_t i = 0; i < BLOBS_MEMORY_MAX; i++) {
        struct blob *blob = &self->blobs[i];
        if (blob->is_used && blob->is_finished == is_finished &&
            digest_equal(&blob->digest, digest))
            return blob;
    }
    return NULL;
}

static void forget(struct blob *blob)
{
    free(blob->content);
    *blob = (struct blob){0};
}

static void close_memory(struct blobs *blobs)
{
    struct blobs_memory *self = (struct blobs_memory *)blobs;
    for (size_t i = 0; i < BLOBS_MEMORY_MAX; i++)
        free(self->blobs[i].content);
    free(self);
}

static enum reason find(struct blobs *blobs, const struct digest *digest, uint64_t *ret_size_bytes)
{
    const struct blob *blob = look_up(blobs, digest, true);
    if (blob == NULL)
        return REASON_NOT_FOUND;
    *ret_size_bytes = blob->size_bytes;
    return REASON_NONE;
}

static enum reason begin(struct blobs *blobs, const struct digest *digest, uint64_t size_bytes,
                         uint64_t *ret_offset)
{
    struct blobs_memory *self = (struct blobs_memory *)blobs;
    struct blob *blob = look_up(blobs, digest, false);
    if (size_bytes > self->size_max_bytes)
        return REASON_ATTACHMENT_TOO_LARGE;
    if (blobs_is_stand_in(digest))
        return REASON_ATTACHMENT_DIGEST;
    if (blob != NULL && blob->size_bytes != size_bytes && blob->written > size_bytes)
        forget(blob);
    else if (blob != NULL && blob->size_bytes == size_bytes) {
        *ret_offset = blob->written;
        return REASON_NONE;
    }
    for (size_t i = 0; blob == NULL && i < BLOBS_MEMORY_MAX; i++) {
        if (!self->blobs[i].is_used)
            blob = &self->blobs[i];
    }
    if (blob == NULL)
        return REASON_BUSY;
    uint8_t *content = realloc(blob->content, (size_t)size_bytes + 1);
    if (content == NULL)
        return REASON_OUT_OF_MEMORY;
    *blob = (struct blob){.digest = *digest,
                          .content = content,
                          .size_bytes = size_bytes,
                          .written = blob->written,
                          .is_used = true};
    *ret_offset = blob->written;
    return REASON_NONE;
}

static enum reason begin_unnamed(struct blobs *blobs, struct digest *ret_stand_in)
{
    struct blobs_memory *self = (struct blobs_memory *)blobs;
    for (size_t i = 0; i < BLOBS_MEMORY_MAX; i++) {
        struct blob *blob = &self->blobs[i];
        if (blob->is_used)
            continue;
        *blob = (struct blob){.digest = blobs_stand_in(++self->unnamed),
                              .size_bytes = self->size_max_bytes,
                              .is_used = true,
                              .is_unnamed = true};
        *ret_stand_in = blob->digest;
        return REASON_NONE;
    }
    return REASON_BUSY;
}

static enum reason name_blob(struct blobs *blobs, const struct digest *stand_in,
                             struct digest *ret_digest, uint64_t *ret_size_bytes)
{
    struct blob *blob = look_up(blobs, stand_in, false);
    struct digest digest;
    if (blob == NULL || !blob->is_unnamed)
        return REASON_NOT_FOUND;
    struct bytes content = {blob->content, (size_t)blob->written};
    sha256_parts(&content, 1, &digest);
    struct blob *other = look_up(blobs, &digest, false);
    if (other != NULL)
        forget(other);
    blob->digest = digest;
    blob->is_unnamed = false;
    *ret_digest = digest;
    *ret_size_bytes = blob->size_bytes = blob->written;
    return REASON_NONE;
}

static bool make_room(struct blob *blob, size_t more)
{
    if (!blob->is_unnamed)
        return true;
    uint8_t *content = realloc(blob->content, (size_t)blob->written + more);
    if (content != NULL)
        blob->content = content;
    return content != NULL;
}

static enum reason write_content(struct blobs *blobs, const struct digest *digest, uint64_t offset,
                                 struct bytes content)
{
    struct blob *blob = look_up(blobs, digest, false);
    if (blob == NULL)
        return REASON_NOT_FOUND;
    if (offset != blob->written)
        return REASON_FIELD_INVALID;
    if (content.size > blob->size_bytes - blob->written)
        return REASON_ATTACHMENT_LONG;
    if (content.size == 0)
        return REASON_NONE;
    if (!make_room(blob, content.size))
        return REASON_OUT_OF_MEMORY;
    memcpy(blob->content + offset, content.data, content.size);
    blob->written += content.size;
    return REASON_NONE;
}

static enum reason finish(struct blobs *blobs, const struct digest *digest)
{
    struct blob *blob = look_up(blobs, digest, false);
    struct digest actual;
    if (blob == NULL || blob->is_unnamed)
        return REASON_NOT_FOUND;
    if (blob->written < blob->size_bytes)
        return REASON_ATTACHMENT_SHORT;
    struct bytes content = {blob->content, (size_t)blob->written};
    sha256_parts(&content, 1, &actual);
    if (!digest_equal(&actual, digest)) {
        forget(blob);
        return REASON_ATTACHMENT_DIGEST;
    }
    struct blob *before = look_up(blobs, digest, true);
    if (before != NULL)
        forget(before);
    blob->is_finished = true;
    return REASON_NONE;
}

static void abandon(struct blobs *blobs, const struct digest *digest)
{
    struct blob *blob = look_up(blobs, digest, false);
    if (blob != NULL)
        forget(blob);
}

static enum reason read_content(struct blobs *blobs, const struct digest *digest, uint64_t offset,
                                uint8_t *ret_content, size_t capacity, size_t *ret_size)
{
    const struct blob *blob = look_up(blobs, digest, true);
    if (blob == NULL)
        return REASON_NOT_FOUND;
    uint64_t left = offset < blob->size_bytes ? blob->size_bytes - offset : 0;
    *ret_size = left < capacity ? (size_t)left : capacity;
    memcpy(ret_content, blob->content + (left > 0 ? offset : 0), *ret_size);
    return REASON_NONE;
}

struct blobs *blobs_memory_new(uint64_t size_max_bytes)
{
    static const struct blobs_verbs verbs = {
        .close = close_memory,
        .find = find,
        .begin = begin,
        .begin_unnamed = begin_unnamed,
        .name = name_blob,
        .write = write_content,
        .finish = finish,
        .abandon = abandon,
        .read = read_content,
    };
    struct blobs_memory *self = calloc(1, sizeof *self);
    if (self == NULL)
        return NULL;
    self->port.verbs = &verbs;
    self->size_max_bytes = size_max_bytes;
    return &self->port;
}
