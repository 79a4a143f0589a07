/* The stored signature with certificates put inside, for programs that look for them there. The
 * signature covers neither the certificates nor the lengths around them, so what was signed stays
 * as it is, byte for byte (invariant 2). */
#include "tests/support/seal_export.h"

#include <stdlib.h>

#include "proto/seal/der.h"
#include "proto/seal/signed_data.h"
#include "proto/seal/trust_internal.h"

enum { HEADERS_BYTES_MAX = 64 }; /* five headers of at most 5 bytes, and an OID of 11 */

/* Only the outer element is looked at: they come from trust.c, which has decoded them. */
static bool are_certificates(const struct bytes *certificates, size_t count)
{
    struct bytes content;
    for (size_t i = 0; i < count; i++) {
        if (!der_take_only(certificates[i], DER_SEQUENCE, &content))
            return false;
    }
    return count > 0 && count <= SEAL_EXPORT_CERTIFICATES_MAX;
}

/* DER: the elements of a SET OF ascend; the writer wants the last first. */
static void write_descending(struct der_writer *writer, const struct bytes *certificates,
                             size_t count)
{
    bool written[SEAL_EXPORT_CERTIFICATES_MAX] = {false};
    for (size_t round = 0; round < count; round++) {
        size_t last = count;
        for (size_t i = 0; i < count; i++) {
            if (!written[i] &&
                (last == count || bytes_compare(certificates[i], certificates[last]) > 0))
                last = i;
        }
        der_write(writer, certificates[last]);
        written[last] = true;
    }
}

enum reason seal_export(struct bytes signature, const struct bytes *certificates,
                        size_t certificate_count, struct buffer *ret_signature)
{
    struct signed_data data;
    if (signed_data_parse(signature, &data) != REASON_NONE ||
        !are_certificates(certificates, certificate_count))
        return REASON_SIGNATURE_MALFORMED;
    size_t room = signature.size + HEADERS_BYTES_MAX;
    for (size_t i = 0; i < certificate_count; i++)
        room += certificates[i].size;
    uint8_t *memory = malloc(room);
    if (memory == NULL)
        return REASON_OUT_OF_MEMORY;
    struct der_writer writer;
    der_writer_init(&writer, memory, room);
    const uint8_t *end = der_mark(&writer);
    der_write(&writer, data.after_certificates);
    const uint8_t *mark = der_mark(&writer);
    write_descending(&writer, certificates, certificate_count);
    der_wrap(&writer, DER_CONTEXT_0, mark);
    der_write(&writer, data.before_certificates);
    der_wrap(&writer, DER_SEQUENCE, end);
    der_wrap(&writer, DER_CONTEXT_0, end);
    der_write_element(&writer, DER_OBJECT, bytes_of_text(OID_SIGNED_DATA));
    der_wrap(&writer, DER_SEQUENCE, end);
    struct bytes whole = der_written(&writer);
    bool fits = whole.size > 0 && buffer_append(ret_signature, whole);
    free(memory);
    return fits ? REASON_NONE : REASON_OUT_OF_MEMORY;
}

enum reason trust_signer_chain(const struct trust_signer *signer, size_t index,
                               struct buffer *ret_der)
{
    if (index == 0)
        return buffer_append(ret_der, trust_signer_certificate(signer)) ? REASON_NONE
                                                                        : REASON_OUT_OF_MEMORY;
    if (signer->chain == NULL || index + 1 >= (size_t)sk_X509_num(signer->chain))
        return REASON_NOT_FOUND;
    X509 *issuer = sk_X509_value(signer->chain, (int)index);
    int size = i2d_X509(issuer, NULL);
    uint8_t *room = size <= 0 ? NULL : buffer_extend(ret_der, (size_t)size);
    if (room == NULL)
        return REASON_OUT_OF_MEMORY;
    i2d_X509(issuer, &room);
    return REASON_NONE;
}
