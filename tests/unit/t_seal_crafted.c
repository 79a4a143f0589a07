/* One verdict with OpenSSL: signatures with one thing in each that means something, made on
 * purpose, signed again, and judged with the chain of the signer's certificate.
 * tests/unit/signatures/ has three from other programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/cms.h>

#include "proto/seal/der.h"
#include "proto/seal/pem.h"
#include "tests/support/cms_bases.h"
#include "tests/support/cms_parts.h"

static struct cms_bases bases;
static struct der_tree tree;
static unsigned crafted;
static unsigned explained;

enum { OUT_BYTES_MAX = 64 * 1024, BEHIND_ALL = 1000 };

/* Writes the tree and compares the two verdicts. Returns ours. */
static enum reason judge_tree(const struct cms_sample *sample, const char *what)
{
    struct buffer signature;
    buffer_init(&signature, OUT_BYTES_MAX);
    assert_true(der_tree_write(&tree, 0, &signature));
    struct bytes bytes = buffer_view(&signature);
    enum reason ours = cms_bases_judge(&bases, sample->content, bytes);
    bool theirs = cms_oracle_accepts(&bases.oracle, sample->content, bytes, true);
    bool is_explained = theirs && ours != REASON_NONE &&
                        cms_oracle_explains(&bases.oracle, sample->content, bytes, ours);
    crafted++;
    explained += is_explained;
    if (theirs != (ours == REASON_NONE) && !is_explained)
        fail_msg("%s, %s: we say %s, OpenSSL %s", sample->what, what, reason_code(ours),
                 theirs ? "accepts" : "refuses");
    buffer_release(&signature);
    return ours;
}

static const struct cms_sample *open_sample(size_t index)
{
    const struct cms_sample *sample = &bases.samples[index];
    assert_true(der_tree_parse(&tree, sample->base.signature));
    return sample;
}

/* Of cms_bases.c. */
enum { P256_OURS, RSA_OURS = 2, PSS_OURS = 4, P384_OURS = 5, P256_OPENSSL = 6 };
static const size_t signers[] = {P256_OURS, RSA_OURS, PSS_OURS, P384_OURS, P256_OPENSSL};
enum { SIGNERS = sizeof signers / sizeof *signers };

/* Puts an attribute in where DER wants it. */
static void insert_in_order(struct bytes attribute)
{
    int attributes = cms_attributes_node(&tree);
    int place = 0;
    for (int child = tree.nodes[attributes].first; child != DER_NO_NODE;
         child = tree.nodes[child].next) {
        struct buffer other;
        buffer_init(&other, OUT_BYTES_MAX);
        assert_true(der_tree_write(&tree, child, &other));
        place += bytes_compare(buffer_view(&other), attribute) <= 0;
        buffer_release(&other);
    }
    assert_true(der_tree_insert(&tree, attributes, place, attribute));
}

static void each_attribute_is_judged_alike(void **state)
{
    (void)state;
    for (size_t i = 0; i < cms_attribute_count(); i++) {
        uint8_t bytes[CMS_PART_BYTES_MAX];
        const struct cms_part *part = cms_attribute(i);
        struct bytes attribute = {bytes, cms_part_write(part, bytes)};
        for (int how = CMS_SIGN_AS_SENT; how <= CMS_SIGN_AS_OPENSSL; how++) {
            const struct cms_sample *sample = open_sample(P256_OURS);
            insert_in_order(attribute);
            if (cms_mutant_sign(&tree, &sample->base, (enum cms_signing)how))
                (void)judge_tree(sample, part->what);
        }
        const struct cms_sample *sample = open_sample(i % 2 == 0 ? RSA_OURS : PSS_OURS);
        uint8_t memory[CMS_PART_BYTES_MAX + 8];
        struct der_writer writer;
        der_writer_init(&writer, memory, sizeof memory);
        der_write_element(&writer, DER_CONTEXT_1, attribute);
        if (der_tree_insert(&tree, cms_signer_node(&tree), BEHIND_ALL, der_written(&writer)))
            assert_int_equal(judge_tree(sample, part->what), REASON_SIGNATURE_UNSIGNED_PART);
    }
}

