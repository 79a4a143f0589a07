/* The registry folder becomes a registry and a trust snapshot; the crypto port verifies by it. */
#include "tests/unit/identities.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/workers/crypto_openssl.h"
#include "gateway/workers/registry_check.h"
#include "proto/seal/sha256.h"
#include "routing/registry/registry.h"
#include "tests/unit/scratch.h"

/* Files that routing itself is shipped with, next to the participants of this test. */
#define DATA_FOLDER "routing/data"

struct folder {
    struct scratch scratch;
    struct authority *authority;
    struct identity agency;
    struct registry *registry;
};

static void copy_file(struct folder *folder, const char *name)
{
    char path[FILE_PATH_BYTES_MAX];
    struct buffer content;
    buffer_init(&content, REGISTRY_FILE_BYTES_MAX);
    assert_true(file_path_join(DATA_FOLDER, name, path));
    assert_int_equal(file_read(path, &content), REASON_NONE);
    assert_true(scratch_write(&folder->scratch, name, buffer_view(&content)));
    buffer_release(&content);
}

static void make_folder(const struct folder *folder, const char *name)
{
    char path[FILE_PATH_BYTES_MAX];
    assert_true(file_path_join(folder->scratch.folder, name, path));
    assert_int_equal(mkdir(path, 0700), 0);
}

static int setup(void **state)
{
    static struct folder folder;
    struct authority_request root = request_of("Root", AUTHORITY_P256);
    struct buffer pem;
    memset(&folder, 0, sizeof folder);
    assert_true(scratch_open(&folder.scratch));
    assert_int_equal(authority_new(&root, &folder.authority), REASON_NONE);
    identity_issue(&folder.agency, folder.authority, request_of("stnmt", AUTHORITY_P256));
    copy_file(&folder, "version");
    copy_file(&folder, "agencies.csv");
    copy_file(&folder, "procedures.csv");
    copy_file(&folder, "policy.csv");
    const char *participants =
        "key,role,curve_public_key,certificates,window_messages\n"
        "stnmt,agency,rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7,stnmt.pem,64\n";
    assert_true(scratch_write(&folder.scratch, "participants.csv", bytes_of_text(participants)));
    assert_true(
        scratch_write(&folder.scratch, "stnmt.pem", buffer_view(&folder.agency.certificate)));
    make_folder(&folder, "trust");
    make_folder(&folder, "trust/anchors");
    buffer_init(&pem, AUTHORITY_PEM_BYTES_MAX);
    assert_int_equal(authority_certificate(folder.authority, &pem), REASON_NONE);
    assert_true(scratch_write(&folder.scratch, "trust/anchors/root.pem", buffer_view(&pem)));
    buffer_release(&pem);
    *state = &folder;
    return 0;
}

static int teardown(void **state)
{
    struct folder *folder = *state;
    registry_destroy(&folder->registry);
    identity_release(&folder->agency);
    authority_destroy(&folder->authority);
    scratch_close(&folder->scratch);
    return 0;
}

static void load_registry(struct folder *folder)
{
    static struct faults faults;
    enum reason reason =
        registry_directory_load(folder->scratch.folder, sha256_parts, &faults, &folder->registry);
    struct buffer text;
    buffer_init(&text, 64 * 1024);
    (void)faults_print(&faults, LANGUAGE_ENGLISH, &text);
    assert_string_equal(buffer_text(&text), "");
    assert_int_equal(reason, REASON_NONE);
    buffer_release(&text);
}

static struct signer *agency_signer(const struct folder *folder)
{
    struct signer *signer = NULL;
    assert_int_equal(signer_new(buffer_view(&folder->agency.key),
                                buffer_view(&folder->agency.certificate), SIGNER_PADDING_PKCS1,
                                &signer),
                     REASON_NONE);
    return signer;
}

static enum reason verify(const struct crypto_port *port, struct bytes content,
                          const struct buffer *signature)
{
    struct key sender = key_of("stnmt");
    return port->verify(port->context, content, buffer_view(signature), (struct bytes){NULL, 0},
                        &sender, now);
}

