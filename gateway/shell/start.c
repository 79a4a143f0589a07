/* Starting and stopping the gateway, and reading its registry again. Parts are started in the order
 * in which they need one another, the port to the world last, and stopped the other way round. A
 * part that cannot start is named with its reason and the file or setting that is at fault, in the
 * operator's language. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/shell/gateway.h"
#include "gateway/workers/program.h"
#include "gateway/workers/program_limits.h"
#include "gateway/workers/program_log.h"
#include "gateway/workers/program_registry.h"
#include "gateway/workers/self_check.h"
#include "proto/base/version.h"
#include "proto/seal/trust.h"

enum {
    POOL_FRAMES_MAX = BROKER_QUEUE_MAX, /* the broker has a place for each */
    POOL_BYTES_MAX = 32 * 1024 * 1024,  /* part of the program's memory bound */
    POOL_SPARE_BYTES = 4 * 1024 * 1024,
    POOL_ALONE_BYTES = 16 * 1024, /* a message or two: parsed and hashed in some ten microseconds */
};

void gateway_log(struct gateway *gateway, enum log_level level, const char *event,
                 enum reason reason, const char *detail)
{
    program_log_event(&gateway->log, level, event, reason, detail);
}

/* To standard error and not to the log: whoever started it is looking at the terminal. */
static bool fail(struct gateway *gateway, enum reason reason, const char *what)
{
    program_say_failure("lienthong-gateway", gateway->language, reason, what);
    return false;
}

/* ---- registry and trust ---------------------------------------------------------------------- */

static bool load_registry(struct gateway *gateway, struct registry **ret_registry,
                          struct trust **ret_trust)
{
    return program_registry_load(gateway->settings.registry_directory, gateway->language,
                                 &gateway->log, ret_registry, ret_trust);
}

/* The gateway's own row is left out: nobody else may connect with its key. */
static enum reason set_peers(struct gateway *gateway, const struct registry *registry)
{
    size_t count = registry_participant_count(registry);
    size_t carriers = registry_carrier_count(registry);
    struct link_peer *peers = calloc(count + carriers + 1, sizeof *peers);
    if (peers == NULL)
        return REASON_OUT_OF_MEMORY;
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const struct participant *participant = registry_participant_at(registry, i);
        if (strcmp(participant->agency->key.text, gateway->settings.participant) == 0)
            continue;
        peers[used].key = participant->agency->key;
        if (participant->carrier != NULL)
            peers[used].carrier = participant->carrier->key;
        memcpy(peers[used++].public_key.text, participant->curve_public_key, CURVE_KEY_TEXT_BYTES);
    }
    for (size_t i = 0; i < carriers; i++) {
        const struct carrier *carrier = registry_carrier_at(registry, i);
        peers[used].key = carrier->key;
        peers[used].is_carrier = true;
        memcpy(peers[used++].public_key.text, carrier->curve_public_key, CURVE_KEY_TEXT_BYTES);
    }
    enum reason reason = link_server_set_peers(gateway->link, peers, used);
    free(peers);
    return reason;
}

/* All or nothing: links, trust, core and API go over to the new registry together, and until it
 * was read, checked and given to the link, the old one is in force everywhere. The core holds the
 * snapshot by a count of its own. */
bool gateway_reload(struct gateway *gateway)
{
    struct registry *registry = NULL;
    struct trust *trust = NULL;
    if (!load_registry(gateway, &registry, &trust))
        return false;
    enum reason reason = gateway_compare_registry(gateway, registry);
    if (reason == REASON_NONE)
        reason = set_peers(gateway, registry);
    if (reason != REASON_NONE) {
        trust_drop(&trust);
        registry_destroy(&registry);
        gateway_log(gateway, LOG_ERROR, "registry_refused", reason, NULL);
        return false;
    }
    crypto_openssl_set_trust(gateway->crypto, trust);
    broker_set_registry(gateway->broker, registry);
    operators_api_set_registry(gateway->api, registry);
    registry_destroy(&gateway->registry);
    gateway->registry = registry;
    gateway_log(gateway, LOG_INFO, "registry_loaded", REASON_NONE, registry_version(registry));
    return true;
}

static bool start_crypto(struct gateway *gateway)
{
    const struct gateway_settings *settings = &gateway->settings;
    struct trust *trust = NULL;
    if (!load_registry(gateway, &gateway->registry, &trust))
        return false;
    enum reason reason = program_crypto_new(
        settings->signing_key_file, settings->signing_certificate_file, trust, &gateway->crypto);
    return reason == REASON_NONE || fail(gateway, reason, settings->signing_key_file);
}

/* ---- parts ----------------------------------------------------------------------------------- */

/* The lock of the folder first: two programs on one store would each be right about its own half.
 */
