/* cms_bases - a small registry and sound signatures by it, to compare verdicts over: RSA by both
 * paddings, P-256, P-384; SHA-256, SHA-384, SHA-512; ours and OpenSSL's; with and without
 * certificates; named by issuer and by key identifier; over a text and over a manifest. */
#pragma once

#include "proto/seal/seal.h"
#include "proto/seal/trust.h"
#include "tests/support/cms_mutant.h"
#include "tests/support/cms_oracle.h"

enum { CMS_BASES = 14, CMS_FILLINGS = 10, CMS_SIGNERS = 3 };

struct cms_sample {
    struct cms_base base;
    struct bytes content;
    const char *what;
    uint32_t weight; /* how often it is taken: the dear ones seldom */
    struct buffer signature;
};

struct cms_bases {
    struct trust *trust;
    struct cms_oracle oracle;
    EVP_PKEY *keys[CMS_SIGNERS];     /* RSA, P-256, P-384 */
    X509 *certificates[CMS_SIGNERS]; /* held by the oracle */
    struct cms_sample samples[CMS_BASES];
    size_t count;
    uint32_t weight; /* of all */
    struct buffer filling_bytes[CMS_FILLINGS];
    struct bytes filling_views[CMS_FILLINGS];
    struct cms_fillings fillings;
    struct buffer manifest;
};

/* 2026-10-08T02:30:00Z: the time of all of it. */
extern const wall_t cms_bases_now;

bool cms_bases_init(struct cms_bases *bases);
void cms_bases_release(struct cms_bases *bases);
const struct cms_sample *cms_bases_choose(const struct cms_bases *bases, struct dice *dice);

/* Our verdict. */
enum reason cms_bases_judge(const struct cms_bases *bases, struct bytes content,
                            struct bytes signature);
