#include "tests/support/cms_bases.h"

#include <string.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "tests/support/test_authority.h"
#include "proto/base/id.h"
#include "proto/seal/der.h"
#include "proto/seal/manifest.h"
#include "proto/seal/sha256.h"

enum { RSA_KEY, P256_KEY, P384_KEY };

#define DAY_MS ((int64_t)86400 * 1000)

const wall_t cms_bases_now = {1791426600000};

static const char text[] = "Hồ sơ 000.00.15.H38-261008-0001";

static struct authority_request request_of(const char *name, enum authority_key key)
{
    return (struct authority_request){.common_name = name,
                                      .key = key,
                                      .not_before = {cms_bases_now.ms - 30 * DAY_MS},
                                      .not_after = {cms_bases_now.ms + 3000 * DAY_MS}};
}

static void *read_pem(struct bytes pem, bool is_key)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
    void *read = is_key ? (void *)PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL)
                        : (void *)PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return read;
}

struct identity {
    struct buffer key;
    struct buffer certificate;
};

static bool issue(struct authority *authority, const struct authority_request *request,
                  struct identity *identity)
{
    buffer_init(&identity->key, AUTHORITY_PEM_BYTES_MAX);
    buffer_init(&identity->certificate, AUTHORITY_PEM_BYTES_MAX);
    return authority_issue(authority, request, &identity->key, &identity->certificate) ==
           REASON_NONE;
}

static void release(struct identity *identity)
{
    buffer_release(&identity->key);
    buffer_release(&identity->certificate);
}

static bool add_party(struct cms_bases *bases, struct authority *authority,
                      struct trust_builder *builder, int index)
{
    static const enum authority_key kinds[] = {AUTHORITY_RSA_2048, AUTHORITY_P256, AUTHORITY_P384};
    struct authority_request request = request_of("Sở Xây dựng", kinds[index]);
    struct identity identity;
    struct key participant = key_of("desk");
    bool sound = issue(authority, &request, &identity) &&
                 trust_builder_register(builder, &participant,
                                        buffer_view(&identity.certificate)) == REASON_NONE;
    bases->keys[index] = sound ? read_pem(buffer_view(&identity.key), true) : NULL;
    bases->certificates[index] = sound ? read_pem(buffer_view(&identity.certificate), false) : NULL;
    release(&identity);
    return sound && bases->certificates[index] != NULL &&
           sk_X509_push(bases->oracle.signers, bases->certificates[index]) > 0;
}

/* Elements to put in: [0] with the signer's, with the root's, with a stranger's certificate, with
 * both, with an attribute certificate; [1] empty, with a list, with an OCSP answer of nothing. */
static bool add_filling(struct cms_bases *bases, uint8_t tag, const struct bytes *parts,
                        size_t count)
{
    uint8_t memory[SIGNATURE_BYTES_MAX];
    struct der_writer writer;
    struct buffer *filling = &bases->filling_bytes[bases->fillings.count];
    der_writer_init(&writer, memory, sizeof memory);
    const uint8_t *end = der_mark(&writer);
    for (size_t i = count; i-- > 0;)
        der_write(&writer, parts[i]);
    der_wrap(&writer, tag, end);
    buffer_init(filling, SIGNATURE_BYTES_MAX);
    bool sound =
        bases->fillings.count < CMS_FILLINGS && buffer_append(filling, der_written(&writer));
    bases->filling_views[bases->fillings.count++] = buffer_view(filling);
    bases->fillings.elements = bases->filling_views;
    return sound;
}

static struct bytes der_of(X509 *certificate, uint8_t memory[CERTIFICATE_BYTES_MAX])
{
    uint8_t *end = memory;
    int size = i2d_X509(certificate, NULL);
    if (size <= 0 || size > CERTIFICATE_BYTES_MAX)
        return (struct bytes){NULL, 0};
    i2d_X509(certificate, &end);
    return (struct bytes){memory, (size_t)size};
}

