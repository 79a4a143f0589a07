/* model_crypto - the crypto port without cryptography: a keyed hash stands for a signature.
 *
 * It still says who signed what. Certificates belong to a participant and can be expired, revoked
 * or unknown to a node whose registry is older. All participants of one simulation share the table;
 * each has a port of its own. */
#pragma once

#include "gateway/port/crypto.h"
#include "tests/sim/dice.h"

enum {
    MODEL_CERTIFICATES_MAX = 128,
    MODEL_ISSUERS_MAX = 4,
    MODEL_SECRET_BYTES = 16,
    MODEL_SIGNATURE_BYTES = 20,
};

/* A key of the authority's own, under which certificates are made. */
struct model_issuer {
    wall_t to;                /* it is trusted up to then */
    int64_t registered_at_ms; /* of the simulation's time */
};

struct model_certificate {
    struct key owner;
    size_t issuer;
    uint8_t secret[MODEL_SECRET_BYTES];
    wall_t from, to;
    wall_t revoked;           /* from then on; 0: not */
    int64_t held_until_ms;    /* of the simulation's time; 0: it is not on hold */
    wall_t held;              /* while it is: counts as revoked from then on */
    int64_t registered_at_ms; /* of the simulation's time */
};

struct model_authority {
    struct model_issuer issuers[MODEL_ISSUERS_MAX];
    size_t issuer_count;
    struct model_certificate certificates[MODEL_CERTIFICATES_MAX];
    size_t count;
};

/* One participant's port. */
struct model_crypto {
    struct crypto_port port;
    struct model_authority *authority;
    struct dice *dice;
    size_t signs_with;      /* index of its certificate */
    int64_t knows_until_ms; /* certificates registered later are unknown here */
};

/* No certificates, and one issuer that never ends. */
void model_authority_init(struct model_authority *authority);
/* Certificates are made under it from now on. */
void model_add_issuer(struct model_authority *authority, int64_t registered_at_ms);
/* The index of the new certificate. */
size_t model_certify(struct model_authority *authority, const struct key *owner, wall_t from,
                     wall_t to, int64_t registered_at_ms, struct dice *dice);
void model_crypto_init(struct model_crypto *crypto, struct model_authority *authority,
                       struct dice *dice, size_t signs_with);
/* Signs with any certificate, wrongly when asked to. */
void model_sign(const struct model_authority *authority, size_t certificate, struct bytes content,
                bool is_forged, uint8_t ret_signature[MODEL_SIGNATURE_BYTES]);
/* Who really signed content: the certificate, or NULL when nobody did. */
const struct model_certificate *model_signer(const struct model_authority *authority,
                                             struct bytes content, struct bytes signature);
