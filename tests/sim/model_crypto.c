#include "tests/sim/model_crypto.h"

#include <string.h>

#include "proto/base/check.h"
#include "proto/seal/sha256.h"

enum { MAC_AT = 4 };

void model_add_issuer(struct model_authority *authority, int64_t registered_at_ms)
{
    check(authority->issuer_count < MODEL_ISSUERS_MAX);
    authority->issuers[authority->issuer_count++] =
        (struct model_issuer){.to = {INT64_MAX}, .registered_at_ms = registered_at_ms};
}

void model_authority_init(struct model_authority *authority)
{
    authority->count = authority->issuer_count = 0;
    model_add_issuer(authority, 0);
}

size_t model_certify(struct model_authority *authority, const struct key *owner, wall_t from,
                     wall_t to, int64_t registered_at_ms, struct dice *dice)
{
    check(authority->count < MODEL_CERTIFICATES_MAX);
    struct model_certificate *certificate = &authority->certificates[authority->count];
    *certificate = (struct model_certificate){.owner = *owner,
                                              .issuer = authority->issuer_count - 1,
                                              .from = from,
                                              .to = to,
                                              .registered_at_ms = registered_at_ms};
    dice_fill(dice, certificate->secret, sizeof certificate->secret);
    return authority->count++;
}

void model_sign(const struct model_authority *authority, size_t certificate, struct bytes content,
                bool is_forged, uint8_t ret_signature[MODEL_SIGNATURE_BYTES])
{
    struct digest mac;
    struct bytes parts[] = {
        {authority->certificates[certificate].secret, MODEL_SECRET_BYTES},
        content,
    };
    sha256_parts(parts, 2, &mac);
    ret_signature[0] = 's';
    ret_signature[1] = 'i';
    ret_signature[2] = (uint8_t)certificate;
    ret_signature[3] = 'g';
    memcpy(ret_signature + MAC_AT, mac.bytes, MODEL_SIGNATURE_BYTES - MAC_AT);
    if (is_forged)
        ret_signature[MAC_AT] ^= 1;
}

const struct model_certificate *model_signer(const struct model_authority *authority,
                                             struct bytes content, struct bytes signature)
{
    uint8_t right[MODEL_SIGNATURE_BYTES];
    if (signature.size != MODEL_SIGNATURE_BYTES || signature.data[2] >= authority->count)
        return NULL;
    model_sign(authority, signature.data[2], content, false, right);
    return memcmp(right, signature.data, sizeof right) == 0
               ? &authority->certificates[signature.data[2]]
               : NULL;
}

/* ---- the port ---- */

static enum reason sign(void *context, struct bytes content, wall_t signing_time,
                        struct buffer *ret_signature)
{
    const struct model_crypto *crypto = context;
    uint8_t signature[MODEL_SIGNATURE_BYTES];
    (void)signing_time;
    model_sign(crypto->authority, crypto->signs_with, content, false, signature);
    return buffer_append(ret_signature, (struct bytes){signature, sizeof signature})
               ? REASON_NONE
               : REASON_OUT_OF_MEMORY;
}

static enum reason verify(void *context, struct bytes content, struct bytes signature,
                          struct bytes certificate, const struct key *sender, wall_t now)
{
    const struct model_crypto *crypto = context;
    (void)certificate;
    if (signature.size == 0)
        return REASON_SIGNATURE_MISSING;
    if (signature.size != MODEL_SIGNATURE_BYTES)
        return REASON_SIGNATURE_MALFORMED;
    if (signature.data[2] >= crypto->authority->count)
        return REASON_CERTIFICATE_UNKNOWN;
    const struct model_certificate *by = &crypto->authority->certificates[signature.data[2]];
    if (by->registered_at_ms > crypto->knows_until_ms)
        return REASON_CERTIFICATE_UNKNOWN;
    /* Told before all else that a date says, as proto/seal/trust.c does. */
    const struct model_issuer *issuer = &crypto->authority->issuers[by->issuer];
    if (issuer->registered_at_ms > crypto->knows_until_ms || now.ms > issuer->to.ms)
        return REASON_CERTIFICATE_UNTRUSTED;
    if ((by->revoked.ms != 0 && now.ms >= by->revoked.ms) ||
        (by->held_until_ms != 0 && now.ms >= by->held.ms))
        return REASON_CERTIFICATE_REVOKED;
    if (now.ms < by->from.ms)
        return REASON_CERTIFICATE_NOT_YET_VALID;
    if (now.ms > by->to.ms)
        return REASON_CERTIFICATE_EXPIRED;
    if (!key_equal(&by->owner, sender))
        return REASON_SIGNER_NOT_SENDER;
    return model_signer(crypto->authority, content, signature) == by ? REASON_NONE
                                                                     : REASON_SIGNATURE_WRONG;
}

static void name_signer(void *context, struct digest *ret_fingerprint)
{
    const struct model_crypto *crypto = context;
    *ret_fingerprint = (struct digest){{0x51, (uint8_t)crypto->signs_with}};
}

static void draw(void *context, uint8_t *ret_data, size_t size_bytes)
{
    struct model_crypto *crypto = context;
    dice_fill(crypto->dice, ret_data, size_bytes);
}

void model_crypto_init(struct model_crypto *crypto, struct model_authority *authority,
                       struct dice *dice, size_t signs_with)
{
    *crypto = (struct model_crypto){
        .port = {.context = crypto,
                 .hash = sha256_parts,
                 .sign = sign,
                 .verify = verify,
                 .signer = name_signer,
                 .random = draw},
        .authority = authority,
        .dice = dice,
        .signs_with = signs_with,
        .knows_until_ms = INT64_MAX,
    };
}
