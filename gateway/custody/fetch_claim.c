/* What a peer has brought that no admitted message names yet: see fetch.h. Only a gateway keeps
 * count; the peer of an adapter is its gateway. A restart forgets it. */
#include "gateway/custody/fetch_parts.h"

static bool is_named(const struct sealed *sealed, const struct digest *digest)
{
    for (size_t i = 0; i < sealed->envelope.attachment_count; i++) {
        if (digest_equal(&sealed->envelope.attachments[i].digest, digest))
            return true;
    }
    return false;
}

/* The limit goes back with the last places, so that a look stays as short as the list. */
static void forget(struct fetch *fetch, struct unclaimed *unclaimed)
{
    *unclaimed = (struct unclaimed){.size_bytes = 0};
    while (fetch->unclaimed_limit > 0 &&
           key_is_none(&fetch->unclaimed[fetch->unclaimed_limit - 1].source))
        fetch->unclaimed_limit--;
}

/* A message whose other files never come leaves those that did, and its sender can begin another
 * one like it: without the count he would fill the disk for all (invariant 13). */
void fetch_unclaimed_add(struct fetch *fetch, const struct wanted *wanted)
{
    size_t at = 0;
    if (fetch->options.draw == NULL || wanted->is_claimed)
        return;
    while (at < fetch->unclaimed_limit && !key_is_none(&fetch->unclaimed[at].source))
        at++;
    if (at == FETCH_UNCLAIMED_MAX)
        return; /* fetch_may_bring asks for room; others may have used it since */
    if (at == fetch->unclaimed_limit)
        fetch->unclaimed_limit++;
    fetch->unclaimed[at] =
        (struct unclaimed){wanted->peer, wanted->digest, wanted->size_bytes, fetch->now};
}

/* An admitted message answers for its files, whoever brought them. */
void fetch_claim(struct fetch *fetch, const struct sealed *sealed)
{
    for (size_t i = fetch->unclaimed_limit; i-- > 0;) {
        struct unclaimed *unclaimed = &fetch->unclaimed[i];
        if (!key_is_none(&unclaimed->source) && is_named(sealed, &unclaimed->digest))
            forget(fetch, unclaimed);
    }
}

/* What is too old to count is forgotten on the way: nothing has to tick for it. */
bool fetch_may_bring(struct fetch *fetch, const struct fetch_peer *peer,
                     const struct sealed *sealed, size_t missing)
{
    size_t all = 0;
    size_t own = 0;
    uint64_t bytes = 0;
    for (size_t i = fetch->unclaimed_limit; i-- > 0;) {
        struct unclaimed *unclaimed = &fetch->unclaimed[i];
        if (!key_is_none(&unclaimed->source) &&
            fetch->now.ms - unclaimed->since.ms >= FETCH_UNCLAIMED_MS)
            forget(fetch, unclaimed);
        else if (!key_is_none(&unclaimed->source)) {
            bool counts =
                key_equal(&unclaimed->source, &peer->key) && !is_named(sealed, &unclaimed->digest);
            all++;
            own += counts;
            bytes += counts ? unclaimed->size_bytes : 0;
        }
    }
    /* As with what is wanted, nobody has more than is left for the others. */
    return own < FETCH_PEER_UNCLAIMED_MAX && own + missing <= FETCH_UNCLAIMED_MAX - all &&
           bytes <= FETCH_UNCLAIMED_LARGEST * fetch->options.size_max_bytes;
}
