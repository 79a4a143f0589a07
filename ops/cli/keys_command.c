/* lienthong keys new - what a participant needs to take part: a link key, a signing key, and a
 * request for a certificate (or, for trials, a certificate signed by itself). A carrier signs
 * nothing: the link key alone. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/workers/program_limits.h"
#include "ops/cli/adapter_call.h"
#include "ops/cli/options.h"
#include "ops/cli/say.h"
#include "ops/client/file.h"
#include "proto/base/digest.h"
#include "proto/base/key.h"
#include "proto/link/link.h"

enum {
    TRIAL_DAYS = 365,
    SERIAL_BYTES = 16,
    PEM_BYTES_MAX = 64 * 1024,
};

struct keys_options {
    bool json, self_signed, link_only;
    const char *name, *organization, *algorithm;
};

/* What a participant may sign with, as seal.h lists it; the options' table has refused other words
 * before. */
static EVP_PKEY *make_key(const char *algorithm)
{
    if (strcmp(algorithm, "rsa-2048") == 0)
        return EVP_RSA_gen(2048);
    if (strcmp(algorithm, "rsa-3072") == 0)
        return EVP_RSA_gen(3072);
    if (strcmp(algorithm, "p256") == 0)
        return EVP_EC_gen("P-256");
    return strcmp(algorithm, "p384") == 0 ? EVP_EC_gen("P-384") : NULL;
}

static bool set_name(X509_NAME *name, const struct keys_options *options)
{
    const struct {
        const char *field;
        const char *value;
    } parts[] = {{"O", options->organization}, {"CN", options->name}};
    for (size_t i = 0; i < 2; i++)
        if (parts[i].value != NULL &&
            X509_NAME_add_entry_by_txt(name, parts[i].field, MBSTRING_UTF8,
                                       (const unsigned char *)parts[i].value, -1, -1, 0) != 1)
            return false;
    return true;
}

/* The authority decides about extensions and dates: the request says the name and proves the key.
 */
static bool write_request(EVP_PKEY *key, const struct keys_options *options, BIO *into)
{
    X509_REQ *request = X509_REQ_new();
    bool good = request != NULL && X509_REQ_set_pubkey(request, key) == 1 &&
                set_name(X509_REQ_get_subject_name(request), options) &&
                X509_REQ_sign(request, key, EVP_sha256()) > 0 &&
                PEM_write_bio_X509_REQ(into, request) == 1;
    X509_REQ_free(request);
    return good;
}

static bool add_extension(X509 *certificate, int kind, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, kind, value);
    bool good = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

/* Random and of one length (RFC 5280 §4.1.2.2 allows 20 bytes): two trials with one name must not
 * make two certificates of one issuer and number. */
static bool set_serial(X509 *certificate)
{
    unsigned char serial[SERIAL_BYTES];
    if (RAND_bytes(serial, sizeof serial) != 1)
        return false;
    serial[0] = (unsigned char)((serial[0] & 0x7F) | 0x40); /* positive, of full length */
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    bool good =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return good;
}

/* For trials, where no authority is at hand: the same usages as a real one, so that what works with
 * it works later. */
static bool write_certificate(EVP_PKEY *key, const struct keys_options *options, BIO *into)
{
    X509 *certificate = X509_new();
    bool good =
        certificate != NULL && X509_set_version(certificate, X509_VERSION_3) == 1 &&
        set_serial(certificate) && X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL &&
        X509_time_adj_ex(X509_getm_notAfter(certificate), TRIAL_DAYS, 0, NULL) != NULL &&
        set_name(X509_get_subject_name(certificate), options) &&
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
        X509_set_pubkey(certificate, key) == 1 &&
        add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(certificate, NID_key_usage, "critical,digitalSignature,nonRepudiation") &&
        X509_sign(certificate, key, EVP_sha256()) > 0 && PEM_write_bio_X509(into, certificate) == 1;
    X509_free(certificate);
    return good;
}

/* SHA-256 of the public key (SubjectPublicKeyInfo), to compare by telephone. */
static bool key_print(EVP_PKEY *key, char ret_text[DIGEST_TEXT_BYTES])
{
    unsigned char *der = NULL;
    int size = i2d_PUBKEY(key, &der);
    uint8_t digest[DIGEST_BYTES];
    bool good = size > 0 && EVP_Digest(der, (size_t)size, digest, NULL, EVP_sha256(), NULL) == 1;
    if (good)
        hex_encode((struct bytes){digest, sizeof digest}, ret_text);
    OPENSSL_free(der);
    return good;
}

/* --- files ------------------------------------------------------------------------------------ */

/* Through file_write: a key is there whole, with its mode, or not at all. */
static bool write_memory(const char *path, BIO *content, mode_t mode)
{
    char *data = NULL;
    long size = BIO_get_mem_data(content, &data);
    return size > 0 && file_write(path, (struct bytes){(const uint8_t *)data, (size_t)size},
                                  mode) == REASON_NONE;
}

static bool write_text(const char *path, const char *text, mode_t mode)
{
    char line[128];
    int size = snprintf(line, sizeof line, "%s\n", text);
    return size > 0 && size < (int)sizeof line &&
           file_write(path, (struct bytes){(const uint8_t *)line, (size_t)size}, mode) ==
               REASON_NONE;
}

/* Of all that is made; the count of them. */
static size_t names_of(const struct keys_options *options, const char *ret_names[4])
{
    ret_names[0] = "curve.secret";
    ret_names[1] = "curve.public";
    ret_names[2] = "signing.key";
    ret_names[3] = options->self_signed ? "signing.crt" : "signing.csr";
    return options->link_only ? 2 : 4;
}