/* In place of one that is there, or beside none. */
static enum reason judge_with(const char *type, const char *values)
{
    uint8_t bytes[CMS_PART_BYTES_MAX];
    const struct cms_part part = {"", type, values};
    struct bytes attribute = {bytes, cms_part_write(&part, bytes)};
    const struct cms_sample *sample = open_sample(P256_OPENSSL);
    int attributes = cms_attributes_node(&tree);
    struct bytes oid = {NULL, 0};
    struct bytes inside = attribute;
    assert_true(der_take_only(attribute, DER_SEQUENCE, &inside) &&
                der_take(&inside, DER_OBJECT, &oid));
    for (int child = tree.nodes[attributes].first; child != DER_NO_NODE;
         child = tree.nodes[child].next) {
        if (bytes_equal(tree.nodes[der_tree_child(&tree, child, 0)].content, oid)) {
            der_tree_remove(&tree, child);
            break;
        }
    }
    insert_in_order(attribute);
    assert_true(cms_mutant_sign(&tree, &sample->base, CMS_SIGN_AS_SENT));
    return judge_tree(sample, values);
}

static void a_signing_time_exists(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum reason reason;
    } times[] = {
        {"170d3236313030383032333030305a", REASON_NONE},
        {"170d3030303130313030303030305a", REASON_NONE},
        {"170d3238303232393032333030305a", REASON_NONE},
        {"180f32303530303130313030303030305a", REASON_NONE},
        {"180f32303939313233313233353935395a", REASON_NONE},
        {"180f32313030303130313030303030305a", REASON_SIGNING_TIME_INVALID},
        {"180f32303439303130313030303030305a", REASON_SIGNING_TIME_INVALID},
        {"170d3939313233313233353935395a", REASON_SIGNING_TIME_INVALID},
        {"170d3530303130313030303030305a", REASON_SIGNING_TIME_INVALID},
        {"170d3236303233313032333030305a", REASON_SIGNING_TIME_INVALID},
        {"170d3237303232393032333030305a", REASON_SIGNING_TIME_INVALID},
        {"170d3236313330313032333030305a", REASON_SIGNING_TIME_INVALID},
        {"170d3236313030383234303030305a", REASON_SIGNING_TIME_INVALID},
        {"170d3236313030383032333036305a", REASON_SIGNING_TIME_INVALID},
        {"170b323631303038303233305a", REASON_SIGNING_TIME_INVALID},
        {"17113236313030383032333030302b30373030", REASON_SIGNING_TIME_INVALID},
        {"0c03616263", REASON_SIGNING_TIME_INVALID},
        {"170d3236313030383032333030305a170d3236313030383032333030315a",
         REASON_SIGNATURE_MALFORMED},
    };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        assert_int_equal(judge_with("2a864886f70d010905", times[i].value), times[i].reason);
}

static void a_reference_names_the_signers_certificate(void **state)
{
    (void)state;
    static const char v1[] = "2a864886f70d010910020c";
    static const char v2[] = "2a864886f70d010910022f";
    struct {
        const char *head; /* before the digest */
        const char *tail;
        const char *type;
        bool is_v1;
        enum reason reason;
    } cases[] = {
        {"3026302430220420", "", v2, false, REASON_NONE},
        {"30353033"
         "3031300d060960864801650304020105000420",
         "", v2, false, REASON_NONE},
        {"302830263022"
         "0420",
         "3000", v2, false, REASON_SIGNING_CERTIFICATE_WRONG},
        {"302a3024302204"
         "20",
         "30023000", v2, false, REASON_SIGNING_CERTIFICATE_WRONG},
        {"302a302830260420", "30023000", v2, false, REASON_SIGNING_CERTIFICATE_WRONG},
        {"301a301830160414", "", v1, true, REASON_NONE},
        {"301c301a30180414", "3000", v1, true, REASON_SIGNING_CERTIFICATE_WRONG},
    };
    X509 *certificate = bases.certificates[1];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int spoiled = 0; spoiled < 2; spoiled++) {
            uint8_t digest[EVP_MAX_MD_SIZE];
            unsigned size = 0;
            char text[1024];
            X509_digest(certificate, cases[i].is_v1 ? EVP_sha1() : EVP_sha256(), digest, &size);
            digest[7] ^= (uint8_t)spoiled;
            size_t used = (size_t)snprintf(text, sizeof text, "%s", cases[i].head);
            for (unsigned k = 0; k < size; k++)
                used += (size_t)snprintf(text + used, sizeof text - used, "%02x", digest[k]);
            (void)snprintf(text + used, sizeof text - used, "%s", cases[i].tail);
            assert_int_equal(judge_with(cases[i].type, text),
                             spoiled ? REASON_SIGNING_CERTIFICATE_WRONG : cases[i].reason);
        }
    }
}

