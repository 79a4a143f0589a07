/* seal_export - a stored signature with certificates put inside, as other programs look for them
 * there: what openssl is asked about in the tests. */
#pragma once

#include "proto/seal/seal.h"
#include "proto/seal/trust.h"

/* Appends the signature with these certificates (DER; the signer's and its issuers', see
 * trust_signer_chain) in place of those that it carried. The signed part is not touched.
 * REASON_SIGNATURE_MALFORMED, REASON_OUT_OF_MEMORY. */
enum reason seal_export(struct bytes signature, const struct bytes *certificates,
                        size_t certificate_count, struct buffer *ret_signature);

/* Appends the DER of the chain's certificate number index: 0 the signer's, then its issuers without
 * the anchor. REASON_NOT_FOUND after the last. For exports. */
enum reason trust_signer_chain(const struct trust_signer *signer, size_t index,
                               struct buffer *ret_der);
