#include "tests/hostile/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proto/base/check.h"
#include "proto/seal/sha256.h"
#include "tests/support/patience.h"
#include "tests/support/raw_zmtp.h"

enum { SETTINGS_BYTES = 2048, WAIT_MS = 30000, ROUND_MS = 20 };

int64_t world_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void world_tell_false(struct shared *shared, const char *format, ...)
{
    va_list words;
    atomic_fetch_add(&shared->false_states, 1);
    if (shared->first_false[0] != 0)
        return;
    va_start(words, format);
    (void)vsnprintf(shared->first_false, sizeof shared->first_false, format, words);
    va_end(words);
}

void world_file(uint16_t sender, uint32_t number, uint8_t *ret_content, struct digest *ret_digest)
{
    for (size_t at = 0; at < HONEST_FILE_BYTES; at++)
        ret_content[at] = (uint8_t)(at * 31 + number);
    (void)snprintf((char *)ret_content, HONEST_FILE_BYTES, CANARY "file %u of %u", number, sender);
    struct bytes content = {ret_content, HONEST_FILE_BYTES};
    sha256_parts(&content, 1, ret_digest);
}

void world_note_foreign(struct shared *shared, const struct message_id *id)
{
    size_t count = atomic_load(&shared->foreign_count);
    shared->foreign[count % FOREIGN_MAX] = *id;
    atomic_store(&shared->foreign_count, count + 1);
}

bool world_has_foreign(const struct shared *shared, const struct message_id *id)
{
    size_t count = atomic_load(&shared->foreign_count);
    size_t first = count > FOREIGN_MAX ? count - FOREIGN_MAX : 0;
    for (size_t i = count; i > first; i--)
        if (id_equal(&shared->foreign[(i - 1) % FOREIGN_MAX], id))
            return true;
    return false;
}

static bool fail(const char *what)
{
    (void)fprintf(stderr, "hostile: %s\n", what);
    return false;
}

/* ---- the registry ---- */

/* A free port of loopback that a program of ours takes a moment later. */
static bool free_endpoint(char *ret_endpoint)
{
    int fd = raw_zmtp_listen(0, ret_endpoint);
    if (fd < 0)
        return fail("no free port");
    (void)close(fd);
    return true;
}

static bool make_carriers(const struct world *world)
{
    static const struct {
        size_t number, first, count;
    } rows[] = {{CARRIER, CARRIED_FIRST, CARRIED_HOSTILE - CARRIED_FIRST + 1},
                {HOSTILE_CARRIER, CROWD_FIRST, CROWD},
                {CAPTIVE_CARRIER, CAPTIVE_CARRIED, 1}};
    struct buffer table;
    buffer_init(&table, 64 * 1024);
    bool made = buffer_append_text(&table, "key,curve_public_key,participants");
    for (size_t i = 0; made && i < sizeof rows / sizeof *rows; i++) {
        struct curve_pair pair;
        struct key key = province_carrier(rows[i].number);
        char path[64];
        (void)snprintf(path, sizeof path, "keys/%s.curve", key.text);
        made = curve_pair_make(&pair) == REASON_NONE &&
               province_write(&world->province, path, bytes_of_text(pair.secret_key.text)) &&
               buffer_append_format(&table, "\n%s,\"%s\",", key.text, pair.public_key.text);
        for (size_t j = 0; made && j < rows[i].count; j++)
            made = buffer_append_format(&table, "%s%s", j > 0 ? ";" : "",
                                        province_agency(rows[i].first + j).text);
    }
    made = made && buffer_append_text(&table, "\n") &&
           province_write(&world->province, "registry/carriers.csv", buffer_view(&table));
    buffer_release(&table);
    return made;
}

/* Agencies may also write to each other: to one that has a real adapter, and to the absent one. */
static bool widen_policy(const struct world *world)
{
    struct buffer policy;
    buffer_init(&policy, 64 * 1024);
    bool made = province_read(&world->province, "registry/policy.csv", &policy) &&
                buffer_append_text(&policy, "agency,result,agency,,168\n"
                                            "agency,progress,agency,,168\n") &&
                province_write(&world->province, "registry/policy.csv", buffer_view(&policy));
    buffer_release(&policy);
    return made;
}

/* ---- settings ---- */

struct curve_pair world_curve_pair(const struct world *world, const char *name)
{
    struct curve_pair pair;
    struct buffer secret;
    char path[64];
    buffer_init(&secret, 1024);
    (void)snprintf(path, sizeof path, "keys/%s.curve", name);
    check(province_read(&world->province, path, &secret) &&
          curve_pair_of_secret(buffer_view(&secret), &pair));
    buffer_release(&secret);
    return pair;
}

static bool make_gateway_settings(const struct world *world)
{
    char text[SETTINGS_BYTES];
    (void)snprintf(text, sizeof text,
                   "participant: gateway\nlisten: %s\ncurve_secret_file: keys/gateway.curve\n"
                   "signing_key_file: keys/gateway.pem\n"
                   "signing_certificate_file: keys/gateway.crt\nregistry_directory: registry\n"
                   "state_directory: gateway\n",
                   world->gateway_endpoint);
    return province_write(&world->province, "gateway.yaml", bytes_of_text(text));
}

static bool make_adapter_settings(const struct world *world, size_t number, const char *endpoint)
{
    char text[SETTINGS_BYTES];
    char path[64];
    const char *key = province_agency(number).text;
    char name[PARTICIPANT_KEY_BYTES_MAX + 1];
    (void)snprintf(name, sizeof name, "%s", key);
    (void)snprintf(text, sizeof text,
                   "participant: %s\ngateway:\n  endpoint: %s\n"
                   "curve_secret_file: keys/%s.curve\nsigning_key_file: keys/%s.pem\n"
                   "signing_certificate_file: keys/%s.crt\nregistry_directory: registry\n"
                   "state_directory: %s\napi:\n  port: 0\noffice:\n  kind: inbox\n",
                   name, endpoint, name, name, name, name);
    (void)snprintf(path, sizeof path, "%s.yaml", name);
    return province_write(&world->province, path, bytes_of_text(text));
}

