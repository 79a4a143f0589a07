/* cms_mutant - changes a signature at places that mean something, and signs it again.
 *
 * A base is a sound signature with the key that made it. cms_mutant_make reads the base as a tree,
 * changes it in one to three places (elements removed, doubled, moved, retagged, refilled; lengths
 * in other forms; strings in pieces; attributes, algorithms, versions, certificates, revocation
 * data put in), often signs what came out, as it stands or as OpenSSL would write it, and sometimes
 * cuts, lengthens or flips bits of the bytes. All of it comes from the dice. */
#pragma once

#include <openssl/evp.h>

#include "tests/sim/dice.h"
#include "tests/support/der_tree.h"

struct cms_base {
    struct bytes signature;
    EVP_PKEY *key;
    const char *hash; /* "SHA256" */
    bool is_pss;
};

/* How signedAttrs are written before they are signed. */
enum cms_signing {
    CMS_SIGN_AS_SENT,
    CMS_SIGN_AS_OPENSSL,
};

/* Elements that are put in where certificates or revocation data belong. */
struct cms_fillings {
    const struct bytes *elements;
    size_t count;
};

/* The nodes of a signature that was not changed there; DER_NO_NODE when they are gone. */
int cms_signed_data_node(const struct der_tree *tree);
int cms_signer_node(const struct der_tree *tree);
int cms_attributes_node(const struct der_tree *tree);

/* Signs the tree's attributes and puts the value in. False when there is nothing to sign, or not so
 * that OpenSSL could write it. */
bool cms_mutant_sign(struct der_tree *tree, const struct cms_base *base, enum cms_signing how);

void cms_mutant_make(struct der_tree *tree, const struct cms_base *base,
                     const struct cms_fillings *fillings, struct dice *dice,
                     struct buffer *ret_signature);