static bool list_of(struct authority *authority, uint8_t *memory, struct bytes *ret_list)
{
    struct buffer pem;
    buffer_init(&pem, AUTHORITY_PEM_BYTES_MAX);
    bool sound = authority_list(authority, cms_bases_now, (wall_t){cms_bases_now.ms + DAY_MS},
                                &pem) == REASON_NONE;
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
    X509_CRL *list = sound ? PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL) : NULL;
    int size = list == NULL ? 0 : i2d_X509_CRL(list, &memory);
    X509_CRL_free(list);
    BIO_free(bio);
    *ret_list = (struct bytes){memory - size, (size_t)size};
    buffer_release(&pem);
    return size > 0;
}

static bool add_fillings(struct cms_bases *bases, struct authority *authority)
{
    static uint8_t own[CERTIFICATE_BYTES_MAX], root[CERTIFICATE_BYTES_MAX],
        strange[CERTIFICATE_BYTES_MAX], listed[CERTIFICATE_BYTES_MAX];
    /* OtherRevocationInfoFormat: id-ri-ocsp-response and an OCTET STRING. */
    static const uint8_t ocsp[] = {0xa1, 0x0d, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05,
                                   0x05, 0x07, 0x10, 0x02, 0x04, 0x01, 0x61};
    static const uint8_t attribute_certificate[] = {0xa2, 0x03, 0x02, 0x01, 0x01};
    struct identity stranger;
    struct authority_request request = request_of("Người lạ", AUTHORITY_P256);
    struct bytes list;
    bool sound = issue(authority, &request, &stranger) && list_of(authority, listed, &list);
    X509 *other = sound ? read_pem(buffer_view(&stranger.certificate), false) : NULL;
    const struct bytes certificates[] = {
        der_of(bases->certificates[P256_KEY], own),
        der_of(sk_X509_value(bases->oracle.authorities, 0), root),
        other == NULL ? (struct bytes){NULL, 0} : der_of(other, strange),
    };
    const struct bytes many[] = {certificates[1], certificates[1], certificates[1],
                                 certificates[1], certificates[1], certificates[1],
                                 certificates[1], certificates[1], certificates[1]};
    const struct bytes odd = {attribute_certificate, sizeof attribute_certificate};
    const struct bytes answer = {ocsp, sizeof ocsp};
    sound =
        sound && add_filling(bases, DER_CONTEXT_0, &certificates[0], 1) &&
        add_filling(bases, DER_CONTEXT_0, &certificates[1], 1) &&
        add_filling(bases, DER_CONTEXT_0, &certificates[2], 1) &&
        add_filling(bases, DER_CONTEXT_0, certificates, 2) &&
        add_filling(bases, DER_CONTEXT_0, many, 9) && add_filling(bases, DER_CONTEXT_0, &odd, 1) &&
        add_filling(bases, DER_CONTEXT_0, NULL, 0) && add_filling(bases, DER_CONTEXT_1, &list, 1) &&
        add_filling(bases, DER_CONTEXT_1, &answer, 1) && add_filling(bases, DER_CONTEXT_1, NULL, 0);
    X509_free(other);
    release(&stranger);
    return sound;
}

static struct cms_sample *next_sample(struct cms_bases *bases, const char *what, int key,
                                      uint32_t weight)
{
    struct cms_sample *sample = &bases->samples[bases->count++];
    *sample = (struct cms_sample){.what = what,
                                  .weight = weight,
                                  .base = {.key = bases->keys[key], .hash = "SHA256"},
                                  .content = bytes_of_text(text)};
    buffer_init(&sample->signature, SIGNATURE_BYTES_MAX);
    bases->weight += weight;
    return sample;
}

