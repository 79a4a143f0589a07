/* The hot path of the gateway without sockets, threads and waiting, so that callgrind counts the
 * same instructions for it every time: frames are examined, the broker steps, the SQLite store
 * commits, what leaves is answered by signed receipts, which take the same way.
 *
 *   instructions DIR      DIR: a province of AGENCIES with a corpus (see gateway_main.c)
 *
 * Under valgrind --tool=callgrind --instr-atstart=no it dumps the cost of each stage under its name
 * (tests/bench/instructions reads them); alone it only does the work. The last line printed is the
 * number of messages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

#include "gateway/core/broker.h"
#include "gateway/store/blobs_directory.h"
#include "gateway/store/store_sqlite.h"
#include "gateway/workers/crypto_openssl.h"
#include "gateway/workers/registry_directory.h"
#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/seal/seal.h"
#include "proto/seal/sha256.h"
#include "proto/seal/trust.h"
#include "tests/bench/corpus.h"
#include "tests/support/peer.h"

enum {
    AGENCIES = 4,
    FRAMES_A_STEP = 16,
    DELIVERED_MAX = 4096,
    KEY_BYTES_MAX = 64 * 1024,
    FRAME_SLOTS = 64,
    PARTICIPANTS = 64,
    FLIGHTS = 8192,
};

struct bench {
    const char *directory;
    struct province province;
    struct corpus corpus;
    struct registry *registry;
    struct crypto_openssl *crypto;
    struct store *store;
    struct blobs *blobs;
    struct arena memory;
    struct broker *broker;
    struct intake intakes[FRAME_SLOTS];
    size_t intake_count;
    struct signer *signers[AGENCIES];
    struct message_id delivered[AGENCIES][DELIVERED_MAX];
    size_t delivered_count[AGENCIES];
    struct id_maker maker;
    mono_t now;
    wall_t wall;
    size_t settled;
};

static struct bench bench;

static void must(bool done, const char *what)
{
    if (!done) {
        (void)fprintf(stderr, "instructions: %s failed\n", what);
        exit(1);
    }
}

/* ---- what the gateway is made of ---- */

static struct signer *open_signer(const char *name)
{
    char path[64];
    struct buffer key;
    struct buffer certificate;
    struct signer *signer = NULL;
    buffer_init(&key, KEY_BYTES_MAX);
    buffer_init(&certificate, KEY_BYTES_MAX);
    (void)snprintf(path, sizeof path, "keys/%s.pem", name);
    must(province_read(&bench.province, path, &key), path);
    (void)snprintf(path, sizeof path, "keys/%s.crt", name);
    must(province_read(&bench.province, path, &certificate), path);
    must(signer_new(buffer_view(&key), buffer_view(&certificate), SIGNER_PADDING_PKCS1, &signer) ==
             REASON_NONE,
         "a signer");
    buffer_release(&key);
    buffer_release(&certificate);
    return signer;
}

static void open_crypto(void)
{
    char path[FILE_PATH_BYTES_MAX];
    char culprit[FILE_PATH_BYTES_MAX];
    static struct faults faults;
    struct trust *trust = NULL;
    must(file_path_join(bench.directory, "registry", path) &&
             registry_directory_load(path, sha256_parts, &faults, &bench.registry) == REASON_NONE &&
             trust_directory_load(path, bench.registry, bench.wall, &trust, culprit) ==
                 REASON_NONE &&
             crypto_openssl_new(open_signer("gateway"), trust, &bench.crypto) == REASON_NONE,
         "registry and keys");
}

static void open_store(void)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-owner"};
    char path[FILE_PATH_BYTES_MAX];
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        (void)snprintf(path, sizeof path, "%s/instructions.sqlite%s", bench.directory, ends[i]);
        (void)unlink(path);
    }
    must(file_path_join(bench.directory, "instructions.sqlite", path) &&
             store_sqlite_open(path, NULL, &bench.store) == REASON_NONE &&
             file_path_join(bench.directory, "instructions.blobs", path) &&
             blobs_directory_open(path, BLOB_BYTES_DEFAULT_MAX, &bench.blobs) == REASON_NONE,
         "the store");
}

