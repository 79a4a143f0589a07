/* blobs_directory_parts - what the files of blobs_directory share. Nobody else includes this.
 *
 *   blobs_directory.c         files under construction
 *   blobs_directory_places.c  who has which partial file, who must give one up, what a start finds
 *   blobs_directory_read.c    finished files
 *   blobs_directory_work.c    the thread that waits for the disk and hashes long files
 */
#pragma once

#include <pthread.h>

#include "gateway/port/blobs.h"
#include "proto/seal/sha256.h"

enum {
    BLOB_FILES_MAX = 64,     /* partial files open at once; the others are opened when written to */
    BLOB_READERS_MAX = 16,   /* finished files kept open for reading */
    BLOB_VERIFYING_MAX = 32, /* finished files that are hashed at once */
    BLOB_VERIFIED_MAX = 4096,
    BLOB_NAME_BYTES = DIGEST_TEXT_BYTES + PARTICIPANT_KEY_BYTES_MAX + 32,
    BLOB_PIECE_BYTES = 256 * 1024, /* hashed at once; a finished file of this size is hashed where
                                      it is read */
    /* Written back at once: smaller pieces cost the disk a request each. */
    BLOB_STRIDE_BYTES = 8 * 1024 * 1024,
    /* So much may be on its way to the disk before more is asked for. */
    BLOB_BEHIND_BYTES = 2 * BLOB_STRIDE_BYTES,
    /* As much of a file's beginning stays in the kernel's page cache; what follows is passed
     * through it once. A long file so takes no memory from the store's pages, and pages that were
     * just let go are written to again, which is cheaper than to touch new ones. */
    BLOB_CACHED_BYTES = 4 * BLOB_STRIDE_BYTES,
};

_Static_assert((int)BLOB_BEHIND_BYTES >= (int)BLOB_WINDOW_BYTES,
               "a window never waits for the disk alone");

/* ---- work aside ---- */

enum job_kind {
    JOB_HASH = 1, /* bytes 0 to .until of .from into .hash */
    JOB_FLUSH,    /* write back .from from .offset to .until */
    JOB_PUBLISH,  /* fsync .from, rename it to .to, fsync that folder */
};

/* The owner fills it in, submits it, and leaves it alone until it is done. */
struct job {
    enum job_kind kind;
    char from[BLOB_NAME_BYTES];
    char to[BLOB_NAME_BYTES];
    uint64_t offset, until;
    struct sha256 hash; /* made by the worker, or handed to it */
    enum reason outcome;
    /* the worker's */
    int fd;
    bool is_running; /* under the lock; submitted and not done */
    struct job *next;
};

struct work {
    int directory; /* borrowed */
    int done_fd;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct job *first, *last; /* taken in turns, a piece each */
    uint64_t running, done, waited;
    bool is_stopping;
    uint8_t *piece;
};

bool work_init(struct work *work, int directory);
void work_release(struct work *work);
void work_submit(struct work *work, struct job *job);
bool work_is_done(struct work *work, const struct job *job);
void work_wait(struct work *work);

/* ---- files under construction ----
 *
 *              begin, first of its kind         write…        finish          done
 *   NONE ─────────────────────────────▶ OPEN ───────────▶ OPEN ──────▶ PUBLISHING ──▶ NONE
 *   start ─▶ FOUND ─begin▶ HASHING ─done─▶ ▲                   abandon while a job runs: ENDING
 */
enum partial_state {
    PARTIAL_NONE = 0,
    PARTIAL_FOUND, /* of an earlier run: its bytes were not hashed by this one */
    PARTIAL_HASHING,
    PARTIAL_OPEN,
    PARTIAL_PUBLISHING,
    PARTIAL_ENDING,
};

struct partial {
    enum partial_state state;
    struct key source;
    struct digest digest; /* is_unnamed: a number of ours */
    bool is_unnamed;
    bool is_named;        /* is_unnamed, and .published is its hash; nothing may follow */
    struct digest target; /* under which it is published */
    uint64_t size_bytes;  /* declared */
    uint64_t written;
    uint64_t flushed;  /* as far as the disk has it */
    enum reason fault; /* the disk lost what it was given; it says so only once */
    struct sha256 hash;
    int fd;             /* -1: not open */
    uint64_t used;      /* for closing the least recently used */
    int64_t progress_s; /* on the clock that stands for how long the machine is up */
    struct job job;
};

struct reader {
    int fd; /* -1: free */
    struct digest digest;
    uint64_t used;
};

struct verifying {
    bool is_used;
    struct digest digest;
    struct job job;
};

struct blobs_directory {
    struct blobs port;
    int directory;
    uint64_t size_max_bytes;
    struct work work;
    struct partial partials[BLOBS_PARTIALS_MAX];
    size_t partial_limit; /* those in use are below this */
    size_t open_files;    /* of partials */
    struct reader readers[BLOB_READERS_MAX];
    struct verifying verifying[BLOB_VERIFYING_MAX];
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

/* blobs_directory_places.c */
int64_t blobs_directory_now_s(void);
void partial_name(const struct partial *partial, char ret_name[BLOB_NAME_BYTES]);
struct partial *partial_find(struct blobs_directory *self, const struct key *source,
                             const struct digest *digest);
/* A place in state NONE for this source; BUSY when it may have no more. */
enum reason partial_take(struct blobs_directory *self, const struct key *source, bool is_unnamed,
                         struct partial **ret_partial);
/* Opens its file, which is made when nothing was written yet. */
enum reason partial_open(struct blobs_directory *self, struct partial *partial);
void partial_close(struct blobs_directory *self, struct partial *partial);
/* Its file and its place go; while a job runs, the place only later. */
void partial_remove(struct blobs_directory *self, struct partial *partial);
/* Is there room on the disk for what this source has still to send, remaining_bytes among it? */
enum reason partial_check_disk(struct blobs_directory *self, const struct key *source,
                               uint64_t remaining_bytes);
/* Removes what ended or is too old. */
void partial_sweep(struct blobs_directory *self);
/* What an earlier run left: a place for what can go on, and nothing else stays. */
bool partial_adopt_all(struct blobs_directory *self);

/* blobs_directory_read.c */
enum reason blobs_directory_reason(int error);
void blobs_directory_final_name(const struct digest *digest, char ret_name[BLOB_NAME_BYTES]);
void blobs_directory_pass_by(int fd, uint64_t offset, size_t size);
void blobs_directory_verified(struct blobs_directory *self, const struct digest *digest);
enum reason blobs_directory_find(struct blobs *blobs, const struct digest *digest,
                                 uint64_t *ret_size_bytes);
enum reason blobs_directory_read(struct blobs *blobs, const struct digest *digest, uint64_t offset,
                                 uint8_t *ret_content, size_t capacity, size_t *ret_size);
void blobs_directory_doubt(struct blobs *blobs, const struct digest *digest);
void blobs_directory_remove(struct blobs *blobs, const struct digest *digest);