/* False when one of the files is there: its path is then in ret_path. */
static bool nothing_there(const char *folder, const struct keys_options *options,
                          char ret_path[PATH_BYTES_MAX])
{
    const char *names[4];
    size_t count = names_of(options, names);
    for (size_t i = 0; i < count; i++)
        if (!path_make(ret_path, "%s/%s", folder, names[i]) || access(ret_path, F_OK) == 0)
            return false;
    return true;
}

/* Half a set would keep the next run from making a whole one. Nothing was there before. */
static void take_back(const char *folder, const struct keys_options *options)
{
    char path[PATH_BYTES_MAX];
    const char *names[4];
    size_t count = names_of(options, names);
    for (size_t i = 0; i < count; i++)
        if (path_make(path, "%s/%s", folder, names[i]))
            (void)unlink(path);
}

/* The key goes first: a request whose key could not be written would be signed in vain. */
static bool write_signing(EVP_PKEY *key, const struct keys_options *options, const char *folder,
                          char ret_path[PATH_BYTES_MAX])
{
    BIO *secret = BIO_new(BIO_s_mem()), *public_part = BIO_new(BIO_s_mem());
    bool good =
        secret != NULL && public_part != NULL &&
        PEM_write_bio_PKCS8PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) == 1 &&
        (options->self_signed ? write_certificate(key, options, public_part)
                              : write_request(key, options, public_part)) &&
        path_make(ret_path, "%s/signing.key", folder) && write_memory(ret_path, secret, 0600) &&
        path_make(ret_path, "%s/signing.%s", folder, options->self_signed ? "crt" : "csr") &&
        write_memory(ret_path, public_part, 0644);
    BIO_free(secret); /* memory BIOs are cleansed by OpenSSL when freed */
    BIO_free(public_part);
    return good;
}

static void print_keys(const struct invocation *invocation, const struct keys_options *options,
                       const char *folder, const char *curve, const char *print, const char *path)
{
    enum language language = invocation->language;
    if (options->json && options->link_only) {
        json_print_new(json_pack("{s:s,s:s}", "folder", folder, "curve_public_key", curve));
        return;
    }
    if (options->json) {
        json_print_new(json_pack("{s:s,s:s,s:s,s:s}", "folder", folder, "curve_public_key", curve,
                                 "public_key_sha256", print,
                                 options->self_signed ? "certificate_file" : "request_file", path));
        return;
    }
    say(stdout, text_of(TEXT_KEYS_DONE, language), folder);
    say(stdout, text_of(TEXT_KEYS_CURVE, language), curve);
    if (options->link_only)
        return;
    say(stdout, text_of(options->self_signed ? TEXT_KEYS_CERTIFICATE : TEXT_KEYS_REQUEST, language),
        print, path);
}

/* Memory is guarded before the first secret is in it. */
static int make_keys(const struct invocation *invocation, const struct keys_options *options,
                     const char *folder)
{
    enum language language = invocation->language;
    char path[PATH_BYTES_MAX], print[DIGEST_TEXT_BYTES];
    if (folder_make(folder, 0700) != REASON_NONE) {
        say(stderr, text_of(TEXT_FILE_UNWRITABLE, language), folder);
        return EXIT_CODE_UNREACHABLE;
    }
    if (!nothing_there(folder, options, path)) {
        say(stderr, text_of(TEXT_KEYS_EXISTS, language), path);
        return EXIT_CODE_REFUSED;
    }
    struct curve_pair pair;
    program_guard_memory();
    EVP_PKEY *key = options->link_only ? NULL : make_key(options->algorithm);
    bool good =
        curve_pair_make(&pair) == REASON_NONE && path_make(path, "%s/curve.secret", folder) &&
        write_text(path, pair.secret_key.text, 0600) &&
        path_make(path, "%s/curve.public", folder) && write_text(path, pair.public_key.text, 0644);
    if (good && !options->link_only)
        good = key != NULL && key_print(key, print) && write_signing(key, options, folder, path);
    if (good) {
        print_keys(invocation, options, folder, pair.public_key.text, print, path);
    } else {
        take_back(folder, options);
        say(stderr, text_of(TEXT_KEYS_FAILED, language), folder);
    }
    OPENSSL_cleanse(&pair, sizeof pair);
    EVP_PKEY_free(key);
    return good ? EXIT_CODE_OK : EXIT_CODE_UNREACHABLE;
}

int command_keys(const struct invocation *invocation, int argc, char **argv)
{
    struct keys_options options = {.algorithm = "rsa-2048"};
    const struct option_row rows[] = {
        {"name", 0, OPTION_TEXT, &options.name, VALUE_NAME, TEXT_KEYS_NAME, 0, 0},
        {"organization", 0, OPTION_TEXT, &options.organization, VALUE_NAME, TEXT_KEYS_ORGANIZATION,
         0, 0},
        {"algorithm", 0, OPTION_TEXT, &options.algorithm, VALUE_ALGORITHM, TEXT_KEYS_ALGORITHM, 0,
         0},
        {"self-signed", 0, OPTION_FLAG, &options.self_signed, VALUE_NONE, TEXT_KEYS_SELF_SIGNED, 0,
         0},
        {"link-only", 0, OPTION_FLAG, &options.link_only, VALUE_NONE, TEXT_KEYS_LINK_ONLY, 0, 0},
        OPTION_ROW_JSON(&options.json),
    };
    static const struct option_word words[] = {{"new", {VALUE_PARTY, VALUE_FOLDER}, 1, false}};
    const struct option_table table = OPTION_TABLE("keys", TEXT_COMMAND_KEYS, words, rows, NULL);
    struct option_words given;
    int code;
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    if (options.name == NULL)
        options.name = given.values[0];
    return make_keys(invocation, &options, given.values[given.count - 1]);
}
