/* Starting and stopping the adapter, and reading its registry again. Parts are started in the order
 * in which they use one another and stopped in the opposite one; a part that cannot start is said
 * on standard error with the setting at fault, and nothing is served. The loop: adapter_loop.c; the
 * office: adapter_office.c. */
#include "adapters/shell/adapter.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/workers/code_pages.h"
#include "gateway/store/blobs_directory.h"
#include "gateway/store/store_sqlite.h"
#include "gateway/workers/program.h"
#include "gateway/workers/program_limits.h"
#include "gateway/workers/program_log.h"
#include "gateway/workers/program_registry.h"
#include "gateway/workers/self_check.h"
#include "proto/codec/frame.h"
#include "routing/registry/registry.h"

enum {
    POOL_FRAMES_MAX = 64,
    POOL_BYTES_MAX = 16 * 1024 * 1024, /* reached only by frames of the largest size */
    POOL_SPARE_BYTES = 1024 * 1024,    /* what is verified at once; more goes back to the heap */
};

void adapter_log(struct adapter *adapter, enum log_level level, const char *event,
                 enum reason reason, const char *detail)
{
    program_log_event(&adapter->log, level, event, reason, detail);
}

bool adapter_fail(struct adapter *adapter, enum reason reason, const char *what)
{
    program_say_failure("lienthong-adapter", adapter->language, reason, what);
    return false;
}

/* ---- registry and trust ---------------------------------------------------------------------- */

static bool load_registry(struct adapter *adapter, struct registry **ret_registry,
                          struct trust **ret_trust)
{
    return program_registry_load(adapter->settings.registry_directory, adapter->language,
                                 &adapter->log, ret_registry, ret_trust);
}

/* All or nothing, as at the gateway: a registry at fault leaves the one that is in use. The old one
 * is destroyed last: until then API and session still point into it. */
bool adapter_reload(struct adapter *adapter)
{
    struct registry *registry = NULL;
    struct trust *trust = NULL;
    if (!load_registry(adapter, &registry, &trust))
        return false;
    crypto_openssl_set_trust(adapter->crypto, trust);
    local_api_set_registry(adapter->api, registry);
    session_set_registry(adapter->session, registry);
    session_registry_read(adapter->session);
    registry_destroy(&adapter->registry);
    adapter->registry = registry;
    adapter_log(adapter, LOG_INFO, "registry_loaded", REASON_NONE, registry_version(registry));
    return true;
}

/* Also an adapter needs the whole registry: it judges for itself who signed what it is given. */
static bool start_crypto(struct adapter *adapter)
{
    const struct adapter_settings *settings = &adapter->settings;
    struct trust *trust = NULL;
    if (!load_registry(adapter, &adapter->registry, &trust))
        return adapter_fail(adapter, REASON_REGISTRY_INVALID, settings->registry_directory);
    enum reason reason = program_crypto_new(
        settings->signing_key_file, settings->signing_certificate_file, trust, &adapter->crypto);
    return reason == REASON_NONE || adapter_fail(adapter, reason, settings->signing_key_file);
}

static bool gateway_public_key(const struct adapter *adapter, struct curve_key *ret_key)
{
    return program_gateway_key(adapter->settings.gateway.public_key, adapter->registry,
                               adapter->settings.gateway.participant, ret_key);
}

/* ---- parts ----------------------------------------------------------------------------------- */

static bool start_state(struct adapter *adapter)
{
    const char *folder = adapter->settings.state_directory;
    enum reason reason = program_state_open(folder, &adapter->lock);
    return reason == REASON_NONE || adapter_fail(adapter, reason, folder);
}

static bool start_store(struct adapter *adapter)
{
    const char *folder = adapter->settings.state_directory;
    char path[FILE_PATH_BYTES_MAX];
    struct store_sqlite_options options = {.cache_bytes =
                                               (uint32_t)adapter->settings.store_cache_bytes};
    if (!file_path_join(folder, "store.sqlite", path))
        return adapter_fail(adapter, REASON_SETTINGS_INVALID, folder);
    enum reason reason = store_sqlite_open(path, &options, &adapter->store);
    if (reason != REASON_NONE)
        return adapter_fail(adapter, reason, path);
    if (!file_path_join(folder, "blobs", path))
        return adapter_fail(adapter, REASON_SETTINGS_INVALID, folder);
    reason = blobs_directory_open(path, (uint64_t)adapter->settings.attachment_bytes_max,
                                  &adapter->blobs);
    return reason == REASON_NONE || adapter_fail(adapter, reason, path);
}

