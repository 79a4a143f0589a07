/* effects - what leaves a step: frames, calls, log events, and the frames that are done with.
 *
 * The shell, or the simulator, gives them to the core's committed or aborted function; nothing of
 * a step is heard of before that (invariant 1).
 */
#pragma once

#include "gateway/custody/examine.h"
#include "routing/outbox/entry.h"

enum {
    STEP_TICK_MS = 500,   /* how often expiries and silent peers are looked for */
    STEP_RETRY_MS = 1000, /* a store that cannot commit is tried this often, and senders are told */
};

/* One change of state, for the log. Views are valid during the call. */
struct transition {
    const char *event; /* "custody", "submitted", "refused", "delivered", "alarm", "peer_up", … */
    struct key from, to;
    uint32_t type;
    struct message_id id;
    struct bytes dossier_code;
    enum entry_state state; /* 0: none */
    enum reason reason;
    uint32_t attempt;
    uint64_t count; /* of what was left out; 0 otherwise */
};

struct step_effects {
    void *context;
    enum reason (*send)(void *context, const struct key *peer, struct bytes frame);
    /* A local peer is called with this message; the answer comes as an event of a later step. */
    void (*call_office)(void *context, uint64_t message_seq, uint32_t attempt);
    void (*transition)(void *context, const struct transition *transition);
    /* The core no longer needs this intake. */
    void (*intake_done)(void *context, struct intake *intake);
    /* A frame of a file's exchange: it promises nothing that this step has written, so it need not
     * wait for anything that frames of `send` may have to wait for. NULL: as send. */
    enum reason (*send_file)(void *context, const struct key *peer, struct bytes frame);
};