static void open_broker(void)
{
    struct broker_options options = {
        .self = key_of("gateway"),
        .offset_minutes = VIETNAM_OFFSET_MINUTES,
        .window_messages = MESSAGE_WINDOW_MAX,
        .participants_max = PARTICIPANTS,
        .flights_max = FLIGHTS,
        .attachment_bytes_max = BLOB_BYTES_DEFAULT_MAX,
        .store = bench.store,
        .blobs = bench.blobs,
        .crypto = crypto_openssl_port(bench.crypto),
    };
    must(arena_init(&bench.memory, broker_memory_bytes(&options)), "memory");
    bench.broker = broker_new(&options, &bench.memory);
    broker_set_registry(bench.broker, bench.registry);
    must(broker_load(bench.broker, bench.wall) == REASON_NONE, "loading");
}

/* ---- the stages, counted apart ---- */

static void stage_begin(void)
{
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
}

static void stage_end(const char *name)
{
    CALLGRIND_DUMP_STATS_AT(name);
    CALLGRIND_STOP_INSTRUMENTATION;
    (void)name;
}

static enum reason on_send(void *context, const struct key *peer, struct bytes bytes)
{
    static struct arena arena;
    struct frame frame;
    (void)context;
    if (peer->text[0] != 'a')
        return REASON_NONE;
    size_t agency = (size_t)strtoul(peer->text + 1, NULL, 10) - 1;
    if (arena.block == NULL)
        must(arena_init(&arena, FRAME_BYTES_MAX), "memory");
    arena_reset(&arena);
    must(frame_parse(bytes, &arena, &frame) == REASON_NONE, "a frame");
    for (size_t i = 0; frame.kind == FRAME_PARCELS && i < frame.parcels.count; i++) {
        for (size_t j = 0; j < frame.parcels.parcels[i].document_count; j++) {
            check(bench.delivered_count[agency] < DELIVERED_MAX);
            memcpy(bench.delivered[agency][bench.delivered_count[agency]++].bytes,
                   frame.parcels.parcels[i].documents[j].data + 2, MESSAGE_ID_BYTES);
        }
    }
    return REASON_NONE;
}

static void on_transition(void *context, const struct transition *transition)
{
    (void)context;
    must(transition->reason == REASON_NONE, transition->event);
    bench.settled += strcmp(transition->event, "settled") == 0 ? 1 : 0;
}

static void on_done(void *context, struct intake *intake)
{
    (void)context;
    (void)intake;
}

static void add_intake(const char *peer, struct bytes bytes)
{
    check(bench.intake_count < FRAME_SLOTS);
    struct intake *intake = &bench.intakes[bench.intake_count++];
    struct arena arena = intake->arena;
    if (arena.block == NULL)
        must(arena_init(&arena, examine_memory_bytes(FRAME_BYTES_MAX)), "memory");
    arena_reset(&arena);
    *intake = (struct intake){.peer = key_of(peer),
                              .connection = 1,
                              .bytes = bytes,
                              .arena = arena,
                              .arrived = bench.wall};
}

/* Everything that was added, through one step. prefix: of the stages' names. */
static void step(const char *prefix)
{
    static const struct step_effects effects = {
        .send = on_send, .transition = on_transition, .intake_done = on_done};
    const struct crypto_port *crypto = crypto_openssl_port(bench.crypto);
    const struct store_plan *plan = NULL;
    char name[64];
    stage_begin();
    for (size_t i = 0; i < bench.intake_count; i++)
        examine_frame(&bench.intakes[i], crypto, bench.wall);
    (void)snprintf(name, sizeof name, "%s-examine", prefix);
    stage_end(name);
    bench.now.ms += 10;
    bench.wall.ms += 10;
    stage_begin();
    broker_begin(bench.broker, bench.now, bench.wall);
    for (size_t i = 0; i < bench.intake_count; i++)
        broker_intake(bench.broker, &bench.intakes[i]);
    must(broker_end(bench.broker, &plan) == REASON_NONE, "a step");
    (void)snprintf(name, sizeof name, "%s-step", prefix);
    stage_end(name);
    stage_begin();
    must(plan == NULL || bench.store->verbs->commit(bench.store, plan) == REASON_NONE, "a commit");
    (void)snprintf(name, sizeof name, "%s-commit", prefix);
    stage_end(name);
    stage_begin();
    broker_committed(bench.broker, &effects);
    (void)snprintf(name, sizeof name, "%s-send", prefix);
    stage_end(name);
    bench.intake_count = 0;
}

/* ---- what the participants say ---- */

static struct bytes built(const struct frame *frame, size_t slot)
{
    static struct buffer buffers[FRAME_SLOTS];
    static struct arena scratch;
    if (scratch.block == NULL)
        must(arena_init(&scratch, FRAME_BYTES_MAX), "memory");
    if (buffers[slot].limit_bytes == 0)
        buffer_init(&buffers[slot], FRAME_BYTES_MAX);
    buffer_clear(&buffers[slot]);
    arena_reset(&scratch);
    must(frame_build(frame, &scratch, &buffers[slot]) == REASON_NONE, "a frame");
    return buffer_view(&buffers[slot]);
}

