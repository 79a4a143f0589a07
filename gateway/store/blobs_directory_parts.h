/* blobs_directory_parts - what the two files of blobs_directory share. Nobody else includes this.
 *
 *   blobs_directory.c       files under construction
 *   blobs_directory_read.c  finished files
 */
#ifndef GATEWAY_STORE_BLOBS_DIRECTORY_PARTS_H
#define GATEWAY_STORE_BLOBS_DIRECTORY_PARTS_H

#include "gateway/port/blobs.h"
#include "proto/seal/sha256.h"

enum {
    BLOB_PARTIALS_MAX = 64, /* files under construction at once */
    BLOB_READERS_MAX = 16,  /* finished files kept open for reading */
    BLOB_VERIFIED_MAX = 4096,
    BLOB_NAME_BYTES = DIGEST_TEXT_BYTES + 16,
    BLOB_PIECE_BYTES = 256 * 1024, /* hashed at once */
    /* Written back at once: smaller pieces cost the disk a request each. */
    BLOB_STRIDE_BYTES = 8 * 1024 * 1024,
    /* As much of a file's beginning stays in the kernel's page cache; what follows is passed
     * through it once. A long file so takes no memory from the store's pages, and pages that were
     * just let go are written to again, which is cheaper than to touch new ones. */
    BLOB_CACHED_BYTES = 4 * BLOB_STRIDE_BYTES,
};

struct partial {
    int fd; /* -1: free */
    struct digest digest;
    uint64_t size_bytes; /* declared */
    uint64_t written;
    uint64_t written_back; /* as far as the disk was told to write */
    struct sha256 hash;
    bool is_unnamed; /* .digest is a number of ours */
    bool is_hashed;  /* .digest is what the hash said; nothing may follow */
    uint64_t used;   /* for giving up the least recently used */
};

struct reader {
    int fd; /* -1: free */
    struct digest digest;
    uint64_t used;
};

struct blobs_directory {
    struct blobs port;
    int directory;
    uint64_t size_max_bytes;
    struct partial partials[BLOB_PARTIALS_MAX];
    struct reader readers[BLOB_READERS_MAX];
    struct digest verified[BLOB_VERIFIED_MAX];
    size_t verified_next;
    uint64_t clock;   /* counts uses */
    uint64_t unnamed; /* counts files that were begun without a digest */
    uint8_t *piece;
};

static inline struct blobs_directory *blobs_directory_of(struct blobs *blobs)
{
    return (struct blobs_directory *)blobs;
}

/* blobs_directory_read.c */
enum reason blobs_directory_reason(int error);
void blobs_directory_final_name(const struct digest *digest, char ret_name[BLOB_NAME_BYTES]);
/* Hashes the file from its start; false when it cannot be read. */
bool blobs_directory_hash(struct blobs_directory *self, int fd, struct sha256 *hash,
                          uint64_t *ret_size_bytes);
void blobs_directory_verified(struct blobs_directory *self, const struct digest *digest);
enum reason blobs_directory_find(struct blobs *blobs, const struct digest *digest,
                                 uint64_t *ret_size_bytes);
enum reason blobs_directory_read(struct blobs *blobs, const struct digest *digest, uint64_t offset,
                                 uint8_t *ret_content, size_t capacity, size_t *ret_size);

#endif
