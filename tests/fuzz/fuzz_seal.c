/* Seals: any bytes are refused, or are a signature that OpenSSL accepts as well. Holds the parser
 * of our own (signed_data.h) against CMS_verify, and the export against both. */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "proto/base/check.h"
#include "proto/seal/manifest.h"
#include "proto/seal/pem.h"
#include "proto/seal/seal.h"
#include "proto/seal/signed_data.h"
#include "proto/seal/trust.h"
#include "tests/fuzz/seal_certificates.h"
#include "tests/support/seal_export.h"

static const wall_t now = {1791426600000};
static struct trust *trust;
static STACK_OF(X509) * certificates;

static void set_up(void)
{
    struct trust_builder *builder = NULL;
    struct key signer = key_of("stnmt");
    struct bytes members[] = {bytes_of_text(fuzz_signer_p256), bytes_of_text(fuzz_signer_rsa)};
    certificates = sk_X509_new_null();
    check(certificates != NULL && trust_builder_new(&builder) == REASON_NONE);
    check(trust_builder_add_anchors(builder, bytes_of_text(fuzz_anchor)) == REASON_NONE);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        check(trust_builder_register(builder, &signer, members[i]) == REASON_NONE);
        check(pem_read_certificates(members[i], certificates) == REASON_NONE);
    }
    check(trust_freeze(&builder, now, &trust) == REASON_NONE);
}

/* Who the signer is was judged by us; what OpenSSL says of the signature is asked here. */
static bool openssl_accepts(struct bytes signature, struct bytes content)
{
    const uint8_t *at = signature.data;
    CMS_ContentInfo *message = d2i_CMS_ContentInfo(NULL, &at, (long)signature.size);
    BIO *bio = BIO_new_mem_buf(content.data, (int)content.size);
    check(bio != NULL);
    bool accepted = message != NULL && at == signature.data + signature.size &&
                    CMS_verify(message, certificates, NULL, bio, NULL,
                               CMS_BINARY | CMS_DETACHED | CMS_NO_SIGNER_CERT_VERIFY) == 1;
    BIO_free(bio);
    CMS_ContentInfo_free(message);
    ERR_clear_error();
    return accepted;
}

static void export(struct bytes signature, const struct digest *fingerprint, struct bytes content)
{
    struct buffer exported;
    struct seal_verdict verdict;
    const struct trust_signer *signer = trust_find(trust, fingerprint);
    check(signer != NULL);
    struct bytes certificate = trust_signer_certificate(signer);
    buffer_init(&exported, signature.size + 2 * CERTIFICATE_BYTES_MAX);
    check(seal_export(signature, &certificate, 1, &exported) == REASON_NONE);
    check(seal_verify(trust, content, buffer_view(&exported), (struct bytes){0}, NULL, now,
                      &verdict) == REASON_NONE);
    check(openssl_accepts(buffer_view(&exported), content));
    buffer_release(&exported);
}

static void parse_manifest(struct bytes text)
{
    static struct manifest manifest;
    struct buffer again;
    if (manifest_parse(text, &manifest) != REASON_NONE)
        return;
    buffer_init(&again, MANIFEST_BYTES_MAX);
    check(manifest_write(manifest.entries, manifest.count, &again) == REASON_NONE);
    check(bytes_equal(buffer_view(&again), text));
    buffer_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes content = bytes_of_text("content");
    struct bytes signature = {data, size};
    struct seal_verdict verdict;
    struct signed_data parsed;
    if (trust == NULL)
        set_up();
    bool is_parsed = signed_data_parse(signature, &parsed) == REASON_NONE;
    enum reason reason =
        seal_verify(trust, content, signature, (struct bytes){0}, NULL, now, &verdict);
    check(reason == verdict.reason && (reason != REASON_NONE || is_parsed));
    if (reason == REASON_NONE) {
        check(openssl_accepts(signature, content));
        export(signature, &verdict.fingerprint, content);
    }
    parse_manifest(signature);
    return 0;
}
