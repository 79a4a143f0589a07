/* Starting and stopping a desk, and reading its registry again. Only the start may fail. */
#include "adapters/desk/desk.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/workers/program.h"
#include "gateway/workers/program_limits.h"
#include "gateway/workers/program_log.h"
#include "gateway/workers/program_registry.h"
#include "proto/seal/trust.h"
#include "routing/registry/registry.h"

void desk_say(const struct desk *desk, enum log_level level, const char *event, enum reason reason,
              const char *detail)
{
    program_log_event(&desk->log, level, event, reason, detail);
}

static bool fail(const struct desk *desk, enum reason reason, const char *what)
{
    program_say_failure(DESK_PROGRAM, desk->language, reason, what);
    return false;
}

/* Nothing is opened here, so that what is opened can be told from what is not at the end. */
static void init(struct desk *desk, const struct desk_settings *settings, enum language language)
{
    *desk = (struct desk){.settings = *settings,
                          .language = language,
                          .lock = -1,
                          .signals = -1,
                          .participant = key_of(settings->participant)};
    desk->now = program_mono();
    throttle_init(&desk->throttle);
    program_log_init((enum log_format)settings->log_format, &desk->log_stream, &desk->log);
}

/* A registry without our participant leaves nothing to show; the adapter would say the same. */
static enum reason load_registry(const struct desk *desk, struct registry **ret_registry)
{
    enum reason reason = program_registry_read(desk->settings.registry_directory, desk->language,
                                               &desk->log, ret_registry);
    if (reason == REASON_NONE && registry_agency(*ret_registry, &desk->participant) == NULL) {
        registry_destroy(ret_registry);
        reason = REASON_NOT_FOUND;
    }
    return reason;
}

/* Who works here decides which pages there are, and who is meant by "us" in the index. */
static void set_role(struct desk *desk)
{
    desk->is_centre = registry_agency(desk->registry, &desk->participant)->role == ROLE_CENTRE;
    desk->follow.index.is_centre = desk->is_centre;
}

/* For the days that certificates have left; a registry without them has nothing to say of that, and
 * keeps nobody from working. */
static void load_trust(struct desk *desk)
{
    char culprit[FILE_PATH_BYTES_MAX];
    if (desk->trust != NULL)
        trust_drop(&desk->trust);
    if (trust_directory_load(desk->settings.registry_directory, desk->registry, program_wall(),
                             &desk->trust, culprit) != REASON_NONE)
        desk->trust = NULL;
}

bool desk_reload(struct desk *desk)
{
    struct registry *registry = NULL;
    enum reason reason = load_registry(desk, &registry);
    if (reason != REASON_NONE) {
        desk_say(desk, LOG_ERROR, "registry_refused", reason, desk->settings.registry_directory);
        return false;
    }
    registry_destroy(&desk->registry);
    desk->registry = registry;
    set_role(desk);
    load_trust(desk);
    desk_say(desk, LOG_INFO, "registry_loaded", REASON_NONE, registry_version(registry));
    return true;
}

/* A book that cannot be opened keeps the desk from starting: without it nobody can sign in. One
 * that fails later is shown on every page instead. */
bool desk_open_book(struct desk *desk)
{
    char path[FILE_PATH_BYTES_MAX];
    if (!file_path_join(desk->settings.state_directory, "desk.sqlite", path))
        return fail(desk, REASON_FILE_UNREADABLE, desk->settings.state_directory);
    enum reason reason = book_open(path, &desk->book);
    desk->has_book = reason == REASON_NONE;
    return desk->has_book || fail(desk, reason, path);
}

/* What a request held when it ended, whoever ended it. */
static void release(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    json_decref(call->answer);
    for (size_t i = 0; i < DESK_PARTS; i++)
        json_decref(call->parts[i].json);
    if (call->has_file)
        (void)close(call->file);
    if (call->download != NULL)
        download_release(call->download);
}

/* Callers are people: no token file is made, and the library asks desk_session.c about each
 * request. */