static bool add_ours(struct cms_bases *bases, const char *what, int key, bool is_pss,
                     struct bytes content, uint32_t weight)
{
    struct cms_sample *sample = next_sample(bases, what, key, weight);
    struct signer *signer = NULL;
    BIO *key_pem = BIO_new(BIO_s_mem());
    BIO *certificate_pem = BIO_new(BIO_s_mem());
    char *key_text;
    char *certificate_text;
    PEM_write_bio_PrivateKey(key_pem, bases->keys[key], NULL, NULL, 0, NULL, NULL);
    PEM_write_bio_X509(certificate_pem, bases->certificates[key]);
    long key_size = BIO_get_mem_data(key_pem, &key_text);
    long certificate_size = BIO_get_mem_data(certificate_pem, &certificate_text);
    bool sound =
        signer_new((struct bytes){(uint8_t *)key_text, (size_t)key_size},
                   (struct bytes){(uint8_t *)certificate_text, (size_t)certificate_size},
                   is_pss ? SIGNER_PADDING_PSS : SIGNER_PADDING_PKCS1, &signer) == REASON_NONE &&
        seal_sign(signer, content, cms_bases_now, &sample->signature) == REASON_NONE;
    sample->content = content;
    sample->base.is_pss = is_pss;
    sample->base.signature = buffer_view(&sample->signature);
    signer_destroy(&signer);
    BIO_free(key_pem);
    BIO_free(certificate_pem);
    return sound;
}

