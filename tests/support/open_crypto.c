#include "tests/support/open_crypto.h"

#include "proto/seal/sha256.h"

wall_t open_crypto_ends;
uint8_t open_crypto_signs_with = 1;

enum reason open_crypto_sign(void *context, struct bytes content, wall_t at,
                             struct buffer *ret_signature)
{
    (void)context;
    (void)content;
    (void)at;
    return buffer_append_text(ret_signature, "seal") ? REASON_NONE : REASON_OUT_OF_MEMORY;
}

enum reason open_crypto_verify(void *context, struct bytes content, struct bytes signature,
                               struct bytes certificate, const struct key *sender, wall_t now)
{
    (void)context;
    (void)content;
    (void)certificate;
    (void)sender;
    bool is_over = now.ms >= open_crypto_ends.ms;
    if (bytes_equal(signature, bytes_of_text("ended")))
        return is_over ? REASON_CERTIFICATE_EXPIRED : REASON_NONE;
    if (bytes_equal(signature, bytes_of_text("recalled")))
        return is_over ? REASON_CERTIFICATE_REVOKED : REASON_NONE;
    if (bytes_equal(signature, bytes_of_text("orphaned")))
        return is_over ? REASON_CERTIFICATE_UNTRUSTED : REASON_NONE;
    return bytes_equal(signature, bytes_of_text("seal")) ? REASON_NONE : REASON_SIGNATURE_WRONG;
}

/* Numerical Recipes' linear congruence; the high bits are the better ones. */
void open_crypto_random(void *context, uint8_t *ret_data, size_t size_bytes)
{
    static uint32_t state = 12345;
    (void)context;
    for (size_t i = 0; i < size_bytes; i++) {
        state = state * 1664525 + 1013904223;
        ret_data[i] = (uint8_t)(state >> 24);
    }
}

void open_crypto_signer(void *context, struct digest *ret_fingerprint)
{
    (void)context;
    *ret_fingerprint = (struct digest){{open_crypto_signs_with}};
}

const struct crypto_port open_crypto = {.hash = sha256_parts,
                                        .sign = open_crypto_sign,
                                        .verify = open_crypto_verify,
                                        .signer = open_crypto_signer,
                                        .random = open_crypto_random};
