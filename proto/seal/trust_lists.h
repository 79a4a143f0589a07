/* trust_lists - revocation lists: which of them can be used, and for what. For this folder alone.
 *
 * Two questions are kept apart. What a list revokes is believed from any list that an authority of
 * the issuer's name signed, complete or not, old or new: a mistake there costs a person a question.
 * That a certificate is not on a list counts only when the list is complete for it. A delta's
 * "taken back" is not believed.
 */
#pragma once

#include "proto/seal/trust_internal.h"

#include <openssl/x509v3.h>

/* Of one list. */
struct trust_list {
    X509_CRL *list;                  /* NULL once the snapshot is frozen */
    ISSUING_DIST_POINT *scope;       /* NULL: everything that its issuer issued; NULL once frozen */
    AUTHORITY_KEYID *key_identifier; /* of the key that signed it; NULL: not said; or frozen */
    /* The trusted authority of its issuer's name that signed it; NULL: none. */
    const struct trust_authority *signer;
    enum reason standing; /* REASON_NONE: complete within its scope */
    bool has_next_update;
    wall_t next_update;
    char issuer[TRUST_NAME_BYTES];
};

/* Judges the lists by the authorities, which are judged. REASON_OUT_OF_MEMORY. */
enum reason trust_lists_judge(struct trust *trust, STACK_OF(X509_CRL) * lists);
/* Whether an authority's certificate is on any of them, at whatever date. */
enum reason trust_lists_note_revoked(const struct trust *trust, struct trust_authority *authority);
/* Frees what only judging needs. */
void trust_lists_close(struct trust *trust);

/* What the lists say of one certificate. */
struct revocation {
    wall_t at;       /* the earliest date on any list; INT64_MAX: on none */
    bool is_covered; /* a complete list covers it, or its issuer has none here at all */
};

/* issuer and anchor: on the certificate's way. What clears it was signed by the key of the one or
 * by an authority below the other (RFC 5280 §6.3.3 f). REASON_OUT_OF_MEMORY. */
enum reason trust_lists_look_up(const struct trust *trust, X509 *certificate, X509 *issuer,
                                X509 *anchor, struct revocation *ret_revocation);