static void say_hello(const char *name, size_t slot)
{
    struct frame hello = {
        .kind = FRAME_HELLO,
        .hello = {.version_min = LINK_VERSION,
                  .version_max = LINK_VERSION,
                  .participant = key_of(name),
                  .program = bytes_of_text("bench"),
                  .window_messages = MESSAGE_WINDOW_MAX,
                  .clock = bench.wall},
    };
    add_intake(name, built(&hello, slot));
}

static void add_receipt(size_t agency)
{
    static struct receipt_item items[RECEIPT_ITEMS_MAX];
    static struct buffer documents[AGENCIES];
    static struct buffer signatures[AGENCIES];
    static struct arena scratch;
    size_t count = bench.delivered_count[agency];
    struct key self = province_agency(agency + 1);
    struct stamp now = {bench.wall, VIETNAM_OFFSET_MINUTES};
    uint8_t random[ID_RANDOM_BYTES];
    check(count >= 1 && count <= RECEIPT_ITEMS_MAX);
    check(getrandom(random, sizeof random, 0) == (ssize_t)sizeof random);
    if (scratch.block == NULL)
        must(arena_init(&scratch, ENVELOPE_ARENA_BYTES), "memory");
    for (size_t i = 0; i < count; i++) {
        size_t message = corpus_find(&bench.corpus, &bench.delivered[agency][i]);
        check(message != SIZE_MAX);
        items[i] = (struct receipt_item){.message_id = bench.delivered[agency][i],
                                         .digest = bench.corpus.messages[message].digest,
                                         .destination = self,
                                         .at = bench.wall};
    }
    struct envelope draft = {.sender = self,
                             .recipient = key_of("centre"),
                             .type = MESSAGE_TYPE_RECEIPT_DELIVERED,
                             .source_time = now,
                             .created = now,
                             .receipt = {.items = items, .item_count = count}};
    id_make(&bench.maker, bench.wall, random, &draft.id);
    buffer_release(&documents[agency]);
    buffer_release(&signatures[agency]);
    buffer_init(&documents[agency], ENVELOPE_BYTES_MAX);
    buffer_init(&signatures[agency], SIGNATURE_BYTES_MAX);
    arena_reset(&scratch);
    must(envelope_build(&draft, NULL, &scratch, &documents[agency]) == REASON_NONE &&
             seal_sign(bench.signers[agency], buffer_view(&documents[agency]), bench.wall,
                       &signatures[agency]) == REASON_NONE,
         "a receipt");
    struct bytes document = buffer_view(&documents[agency]);
    struct parcel parcel = {
        .documents = &document, .document_count = 1, .signature = buffer_view(&signatures[agency])};
    struct frame frame = {.kind = FRAME_PARCELS, .parcels = {&parcel, 1}};
    add_intake(self.text, built(&frame, agency));
    bench.delivered_count[agency] = 0;
}

static void run(void)
{
    say_hello("centre", 0);
    for (size_t i = 0; i < AGENCIES; i++) {
        char name[17];
        (void)snprintf(name, sizeof name, "%s", province_agency(i + 1).text);
        bench.signers[i] = open_signer(name);
        say_hello(name, i + 1);
    }
    step("hello");
    for (size_t frame = 0; frame < bench.corpus.frame_count;) {
        for (size_t i = 0; i < FRAMES_A_STEP && frame < bench.corpus.frame_count; i++)
            add_intake("centre", corpus_frame_bytes(&bench.corpus, frame++));
        step("message");
        for (size_t i = 0; i < AGENCIES; i++)
            add_receipt(i);
        step("receipt");
    }
    must(bench.settled == bench.corpus.message_count, "settling every message");
}

int main(int count, char **words)
{
    char path[FILE_PATH_BYTES_MAX];
    if (count != 2 || !file_path_join(words[1], "corpus", path))
        return 2;
    bench.directory = words[1];
    (void)snprintf(bench.province.directory, sizeof bench.province.directory, "%s", words[1]);
    bench.wall = peer_now();
    bench.now.ms = 1000000;
    must(corpus_load(path, &bench.corpus), "the corpus");
    open_crypto();
    open_store();
    open_broker();
    run();
    (void)printf("%zu\n", bench.corpus.message_count);
    return 0;
}
