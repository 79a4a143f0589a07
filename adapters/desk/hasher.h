/* hasher - passwords are hashed (argon2id, libsodium) by one thread of its own.
 *
 *   hasher_new
 *   hasher_give(job) ─▶ queue ─▶ the thread ─▶ hasher_fd is readable
 *   hasher_take: jobs that are done have .is_done
 *   hasher_destroy: the thread ends; jobs that wait are left as they are
 *
 * A hash costs 64 MiB and some tens of milliseconds on purpose, so that the loop must not do it,
 * nor two at once. The queue is bounded, and so is what one address may have in it: whoever tries
 * passwords by the thousand fills his own share, and the office next door still signs in.
 *
 * A job belongs to its giver, who keeps it until it is done or the hasher is gone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "adapters/desk/address.h"

enum {
    HASHER_QUEUE_MAX = 64,
    HASHER_SHARE_MAX = 8, /* of one address */
    PASSWORD_BYTES_MAX = 256,
    PASSWORD_HASH_BYTES = 128, /* crypto_pwhash_STRBYTES */
    HASH_ADDRESS_BYTES = ADDRESS_BYTES,
};

struct hash_job {
    char password[PASSWORD_BYTES_MAX + 1]; /* wiped by the thread */
    char hash[PASSWORD_HASH_BYTES];        /* to compare with; of a new one: the result */
    char address[HASH_ADDRESS_BYTES];
    bool makes;    /* a new hash, instead of comparing */
    bool is_given; /* and not taken back yet */
    bool is_done;  /* after hasher_take */
    bool is_right; /* the password has that hash; a new one was made */
    struct hash_job *next;
};

struct hasher;

/* NULL: no memory, no thread, or libsodium cannot start. */
struct hasher *hasher_new(void);
void hasher_destroy(struct hasher **hasher);
/* False: the queue, or the address's share of it, is full. */
bool hasher_give(struct hasher *hasher, struct hash_job *job);
int hasher_fd(const struct hasher *hasher);
/* How many were done since the last call. */
uint32_t hasher_take(struct hasher *hasher);
/* In the calling thread, for the command line. */
bool hasher_make(const char *password, char ret_hash[PASSWORD_HASH_BYTES]);
/* A hash of nobody's password: to compare with where there is no such person, so that both take as
 * long. */
const char *hasher_dummy(const struct hasher *hasher);
