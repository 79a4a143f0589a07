/* Starting and stopping the carrier, and reading its registry again. No certificate is read:
 * signatures are the adapters' and the gateway's to check. Only the start may fail; a reload that
 * fails leaves what is in use. */
#include "adapters/carrier/carrier.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/workers/program.h"
#include "gateway/workers/program_log.h"
#include "gateway/workers/program_registry.h"
#include "routing/registry/registry.h"

void carrier_log(struct carrier_program *program, const struct log_line *line)
{
    program_log_line(&program->log, line);
}

static void say(struct carrier_program *program, enum log_level level, const char *event,
                enum reason reason, const char *detail)
{
    program_log_event(&program->log, level, event, reason, detail);
}

static bool fail(const struct carrier_program *program, enum reason reason, const char *what)
{
    program_say_failure(CARRIER_PROGRAM, program->language, reason, what);
    return false;
}

/* ---- registry -------------------------------------------------------------------------------- */

static enum reason load_registry(struct carrier_program *program, struct registry **ret_registry)
{
    return program_registry_read(program->settings.registry_directory, program->language,
                                 &program->log, ret_registry);
}

/* Our row of carriers.csv. REASON_NOT_FOUND: there is none. REASON_LINK_REFUSED: it has another key
 * than ours, so that neither the gateway nor an adapter would know us. */
static enum reason find_row(const struct carrier_program *program, const struct registry *registry,
                            const struct carrier **ret_row)
{
    struct key key = key_of(program->settings.carrier);
    const struct carrier *row = registry_carrier(registry, &key);
    if (row == NULL)
        return REASON_NOT_FOUND;
    if (strcmp(row->curve_public_key, program->public_key.text) != 0)
        return REASON_LINK_REFUSED;
    *ret_row = row;
    return REASON_NONE;
}

/* Whom the row names is admitted and carried; nobody else. */
static enum reason carry_row(struct carrier_program *program, const struct carrier *row)
{
    struct link_peer peers[CARRIED_MAX] = {0};
    struct key keys[CARRIED_MAX];
    for (size_t i = 0; i < row->participant_count; i++) {
        const struct participant *participant = row->participants[i];
        keys[i] = peers[i].key = participant->agency->key;
        memcpy(peers[i].public_key.text, participant->curve_public_key, CURVE_KEY_TEXT_BYTES);
    }
    enum reason reason = link_server_set_peers(program->server, peers, row->participant_count);
    if (reason == REASON_NONE)
        carry_set_participants(&program->carry, keys, row->participant_count);
    return reason;
}

/* A registry without our row, or with another key in it, leaves the one in use: to carry nobody
 * would cut off everybody at once. */
bool carrier_reload(struct carrier_program *program)
{
    struct registry *registry = NULL;
    const struct carrier *row = NULL;
    enum reason reason = load_registry(program, &registry);
    if (reason == REASON_NONE)
        reason = find_row(program, registry, &row);
    if (reason == REASON_NONE)
        reason = carry_row(program, row);
    if (reason == REASON_NONE)
        say(program, LOG_INFO, "registry_loaded", REASON_NONE, registry_version(registry));
    else
        say(program, LOG_ERROR, "registry_refused", reason, program->settings.registry_directory);
    registry_destroy(&registry);
    return reason == REASON_NONE;
}

static bool gateway_public_key(const struct carrier_program *program,
                               const struct registry *registry, struct curve_key *ret_key)
{
    return program_gateway_key(program->settings.gateway.public_key, registry,
                               program->settings.gateway.participant, ret_key);
}

/* ---- parts ----------------------------------------------------------------------------------- */

/* The adapters' side is opened first and admits nobody before carry_row; the line to the gateway is
 * dialled when there is somebody to speak for. */