static void each_algorithm_is_judged_alike(void **state)
{
    (void)state;
    for (size_t i = 0; i < cms_algorithm_count(); i++) {
        uint8_t bytes[CMS_PART_BYTES_MAX];
        const struct cms_part *part = cms_algorithm(i);
        struct bytes algorithm = {bytes, cms_part_write(part, bytes)};
        for (size_t k = 0; k < SIGNERS; k++) {
            for (int place = 2; place <= 4; place += 2) {
                const struct cms_sample *sample = open_sample(signers[k]);
                int signer = cms_signer_node(&tree);
                int old = der_tree_child(&tree, signer, place);
                assert_true(der_tree_insert(&tree, signer, place, algorithm));
                der_tree_remove(&tree, old);
                (void)judge_tree(sample, part->what);
            }
        }
        const struct cms_sample *sample = open_sample(P256_OURS);
        int hashes = der_tree_find(&tree, (const int[]){1, 0, 1, DER_NO_NODE});
        assert_true(der_tree_insert(&tree, hashes, 0, algorithm));
        assert_int_not_equal(judge_tree(sample, part->what), REASON_NONE);
    }
}

static void each_element_is_der(void **state)
{
    (void)state;
    for (size_t k = 0; k < SIGNERS; k += 2) {
        (void)open_sample(signers[k]);
        int count = tree.count;
        for (int node = 0; node < count; node++) {
            for (int form = 0; form < 3; form++) {
                const struct cms_sample *sample = open_sample(signers[k]);
                if (form == 0)
                    tree.nodes[node].length_bytes = 4;
                else if (form == 1)
                    tree.nodes[node].is_indefinite = tree.nodes[node].first != DER_NO_NODE;
                else
                    tree.nodes[node].tag ^= 0x20;
                (void)cms_mutant_sign(&tree, &sample->base, CMS_SIGN_AS_OPENSSL);
                char what[64];
                (void)snprintf(what, sizeof what, "form %d of node %d", form, node);
                enum reason reason = judge_tree(sample, what);
                if (form == 0 || tree.nodes[node].is_indefinite)
                    assert_int_equal(reason, REASON_SIGNATURE_NOT_DER);
            }
        }
    }
}

static void other_versions_and_parts_are_judged_alike(void **state)
{
    (void)state;
    for (size_t k = 0; k < SIGNERS; k++) {
        for (uint8_t version = 0; version < 7; version++) {
            for (int place = 0; place < 2; place++) {
                const struct cms_sample *sample = open_sample(signers[k]);
                int parent = place == 0 ? cms_signed_data_node(&tree) : cms_signer_node(&tree);
                int node = der_tree_child(&tree, parent, 0);
                tree.nodes[node].content = der_tree_keep(&tree, (struct bytes){&version, 1});
                assert_int_equal(judge_tree(sample, "version"),
                                 version == 1 ? REASON_NONE : REASON_SIGNATURE_PROFILE);
            }
        }
        for (size_t i = 0; i < bases.fillings.count; i++) {
            const struct cms_sample *sample = open_sample(signers[k]);
            assert_true(
                der_tree_insert(&tree, cms_signed_data_node(&tree), 3, bases.fillings.elements[i]));
            enum reason reason = judge_tree(sample, "filling");
            if (bases.fillings.elements[i].data[0] == DER_CONTEXT_1)
                assert_int_equal(reason, REASON_SIGNATURE_UNSIGNED_PART);
        }
    }
}

