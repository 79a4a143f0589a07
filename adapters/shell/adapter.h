/* adapter - the running program around the session: link, workers, store, local API, office, log.
 *
 * Calling sequence: adapter_start; adapter_run until it returns (SIGTERM, SIGINT); adapter_stop.
 * What cannot be started is said on standard error, in the language given, and adapter_start
 * answers false; whatever was started is stopped by adapter_stop in any case.
 *
 *   adapter_start.c    parts in their order, registry and trust, the end
 *   adapter_loop.c     wait, drain, one step, one commit, effects
 *   adapter_office.c   messages to the back office and its answers back
 *   main.c             options and settings
 */
#pragma once

#include "adapters/core/session.h"
#include "adapters/shell/adapter_settings.h"
#include "adapters/api/local_api.h"
#include "gateway/workers/crypto_openssl.h"
#include "gateway/workers/intake_pool.h"
#include "proto/base/arena.h"
#include "proto/base/version.h"
#include "proto/link/link.h"
#include "proto/log/log_stream.h"

#define ADAPTER_VERSION VERSION_TEXT

struct registry;
struct kept_answer;

struct adapter {
    struct adapter_settings settings;
    enum language language;
    struct log log;
    struct log_stream log_stream;
    struct registry *registry;
    struct crypto_openssl *crypto;
    struct store *store;
    struct blobs *blobs;
    struct arena memory; /* the session's */
    struct session *session;
    struct intake_pool *pool;
    struct link_client *link;
    struct local_api *api;
    struct metrics metrics;
    struct office *office; /* NULL: kind inbox */
    int signals;           /* signalfd; -1 */
    int lock;              /* of the state directory; -1 */

    /* the link, as the next step will see it */
    uint64_t connection; /* counts; frames of an earlier one are dropped */
    bool is_connected;
    bool has_gone_down, has_come_up;
    mono_t down_since;
    bool is_down_said;  /* one line for one outage */
    bool is_frame_held; /* held waits for room in the pool; its bytes are the link's */
    struct link_event held;

    /* answers of the back office that are not yet committed, oldest first */
    struct kept_answer *answers;
    struct arena office_arena;
    enum reason office_trouble; /* as it was said last */

    mono_t sweep_due; /* files that no message names any more */
    bool is_stopping;
};

bool adapter_start(struct adapter *adapter, const struct adapter_settings *settings,
                   enum language language);
void adapter_run(struct adapter *adapter);
void adapter_stop(struct adapter *adapter);
/* What --check looks at beyond the settings: registry, trust, keys and mapping can be read. */
bool adapter_check(struct adapter *adapter, const struct adapter_settings *settings,
                   enum language language);
/* Reads registry and trust again: all or nothing. */
bool adapter_reload(struct adapter *adapter);

void adapter_log(struct adapter *adapter, enum log_level level, const char *event,
                 enum reason reason, const char *detail);

/* ---- adapter_office.c */
bool adapter_office_start(struct adapter *adapter);
/* After store and local API: what is before their first calls. */
bool adapter_office_ready(struct adapter *adapter);
void adapter_office_stop(struct adapter *adapter);
/* For the session: calls the office with this message. Never fails: what goes wrong is an answer.
 */
void adapter_office_call(struct adapter *adapter, uint64_t message_seq, uint32_t attempt);
/* Collects what the office has answered. */
void adapter_office_run(struct adapter *adapter);
/* Its questions that wait for a person; -1: it knows none. */
int64_t adapter_office_questions(void *adapter);
bool adapter_office_has_answers(const struct adapter *adapter);
/* In a step: gives the session as many answers as it has room for. */
void adapter_office_step(struct adapter *adapter);
/* After the commit or its failure: answers that were not committed are given again. */
void adapter_office_settle(struct adapter *adapter, enum reason reason);

/* Prints "lienthong-adapter: what: reason" and answers false. */
bool adapter_fail(struct adapter *adapter, enum reason reason, const char *what);
