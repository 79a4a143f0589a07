/* Measures, each alone, what one message costs the gateway and what the machine can do; prints one
 * line of JSON.
 *
 *   limits DIR      DIR: a province with a corpus (see gateway_main.c); scratch files go there too
 *
 *   verify_us, verify_per_second      CMS verification of the corpus's own parcels: processor time
 *                                     on one thread; rate with a thread on each processor
 *   curve_us                          one frame of a single message over the real link, loopback:
 *                                     processor time of both ends
 *   store_us                          insert and, in a later commit, update: processor time of one
 *                                     message, in commits of 256
 *   commit_1, commit_32, commit_256   messages per second that the store commits, in such groups
 *   sync_us, sync_p99_us, syncs       fdatasync of a file that grows by 4 KiB: mean, p99, per
 * second limit                             processors / (verify + curve in + curve out + store) */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/store/store_sqlite.h"
#include "gateway/workers/registry_directory.h"
#include "proto/base/check.h"
#include "proto/codec/frame.h"
#include "proto/seal/seal.h"
#include "proto/seal/sha256.h"
#include "proto/seal/trust.h"
#include "routing/registry/registry.h"
#include "tests/bench/corpus.h"
#include "tests/bench/fill.h"
#include "tests/bench/histogram.h"
#include "tests/bench/process.h"
#include "tests/support/peer.h"

enum { THREADS_MAX = 64, SYNC_BYTES = 4096, SYNCS = 1500, STORE_GROUP = 256, CURVE_FRAMES = 40000 };

static double thread_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool fail(const char *what)
{
    (void)fprintf(stderr, "limits: %s\n", what);
    return false;
}

/* ---- verification ---- */

struct verifier {
    const struct corpus *corpus;
    const struct trust *trust;
    double until; /* clock; 0: one pass over first_frames */
    size_t count; /* signatures */
    size_t messages;
    double used;
    bool failed;
    pthread_t thread;
};

static bool verify_parcel(struct verifier *verifier, const struct parcel *parcel)
{
    struct seal_verdict verdict;
    bool is_manifest = parcel->manifest.size > 0;
    struct key sender = key_of("centre");
    seal_verify(verifier->trust, is_manifest ? parcel->manifest : parcel->documents[0],
                parcel->signature, parcel->certificate, &sender, peer_now(), &verdict);
    /* A manifest costs a hash of every document as well. */
    for (size_t i = 0; is_manifest && i < parcel->document_count; i++) {
        struct digest digest;
        sha256_parts(&parcel->documents[i], 1, &digest);
    }
    verifier->count++;
    verifier->messages += parcel->document_count;
    return verdict.reason == REASON_NONE;
}

static void *verify(void *context)
{
    enum { ARENA_BYTES = 1024 * 1024 };
    struct verifier *verifier = context;
    struct arena arena;
    check(arena_init(&arena, ARENA_BYTES));
    double begun = thread_seconds();
    for (size_t i = 0; clock_seconds() < verifier->until && !verifier->failed; i++) {
        struct frame frame;
        arena_reset(&arena);
        verifier->failed =
            frame_parse(corpus_frame_bytes(verifier->corpus, i % verifier->corpus->frame_count),
                        &arena, &frame) != REASON_NONE;
        for (size_t j = 0; !verifier->failed && j < frame.parcels.count; j++)
            verifier->failed = !verify_parcel(verifier, &frame.parcels.parcels[j]);
    }
    verifier->used = thread_seconds() - begun;
    arena_release(&arena);
    return NULL;
}

struct verify_result {
    double us; /* of one message */
    double per_second;
};

static bool measure_verify(const char *directory, const struct corpus *corpus,
                           struct verify_result *ret_result)
{
    char registry_path[FILE_PATH_BYTES_MAX];
    char culprit[FILE_PATH_BYTES_MAX];
    static struct faults faults;
    struct registry *registry = NULL;
    struct trust *trust = NULL;
    if (!file_path_join(directory, "registry", registry_path) ||
        registry_directory_load(registry_path, sha256_parts, &faults, &registry) != REASON_NONE ||
        trust_directory_load(registry_path, registry, peer_now(), &trust, culprit) != REASON_NONE)
        return fail("the registry cannot be read");
    struct verifier alone = {.corpus = corpus, .trust = trust, .until = clock_seconds() + 1};
    verify(&alone);
    struct verifier verifiers[THREADS_MAX];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t threads = processors > THREADS_MAX ? THREADS_MAX : (size_t)processors;
    size_t messages = 0;
    double begun = clock_seconds();
    for (size_t i = 0; i < threads; i++) {
        verifiers[i] = (struct verifier){.corpus = corpus, .trust = trust, .until = begun + 1};
        check(pthread_create(&verifiers[i].thread, NULL, verify, &verifiers[i]) == 0);
    }
    bool failed = alone.failed;
    for (size_t i = 0; i < threads; i++) {
        pthread_join(verifiers[i].thread, NULL);
        failed = failed || verifiers[i].failed;
        messages += verifiers[i].messages;
    }
    *ret_result = (struct verify_result){alone.used / (double)alone.messages * 1e6,
                                         (double)messages / (clock_seconds() - begun)};
    trust_drop(&trust);
    registry_destroy(&registry);
    return !failed || fail("a signature does not verify");
}

/* ---- the link ---- */

struct line {
    struct link_server *server;
    struct link_client *client;
};

