#include "ops/sandbox/authority_parts.h"
#include "tests/support/test_authority.h"

#include <openssl/err.h>
#include <openssl/pem.h>

enum { LIST_VERSION_2 = 1 };

enum reason authority_new_below(struct authority *parent, const struct authority_request *request,
                                struct authority **ret_authority)
{
    return authority_make(parent, request, ret_authority);
}

enum reason authority_revoke(struct authority *authority, struct bytes certificate_pem, wall_t at)
{
    BIO *bio = BIO_new_mem_buf(certificate_pem.data, (int)certificate_pem.size);
    X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, (void *)"");
    BIO_free(bio);
    if (certificate == NULL) {
        ERR_clear_error();
        return REASON_KEY_UNREADABLE;
    }
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)(at.ms / 1000));
    bool sound = entry != NULL && time != NULL &&
                 X509_REVOKED_set_revocationDate(entry, time) == 1 &&
                 X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate)) == 1 &&
                 sk_X509_REVOKED_push(authority->revoked, entry) > 0;
    if (!sound)
        X509_REVOKED_free(entry);
    ASN1_TIME_free(time);
    X509_free(certificate);
    return sound ? REASON_NONE : REASON_OUT_OF_MEMORY;
}

static bool add_revoked(X509_CRL *list, const struct authority *authority)
{
    for (int i = 0; i < sk_X509_REVOKED_num(authority->revoked); i++) {
        X509_REVOKED *entry = X509_REVOKED_dup(sk_X509_REVOKED_value(authority->revoked, i));
        if (entry == NULL || X509_CRL_add0_revoked(list, entry) != 1) {
            X509_REVOKED_free(entry);
            return false;
        }
    }
    return true;
}

static bool add_number(X509_CRL *list, long number)
{
    ASN1_INTEGER *value = ASN1_INTEGER_new();
    bool sound = value != NULL && ASN1_INTEGER_set(value, number) == 1 &&
                 X509_CRL_add1_ext_i2d(list, NID_crl_number, value, 0, 0) == 1;
    ASN1_INTEGER_free(value);
    return sound;
}

enum reason authority_list(struct authority *authority, wall_t this_update, wall_t next_update,
                           struct buffer *ret_list_pem)
{
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)(this_update.ms / 1000));
    ASN1_TIME *until = ASN1_TIME_set(NULL, (time_t)(next_update.ms / 1000));
    BIO *bio = BIO_new(BIO_s_mem());
    bool sound =
        list != NULL && from != NULL && until != NULL && bio != NULL &&
        X509_CRL_set_version(list, LIST_VERSION_2) == 1 &&
        X509_CRL_set_issuer_name(list, X509_get_subject_name(authority->certificate)) == 1 &&
        X509_CRL_set1_lastUpdate(list, from) == 1 && X509_CRL_set1_nextUpdate(list, until) == 1 &&
        add_revoked(list, authority) && X509_CRL_sort(list) == 1 &&
        add_number(list, authority->lists++) &&
        X509_CRL_sign(list, authority->key, authority_hash_for(authority->key, AUTHORITY_SHA256)) >
            0 &&
        PEM_write_bio_X509_CRL(bio, list) == 1;
    X509_CRL_free(list);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return authority_drain(bio, sound, ret_list_pem);
}