static bool start_store(struct gateway *gateway)
{
    const char *folder = gateway->settings.state_directory;
    char path[FILE_PATH_BYTES_MAX];
    enum reason reason = program_state_open(folder, &gateway->lock);
    if (reason != REASON_NONE)
        return fail(gateway, reason, folder);
    struct store_sqlite_options options = {
        .cache_bytes = (uint32_t)gateway->settings.store_cache_bytes, .has_checkpointer = true};
    if (!file_path_join(folder, "store.sqlite", path))
        return fail(gateway, REASON_SETTINGS_INVALID, folder);
    reason = store_sqlite_open(path, &options, &gateway->store);
    if (reason == REASON_NONE)
        reason = release_new(gateway->store, gateway_send, gateway, &gateway->release);
    if (reason != REASON_NONE)
        return fail(gateway, reason, path);
    if (!file_path_join(folder, "blobs", path))
        return fail(gateway, REASON_SETTINGS_INVALID, folder);
    reason = blobs_directory_open(path, (uint64_t)gateway->settings.attachment_bytes_max,
                                  &gateway->blobs);
    return reason == REASON_NONE || fail(gateway, reason, path);
}

/* All memory of the core is taken here, from its bounds: once it runs it never asks for more, and
 * so never fails in the middle of a step (invariant 8). */
static bool start_broker(struct gateway *gateway)
{
    const struct crypto_port *crypto = crypto_openssl_port(gateway->crypto);
    struct broker_options options = {
        .offset_minutes = program_offset_minutes(),
        .window_messages = (uint32_t)gateway->settings.window_messages,
        .participants_max = (uint32_t)gateway->settings.participants_max,
        .flights_max = (uint32_t)gateway->settings.flights_max,
        .attachment_bytes_max = (uint64_t)gateway->settings.attachment_bytes_max,
        .store = gateway->store,
        .blobs = gateway->blobs,
        .crypto = crypto,
    };
    if (!key_parse(bytes_of_text(gateway->settings.participant), &options.self))
        return fail(gateway, REASON_SETTINGS_INVALID, "participant");
    if (!arena_init(&gateway->memory, broker_memory_bytes(&options)))
        return fail(gateway, REASON_OUT_OF_MEMORY, "broker");
    gateway->broker = broker_new(&options, &gateway->memory);
    broker_set_registry(gateway->broker, gateway->registry);
    enum reason reason = broker_load(gateway->broker, program_wall());
    if (reason != REASON_NONE)
        return fail(gateway, reason, gateway->settings.state_directory);
    struct intake_pool_options pool = {
        .threads = (uint32_t)gateway->settings.workers,
        .frames_max = POOL_FRAMES_MAX,
        .bytes_max = POOL_BYTES_MAX,
        .spare_bytes = POOL_SPARE_BYTES,
        .is_shared = true,
        .alone_bytes = POOL_ALONE_BYTES,
        .thread_ns = program_thread_ns,
        .clock = program_mono,
        .crypto = crypto,
    };
    reason = intake_pool_new(&pool, &gateway->pool);
    return reason == REASON_NONE || fail(gateway, reason, "workers");
}

/* Whoever has no place in the pool waits for one, and nobody waits with it. */
static bool has_place(void *context, const struct key *peer, size_t frame_bytes)
{
    struct gateway *gateway = context;
    return intake_pool_has_room(gateway->pool, peer, frame_bytes);
}

static bool start_link(struct gateway *gateway)
{
    struct link_server_options options = {.endpoint = gateway->settings.listen,
                                          .io_threads = 1,
                                          .clock = program_mono,
                                          .send_bytes_max = LINK_SEND_BYTES,
                                          .send_bytes_all = LINK_SEND_BYTES_ALL,
                                          .wants = has_place,
                                          .context = gateway};
    enum reason reason =
        program_read_curve_secret(gateway->settings.curve_secret_file, &options.key);
    if (reason != REASON_NONE)
        return fail(gateway, reason, gateway->settings.curve_secret_file);
    struct key self = key_of(gateway->settings.participant);
    self_check_warn(&gateway->log, gateway->registry, &self, crypto_openssl_port(gateway->crypto),
                    &options.key.public_key, program_wall());
    reason = link_server_new(&options, &gateway->link);
    explicit_bzero(&options.key, sizeof options.key);
    if (reason == REASON_NONE)
        reason = set_peers(gateway, gateway->registry);
    return reason == REASON_NONE || fail(gateway, reason, gateway->settings.listen);
}

static bool reload(void *gateway)
{
    return gateway_reload(gateway);
}

static bool start_api(struct gateway *gateway)
{
    const char *fault = api_doors_fault(&gateway->settings.api);
    char what[API_WHAT_BYTES];
    if (fault != NULL)
        return fail(gateway, REASON_SETTINGS_INVALID, fault);
    metrics_init(&gateway->metrics, gateway->settings.state_directory, gateway->crypto);
    const struct operators_api_options options = {
        .doors = gateway->settings.api,
        .state_directory = gateway->settings.state_directory,
        .version = VERSION_TEXT,
        .crypto = crypto_openssl_port(gateway->crypto),
        .descriptors = program_raise_descriptors(),
        .broker = gateway->broker,
        .store = gateway->store,
        .link = gateway->link,
        .metrics = &gateway->metrics,
        .registry = gateway->registry,
        .reload = reload,
        .now = program_wall,
        .context = gateway,
    };
    enum reason reason = operators_api_new(&options, &gateway->api, what);
    return reason == REASON_NONE || fail(gateway, reason, what);
}