static bool start_api(struct desk *desk)
{
    const char *url = desk->settings.public_url;
    char what[API_WHAT_BYTES];
    const struct api_options options = {
        .routes = desk_routes,
        .route_count = DESK_ROUTES,
        .context = desk,
        .doors = desk->settings.doors,
        .state_directory = desk->settings.state_directory,
        .descriptors = program_raise_descriptors(),
        .body_bytes_max = DESK_BODY_BYTES_MAX,
        .memory_bytes = sizeof(struct desk_call),
        .release = release,
        .people = {.knows = desk_knows,
                   .admits = desk_admits,
                   .stranger = REASON_SESSION_OVER,
                   .public_host = url[0] == 0 ? NULL : strstr(url, "://") + strlen("://"),
                   .headers = desk_headers,
                   .connections_max = DESK_CONNECTIONS_MAX,
                   .subscribers_max = DESK_SUBSCRIBERS_MAX,
                   .stranger_ms = DESK_STRANGER_MS},
    };
    enum reason reason = api_new(&options, &desk->api, what);
    return reason == REASON_NONE || fail(desk, reason, what);
}

/* What --check and the start have in common. */
static bool check_parts(struct desk *desk)
{
    enum reason reason = load_registry(desk, &desk->registry);
    if (reason != REASON_NONE)
        return fail(desk, reason, desk->settings.registry_directory);
    set_role(desk);
    load_trust(desk);
    return true;
}

/* An adapter that is away keeps nobody from signing in: pages say so. */
static bool start_following(struct desk *desk)
{
    const struct index index = {&desk->book, desk->participant, desk->is_centre};
    desk->upstream = upstream_new(&desk->settings);
    if (desk->upstream == NULL)
        return fail(desk, REASON_OUT_OF_MEMORY, "adapter.url");
    follow_init(&desk->follow, &index, desk->upstream);
    desk->follow.api = desk->api;
    return true;
}

bool desk_start(struct desk *desk, const struct desk_settings *settings, enum language language)
{
    char address[64];
    init(desk, settings, language);
    desk->signals = program_signals_open();
    if (desk->signals < 0)
        return fail(desk, REASON_OUT_OF_MEMORY, "signals");
    enum reason reason = program_state_open(settings->state_directory, &desk->lock);
    if (reason != REASON_NONE)
        return fail(desk, reason, settings->state_directory);
    if (!check_parts(desk) || !desk_open_book(desk))
        return false;
    reason = uploads_open(desk);
    if (reason != REASON_NONE)
        return fail(desk, reason, "uploads");
    desk->hasher = hasher_new();
    if (desk->hasher == NULL)
        return fail(desk, REASON_OUT_OF_MEMORY, "passwords");
    if (!start_api(desk) || !start_following(desk))
        return false;
    (void)snprintf(address, sizeof address, "http://127.0.0.1:%u", api_port(desk->api));
    desk_say(desk, LOG_INFO, "started", REASON_NONE,
             api_port(desk->api) > 0 ? address : settings->doors.listen);
    return true;
}

/* Doors are tried and let go; a port that the running desk has is told as taken, which is right. */
bool desk_check(struct desk *desk, const struct desk_settings *settings, enum language language)
{
    char what[API_WHAT_BYTES];
    init(desk, settings, language);
    if (!check_parts(desk))
        return false;
    enum reason reason = api_doors_try(&settings->doors, what);
    return reason == REASON_NONE || fail(desk, reason, what);
}

/* The hasher and what was asked upstream first: they write into the memory of requests. */
void desk_stop(struct desk *desk)
{
    hasher_destroy(&desk->hasher);
    upstream_destroy(&desk->upstream);
    api_destroy(&desk->api);
    if (desk->has_book)
        book_close(&desk->book);
    if (desk->trust != NULL)
        trust_drop(&desk->trust);
    registry_destroy(&desk->registry);
    if (desk->lock >= 0)
        (void)close(desk->lock);
    if (desk->signals >= 0)
        (void)close(desk->signals);
}
