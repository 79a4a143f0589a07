/* sealer - what this participant itself says in one step: drafts become documents, and one
 * signature seals up to PARCEL_MESSAGES_MAX of them through a manifest.
 *
 * sealer_add freezes the bytes (invariant 2) and gives the message its place in the plan; the
 * parcel follows at sealer_seal, once per step, before the commit. One document alone is signed
 * itself.
 */
#pragma once

#include "gateway/custody/plan.h"
#include "gateway/port/crypto.h"
#include "proto/codec/envelope.h"
#include "proto/codec/frame.h"

struct Lienthong__V1__Body;

enum { SEALER_DOCUMENTS_MAX = PLAN_MESSAGES_MAX };

struct sealer {
    struct key self;
    int32_t offset_minutes; /* of our clock, for the stamps */
    struct id_maker maker;
    const struct crypto_port *crypto;
    struct arena *scratch; /* for building; reset at every add */
    struct buffer draft;
    /* of the step */
    struct store_message **messages; /* in the plan; of one that is sealed again, a copy */
    struct store_seal **seals;       /* in the plan, of those that are sealed again; NULL */
    struct bytes *documents;
    struct parcel *parcels; /* parcel of every document, filled by sealer_seal; of the document
                               alone when it is a manifest's: documents[1] */
    size_t count;
};

size_t sealer_memory_bytes(void);
void sealer_init(struct sealer *sealer, const struct key *self, int32_t offset_minutes,
                 const struct crypto_port *crypto, struct arena *memory, struct arena *scratch);
void sealer_release(struct sealer *sealer);
void sealer_begin(struct sealer *sealer);

/* Completes the draft (sender, and where they are zero: id, created, source_time), builds, hashes
 * and plans it. ret_message is the row in the plan, for .receipt_seq and the like. Errors are those
 * of envelope_build. */
enum reason sealer_add(struct sealer *sealer, struct plan *plan, struct envelope *draft,
                       const struct Lienthong__V1__Body *body, wall_t now, size_t *ret_index,
                       struct store_message **ret_message);
/* The same bytes of a message that was sealed before, once more: a parcel is planned, and that the
 * message is read with it. Only while plan_has_seal_room. REASON_OUT_OF_MEMORY. */
enum reason sealer_add_again(struct sealer *sealer, struct plan *plan,
                             const struct store_message *message, struct bytes document);
/* Signs everything added and plans the parcels. */
enum reason sealer_seal(struct sealer *sealer, struct plan *plan, wall_t now);
/* After the seal: the parcel to send for one document. */
const struct parcel *sealer_parcel(const struct sealer *sealer, size_t index);
