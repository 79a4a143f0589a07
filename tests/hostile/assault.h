/* assault - what an attacker has: keys of a participant (or none), raw connections, frames that are
 * properly sealed, and a time until which it goes on. One process for each, lower in priority than
 * the others, for it stands for another machine.
 *
 * An attack is a function of attacks.def, called once with its assault; it works until
 * assault_goes_on is false and notes in its outcome what it did. Whatever an attacker receives goes
 * through assault_look, which counts the bytes of honest messages among it: there may be none.
 */
#pragma once

#include "tests/hostile/world.h"
#include "tests/support/peer.h"
#include "tests/support/raw_zmtp.h"

enum { ASSAULT_CONNECTIONS_MAX = 2048, DIAL_TIMEOUT_MS = 1000 };

enum victim { VICTIM_GATEWAY, VICTIM_CARRIER, VICTIM_ADAPTER_LINK, VICTIM_LOCAL, VICTIM_INBOX };

struct assault {
    const struct world *world;
    struct shared *shared;
    struct outcome *outcome;
    size_t slot; /* 0; 1: the second one of a pair */
    int64_t until_us;
    /* Where it dials: the gateway, or the carrier when that is the victim. */
    const char *endpoint;
    struct curve_key server_key;
    struct peer self; /* identity, signing key; no link */
    struct curve_pair key;
    bool sees_by_right;     /* what it is sent is no theft: it plays a gateway */
    struct raw_zmtp *lines; /* ASSAULT_CONNECTIONS_MAX */
    uint64_t number;        /* of connections brought up so far */
    char dossier[32];       /* of the draft made last */
};

typedef void attack_function(struct assault *assault);

/* Fills it for an attack on that victim. */
void assault_init(struct assault *assault, const struct world *world, enum victim victim,
                  size_t slot, int64_t until_us);
/* Speaks for another participant from here on: the attacker holds that one's keys too. */
void assault_become(struct assault *assault, struct key name);
bool assault_goes_on(const struct assault *assault);
void assault_note(struct assault *assault, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- connections ---- */
/* An admitted connection of this participant, with an id that the link accepts.
 * The caller's to close. */
bool assault_dial(struct assault *assault, struct raw_zmtp *ret_raw);
/* Another participant's or a carrier's whose key it holds. */
bool assault_dial_with(struct assault *assault, const struct curve_pair *key,
                       struct raw_zmtp *ret_raw);
/* The same with a routing id of the attacker's choice; empty: none. key: whose; NULL: its own. */
bool assault_dial_as(struct assault *assault, const struct curve_pair *key, struct bytes identity,
                     struct raw_zmtp *ret_raw);
/* Says hello and does not wait. */
bool assault_hello(struct assault *assault, struct raw_zmtp *raw);
/* Whether the connection is of use: hello, and a welcome within a second. */
bool assault_greet(struct assault *assault, struct raw_zmtp *raw);
/* Reads what is here and looks at it. False: the connection has ended. */
bool assault_look(struct assault *assault, struct raw_zmtp *raw);
/* Bytes that an attacker has got, from wherever. */
void assault_look_at(struct assault *assault, struct bytes bytes);
/* The next frame of that kind into assault->self.frame. */
bool assault_await(struct assault *assault, struct raw_zmtp *raw, enum frame_kind kind,
                   int timeout_ms);

/* ---- frames ---- */
bool assault_frame(struct assault *assault, const struct frame *frame, struct buffer *ret_bytes);
bool assault_send(struct assault *assault, struct raw_zmtp *raw, const struct frame *frame);
/* A message of its own in a frame: a progress for the centre, sealed. ret_id_at: where the id
 * stands in the frame, so that copies can get other ids (and then wrong signatures). */
void assault_message(struct assault *assault, const struct envelope *draft,
                     struct buffer *ret_frame, size_t *ret_id_at);
/* In a dossier that no attack has used before; its code lives until the next draft. */
void assault_draft(struct assault *assault, struct envelope *ret_draft);
/* count messages in one parcel with a manifest: valid ones, for recipient (none: the centre). */
bool assault_parcel(struct assault *assault, const struct key *recipient, size_t count,
                    struct buffer *ret_frame);

/* ---- floods ---- */
/* The next frame of a flood; bytes live until the next call. False: nothing more to send. */
typedef bool frame_maker(struct assault *assault, uint64_t number, struct bytes *ret_frame);
/* Greets on so many connections and pushes frames over all of them as fast as they take them;
 * those that end are dialled again. reads: what comes back is read, and looked at. */
void assault_flood(struct assault *assault, size_t connections, bool reads, frame_maker *make);
/* Waits for room, or for bytes, on any of the lines; a few milliseconds at most. */
void assault_wait(const struct assault *assault, size_t connections);
