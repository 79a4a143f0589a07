/* A snapshot of who may sign: made once by trust_builder.c, then never changed, shared by count. A
 * verification holds one from beginning to end, so that a reload in between cannot give it half of
 * the old trust and half of the new.
 *
 * Signers are found by two open-addressing tables, half full at most: by issuer and serial number,
 * and by the certificate's digest. */
#include "proto/seal/trust.h"

#include "proto/base/check.h"
#include "proto/seal/trust_internal.h"
#include "proto/seal/trust_lists.h"

#include <stdlib.h>
#include <string.h>

void trust_signer_release(struct trust_signer *signer)
{
    public_key_destroy(&signer->key);
    sk_X509_pop_free(signer->chain, X509_free);
    X509_free(signer->certificate);
    free(signer->der);
}

/* Relaxed is enough to count up: who holds one already keeps it alive. The last drop orders what
 * all others did before the memory goes. */
struct trust *trust_hold(struct trust *trust)
{
    atomic_fetch_add_explicit(&trust->holds, 1, memory_order_relaxed);
    return trust;
}

void trust_drop(struct trust **trust)
{
    struct trust *dropped = *trust;
    *trust = NULL;
    if (dropped == NULL || atomic_fetch_sub_explicit(&dropped->holds, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < dropped->count; i++)
        trust_signer_release(&dropped->signers[i]);
    free(dropped->signers);
    for (size_t i = 0; i < dropped->authority_count; i++) {
        X509_free(dropped->authorities[i].certificate);
        free(dropped->authorities[i].der);
    }
    free(dropped->authorities);
    trust_lists_close(dropped);
    free(dropped->lists);
    free(dropped->by_issuer);
    free(dropped->by_fingerprint);
    free(dropped);
}

/* Not secret and not random: the tables hold what operators registered, and what comes from
 * outside is only looked up. */
static uint64_t hash_issued(struct bytes issuer, struct bytes serial)
{
    return hash_bytes(issuer) ^ (hash_bytes(serial) << 1);
}

static uint64_t hash_fingerprint(const struct digest *fingerprint)
{
    uint64_t hash; /* a digest is random already */
    memcpy(&hash, fingerprint->bytes, sizeof hash);
    return hash;
}

static void insert(uint32_t *slots, size_t slot_count, uint64_t hash, size_t index)
{
    size_t slot = hash & (slot_count - 1);
    while (slots[slot] != 0)
        slot = (slot + 1) & (slot_count - 1);
    slots[slot] = (uint32_t)(index + 1);
}

bool trust_index(struct trust *trust)
{
    size_t slot_count = 2;
    while (slot_count < 2 * trust->count)
        slot_count *= 2;
    trust->slot_count = slot_count;
    trust->by_issuer = calloc(slot_count, sizeof trust->by_issuer[0]);
    trust->by_fingerprint = calloc(slot_count, sizeof trust->by_fingerprint[0]);
    if (trust->by_issuer == NULL || trust->by_fingerprint == NULL)
        return false;
    for (size_t i = 0; i < trust->count; i++) {
        const struct trust_signer *signer = &trust->signers[i];
        insert(trust->by_issuer, slot_count, hash_issued(signer->issuer, signer->serial), i);
        insert(trust->by_fingerprint, slot_count, hash_fingerprint(&signer->fingerprint), i);
    }
    return true;
}

const struct trust_signer *trust_find_issued(const struct trust *trust, struct bytes issuer,
                                             struct bytes serial)
{
    size_t mask = trust->slot_count - 1;
    size_t slot = hash_issued(issuer, serial) & mask;
    for (; trust->by_issuer[slot] != 0; slot = (slot + 1) & mask) {
        const struct trust_signer *signer = &trust->signers[trust->by_issuer[slot] - 1];
        if (bytes_equal(signer->serial, serial) && bytes_equal(signer->issuer, issuer))
            return signer;
    }
    return NULL;
}

const struct trust_signer *trust_find(const struct trust *trust, const struct digest *fingerprint)
{
    size_t mask = trust->slot_count - 1;
    size_t slot = hash_fingerprint(fingerprint) & mask;
    for (; trust->by_fingerprint[slot] != 0; slot = (slot + 1) & mask) {
        const struct trust_signer *signer = &trust->signers[trust->by_fingerprint[slot] - 1];
        if (digest_equal(&signer->fingerprint, fingerprint))
            return signer;
    }
    return NULL;
}

/* By all its bytes and not by its name: a name is what a forger copies first. */
bool trust_has_authority(const struct trust *trust, struct bytes certificate)
{
    for (size_t i = 0; i < trust->authority_count; i++) {
        const struct trust_authority *authority = &trust->authorities[i];
        if (bytes_equal((struct bytes){authority->der, authority->der_size}, certificate))
            return true;
    }
    return false;
}

size_t trust_signer_count(const struct trust *trust)
{
    return trust->count;
}

const struct trust_signer *trust_signer_at(const struct trust *trust, size_t index)
{
    check(index < trust->count);
    return &trust->signers[index];
}

/* All that depends on the time; the rest was decided when the registry was read. A revoked
 * certificate is told before an expired one: it is the graver news. */
enum reason trust_judge(const struct trust_signer *signer, wall_t now)
{
    if (signer->standing != REASON_NONE)
        return signer->standing;
    if (now.ms < signer->chain_not_before.ms || now.ms > signer->chain_not_after.ms)
        return REASON_CERTIFICATE_UNTRUSTED;
    if (now.ms >= signer->revoked_at.ms)
        return REASON_CERTIFICATE_REVOKED;
    if (now.ms < signer->not_before.ms)
        return REASON_CERTIFICATE_NOT_YET_VALID;
    if (now.ms > signer->not_after.ms)
        return REASON_CERTIFICATE_EXPIRED;
    return signer->is_revocation_unknown ? REASON_REVOCATION_UNKNOWN : REASON_NONE;
}

const struct key *trust_signer_participant(const struct trust_signer *signer)
{
    return &signer->participant;
}

struct bytes trust_signer_certificate(const struct trust_signer *signer)
{
    return (struct bytes){signer->der, signer->der_size};
}

wall_t trust_signer_not_after(const struct trust_signer *signer)
{
    return signer->not_after;
}

/* For the operators' figures: the list that will be out of date first. */
bool trust_oldest_list(const struct trust *trust, wall_t *ret_next_update)
{
    bool has_one = false;
    for (size_t i = 0; i < trust->list_count; i++) {
        const struct trust_list *list = &trust->lists[i];
        if (!list->has_next_update || (has_one && list->next_update.ms >= ret_next_update->ms))
            continue;
        *ret_next_update = list->next_update;
        has_one = true;
    }
    return has_one;
}

size_t trust_list_count(const struct trust *trust)
{
    return trust->list_count;
}

const char *trust_list_issuer(const struct trust *trust, size_t index)
{
    check(index < trust->list_count);
    return trust->lists[index].issuer;
}

enum reason trust_judge_list(const struct trust *trust, size_t index, wall_t now)
{
    check(index < trust->list_count);
    const struct trust_list *list = &trust->lists[index];
    if (list->standing != REASON_NONE)
        return list->standing;
    return list->has_next_update && now.ms > list->next_update.ms ? REASON_LIST_OUT_OF_DATE
                                                                  : REASON_NONE;
}