/* --- from other programs, with the certificate that they carry ---------------------------------
 */

static struct buffer read_case(const char *name)
{
    char path[256];
    struct buffer content;
    const char *root = getenv("ROOT");
    buffer_init(&content, OUT_BYTES_MAX);
    (void)snprintf(path, sizeof path, "%s/tests/unit/signatures/%s", root == NULL ? "." : root,
                   name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t *at = buffer_extend(&content, OUT_BYTES_MAX);
    assert_non_null(at);
    content.size = fread(at, 1, OUT_BYTES_MAX, file);
    (void)fclose(file);
    return content;
}

static struct bytes first_certificate(struct bytes signature)
{
    const uint8_t *at = signature.data;
    static uint8_t der[CERTIFICATE_BYTES_MAX];
    CMS_ContentInfo *message = d2i_CMS_ContentInfo(NULL, &at, (long)signature.size);
    assert_non_null(message);
    STACK_OF(X509) *certificates = CMS_get1_certs(message);
    uint8_t *end = der;
    int size = i2d_X509(sk_X509_value(certificates, 0), &end);
    sk_X509_pop_free(certificates, X509_free);
    CMS_ContentInfo_free(message);
    return (struct bytes){der, (size_t)size};
}

static enum reason judge_case(const char *name)
{
    struct buffer signature = read_case(name);
    struct buffer root = read_case("root.pem");
    struct buffer document = read_case("document");
    struct trust_builder *builder = NULL;
    struct trust *trust = NULL;
    struct key key = key_of("stnmt");
    struct seal_verdict verdict;
    const wall_t day = {1796126688000}; /* 2026-12-01T12:04:48Z, when they were signed */
    assert_int_equal(trust_builder_new(&builder), REASON_NONE);
    assert_int_equal(trust_builder_add_anchors(builder, buffer_view(&root)), REASON_NONE);
    assert_int_equal(
        trust_builder_register(builder, &key, first_certificate(buffer_view(&signature))),
        REASON_NONE);
    assert_int_equal(trust_freeze(&builder, day, &trust), REASON_NONE);
    enum reason reason = seal_verify(trust, buffer_view(&document), buffer_view(&signature),
                                     (struct bytes){NULL, 0}, &key, day, &verdict);
    trust_drop(&trust);
    buffer_release(&document);
    buffer_release(&root);
    buffer_release(&signature);
    return reason;
}

static void other_programs_signatures_are_named(void **state)
{
    (void)state;
    assert_int_equal(judge_case("other_toolkit_der.der"), REASON_NONE);
    assert_int_equal(judge_case("other_toolkit_ber.der"), REASON_SIGNATURE_NOT_DER);
    assert_int_equal(judge_case("unsigned_signing_time.der"), REASON_SIGNATURE_UNSIGNED_PART);
}

static void there_were_enough(void **state)
{
    (void)state;
    printf("# crafted=%u explained=%u disagreements=0\n", crafted, explained);
    assert_true(crafted >= 300);
    assert_true(explained >= 100);
}

static int set_up(void **state)
{
    (void)state;
    return cms_bases_init(&bases) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    cms_bases_release(&bases);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_attribute_is_judged_alike),
        cmocka_unit_test(a_signing_time_exists),
        cmocka_unit_test(a_reference_names_the_signers_certificate),
        cmocka_unit_test(each_algorithm_is_judged_alike),
        cmocka_unit_test(each_element_is_der),
        cmocka_unit_test(other_versions_and_parts_are_judged_alike),
        cmocka_unit_test(other_programs_signatures_are_named),
        cmocka_unit_test(there_were_enough),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
