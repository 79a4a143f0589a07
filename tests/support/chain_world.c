#include "tests/support/chain_world.h"

#include "proto/base/check.h"

enum { DAY_SECONDS = 86400, VERSION_3 = 2, LIST_VERSION_2 = 1 };

const wall_t chain_world_now = {1791426600000};

static time_t at_day(int days)
{
    return (time_t)(chain_world_now.ms / 1000) + (time_t)days * DAY_SECONDS;
}

static X509_NAME *name_of(const char *common_name)
{
    X509_NAME *name = X509_NAME_new();
    check(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)common_name, -1,
                                     -1, 0) == 1);
    return name;
}

static GENERAL_NAMES *names_of(const char *common_name)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, GEN_DIRNAME, name_of(common_name));
    check(sk_GENERAL_NAME_push(names, name) > 0);
    return names;
}

static X509_EXTENSION *unknown_extension(void)
{
    ASN1_OBJECT *type = OBJ_txt2obj("1.3.6.1.4.1.99999.7", 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    check(ASN1_OCTET_STRING_set(value, (const uint8_t *)"\x05", 2) == 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, type, 1, value);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(type);
    check(extension != NULL);
    return extension;
}

static void add_text(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    check(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/* The key identifier of the issuer's key, without its certificate. */
static void add_issuer_key(X509 *certificate, EVP_PKEY *issuer_key)
{
    X509 *issuer = X509_new();
    X509_set_pubkey(issuer, issuer_key);
    add_text(issuer, issuer, NID_subject_key_identifier, "hash");
    add_text(certificate, issuer, NID_authority_key_identifier, "keyid:always");
    X509_free(issuer);
}

static void add_points(X509 *certificate, const struct made_certificate *made)
{
    if (made->place != NULL && made->list_issuer == NULL) {
        add_text(certificate, NULL, NID_crl_distribution_points, made->place);
        return;
    }
    CRL_DIST_POINTS *points = CRL_DIST_POINTS_new();
    DIST_POINT *point = DIST_POINT_new();
    point->CRLissuer = names_of(made->list_issuer);
    check(sk_DIST_POINT_push(points, point) > 0 &&
          X509_add1_ext_i2d(certificate, NID_crl_distribution_points, points, 0, 0) == 1);
    CRL_DIST_POINTS_free(points);
}

static void add_constraints(X509 *certificate, const struct made_certificate *made)
{
    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
    constraints->ca = made->is_authority ? 0xff : 0;
    if (made->path_length > 0) {
        constraints->pathlen = ASN1_INTEGER_new();
        ASN1_INTEGER_set(constraints->pathlen, made->path_length - 1);
    }
    check(X509_add1_ext_i2d(certificate, NID_basic_constraints, constraints, 1, 0) == 1);
    BASIC_CONSTRAINTS_free(constraints);
}

static void add_extensions(X509 *certificate, const struct made_certificate *made)
{
    if (!made->has_no_constraints)
        add_constraints(certificate, made);
    if (made->usage != NULL)
        add_text(certificate, certificate, NID_key_usage, made->usage);
    if (!made->has_no_key_id) {
        add_text(certificate, certificate, NID_subject_key_identifier, "hash");
        add_issuer_key(certificate, made->issuer_key);
    }
    if (made->place != NULL || made->list_issuer != NULL)
        add_points(certificate, made);
    if (made->has_unknown_critical) {
        X509_EXTENSION *extension = unknown_extension();
        check(X509_add_ext(certificate, extension, -1) == 1);
        X509_EXTENSION_free(extension);
    }
}

X509 *chain_world_certificate(const struct made_certificate *made)
{
    X509 *certificate = X509_new();
    X509_NAME *subject = name_of(made->subject);
    X509_NAME *issuer = name_of(made->issuer);
    check(X509_set_version(certificate, VERSION_3) == 1 &&
          ASN1_INTEGER_set(X509_get_serialNumber(certificate), made->serial) == 1 &&
          X509_set_subject_name(certificate, subject) == 1 &&
          X509_set_issuer_name(certificate, issuer) == 1 &&
          X509_set_pubkey(certificate, made->key) == 1);
    ASN1_TIME_set(X509_getm_notBefore(certificate), at_day(made->from_days));
    ASN1_TIME_set(X509_getm_notAfter(certificate), at_day(made->until_days));
    add_extensions(certificate, made);
    check(X509_sign(certificate, made->issuer_key, EVP_sha256()) > 0);
    X509_NAME_free(issuer);
    X509_NAME_free(subject);
    /* As it is read from a file: with its extensions decoded. */
    uint8_t *der = NULL;
    int size = i2d_X509(certificate, &der);
    const uint8_t *at = der;
    X509_free(certificate);
    certificate = d2i_X509(NULL, &at, size);
    OPENSSL_free(der);
    check(certificate != NULL);
    return certificate;
}

static void add_number(X509_CRL *list, int nid, long value, int critical)
{
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    check(ASN1_INTEGER_set(number, value) == 1 &&
          X509_CRL_add1_ext_i2d(list, nid, number, critical, 0) == 1);
    ASN1_INTEGER_free(number);
}

static void add_entry(X509_CRL *list, const struct made_entry *made)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    ASN1_TIME *at = ASN1_TIME_set(NULL, at_day(made->at_days));
    check(ASN1_INTEGER_set(serial, made->serial) == 1 &&
          X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
          X509_REVOKED_set_revocationDate(entry, at) == 1);
    if (made->reason >= 0) {
        ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
        check(ASN1_ENUMERATED_set(reason, made->reason) == 1 &&
              X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0) == 1);
        ASN1_ENUMERATED_free(reason);
    }
    if (made->issuer != NULL) {
        GENERAL_NAMES *names = names_of(made->issuer);
        check(X509_REVOKED_add1_ext_i2d(entry, NID_certificate_issuer, names, 1, 0) == 1);
        GENERAL_NAMES_free(names);
    }
    if (made->has_unknown_critical) {
        X509_EXTENSION *extension = unknown_extension();
        check(X509_REVOKED_add_ext(entry, extension, -1) == 1);
        X509_EXTENSION_free(extension);
    }
    check(X509_CRL_add0_revoked(list, entry) == 1);
    ASN1_TIME_free(at);
    ASN1_INTEGER_free(serial);
}

static void add_list_extensions(X509_CRL *list, const struct made_list *made)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, NULL, NULL, NULL, list, 0);
    add_number(list, NID_crl_number, made->number, 0);
    if (!made->has_no_key_id) {
        X509 *issuer = X509_new();
        X509_set_pubkey(issuer, made->key);
        add_text(issuer, issuer, NID_subject_key_identifier, "hash");
        X509V3_set_ctx(&context, issuer, NULL, NULL, list, 0);
        X509_EXTENSION *key =
            X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
        check(key != NULL && X509_CRL_add_ext(list, key, -1) == 1);
        X509_EXTENSION_free(key);
        X509_free(issuer);
    }
    if (made->base > 0)
        add_number(list, NID_delta_crl, made->base, 1);
    if (made->scope != NULL) {
        X509_EXTENSION *scope =
            X509V3_EXT_conf_nid(NULL, &context, NID_issuing_distribution_point, made->scope);
        check(scope != NULL && X509_CRL_add_ext(list, scope, -1) == 1);
        X509_EXTENSION_free(scope);
    }
    if (made->has_unknown_critical) {
        X509_EXTENSION *extension = unknown_extension();
        check(X509_CRL_add_ext(list, extension, -1) == 1);
        X509_EXTENSION_free(extension);
    }
}