/* The memory of the session is all taken here, by the settings' bounds: what is too large for the
 * machine fails at the start and not in the night. */
static bool start_session(struct adapter *adapter)
{
    const struct adapter_settings *settings = &adapter->settings;
    bool is_called = adapter->office != NULL;
    struct session_options options = {
        .self = key_of(settings->participant),
        .gateway = key_of(settings->gateway.participant),
        .offset_minutes = program_offset_minutes(),
        .window_messages = (uint32_t)settings->window_messages,
        .office_has_book = adapter_settings_kind(settings)->has_book,
        .office_window = is_called ? (uint32_t)settings->office.window : 0,
        .attachment_bytes_max = (uint64_t)settings->attachment_bytes_max,
        .flights_max = (uint32_t)settings->flights_max,
        .program = "lienthong-adapter " ADAPTER_VERSION,
        .store = adapter->store,
        .blobs = adapter->blobs,
        .crypto = crypto_openssl_port(adapter->crypto),
    };
    if (!arena_init(&adapter->memory, session_memory_bytes(&options)))
        return adapter_fail(adapter, REASON_OUT_OF_MEMORY, "session");
    adapter->session = session_new(&options, &adapter->memory);
    session_set_registry(adapter->session, adapter->registry);
    enum reason reason = session_load(adapter->session, program_wall());
    if (reason != REASON_NONE)
        return adapter_fail(adapter, reason, settings->state_directory);
    struct intake_pool_options pool = {
        .threads = (uint32_t)settings->workers,
        .frames_max = POOL_FRAMES_MAX,
        .bytes_max = POOL_BYTES_MAX,
        .spare_bytes = POOL_SPARE_BYTES,
        .crypto = options.crypto,
    };
    reason = intake_pool_new(&pool, &adapter->pool);
    return reason == REASON_NONE || adapter_fail(adapter, reason, "workers");
}

static bool start_api(struct adapter *adapter)
{
    const struct adapter_settings *settings = &adapter->settings;
    metrics_init(&adapter->metrics, settings->state_directory, adapter->crypto);
    struct local_api_options options = {
        .doors = settings->api,
        .state_directory = settings->state_directory,
        .version = ADAPTER_VERSION,
        .self = key_of(settings->participant),
        .gateway = key_of(settings->gateway.participant),
        .attachment_bytes_max = (uint64_t)settings->attachment_bytes_max,
        .session = adapter->session,
        .metrics = &adapter->metrics,
        .questions = adapter_office_questions,
        .context = adapter,
        .store = adapter->store,
        .blobs = adapter->blobs,
        .crypto = crypto_openssl_port(adapter->crypto),
        .registry = adapter->registry,
        .descriptors = program_raise_descriptors(),
    };
    char what[API_WHAT_BYTES];
    enum reason reason = local_api_new(&options, &adapter->api, what);
    return reason == REASON_NONE || adapter_fail(adapter, reason, what);
}

/* Last of all parts: what the gateway sends must find somebody to take it. */
static bool start_link(struct adapter *adapter)
{
    const struct adapter_settings *settings = &adapter->settings;
    struct link_client_options options = {.endpoint = settings->gateway.endpoint};
    enum reason reason = program_read_curve_secret(settings->curve_secret_file, &options.key);
    if (reason != REASON_NONE)
        return adapter_fail(adapter, reason, settings->curve_secret_file);
    if (!gateway_public_key(adapter, &options.server_public_key))
        return adapter_fail(adapter, REASON_KEY_UNREADABLE, "gateway.public_key");
    struct key self = key_of(settings->participant);
    self_check_warn(&adapter->log, adapter->registry, &self, crypto_openssl_port(adapter->crypto),
                    &options.key.public_key, program_wall());
    reason = link_client_new(&options, &adapter->link);
    explicit_bzero(&options.key, sizeof options.key);
    return reason == REASON_NONE || adapter_fail(adapter, reason, settings->gateway.endpoint);
}

static bool start_signals(struct adapter *adapter)
{
    adapter->signals = program_signals_open();
    return adapter->signals >= 0 || adapter_fail(adapter, REASON_STORE_FAILED, "signals");
}