static bool open_line(struct line *line)
{
    struct link_server_options server = {.endpoint = "tcp://127.0.0.1:0", .io_threads = 1};
    struct link_client_options client = {0};
    struct link_peer peer = {.key = key_of("centre")};
    if (curve_pair_make(&server.key) != REASON_NONE || curve_pair_make(&client.key) != REASON_NONE)
        return false;
    peer.public_key = client.key.public_key;
    client.server_public_key = server.key.public_key;
    if (link_server_new(&server, &line->server) != REASON_NONE ||
        link_server_set_peers(line->server, &peer, 1) != REASON_NONE)
        return false;
    client.endpoint = link_server_endpoint(line->server);
    return link_client_new(&client, &line->client) == REASON_NONE;
}

static bool measure_curve(struct bytes message, double *ret_us)
{
    struct line line = {0};
    struct link_event event;
    size_t sent = 0;
    size_t received = 0;
    double begun = own_seconds();
    double deadline = clock_seconds() + 20;
    bool opened = open_line(&line);
    while (opened && received < CURVE_FRAMES && clock_seconds() < deadline) {
        bool any = link_client_receive(line.client, &event);
        while (sent < CURVE_FRAMES && sent - received < LINK_SEND_QUEUE_MAX &&
               link_client_send(line.client, message) == REASON_NONE)
            sent++;
        while (link_server_receive(line.server, &event)) {
            received += event.kind == LINK_FRAME ? 1 : 0;
            any = true;
        }
        struct pollfd wait = {.fd = link_server_fd(line.server), .events = POLLIN};
        if (!any)
            (void)poll(&wait, 1, 1);
    }
    *ret_us = (own_seconds() - begun) / CURVE_FRAMES * 1e6;
    link_client_destroy(&line.client);
    link_server_destroy(&line.server);
    return received == CURVE_FRAMES || fail("the link is stuck");
}

/* ---- the store ---- */

static void remove_store(const char *path)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-owner"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char name[FILE_PATH_BYTES_MAX + 8];
        (void)snprintf(name, sizeof name, "%s%s", path, ends[i]);
        (void)unlink(name);
    }
}

struct store_result {
    double us; /* insert and update */
    double per_second[3];
};

static const size_t groups[3] = {1, 32, STORE_GROUP};

static bool measure_store(const char *directory, size_t document_bytes,
                          struct store_result *ret_result)
{
    char path[FILE_PATH_BYTES_MAX];
    struct store *store = NULL;
    struct fill fill;
    (void)snprintf(path, sizeof path, "%s/limits.sqlite", directory);
    remove_store(path);
    if (store_sqlite_open(path, NULL, &store) != REASON_NONE ||
        !fill_init(&fill, store, document_bytes, 23))
        return fail("the store cannot be opened");
    bool failed = false;
    for (size_t i = 0; i < 3 && !failed; i++) {
        double begun = clock_seconds();
        double used = thread_seconds();
        size_t count = 0;
        for (; clock_seconds() < begun + 1 && !failed; count += groups[i])
            failed = fill_commit(&fill, groups[i], ENTRY_LEASED) != REASON_NONE ||
                     fill_deliver(&fill, groups[i]) != REASON_NONE;
        ret_result->per_second[i] = (double)count / (clock_seconds() - begun);
        ret_result->us = (thread_seconds() - used) / (double)count * 1e6;
    }
    store->verbs->close(store);
    fill_release(&fill);
    remove_store(path);
    return !failed || fail("a commit failed");
}

/* ---- the disk ---- */

struct sync_result {
    double mean_us, p99_us;
};

static bool measure_sync(const char *directory, struct sync_result *ret_result)
{
    static struct histogram times;
    static const uint8_t page[SYNC_BYTES];
    char path[FILE_PATH_BYTES_MAX];
    (void)snprintf(path, sizeof path, "%s/limits.sync", directory);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    bool failed = fd < 0;
    double begun = clock_seconds();
    for (int i = 0; i < SYNCS && !failed; i++) {
        double at = clock_seconds();
        failed = write(fd, page, sizeof page) != (ssize_t)sizeof page || fdatasync(fd) != 0;
        histogram_record(&times, (uint64_t)((clock_seconds() - at) * 1e6));
    }
    *ret_result = (struct sync_result){(clock_seconds() - begun) / SYNCS * 1e6,
                                       (double)histogram_quantile(&times, 0.99)};
    if (fd >= 0)
        (void)close(fd);
    (void)unlink(path);
    return !failed || fail("the disk cannot be written");
}

int main(int count, char **words)
{
    char path[FILE_PATH_BYTES_MAX];
    struct corpus corpus;
    struct verify_result verified;
    struct store_result stored;
    struct sync_result synced;
    double curve_us;
    if (count != 2 || !file_path_join(words[1], "corpus", path))
        return 2;
    if (!corpus_load(path, &corpus))
        return fail("there is no corpus") ? 0 : 1;
    struct bytes first = corpus_frame_bytes(&corpus, 0);
    size_t message_bytes = first.size / corpus.frames[0].message_count;
    if (!measure_verify(words[1], &corpus, &verified) ||
        !measure_curve((struct bytes){first.data, message_bytes}, &curve_us) ||
        !measure_store(words[1], message_bytes, &stored) || !measure_sync(words[1], &synced))
        return 1;
    double processors = (double)sysconf(_SC_NPROCESSORS_ONLN);
    double limit = processors * 1e6 / (verified.us + 2 * curve_us + stored.us);
    (void)printf("{\"verify_us\":%.1f,\"verify_per_second\":%.0f,\"curve_us\":%.1f,"
                 "\"store_us\":%.1f,\"commit_1\":%.0f,\"commit_32\":%.0f,\"commit_256\":%.0f,"
                 "\"sync_us\":%.0f,\"sync_p99_us\":%.0f,\"limit\":%.0f}\n",
                 verified.us, verified.per_second, curve_us, stored.us, stored.per_second[0],
                 stored.per_second[1], stored.per_second[2], synced.mean_us, synced.p99_us, limit);
    corpus_release(&corpus);
    return 0;
}