static struct trust *load_trust(const struct folder *folder)
{
    struct trust *trust = NULL;
    char culprit[FILE_PATH_BYTES_MAX];
    assert_int_equal(
        trust_directory_load(folder->scratch.folder, folder->registry, now, &trust, culprit),
        REASON_NONE);
    assert_string_equal(culprit, "");
    return trust;
}

static void a_reload_swaps_whom_is_trusted(void **state)
{
    struct folder *folder = *state;
    struct crypto_openssl *crypto = NULL;
    struct bytes content = bytes_of_text("content");
    struct buffer signature;
    load_registry(folder);
    assert_int_equal(crypto_openssl_new(agency_signer(folder), load_trust(folder), &crypto),
                     REASON_NONE);
    const struct crypto_port *port = crypto_openssl_port(crypto);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    assert_int_equal(port->sign(port->context, content, now, &signature), REASON_NONE);
    assert_int_equal(verify(port, content, &signature), REASON_NONE);
    assert_int_equal(verify(port, bytes_of_text("Content"), &signature), REASON_SIGNATURE_WRONG);

    struct buffer list;
    buffer_init(&list, AUTHORITY_PEM_BYTES_MAX);
    assert_int_equal(authority_revoke(folder->authority, buffer_view(&folder->agency.certificate),
                                      days_from_now(-1)),
                     REASON_NONE);
    assert_int_equal(authority_list(folder->authority, days_from_now(-1), days_from_now(1), &list),
                     REASON_NONE);
    make_folder(folder, "trust/lists");
    assert_true(scratch_write(&folder->scratch, "trust/lists/root.pem", buffer_view(&list)));
    crypto_openssl_set_trust(crypto, load_trust(folder));
    assert_int_equal(verify(port, content, &signature), REASON_CERTIFICATE_REVOKED);
    buffer_release(&list);
    buffer_release(&signature);
    crypto_openssl_destroy(&crypto);
}

/* Puts a list of this authority into the folder and checks that. */
static void check_with_list(struct folder *folder, struct authority *authority,
                            struct registry_findings *ret_findings)
{
    struct buffer list;
    struct trust *trust = NULL;
    char culprit[FILE_PATH_BYTES_MAX];
    buffer_init(&list, AUTHORITY_PEM_BYTES_MAX);
    assert_int_equal(authority_list(authority, days_from_now(-1), days_from_now(1), &list),
                     REASON_NONE);
    assert_true(scratch_write(&folder->scratch, "trust/lists/root.pem", buffer_view(&list)));
    assert_int_equal(registry_check_trust(folder->scratch.folder, folder->registry, now, &trust,
                                          culprit, ret_findings),
                     REASON_NONE);
    trust_drop(&trust);
    buffer_release(&list);
}

static void expect_sentence(const struct registry_finding *finding, enum language language,
                            const char *expected)
{
    struct buffer text;
    buffer_init(&text, 4096);
    assert_true(registry_finding_print(finding, language, &text));
    assert_non_null(strstr(buffer_text(&text), expected));
    buffer_release(&text);
}

static void what_will_be_refused_is_found_before(void **state)
{
    struct folder *folder = *state;
    static struct registry_findings findings;
    struct authority *forger = NULL;
    struct authority_request root = request_of("Root", AUTHORITY_P256);
    load_registry(folder);
    make_folder(folder, "trust/lists");
    check_with_list(folder, folder->authority, &findings);
    assert_int_equal(findings.count, 0);
    assert_int_equal(findings.faults, 0);

    assert_int_equal(authority_new(&root, &forger), REASON_NONE); /* the name, another key */
    check_with_list(folder, forger, &findings);
    assert_int_equal(findings.faults, 2);
    assert_int_equal(findings.items[0].reason, REASON_REVOCATION_UNKNOWN);
    assert_int_equal(findings.items[1].reason, REASON_LIST_NOT_SIGNED);
    assert_true(findings.items[1].is_list);
    expect_sentence(&findings.items[1], LANGUAGE_VIETNAMESE, "danh sách thu hồi của /C=VN/");
    authority_destroy(&forger);

    assert_int_equal(authority_revoke(folder->authority, buffer_view(&folder->agency.certificate),
                                      days_from_now(-1)),
                     REASON_NONE);
    check_with_list(folder, folder->authority, &findings);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.faults, 1);
    assert_int_equal(findings.items[0].reason, REASON_CERTIFICATE_REVOKED);
    expect_sentence(&findings.items[0], LANGUAGE_ENGLISH,
                    "stnmt, stnmt.pem: The certificate has been revoked (certificate_revoked). ");

    /* Signers whose authority is not an anchor. */
    assert_int_equal(authority_new(&root, &forger), REASON_NONE);
    struct buffer pem;
    buffer_init(&pem, AUTHORITY_PEM_BYTES_MAX);
    assert_int_equal(authority_certificate(forger, &pem), REASON_NONE);
    assert_true(scratch_write(&folder->scratch, "trust/anchors/root.pem", buffer_view(&pem)));
    buffer_release(&pem);
    check_with_list(folder, forger, &findings);
    assert_int_equal(findings.faults, 1);
    assert_int_equal(findings.items[0].reason, REASON_CERTIFICATE_UNTRUSTED);
    authority_destroy(&forger);
}

