/* open_crypto - a crypto port for tests of what stands behind it: real hashes, a seal that anybody
 * could make (the word "seal", by whomever and whenever), and random bytes that are the same in
 * every run, one row of them for the whole process. */
#pragma once

#include "gateway/port/crypto.h"

extern const struct crypto_port open_crypto;

/* Seals of a certificate that ended then, was revoked, or whose issuer ended, are the words
 * "ended", "recalled" and "orphaned". */
extern wall_t open_crypto_ends;
/* The first byte of the fingerprint of who signs. */
extern uint8_t open_crypto_signs_with;

/* Its verbs, for a port that differs in one. */
enum reason open_crypto_sign(void *context, struct bytes content, wall_t at,
                             struct buffer *ret_signature);
/* REASON_SIGNATURE_WRONG: another word. */
enum reason open_crypto_verify(void *context, struct bytes content, struct bytes signature,
                               struct bytes certificate, const struct key *sender, wall_t now);
void open_crypto_signer(void *context, struct digest *ret_fingerprint);
void open_crypto_random(void *context, uint8_t *ret_data, size_t size_bytes);