/* Whoever starts us finds the port here. */
static bool write_endpoint(struct gateway *gateway)
{
    char path[FILE_PATH_BYTES_MAX];
    if (!file_path_join(gateway->settings.state_directory, "endpoint", path))
        return fail(gateway, REASON_SETTINGS_INVALID, "state_directory");
    FILE *file = fopen(path, "we");
    bool written = file != NULL && fprintf(file, "%s\n", link_server_endpoint(gateway->link)) > 0;
    if (file != NULL && fclose(file) != 0)
        written = false;
    return written || fail(gateway, REASON_STORE_FAILED, path);
}

static bool start_signals(struct gateway *gateway)
{
    gateway->signals = program_signals_open();
    return gateway->signals >= 0 || fail(gateway, REASON_STORE_FAILED, "signals");
}

/* Everything that gateway_stop looks at is valid from here on, so that a start that failed
 * half-way is undone by the same code as a whole one. */
static void init(struct gateway *gateway, const struct gateway_settings *settings,
                 enum language language)
{
    *gateway =
        (struct gateway){.settings = *settings, .language = language, .signals = -1, .lock = -1};
    api_doors_settle(&gateway->settings.api, settings->state_directory);
    program_log_init((enum log_format)settings->log_format, &gateway->log_stream, &gateway->log);
}

/* What it would listen on, unless it runs and has it. */
static bool check_doors(struct gateway *gateway)
{
    const struct gateway_settings *settings = &gateway->settings;
    char what[API_WHAT_BYTES];
    const char *fault = api_doors_fault(&settings->api);
    if (fault != NULL)
        return fail(gateway, REASON_SETTINGS_INVALID, fault);
    if (program_state_is_held(settings->state_directory))
        return true;
    enum reason reason = api_doors_try(&settings->api, what);
    if (reason != REASON_NONE)
        return fail(gateway, reason, what);
    struct link_server_options options = {.endpoint = settings->listen,
                                          .io_threads = 1,
                                          .clock = program_mono,
                                          .send_bytes_max = LINK_SEND_BYTES,
                                          .send_bytes_all = LINK_SEND_BYTES_ALL};
    reason = program_read_curve_secret(settings->curve_secret_file, &options.key);
    if (reason == REASON_NONE)
        reason = link_server_new(&options, &gateway->link);
    explicit_bzero(&options.key, sizeof options.key);
    return reason == REASON_NONE || fail(gateway, reason, settings->listen);
}

bool gateway_check(struct gateway *gateway, const struct gateway_settings *settings,
                   enum language language)
{
    struct curve_pair pair;
    struct key self;
    init(gateway, settings, language);
    if (!key_parse(bytes_of_text(settings->participant), &self))
        return fail(gateway, REASON_SETTINGS_INVALID, "participant");
    if (!start_crypto(gateway))
        return false;
    enum reason reason = program_read_curve_secret(settings->curve_secret_file, &pair);
    if (reason != REASON_NONE)
        return fail(gateway, reason, settings->curve_secret_file);
    explicit_bzero(&pair.secret_key, sizeof pair.secret_key);
    reason = self_check(gateway->registry, &self, crypto_openssl_port(gateway->crypto),
                        &pair.public_key, program_wall());
    return reason == REASON_NONE ? check_doors(gateway)
                                 : fail(gateway, reason, settings->participant);
}

bool gateway_start(struct gateway *gateway, const struct gateway_settings *settings,
                   enum language language)
{
    init(gateway, settings, language);
    if (!start_signals(gateway) || !start_crypto(gateway) || !start_store(gateway) ||
        !start_broker(gateway) || !start_link(gateway) || !start_api(gateway) ||
        !write_endpoint(gateway))
        return false;
    gateway_log(gateway, LOG_INFO, "started", REASON_NONE, link_server_endpoint(gateway->link));
    return true;
}

/* The API before what it shows; the link before the pool, which holds its frames; the store after
 * all who write to it; the lock of the folder last, or another program could open the store while
 * this one still has it. */
void gateway_stop(struct gateway *gateway)
{
    operators_api_destroy(&gateway->api);
    metrics_release(&gateway->metrics);
    link_server_destroy(&gateway->link);
    if (gateway->broker != NULL)
        broker_release(gateway->broker);
    intake_pool_destroy(&gateway->pool);
    if (gateway->blobs != NULL)
        gateway->blobs->verbs->close(gateway->blobs);
    release_destroy(&gateway->release);
    if (gateway->store != NULL)
        gateway->store->verbs->close(gateway->store);
    crypto_openssl_destroy(&gateway->crypto);
    registry_destroy(&gateway->registry);
    arena_release(&gateway->memory);
    if (gateway->signals >= 0)
        (void)close(gateway->signals);
    if (gateway->lock >= 0)
        (void)close(gateway->lock);
}