static bool start_links(struct carrier_program *program, const struct curve_pair *pair,
                        const struct registry *registry, const struct carrier *row)
{
    const struct carrier_settings *settings = &program->settings;
    struct link_server_options server = {.endpoint = settings->listen,
                                         .key = *pair,
                                         .io_threads = 1,
                                         .clock = program_mono,
                                         .send_bytes_max = CARRIER_ADAPTER_BYTES_MAX,
                                         .send_bytes_all = CARRIER_ADAPTERS_BYTES_MAX,
                                         .receive_bytes_all = CARRIER_RECEIVE_BYTES_MAX,
                                         .wants = carrier_wants,
                                         .context = program};
    struct link_client_options client = {.endpoint = settings->gateway.endpoint,
                                         .key = *pair,
                                         .is_carrier = true,
                                         .send_bytes_max = CARRIER_LINE_BYTES_MAX,
                                         .receive_bytes_max = CARRIER_ADAPTERS_BYTES_MAX};
    bool has_key = gateway_public_key(program, registry, &client.server_public_key);
    enum reason reason = link_server_new(&server, &program->server);
    const char *culprit = settings->listen;
    if (reason == REASON_NONE)
        reason = carry_row(program, row);
    if (reason == REASON_NONE) {
        culprit = has_key ? settings->gateway.endpoint : "gateway.public_key";
        reason = has_key ? link_client_new(&client, &program->client) : REASON_KEY_UNREADABLE;
    }
    explicit_bzero(&server.key, sizeof server.key);
    explicit_bzero(&client.key, sizeof client.key);
    return reason == REASON_NONE || fail(program, reason, culprit);
}

/* What --check and the start have in common, and then the start's own part. */
static bool open_registry(struct carrier_program *program, bool starts)
{
    const struct carrier_settings *settings = &program->settings;
    struct curve_pair pair;
    struct registry *registry = NULL;
    const struct carrier *row = NULL;
    struct curve_key gateway_key;
    char place[sizeof "carriers.csv: " + PARTICIPANT_KEY_BYTES_MAX];
    enum reason reason = program_read_curve_secret(settings->curve_secret_file, &pair);
    if (reason != REASON_NONE)
        return fail(program, reason, settings->curve_secret_file);
    program->public_key = pair.public_key;
    const char *culprit = settings->registry_directory;
    reason = load_registry(program, &registry);
    if (reason == REASON_NONE) {
        (void)snprintf(place, sizeof place, "carriers.csv: %s", settings->carrier);
        culprit = place;
        reason = find_row(program, registry, &row);
    }
    bool opened = reason == REASON_NONE || fail(program, reason, culprit);
    if (opened && !gateway_public_key(program, registry, &gateway_key))
        opened = fail(program, REASON_KEY_UNREADABLE, "gateway.public_key");
    if (opened && starts)
        opened = start_links(program, &pair, registry, row);
    explicit_bzero(&pair, sizeof pair);
    registry_destroy(&registry);
    return opened;
}

static bool start_signals(struct carrier_program *program)
{
    program->signals = program_signals_open();
    return program->signals >= 0 || fail(program, REASON_OUT_OF_MEMORY, "signals");
}

static void init(struct carrier_program *program, const struct carrier_settings *settings,
                 enum language language)
{
    struct carry_ports ports = carrier_ports;
    *program = (struct carrier_program){.settings = *settings, .language = language, .signals = -1};
    ports.context = program;
    carry_init(&program->carry, &ports, program_mono());
    program_log_init((enum log_format)settings->log_format, &program->log_stream, &program->log);
}

bool carrier_start(struct carrier_program *program, const struct carrier_settings *settings,
                   enum language language)
{
    init(program, settings, language);
    if (!start_signals(program) || !open_registry(program, true))
        return false;
    say(program, LOG_INFO, "started", REASON_NONE, link_server_endpoint(program->server));
    return true;
}

bool carrier_check(struct carrier_program *program, const struct carrier_settings *settings,
                   enum language language)
{
    init(program, settings, language);
    return open_registry(program, false);
}

void carrier_stop(struct carrier_program *program)
{
    /* The line first: what adapters still say finds no way, and they keep it. */
    link_client_destroy(&program->client);
    link_server_destroy(&program->server);
    if (program->signals >= 0)
        (void)close(program->signals);
}
