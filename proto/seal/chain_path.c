/* All ways from a certificate up to an anchor, through the intermediates that are known. Their
 * number and that of the signatures that are tried are bounded: authorities that certify one
 * another in circles make exponentially many ways (invariant 8). */
#include "proto/seal/chain_path.h"

#include "proto/seal/openssl_error.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

struct search {
    const struct trust *trust;
    chain_path_found *found;
    void *context;
    struct chain_path path;
    int paths_left;
    int signatures_left;
    bool is_over;
    bool no_memory;
};

static bool is_on_path(const struct chain_path *path, X509 *certificate)
{
    for (int i = 0; i < path->count; i++) {
        if (X509_cmp(path->certificates[i], certificate) == 0)
            return true;
    }
    return false;
}

/* Two authorities may have one name: the key tells. */
static bool is_signed_by(X509 *certificate, X509 *issuer)
{
    return X509_check_issued(issuer, certificate) == X509_V_OK &&
           X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
}

static bool is_issued_by(struct search *search, X509 *certificate, X509 *issuer)
{
    if (X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(certificate)) != 0 ||
        search->signatures_left == 0)
        return false;
    search->signatures_left--;
    if (is_signed_by(certificate, issuer))
        return true;
    /* OpenSSL does not always say that it had no memory: a second look tells. */
    search->no_memory |= openssl_ran_out_of_memory() || is_signed_by(certificate, issuer);
    return false;
}

/* The search ends when the visitor has enough, or when CHAIN_PATHS_MAX ways were shown. */
static void report(struct search *search)
{
    search->paths_left--;
    search->is_over = !search->found(search->context, &search->path) || search->paths_left == 0;
}

/* From the last certificate on; at most TRUST_CHAIN_MAX deep. */
static void extend(struct search *search)
{
    struct chain_path *path = &search->path;
    X509 *last = path->certificates[path->count - 1];
    if (path->count == TRUST_CHAIN_MAX)
        return;
    for (size_t i = 0; !search->is_over && i < search->trust->authority_count; i++) {
        const struct trust_authority *authority = &search->trust->authorities[i];
        if (is_on_path(path, authority->certificate) ||
            !is_issued_by(search, last, authority->certificate))
            continue;
        path->certificates[path->count++] = authority->certificate;
        if (authority->is_anchor)
            report(search);
        else
            extend(search);
        path->count--;
    }
}

enum reason chain_paths_visit(const struct trust *trust, X509 *certificate, chain_path_found *found,
                              void *context)
{
    struct search search = {.trust = trust,
                            .found = found,
                            .context = context,
                            .path = {{certificate}, 1},
                            .paths_left = CHAIN_PATHS_MAX,
                            .signatures_left = CHAIN_SIGNATURES_MAX};
    ERR_clear_error();
    for (size_t i = 0; !search.is_over && i < trust->authority_count; i++) {
        const struct trust_authority *authority = &trust->authorities[i];
        if (authority->is_anchor && X509_cmp(authority->certificate, certificate) == 0)
            report(&search); /* trusted by decision, as it is */
    }
    if (!search.is_over)
        extend(&search);
    ERR_clear_error();
    return search.no_memory ? REASON_OUT_OF_MEMORY : REASON_NONE;
}
