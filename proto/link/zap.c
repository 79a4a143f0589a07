/* ZeroMQ's authentication (RFC 27/ZAP) in a thread of its own: which CURVE key belongs to which
 * participant, and how often it may connect. The answer's "user" names participant and key, and
 * travels with each message of the connection, so that who somebody is follows from the key and
 * from nothing that he says (invariant 13). */
#include "proto/link/zap.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define ENDPOINT      "inproc://zeromq.zap.01"
#define STOP_ENDPOINT "inproc://zap.stop"

enum {
    REQUEST_PARTS = 7, /* version, id, domain, address, identity, mechanism, client key */
    PART_BYTES_MAX = 255,
    NUMBER_DIGITS_MAX = 20,
    USER_BYTES = PARTICIPANT_KEY_BYTES_MAX + 1 + CURVE_KEY_TEXT_BYTES + NUMBER_DIGITS_MAX + 1,
    CONNECT_MS = 60 * 1000 / ZAP_CONNECTS_PER_MIN,
    CREDIT_MAX_MS = ZAP_CONNECTS_BURST * CONNECT_MS,
};

enum verdict { ADMITTED, NOT_ADMITTED, TOO_OFTEN };

struct admitted {
    uint8_t public_key[CURVE_KEY_BYTES];
    struct link_peer peer;
    int64_t credit_ms; /* a connect costs CONNECT_MS, and each millisecond that goes by gives one */
    mono_t seen;
};

struct zap {
    void *context;
    void *stop; /* a PAIR of the owner's thread */
    pthread_t thread;
    struct refusals *refusals, *cuts;
    mono_t (*clock)(void);
    pthread_mutex_t lock; /* of the three below */
    struct admitted *peers;
    size_t count;
    uint64_t admitted_count; /* handshakes, since the start */
};

/* A handshake costs us an elliptic-curve operation and a session: a bucket that fills with time.
 */
static bool may_connect(struct admitted *admitted, mono_t (*clock)(void))
{
    if (clock == NULL)
        return true;
    mono_t now = clock();
    admitted->credit_ms += now.ms - admitted->seen.ms;
    admitted->seen = now;
    if (admitted->credit_ms > CREDIT_MAX_MS)
        admitted->credit_ms = CREDIT_MAX_MS;
    if (admitted->credit_ms < CONNECT_MS)
        return false;
    admitted->credit_ms -= CONNECT_MS;
    return true;
}

void zap_charge(struct zap *zap, const struct key *peer)
{
    pthread_mutex_lock(&zap->lock);
    for (size_t i = 0; i < zap->count; i++) {
        struct admitted *admitted = &zap->peers[i];
        if (!key_equal(&admitted->peer.key, peer))
            continue;
        int64_t left_ms = admitted->credit_ms - ZAP_CUT_CONNECTS * CONNECT_MS;
        admitted->credit_ms = left_ms > -CREDIT_MAX_MS ? left_ms : -CREDIT_MAX_MS;
        break;
    }
    pthread_mutex_unlock(&zap->lock);
}

/* A scan: handshakes are seconds apart for each peer, and each costs an elliptic-curve operation
 * anyway. */
static struct admitted *find(struct zap *zap, const uint8_t *public_key)
{
    for (size_t i = 0; i < zap->count; i++) {
        if (memcmp(zap->peers[i].public_key, public_key, CURVE_KEY_BYTES) == 0)
            return &zap->peers[i];
    }
    return NULL;
}

/* The name is copied while the lock is held: a reload replaces the table under it. */
static enum verdict look_up(struct zap *zap, const uint8_t *public_key, char *ret_user)
{
    enum verdict verdict = NOT_ADMITTED;
    pthread_mutex_lock(&zap->lock);
    struct admitted *found = find(zap, public_key);
    if (found != NULL) {
        verdict = may_connect(found, zap->clock) ? ADMITTED : TOO_OFTEN;
        zap->admitted_count += verdict == ADMITTED;
        (void)snprintf(ret_user, USER_BYTES, "%s %s %" PRIu64, found->peer.key.text,
                       found->peer.public_key.text, zap->admitted_count);
    }
    pthread_mutex_unlock(&zap->lock);
    return verdict;
}

struct request {
    uint8_t parts[REQUEST_PARTS][PART_BYTES_MAX];
    size_t sizes[REQUEST_PARTS];
    size_t count;
};

/* False when it is not a request of the RFC's shape: such a one is not answered. */
static bool read_request(void *socket, struct request *ret_request)
{
    int more = 1;
    size_t more_size = sizeof more;
    bool fits = true;
    ret_request->count = 0;
    while (more != 0) {
        uint8_t ignored[PART_BYTES_MAX];
        bool has_room = ret_request->count < REQUEST_PARTS;
        uint8_t *part = has_room ? ret_request->parts[ret_request->count] : ignored;
        int size = zmq_recv(socket, part, PART_BYTES_MAX, 0);
        if (size < 0)
            return false;
        fits = fits && size <= PART_BYTES_MAX;
        if (has_room)
            ret_request->sizes[ret_request->count++] = (size_t)size;
        else
            fits = false;
        if (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &more_size) != 0)
            return false;
    }
    return fits && ret_request->count == REQUEST_PARTS;
}

/* 300 and 400 as the RFC has them: a temporary error, after which the peer tries again, and a
 * refusal. */
