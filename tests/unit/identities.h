/* identities - keys and certificates for the tests of the seal. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/test_authority.h"
#include "proto/seal/seal.h"
#include "proto/seal/trust.h"

#define DAY_MS ((int64_t)86400 * 1000)

/* 2026-10-08T02:30:00Z */
static const wall_t now = {1791426600000};

static inline wall_t days_from_now(int days)
{
    return (wall_t){now.ms + days * DAY_MS};
}

struct identity {
    struct buffer key;
    struct buffer certificate;
};

/* Valid for a year, a month of which is over. */
static inline struct authority_request request_of(const char *name, enum authority_key key)
{
    return (struct authority_request){.common_name = name,
                                      .key = key,
                                      .not_before = days_from_now(-30),
                                      .not_after = days_from_now(335)};
}

static inline void identity_issue(struct identity *identity, struct authority *authority,
                                  struct authority_request request)
{
    buffer_init(&identity->key, AUTHORITY_PEM_BYTES_MAX);
    buffer_init(&identity->certificate, AUTHORITY_PEM_BYTES_MAX);
    assert_int_equal(authority_issue(authority, &request, &identity->key, &identity->certificate),
                     REASON_NONE);
}

static inline void identity_release(struct identity *identity)
{
    buffer_release(&identity->key);
    buffer_release(&identity->certificate);
}

static inline struct trust_builder *builder_with_anchor(const struct authority *authority)
{
    struct trust_builder *builder = NULL;
    struct buffer pem;
    buffer_init(&pem, AUTHORITY_PEM_BYTES_MAX);
    assert_int_equal(authority_certificate(authority, &pem), REASON_NONE);
    assert_int_equal(trust_builder_new(&builder), REASON_NONE);
    assert_int_equal(trust_builder_add_anchors(builder, buffer_view(&pem)), REASON_NONE);
    buffer_release(&pem);
    return builder;
}

static inline void register_identity(struct trust_builder *builder, const char *participant,
                                     const struct identity *identity)
{
    struct key key = key_of(participant);
    assert_int_equal(trust_builder_register(builder, &key, buffer_view(&identity->certificate)),
                     REASON_NONE);
}

static inline struct trust *freeze(struct trust_builder *builder)
{
    struct trust *trust = NULL;
    assert_int_equal(trust_freeze(&builder, now, &trust), REASON_NONE);
    assert_null(builder);
    return trust;
}