static bool add_openssls(struct cms_bases *bases, const char *what, int key, const char *hash,
                         bool is_pss, unsigned flags, uint32_t weight)
{
    struct cms_sample *sample = next_sample(bases, what, key, weight);
    const unsigned own = CMS_BINARY | CMS_PARTIAL | CMS_DETACHED;
    BIO *bio = BIO_new_mem_buf(sample->content.data, (int)sample->content.size);
    CMS_ContentInfo *message = CMS_sign(NULL, NULL, NULL, NULL, own);
    CMS_SignerInfo *signer =
        CMS_add1_signer(message, bases->certificates[key], bases->keys[key],
                        EVP_get_digestbyname(hash), CMS_BINARY | CMS_KEY_PARAM | flags);
    bool sound = signer != NULL;
    if (sound && is_pss)
        sound = EVP_PKEY_CTX_set_rsa_padding(CMS_SignerInfo_get0_pkey_ctx(signer),
                                             RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(CMS_SignerInfo_get0_pkey_ctx(signer),
                                                 RSA_PSS_SALTLEN_DIGEST) == 1;
    sound = sound && CMS_final(message, bio, NULL, own) == 1;
    int size = sound ? i2d_CMS_ContentInfo(message, NULL) : 0;
    uint8_t *room = size > 0 ? buffer_extend(&sample->signature, (size_t)size) : NULL;
    sound = room != NULL && i2d_CMS_ContentInfo(message, &room) == size;
    sample->base.hash = hash;
    sample->base.is_pss = is_pss;
    sample->base.signature = buffer_view(&sample->signature);
    CMS_ContentInfo_free(message);
    BIO_free(bio);
    ERR_clear_error();
    return sound;
}

static bool write_manifest(struct buffer *ret_manifest)
{
    struct manifest_entry entries[2] = {{{{0}}, {{0}}}};
    struct id_maker maker = {0};
    buffer_init(ret_manifest, MANIFEST_BYTES_MAX);
    for (int i = 0; i < 2; i++) {
        struct bytes envelope = bytes_of_text(i == 0 ? "one" : "two");
        sha256_parts(&envelope, 1, &entries[i].digest);
        id_make(&maker, cms_bases_now, (const uint8_t[ID_RANDOM_BYTES]){7}, &entries[i].id);
    }
    return manifest_write(entries, 2, ret_manifest) == REASON_NONE;
}

static bool add_samples(struct cms_bases *bases)
{
    const unsigned bare = CMS_NOCERTS | CMS_NOSMIMECAP;
    const struct bytes plain = bytes_of_text(text);
    const struct bytes manifest = buffer_view(&bases->manifest);
    return add_ours(bases, "P-256", P256_KEY, false, plain, 400) &&
           add_ours(bases, "P-256, manifest", P256_KEY, false, manifest, 100) &&
           add_ours(bases, "RSA", RSA_KEY, false, plain, 12) &&
           add_ours(bases, "RSA, manifest", RSA_KEY, false, manifest, 6) &&
           add_ours(bases, "PSS", RSA_KEY, true, plain, 12) &&
           add_ours(bases, "P-384", P384_KEY, false, plain, 6) &&
           add_openssls(bases, "P-256, OpenSSL", P256_KEY, "SHA256", false, bare, 150) &&
           add_openssls(bases, "P-256, CAdES", P256_KEY, "SHA384", false, bare | CMS_CADES, 150) &&
           add_openssls(bases, "P-256, whole", P256_KEY, "SHA512", false, CMS_CADES, 100) &&
           add_openssls(bases, "P-256, key", P256_KEY, "SHA256", false,
                        bare | CMS_CADES | CMS_USE_KEYID, 100) &&
           add_openssls(bases, "RSA, whole", RSA_KEY, "SHA256", false, CMS_CADES, 8) &&
           add_openssls(bases, "RSA, SHA-512", RSA_KEY, "SHA512", false, bare, 6) &&
           add_openssls(bases, "PSS, SHA-384", RSA_KEY, "SHA384", true, bare | CMS_CADES, 6) &&
           add_openssls(bases, "P-384, SHA-384", P384_KEY, "SHA384", false, CMS_CADES, 4);
}

static bool add_root(struct cms_bases *bases, struct authority *root, struct trust_builder *builder)
{
    struct buffer pem;
    buffer_init(&pem, AUTHORITY_PEM_BYTES_MAX);
    bool sound = authority_certificate(root, &pem) == REASON_NONE &&
                 trust_builder_add_anchors(builder, buffer_view(&pem)) == REASON_NONE;
    X509 *certificate = sound ? read_pem(buffer_view(&pem), false) : NULL;
    sound = certificate != NULL && X509_STORE_add_cert(bases->oracle.store, certificate) == 1 &&
            sk_X509_push(bases->oracle.authorities, certificate) > 0;
    buffer_release(&pem);
    return sound;
}

bool cms_bases_init(struct cms_bases *bases)
{
    struct authority *root = NULL;
    struct trust_builder *builder = NULL;
    struct authority_request request = request_of("Differential root", AUTHORITY_RSA_2048);
    *bases = (struct cms_bases){0};
    bases->oracle = (struct cms_oracle){sk_X509_new_null(), sk_X509_new_null(), X509_STORE_new()};
    X509_VERIFY_PARAM *parameters = X509_STORE_get0_param(bases->oracle.store);
    X509_VERIFY_PARAM_set_time(parameters, (time_t)(cms_bases_now.ms / 1000));
    X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_ANY);
    bool sound = authority_new(&request, &root) == REASON_NONE &&
                 trust_builder_new(&builder) == REASON_NONE && add_root(bases, root, builder);
    for (int i = 0; sound && i < CMS_SIGNERS; i++)
        sound = add_party(bases, root, builder, i);
    sound = sound && trust_freeze(&builder, cms_bases_now, &bases->trust) == REASON_NONE &&
            add_fillings(bases, root) && write_manifest(&bases->manifest) && add_samples(bases);
    trust_builder_destroy(&builder);
    authority_destroy(&root);
    return sound;
}

void cms_bases_release(struct cms_bases *bases)
{
    for (size_t i = 0; i < bases->count; i++)
        buffer_release(&bases->samples[i].signature);
    for (size_t i = 0; i < bases->fillings.count; i++)
        buffer_release(&bases->filling_bytes[i]);
    for (int i = 0; i < CMS_SIGNERS; i++)
        EVP_PKEY_free(bases->keys[i]);
    buffer_release(&bases->manifest);
    sk_X509_pop_free(bases->oracle.signers, X509_free);
    sk_X509_pop_free(bases->oracle.authorities, X509_free);
    X509_STORE_free(bases->oracle.store);
    trust_drop(&bases->trust);
}

const struct cms_sample *cms_bases_choose(const struct cms_bases *bases, struct dice *dice)
{
    uint64_t at = dice_below(dice, bases->weight);
    size_t i = 0;
    while (at >= bases->samples[i].weight)
        at -= bases->samples[i++].weight;
    return &bases->samples[i];
}

enum reason cms_bases_judge(const struct cms_bases *bases, struct bytes content,
                            struct bytes signature)
{
    struct seal_verdict verdict;
    return seal_verify(bases->trust, content, signature, (struct bytes){NULL, 0}, NULL,
                       cms_bases_now, &verdict);
}