static void answer(void *socket, const struct request *request, enum verdict verdict,
                   const char *user)
{
    static const char *const codes[] = {
        [ADMITTED] = "200", [NOT_ADMITTED] = "400", [TOO_OFTEN] = "300"};
    static const char *const texts[] = {[ADMITTED] = "OK",
                                        [NOT_ADMITTED] = "key not registered",
                                        [TOO_OFTEN] = "too many connects"};
    const char *code = codes[verdict];
    const char *text = texts[verdict];
    (void)zmq_send(socket, request->parts[0], request->sizes[0], ZMQ_SNDMORE);
    (void)zmq_send(socket, request->parts[1], request->sizes[1], ZMQ_SNDMORE);
    (void)zmq_send(socket, code, strlen(code), ZMQ_SNDMORE);
    (void)zmq_send(socket, text, strlen(text), ZMQ_SNDMORE);
    (void)zmq_send(socket, user, strlen(user), ZMQ_SNDMORE);
    (void)zmq_send(socket, "", 0, 0);
}

/* Refusals are counted by key, so that an operator sees who tries with a key that is not
 * registered, and not the address of a proxy. */
static void serve(struct zap *zap, void *socket)
{
    struct request request;
    if (!read_request(socket, &request))
        return;
    char user[USER_BYTES] = "";
    bool is_curve = request.sizes[5] == 5 && memcmp(request.parts[5], "CURVE", 5) == 0 &&
                    request.sizes[6] == CURVE_KEY_BYTES;
    enum verdict verdict = is_curve ? look_up(zap, request.parts[6], user) : NOT_ADMITTED;
    if (verdict == NOT_ADMITTED)
        refusals_add(zap->refusals, is_curve ? request.parts[6] : NULL);
    else if (verdict == TOO_OFTEN)
        refusals_add(zap->cuts, request.parts[6]);
    answer(socket, &request, verdict, verdict == ADMITTED ? user : "");
}

/* Says over the stop socket whether it could begin: the owner may not let a peer connect before
 * somebody answers for it. */
static void *run(void *argument)
{
    struct zap *zap = argument;
    void *socket = zmq_socket(zap->context, ZMQ_REP);
    void *stop = zmq_socket(zap->context, ZMQ_PAIR);
    int linger_ms = 0;
    bool ready = socket != NULL && stop != NULL &&
                 zmq_setsockopt(socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms) == 0 &&
                 zmq_bind(socket, ENDPOINT) == 0 && zmq_connect(stop, STOP_ENDPOINT) == 0;
    if (stop != NULL)
        (void)zmq_send(stop, ready ? "1" : "0", 1, 0);
    while (ready) {
        zmq_pollitem_t items[] = {{socket, 0, ZMQ_POLLIN, 0}, {stop, 0, ZMQ_POLLIN, 0}};
        if (zmq_poll(items, 2, -1) < 0 || (items[1].revents & ZMQ_POLLIN) != 0)
            break;
        if ((items[0].revents & ZMQ_POLLIN) != 0)
            serve(zap, socket);
    }
    if (socket != NULL)
        (void)zmq_close(socket);
    if (stop != NULL)
        (void)zmq_close(stop);
    return NULL;
}

enum reason zap_new(void *context, struct refusals *refusals, struct refusals *cuts,
                    mono_t (*clock)(void), struct zap **ret_zap)
{
    struct zap *zap = calloc(1, sizeof *zap);
    char ready = '0';
    if (zap == NULL)
        return REASON_OUT_OF_MEMORY;
    zap->context = context;
    zap->refusals = refusals;
    zap->cuts = cuts;
    zap->clock = clock;
    zap->stop = zmq_socket(context, ZMQ_PAIR);
    if (zap->stop == NULL || zmq_bind(zap->stop, STOP_ENDPOINT) != 0 ||
        pthread_mutex_init(&zap->lock, NULL) != 0) {
        if (zap->stop != NULL)
            (void)zmq_close(zap->stop);
        free(zap);
        return REASON_OUT_OF_MEMORY;
    }
    bool started = pthread_create(&zap->thread, NULL, run, zap) == 0;
    if (started && zmq_recv(zap->stop, &ready, 1, 0) == 1 && ready == '1') {
        *ret_zap = zap;
        return REASON_NONE;
    }
    if (started)
        (void)pthread_join(zap->thread, NULL);
    (void)pthread_mutex_destroy(&zap->lock);
    (void)zmq_close(zap->stop);
    free(zap);
    return REASON_OUT_OF_MEMORY;
}

void zap_destroy(struct zap **zap)
{
    struct zap *gone = *zap;
    *zap = NULL;
    if (gone == NULL)
        return;
    (void)zmq_send(gone->stop, "x", 1, 0);
    (void)pthread_join(gone->thread, NULL);
    (void)zmq_close(gone->stop);
    (void)pthread_mutex_destroy(&gone->lock);
    free(gone->peers);
    free(gone);
}

/* All keys or none: a table with a key left out would lock out a participant without a word.
 * Credits begin full, so that a reload does not delay anybody. */
enum reason zap_set_peers(struct zap *zap, const struct link_peer *peers, size_t count)
{
    struct admitted *admitted = calloc(count > 0 ? count : 1, sizeof *admitted);
    if (admitted == NULL)
        return REASON_OUT_OF_MEMORY;
    for (size_t i = 0; i < count; i++) {
        admitted[i].peer = peers[i];
        admitted[i].credit_ms = CREDIT_MAX_MS;
        struct curve_key key;
        if (!curve_key_parse(bytes_of_text(peers[i].public_key.text), &key) ||
            zmq_z85_decode(admitted[i].public_key, key.text) == NULL) {
            free(admitted);
            return REASON_KEY_UNREADABLE;
        }
    }
    pthread_mutex_lock(&zap->lock);
    struct admitted *before = zap->peers;
    zap->peers = admitted;
    zap->count = count;
    pthread_mutex_unlock(&zap->lock);
    free(before);
    return REASON_NONE;
}
