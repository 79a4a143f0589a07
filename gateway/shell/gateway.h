/* gateway - the running program around the broker: link, workers, store, registry, operators' API,
 * log.
 *
 * Calling sequence: gateway_start; gateway_run until it returns (SIGTERM, SIGINT); gateway_stop.
 * What cannot be started is said on standard error, in the language given, and gateway_start
 * answers false; whatever was started is stopped by gateway_stop in any case.
 */
#pragma once

#include "gateway/core/broker.h"
#include "gateway/operators/operators_api.h"
#include "gateway/shell/gateway_settings.h"
#include "gateway/shell/release.h"
#include "gateway/store/blobs_directory.h"
#include "gateway/store/store_sqlite.h"
#include "gateway/workers/crypto_openssl.h"
#include "gateway/workers/intake_pool.h"
#include "proto/base/arena.h"
#include "proto/base/language.h"
#include "proto/base/limits.h"
#include "proto/log/log_stream.h"

enum { GATEWAY_GONE_MAX = PARTICIPANTS_MAX }; /* each peer once: there is always room */

struct gateway {
    struct gateway_settings settings;
    enum language language;
    struct log log;
    struct log_stream log_stream;
    struct registry *registry;
    struct crypto_openssl *crypto;
    struct store *store;
    struct release *release;
    struct blobs *blobs;
    struct arena memory;
    struct broker *broker;
    struct intake_pool *pool;
    struct link_server *link;
    struct operators_api *api;
    struct metrics metrics;
    mono_t sweep_due;                  /* of files that no message names, at the earliest */
    mono_t api_due;                    /* when it is served next, at the earliest */
    int lock;                          /* of the state directory; -1 */
    int signals;                       /* signalfd; -1 */
    struct key gone[GATEWAY_GONE_MAX]; /* missed a frame since the last step */
    size_t gone_count;
    struct link_event held; /* a frame that the pool had no room for */
    bool is_frame_held;     /* nothing more is received until it has */
    bool is_stopping;
    bool has_failed; /* the disk did not take what the store applied */
};

bool gateway_start(struct gateway *gateway, const struct gateway_settings *settings,
                   enum language language);
/* What --check looks at beyond the settings: registry, trust and keys can be read, and others would
 * take what this gateway signs. gateway_stop follows. */
bool gateway_check(struct gateway *gateway, const struct gateway_settings *settings,
                   enum language language);
/* False: the disk failed under the store; a new start reads what is there. */
bool gateway_run(struct gateway *gateway);
void gateway_stop(struct gateway *gateway);

/* NONE: it may take the place of the registry in use; what it changes, or what is against it,
 * stands in the log. */
enum reason gateway_compare_registry(struct gateway *gateway, const struct registry *registry);
/* Reads registry and trust again: all or nothing. */
bool gateway_reload(struct gateway *gateway);
/* Sends a frame whose step is on disk: the release's release_send. */
void gateway_send(void *gateway, const struct key *peer, struct bytes frame);

void gateway_log(struct gateway *gateway, enum log_level level, const char *event,
                 enum reason reason, const char *detail);