X509_CRL *chain_world_list(const struct made_list *made)
{
    X509_CRL *list = X509_CRL_new();
    X509_NAME *issuer = name_of(made->issuer);
    ASN1_TIME *from = ASN1_TIME_set(NULL, at_day(made->from_days));
    ASN1_TIME *until = ASN1_TIME_set(NULL, at_day(made->until_days));
    check(X509_CRL_set_version(list, LIST_VERSION_2) == 1 &&
          X509_CRL_set_issuer_name(list, issuer) == 1 &&
          X509_CRL_set1_lastUpdate(list, from) == 1 && X509_CRL_set1_nextUpdate(list, until) == 1);
    add_list_extensions(list, made);
    for (size_t i = 0; i < made->entry_count; i++)
        add_entry(list, &made->entries[i]);
    check(X509_CRL_sort(list) == 1 && X509_CRL_sign(list, made->key, EVP_sha256()) > 0);
    ASN1_TIME_free(until);
    ASN1_TIME_free(from);
    X509_NAME_free(issuer);
    uint8_t *der = NULL;
    int size = i2d_X509_CRL(list, &der);
    const uint8_t *at = der;
    X509_CRL_free(list);
    list = d2i_X509_CRL(NULL, &at, size);
    OPENSSL_free(der);
    check(list != NULL);
    return list;
}
