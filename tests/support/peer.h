/* peer - a participant without an adapter, for tests and benchmarks: a link, a key, and frames.
 *
 * It speaks the real protocol and nothing more, so that a test may also speak it wrongly.
 * Calling sequence: peer_open; peer_greet; then peer_send and peer_receive; peer_close. Behind a
 * carrier: peer_open_carrier; peer_open_carried for each; the carrier's link is closed last.
 */
#pragma once

#include "proto/codec/envelope.h"
#include "proto/codec/frame.h"
#include "proto/link/link.h"
#include "proto/seal/seal.h"
#include "tests/support/province.h"

struct peer {
    struct key key;
    struct link_client *link;
    bool is_carried; /* the link is a carrier's */
    struct signer *signer;
    struct id_maker maker;
    struct arena arena;   /* of the frame received last */
    struct arena scratch; /* for building */
    struct buffer bytes;
    struct frame frame;    /* received last */
    const char *area_code; /* of the transfers that it builds; NULL: none */
};

/* name: whose files in DIR/keys are used. */
bool peer_open(struct peer *peer, const struct province *province, const char *name,
               const char *endpoint);
/* The same; shares the I/O thread of another open peer, which is closed after it. */
bool peer_open_beside(struct peer *peer, const struct province *province, const char *name,
                      const char *endpoint, const struct peer *beside);
/* A carrier's connection, with DIR/keys/NAME.curve, once it stands; NULL: not within timeout_ms.
 * beside: whose I/O thread it shares, NULL: nobody's. */
struct link_client *peer_open_carrier(const struct province *province, const char *name,
                                      const char *endpoint, struct link_client *beside,
                                      int timeout_ms);
/* A peer whose frames travel over that connection. While one waits, frames for others that share
 * it are passed over. */
bool peer_open_carried(struct peer *peer, const struct province *province, const char *name,
                       struct link_client *carrier);
void peer_close(struct peer *peer);
/* Connects and says hello; waits for the welcome. False: refused, or not within timeout_ms. */
bool peer_greet(struct peer *peer, uint32_t window_messages, int timeout_ms);
/* Says hello over a connection that stands, and does not wait. */
enum reason peer_hello(struct peer *peer, uint32_t window_messages);

enum reason peer_send(struct peer *peer, const struct frame *frame);
enum reason peer_send_bytes(struct peer *peer, struct bytes bytes);
/* The next frame into peer->frame; false: none within timeout_ms. Other events are passed over. */
bool peer_receive(struct peer *peer, int timeout_ms);
/* The next frame of that kind; others are passed over. */
bool peer_receive_kind(struct peer *peer, enum frame_kind kind, int timeout_ms);
/* Waits for a receipt about message_id (zero: about bytes without a readable id). The item lives
 * until the next receive. NULL: none within timeout_ms. ret_type: MessageType of the receipt. */
const struct receipt_item *peer_await_receipt(struct peer *peer, const struct message_id *id,
                                              uint32_t *ret_type, int timeout_ms);

/* A transfer from this peer, ready to be changed before peer_build. Views are static. */
void peer_draft(struct peer *peer, struct envelope *ret_draft, const char *procedure_code,
                const char *dossier_code);
/* Appends the document. Types without a body of their own get an empty one that fits. */
bool peer_build(struct peer *peer, const struct envelope *draft, struct buffer *ret_document);
bool peer_sign(struct peer *peer, struct bytes content, struct buffer *ret_signature);
wall_t peer_now(void);