/* From here on adapter_stop may be called, whatever was started. */
static void adapter_init(struct adapter *adapter, const struct adapter_settings *settings,
                         enum language language)
{
    *adapter =
        (struct adapter){.settings = *settings, .language = language, .signals = -1, .lock = -1};
    api_doors_settle(&adapter->settings.api, settings->state_directory);
    program_log_init((enum log_format)settings->log_format, &adapter->log_stream, &adapter->log);
}

bool adapter_start(struct adapter *adapter, const struct adapter_settings *settings,
                   enum language language)
{
    adapter_init(adapter, settings, language);
    /* The office first: its mapping's process is made before there are threads or secrets. */
    if (!start_signals(adapter) || !adapter_office_start(adapter) || !start_crypto(adapter) ||
        !start_state(adapter) || !start_store(adapter) || !start_session(adapter) ||
        !start_api(adapter) || !start_link(adapter) || !adapter_office_ready(adapter))
        return false;
    char address[64];
    (void)snprintf(address, sizeof address, "http://127.0.0.1:%u",
                   api_port(local_api_server(adapter->api)));
    adapter_log(adapter, LOG_INFO, "started", REASON_NONE, address);
    adapter->down_since = program_mono();
    code_pages_forget();
    return true;
}

/* The doors are tried only when no adapter holds the state: one that runs has taken them itself. */
bool adapter_check(struct adapter *adapter, const struct adapter_settings *settings,
                   enum language language)
{
    struct curve_pair pair;
    struct curve_key key;
    adapter_init(adapter, settings, language);
    if (!adapter_office_start(adapter) || !start_crypto(adapter))
        return false;
    enum reason reason = program_read_curve_secret(settings->curve_secret_file, &pair);
    if (reason != REASON_NONE)
        return adapter_fail(adapter, reason, settings->curve_secret_file);
    explicit_bzero(&pair.secret_key, sizeof pair.secret_key);
    if (!gateway_public_key(adapter, &key))
        return adapter_fail(adapter, REASON_KEY_UNREADABLE, "gateway.public_key");
    struct key self = key_of(settings->participant);
    reason = self_check(adapter->registry, &self, crypto_openssl_port(adapter->crypto),
                        &pair.public_key, program_wall());
    if (reason != REASON_NONE)
        return adapter_fail(adapter, reason, settings->participant);
    char what[API_WHAT_BYTES];
    if (!program_state_is_held(settings->state_directory))
        reason = api_doors_try(&adapter->settings.api, what);
    return reason == REASON_NONE || adapter_fail(adapter, reason, what);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* The gateway need not wait for our silence; if it does not arrive, that is what it will do. */
static void say_goodbye(struct adapter *adapter)
{
    enum { SCRATCH_BYTES = 1024 };
    struct frame frame = {.kind = FRAME_GOODBYE, .goodbye = REASON_SHUTDOWN};
    struct arena scratch;
    struct buffer bytes;
    if (!adapter->is_connected || !arena_init(&scratch, SCRATCH_BYTES))
        return;
    buffer_init(&bytes, SCRATCH_BYTES);
    if (frame_build(&frame, &scratch, &bytes) == REASON_NONE)
        (void)link_client_send(adapter->link, buffer_view(&bytes));
    buffer_release(&bytes);
    arena_release(&scratch);
}

/* In the opposite order of the start; what was never started is NULL or -1. */
void adapter_stop(struct adapter *adapter)
{
    if (adapter->link != NULL)
        say_goodbye(adapter);
    link_client_destroy(&adapter->link);
    local_api_destroy(&adapter->api);
    metrics_release(&adapter->metrics);
    adapter_office_stop(adapter);
    if (adapter->session != NULL)
        session_release(adapter->session);
    intake_pool_destroy(&adapter->pool);
    if (adapter->blobs != NULL)
        adapter->blobs->verbs->close(adapter->blobs);
    if (adapter->store != NULL)
        adapter->store->verbs->close(adapter->store);
    crypto_openssl_destroy(&adapter->crypto);
    registry_destroy(&adapter->registry);
    arena_release(&adapter->memory);
    if (adapter->signals >= 0)
        (void)close(adapter->signals);
    if (adapter->lock >= 0)
        (void)close(adapter->lock);
}
