#include "tests/support/blobs_memory.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "proto/seal/sha256.h"

struct blob {
    struct key source; /* of an unfinished one */
    struct digest digest;
    struct digest target; /* under which it is published */
    bool is_named;
    uint8_t *content;
    uint64_t size_bytes; /* declared */
    uint64_t written;
    bool is_finished;
    bool is_verified; /* since it was finished or doubted */
    bool is_used;
    bool is_unnamed; /* .digest is a number of ours; content grows */
    uint64_t used;
};

struct blobs_memory {
    struct blobs port;
    uint64_t size_max_bytes;
    struct blob blobs[BLOBS_MEMORY_MAX];
    uint64_t unnamed;
    uint64_t clock;
};

/* source: NULL for a finished one, which is everybody's. */
static struct blob *look_up(struct blobs *blobs, const struct key *source,
                            const struct digest *digest)
{
    struct blobs_memory *self = (struct blobs_memory *)blobs;
    for (size_t i = 0; i < BLOBS_MEMORY_MAX; i++) {
        struct blob *blob = &self->blobs[i];
        if (blob->is_used && blob->is_finished == (source == NULL) &&
            (source == NULL || key_equal(&blob->source, source)) &&
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
    const struct blob *blob = look_up(blobs, NULL, digest);
    if (blob == NULL)
        return REASON_NOT_FOUND;
    *ret_size_bytes = blob->size_bytes;
    return REASON_NONE;
}

static enum reason take(struct blobs_memory *self, const struct key *source, struct blob **ret_blob)
{
    struct blob *unused = NULL;
    size_t own = 0;
    for (size_t i = 0; i < BLOBS_MEMORY_MAX; i++) {
        struct blob *blob = &self->blobs[i];
        if (!blob->is_used)
            unused = blob;
        else
            own += !blob->is_finished && key_equal(&blob->source, source);
    }
    if (unused == NULL || own >= BLOBS_SOURCE_PARTIALS_MAX)
        return REASON_BUSY;
    *unused = (struct blob){.source = *source, .is_used = true};
    *ret_blob = unused;
    return REASON_NONE;
}

/* At the source's bound its oldest named one gives way. */
static void give_way(struct blobs_memory *self, const struct key *source)
{
    size_t own = 0;
    struct blob *oldest = NULL;
    for (size_t i = BLOBS_MEMORY_MAX; i-- > 0;) {
        struct blob *blob = &self->blobs[i];
        if (!blob->is_used || blob->is_finished || !key_equal(&blob->source, source))
            continue;
        own++;
        if (!blob->is_unnamed && (oldest == NULL || blob->used < oldest->used))
            oldest = blob;
    }
    if (own >= BLOBS_SOURCE_PARTIALS_MAX && oldest != NULL)
        forget(oldest);
}

static enum reason begin(struct blobs *blobs, const struct key *source, const struct digest *digest,
                         uint64_t size_bytes, uint64_t *ret_offset)
{
    struct blobs_memory *self = (struct blobs_memory *)blobs;
    struct blob *blob = look_up(blobs, source, digest);
    if (size_bytes > self->size_max_bytes)
        return REASON_ATTACHMENT_TOO_LARGE;
    if (blobs_is_stand_in(digest))
        return REASON_ATTACHMENT_DIGEST;
    if (blob != NULL && blob->written > size_bytes) {
        forget(blob);
        blob = NULL;
    }
    if (blob == NULL) {
        give_way(self, source);
        enum reason reason = take(self, source, &blob);
        if (reason != REASON_NONE)
            return reason;
        blob->digest = blob->target = *digest;
    }
    uint8_t *content = realloc(blob->content, (size_t)size_bytes + 1);
    if (content == NULL)
        return REASON_OUT_OF_MEMORY;
    blob->content = content;
    blob->size_bytes = size_bytes;
    blob->used = ++self->clock;
    *ret_offset = blob->written;
    return REASON_NONE;
}

static enum reason begin_unnamed(struct blobs *blobs, const struct key *source,
                                 struct digest *ret_stand_in)
{
    struct blobs_memory *self = (struct blobs_memory *)blobs;
    struct blob *blob;
    enum reason reason = take(self, source, &blob);
    if (reason != REASON_NONE)
        return reason;
    blob->digest = blobs_stand_in(++self->unnamed);
    blob->size_bytes = self->size_max_bytes;
    blob->is_unnamed = true;
    *ret_stand_in = blob->digest;
    return REASON_NONE;
}

static enum reason name_blob(struct blobs *blobs, const struct key *source,
                             const struct digest *stand_in, struct digest *ret_digest,
                             uint64_t *ret_size_bytes)
{
    struct blob *blob = look_up(blobs, source, stand_in);
    if (blob == NULL || !blob->is_unnamed)
        return REASON_NOT_FOUND;
    struct bytes content = {blob->content, (size_t)blob->written};
    sha256_parts(&content, 1, &blob->target);
    blob->is_named = true;
    *ret_digest = blob->target;
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

static enum reason write_content(struct blobs *blobs, const struct key *source,
                                 const struct digest *digest, uint64_t offset, struct bytes content)
{
    struct blob *blob = look_up(blobs, source, digest);
    if (blob == NULL)
        return REASON_NOT_FOUND;
    if (offset != blob->written || blob->is_named)
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

static bool is_behind(struct blobs *blobs, const struct key *source, const struct digest *digest)
{
    (void)blobs;
    (void)source;
    (void)digest;
    return false;
}

static enum reason finish(struct blobs *blobs, const struct key *source,
                          const struct digest *digest)
{
    struct blob *blob = look_up(blobs, source, digest);
    struct digest actual;
    if (blob == NULL || (blob->is_unnamed && !blob->is_named))
        return REASON_NOT_FOUND;
    if (blob->written < blob->size_bytes)
        return REASON_ATTACHMENT_SHORT;
    struct bytes content = {blob->content, (size_t)blob->written};
    sha256_parts(&content, 1, &actual);
    if (!digest_equal(&actual, &blob->target)) {
        forget(blob);
        return REASON_ATTACHMENT_DIGEST;
    }
    struct blob *before = look_up(blobs, NULL, &actual);
    if (before != NULL)
        forget(before);
    blob->digest = actual;
    blob->is_finished = blob->is_verified = true;
    return REASON_NONE;
}

static void abandon(struct blobs *blobs, const struct key *source, const struct digest *digest)
{
    struct blob *blob = look_up(blobs, source, digest);
    if (blob != NULL)
        forget(blob);
}

static enum reason read_content(struct blobs *blobs, const struct digest *digest, uint64_t offset,
                                uint8_t *ret_content, size_t capacity, size_t *ret_size)
{
    struct blob *blob = look_up(blobs, NULL, digest);
    struct digest actual;
    if (blob == NULL)
        return REASON_NOT_FOUND;
    struct bytes content = {blob->content, (size_t)blob->size_bytes};
    if (!blob->is_verified)
        sha256_parts(&content, 1, &actual);
    if (!blob->is_verified && !digest_equal(&actual, digest)) {
        forget(blob);
        return REASON_STORE_CORRUPT;
    }
    blob->is_verified = true;
    uint64_t left = offset < blob->size_bytes ? blob->size_bytes - offset : 0;
    *ret_size = left < capacity ? (size_t)left : capacity;
    memcpy(ret_content, blob->content + (left > 0 ? offset : 0), *ret_size);
    return REASON_NONE;
}

static void doubt(struct blobs *blobs, const struct digest *digest)
{
    struct blob *blob = look_up(blobs, NULL, digest);
    if (blob != NULL)
        blob->is_verified = false;
}

static void remove_blob(struct blobs *blobs, const struct digest *digest)
{
    struct blob *blob = look_up(blobs, NULL, digest);
    if (blob != NULL)
        forget(blob);
}

static int ready_fd(struct blobs *blobs)
{
    (void)blobs;
    return -1;
}

static void settle(struct blobs *blobs)
{
    (void)blobs;
}

void blobs_memory_put(struct blobs *blobs, struct bytes content, struct digest *ret_digest)
{
    const struct key uploader = {0};
    uint64_t at;
    sha256_parts(&content, 1, ret_digest);
    if (find(blobs, ret_digest, &at) == REASON_NONE)
        return;
    check(begin(blobs, &uploader, ret_digest, content.size, &at) == REASON_NONE);
    check(write_content(blobs, &uploader, ret_digest, at,
                        (struct bytes){content.data + at, content.size - (size_t)at}) ==
          REASON_NONE);
    check(finish(blobs, &uploader, ret_digest) == REASON_NONE);
}

bool blobs_memory_damage(struct blobs *blobs, const struct key *source, const struct digest *digest)
{
    struct blob *blob = look_up(blobs, source, digest);
    if (blob == NULL || blob->written == 0)
        return false;
    blob->content[blob->written / 2] ^= 1;
    blob->is_verified = false;
    return true;
}

void blobs_memory_forget(struct blobs *blobs, const struct digest *digest)
{
    struct blob *blob = look_up(blobs, NULL, digest);
    if (blob != NULL)
        forget(blob);
}

void blobs_memory_lose_partials(struct blobs *blobs)
{
    struct blobs_memory *self = (struct blobs_memory *)blobs;
    for (size_t i = 0; i < BLOBS_MEMORY_MAX; i++) {
        if (!self->blobs[i].is_finished)
            forget(&self->blobs[i]);
    }
}

size_t blobs_memory_partials(struct blobs *blobs, const struct key *source)
{
    struct blobs_memory *self = (struct blobs_memory *)blobs;
    size_t count = 0;
    for (size_t i = 0; i < BLOBS_MEMORY_MAX; i++)
        count += self->blobs[i].is_used && !self->blobs[i].is_finished &&
                 (source == NULL || key_equal(&self->blobs[i].source, source));
    return count;
}

bool blobs_memory_partial(struct blobs *blobs, size_t place, struct key *ret_source,
                          struct digest *ret_digest, struct bytes *ret_content)
{
    const struct blob *blob = &((struct blobs_memory *)blobs)->blobs[place];
    if (!blob->is_used || blob->is_finished)
        return false;
    *ret_source = blob->source;
    *ret_digest = blob->digest;
    *ret_content = (struct bytes){blob->content, (size_t)blob->written};
    return true;
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
        .is_behind = is_behind,
        .finish = finish,
        .abandon = abandon,
        .read = read_content,
        .doubt = doubt,
        .remove = remove_blob,
        .fd = ready_fd,
        .settle = settle,
        .wait = settle,
    };
    struct blobs_memory *self = calloc(1, sizeof *self);
    if (self == NULL)
        return NULL;
    self->port.verbs = &verbs;
    self->size_max_bytes = size_max_bytes;
    return &self->port;
}
