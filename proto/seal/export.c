/* The stored signature with certificates put inside, for programs that look for them there. The
 * signature covers neither the certificates nor the lengths around them, so what was signed stays
 * as it is, byte for byte (invariant 2). */
#include "proto/seal/der.h"
#include "proto/seal/seal.h"
#include "proto/seal/signed_data.h"

#include <stdlib.h>

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
