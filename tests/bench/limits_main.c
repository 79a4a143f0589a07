/* Measures, each alone, what one message costs the gateway and what the machine can do; prints one
 * line of JSON.
 *
 *   limits DIR RATE   DIR: a province with a corpus (see gateway_main.c); scratch files go there
 *                     too. RATE: messages per second at which the link's latency is measured
 *
 *   verify_us, verify_per_second      CMS verification of the corpus's own parcels: processor time
 *                                     on one thread; rate with a thread on each processor
 *   curve_us                          one frame of a single message over the real link, loopback:
 *                                     processor time of both ends
 *   store_us                          insert and, in a later commit, update: processor time of one
 *                                     message, in commits of 256
 *   commit_1, commit_32, commit_256   messages per second that the store commits, in such groups
 *   sync_us, sync_p99_us              fdatasync of a file that grows by 4 KiB: mean, p99
 *   link_p50_us, link_p99_us          the corpus's frames over a bare link by that timetable, each
 *                                     answered at once with a small one: due to answered
 *   limit                             processors / (verify + curve in + curve out + store) */
#include <fcntl.h>
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
#include "tests/bench/line.h"
#include "tests/bench/process.h"
#include "tests/support/peer.h"

enum { THREADS_MAX = 64, SYNC_BYTES = 4096, SYNCS = 1500, STORE_GROUP = 256, ANSWER_BYTES = 1024 };

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
    double until; /* clock; 0: one pass over the corpus */
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

struct measured {
    struct verify_result verified;
    struct store_result stored;
    struct sync_result synced;
    double curve_us;
    struct histogram link;
};

static bool measure(const char *directory, const struct corpus *corpus, double rate,
                    struct measured *ret_measured)
{
    struct bytes first = corpus_frame_bytes(corpus, 0);
    size_t message_bytes = first.size / corpus->frames[0].message_count;
    return measure_verify(directory, corpus, &ret_measured->verified) &&
           line_cost((struct bytes){first.data, message_bytes}, &ret_measured->curve_us) &&
           measure_store(directory, message_bytes, &ret_measured->stored) &&
           measure_sync(directory, &ret_measured->synced) &&
           line_round_trips(corpus, rate, ANSWER_BYTES, &ret_measured->link);
}

static void print(const struct measured *measured)
{
    const struct verify_result *verified = &measured->verified;
    const struct store_result *stored = &measured->stored;
    double processors = (double)sysconf(_SC_NPROCESSORS_ONLN);
    double limit = processors * 1e6 / (verified->us + 2 * measured->curve_us + stored->us);
    (void)printf("{\"verify_us\":%.1f,\"verify_per_second\":%.0f,\"curve_us\":%.1f,"
                 "\"store_us\":%.1f,\"commit_1\":%.0f,\"commit_32\":%.0f,\"commit_256\":%.0f,"
                 "\"sync_us\":%.0f,\"sync_p99_us\":%.0f,\"link_p50_us\":%lu,"
                 "\"link_p99_us\":%lu,\"limit\":%.0f}\n",
                 verified->us, verified->per_second, measured->curve_us, stored->us,
                 stored->per_second[0], stored->per_second[1], stored->per_second[2],
                 measured->synced.mean_us, measured->synced.p99_us,
                 histogram_quantile(&measured->link, 0.5),
                 histogram_quantile(&measured->link, 0.99), limit);
}

int main(int count, char **words)
{
    static struct measured measured;
    char path[FILE_PATH_BYTES_MAX];
    struct corpus corpus;
    double rate = count == 3 ? strtod(words[2], NULL) : 0;
    if (rate <= 0 || !file_path_join(words[1], "corpus", path))
        return 2;
    if (!corpus_load(path, &corpus))
        return fail("there is no corpus") ? 0 : 1;
    bool done = measure(words[1], &corpus, rate, &measured);
    corpus_release(&corpus);
    if (done)
        print(&measured);
    return done ? 0 : 1;
}