static bool make_carrier_settings(const struct world *world, size_t number, const char *listen,
                                  const char *gateway)
{
    char text[SETTINGS_BYTES];
    char path[64];
    struct key key = province_carrier(number);
    (void)snprintf(text, sizeof text,
                   "carrier: %s\nlisten: %s\ngateway:\n  endpoint: %s\n"
                   "curve_secret_file: keys/%s.curve\nregistry_directory: registry\n",
                   key.text, listen, gateway, key.text);
    (void)snprintf(path, sizeof path, "%s.yaml", key.text);
    return province_write(&world->province, path, bytes_of_text(text));
}

/* The state folder of an adapter; with elsewhere, the name that its settings use leads there. */
static bool make_state(const struct world *world, size_t number, const char *elsewhere)
{
    char path[PATH_BYTES_MAX], target[PATH_BYTES_MAX];
    const struct key key = province_agency(number);
    return elsewhere == NULL || (path_make(path, "%s/%s", world->province.directory, key.text) &&
                                 path_make(target, "%s/%s", elsewhere, key.text) &&
                                 mkdir(target, 0700) == 0 && symlink(target, path) == 0);
}

bool world_make(struct world *world, const char *directory, const char *elsewhere,
                const char *programs)
{
    const struct province_options options = {.directory = directory,
                                             .agencies = AGENCIES,
                                             .key = AUTHORITY_P256,
                                             .gateway_key = AUTHORITY_P256,
                                             .window_messages = 1024};
    *world = (struct world){0};
    (void)snprintf(world->programs, sizeof world->programs, "%s", programs);
    world->shared = mmap(NULL, sizeof *world->shared, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return (world->shared != MAP_FAILED && province_make(&world->province, &options) &&
            make_carriers(world) && widen_policy(world) && free_endpoint(world->gateway_endpoint) &&
            free_endpoint(world->carrier_endpoint) && free_endpoint(world->captive_endpoint) &&
            free_endpoint(world->captive_carrier_endpoint) &&
            free_endpoint(world->captive_carried_endpoint) && make_gateway_settings(world) &&
            make_state(world, VICTIM_ADAPTER, elsewhere) &&
            make_state(world, CAPTIVE_ADAPTER, elsewhere) &&
            make_adapter_settings(world, VICTIM_ADAPTER, world->gateway_endpoint) &&
            make_adapter_settings(world, CAPTIVE_ADAPTER, world->captive_endpoint) &&
            make_carrier_settings(world, CARRIER, world->carrier_endpoint,
                                  world->gateway_endpoint) &&
            make_carrier_settings(world, CAPTIVE_CARRIER, world->captive_carried_endpoint,
                                  world->captive_carrier_endpoint)) ||
           fail("the province cannot be made");
}

/* ---- processes ---- */

static struct child *add(struct world *world, const char *program, const char *name)
{
    char path[PATH_BYTES_MAX], settings[PATH_BYTES_MAX];
    check(path_make(path, "%s/%s", world->programs, program) &&
          path_make(settings, "%s/%s.yaml", world->province.directory, name));
    struct child *child =
        children_add(&world->children, name, path, "--settings", settings, (char *)NULL);
    check(child != NULL);
    child_start(&world->children, child);
    return child;
}

static bool is_listening(const char *endpoint)
{
    int fd = raw_tcp_dial(endpoint);
    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

static bool has_api(const struct world *world, size_t number)
{
    char path[PATH_BYTES_MAX];
    return path_make(path, "%s/%s/api.port", world->province.directory,
                     province_agency(number).text) &&
           access(path, R_OK) == 0;
}

bool world_start(struct world *world)
{
    if (!children_init(&world->children, world->province.directory))
        return false;
    world->gateway = add(world, "lienthong-gateway", "gateway");
    world->carrier = add(world, "lienthong-carrier", province_carrier(CARRIER).text);
    world->captive_carrier =
        add(world, "lienthong-carrier", province_carrier(CAPTIVE_CARRIER).text);
    world->adapter = add(world, "lienthong-adapter", province_agency(VICTIM_ADAPTER).text);
    world->captive = add(world, "lienthong-adapter", province_agency(CAPTIVE_ADAPTER).text);
    int64_t until_us = world_now_us() + (int64_t)patience_ms(WAIT_MS) * 1000;
    while (world_now_us() < until_us) {
        children_tend(&world->children);
        if (is_listening(world->gateway_endpoint) && is_listening(world->carrier_endpoint) &&
            is_listening(world->captive_carried_endpoint) && has_api(world, VICTIM_ADAPTER) &&
            has_api(world, CAPTIVE_ADAPTER))
            return world_take_deaths(world) == 0 || fail("a process died at its start");
        (void)usleep(ROUND_MS * 1000);
    }
    return fail("the processes do not come up");
}

void world_tend(struct world *world)
{
    children_tend(&world->children);
}

uint64_t world_take_deaths(struct world *world)
{
    uint64_t deaths = 0;
    for (size_t i = 0; i < world->children.count; i++)
        deaths += world->children.list[i].restarts;
    uint64_t since = deaths - world->deaths;
    world->deaths = deaths;
    return since;
}

void world_stop(struct world *world)
{
    children_stop_all(&world->children);
    province_release(&world->province);
    (void)munmap(world->shared, sizeof *world->shared);
}