static void a_missing_certificate_is_named(void **state)
{
    struct folder *folder = *state;
    struct trust *trust = NULL;
    char path[FILE_PATH_BYTES_MAX];
    char culprit[FILE_PATH_BYTES_MAX];
    load_registry(folder);
    assert_true(file_path_join(folder->scratch.folder, "stnmt.pem", path));
    assert_int_equal(remove(path), 0);
    assert_int_equal(
        trust_directory_load(folder->scratch.folder, folder->registry, now, &trust, culprit),
        REASON_NOT_FOUND);
    assert_string_equal(culprit, path);
    assert_null(trust);
}

static void broken_files_are_refused(void **state)
{
    struct folder *folder = *state;
    struct trust *trust = NULL;
    char culprit[FILE_PATH_BYTES_MAX];
    static struct faults faults;
    load_registry(folder);
    assert_true(scratch_write(&folder->scratch, "trust/anchors/other.pem", bytes_of_text("no")));
    assert_int_equal(
        trust_directory_load(folder->scratch.folder, folder->registry, now, &trust, culprit),
        REASON_REGISTRY_INVALID);
    assert_non_null(strstr(culprit, "trust/anchors/other.pem"));

    struct registry *second = NULL;
    assert_true(scratch_write(&folder->scratch, "policy.csv", bytes_of_text("nonsense\n")));
    assert_int_equal(
        registry_directory_load(folder->scratch.folder, sha256_parts, &faults, &second),
        REASON_REGISTRY_INVALID);
    assert_true(faults_total(&faults) > 0);
    assert_null(second);
}

static void a_secret_is_not_for_everybody(void **state)
{
    struct folder *folder = *state;
    char path[FILE_PATH_BYTES_MAX];
    struct buffer content;
    buffer_init(&content, 8);
    assert_true(scratch_write(&folder->scratch, "secret", bytes_of_text("12345678")));
    assert_true(file_path_join(folder->scratch.folder, "secret", path));
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(file_read_secret(path, &content), REASON_KEY_UNREADABLE);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(file_read_secret(path, &content), REASON_NONE);
    assert_int_equal(content.size, 8);
    assert_int_equal(file_read(path, &content), REASON_FILE_UNREADABLE);
    assert_int_equal(content.size, 8);
    assert_int_equal(file_read(folder->scratch.folder, &content), REASON_FILE_UNREADABLE);
    buffer_release(&content);
}

static void an_empty_file_is_there(void **state)
{
    struct folder *folder = *state;
    char path[FILE_PATH_BYTES_MAX];
    struct buffer content;
    buffer_init(&content, 8);
    assert_true(scratch_write(&folder->scratch, "empty", bytes_of_text("")));
    assert_true(file_path_join(folder->scratch.folder, "empty", path));
    assert_int_equal(file_read(path, &content), REASON_NONE);
    assert_int_equal(content.size, 0);
    buffer_release(&content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_reload_swaps_whom_is_trusted, setup, teardown),
        cmocka_unit_test_setup_teardown(what_will_be_refused_is_found_before, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_certificate_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_files_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_secret_is_not_for_everybody, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_file_is_there, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
