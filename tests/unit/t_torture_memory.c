/* The n-th allocation fails, for n = 1, 2, 3 …, in our own code, SQLite, OpenSSL and jansson: no
 * crash, no leak (LeakSanitizer, in the sanitized run), a reason that says so, nothing acknowledged
 * that is not kept; and the next attempt, with memory, succeeds. limit-seconds: 200 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "adapters/portal/portal_ledger.h"
#include "gateway/store/store_sqlite.h"
#include "proto/codec/frame.h"
#include "proto/codec/message_type.h"
#include "routing/registry/route.h"
#include "schema/body.pb-c.h"
#include "tests/support/effort.h"
#include "tests/support/failing_memory.h"
#include "proto/seal/sha256.h"

/* OpenSSL allocates for every hash, and a hash cannot fail: the process ends (sha256.h). That is
 * not what is tortured here. */
static void hash_with_memory(const struct bytes *parts, size_t part_count,
                             struct digest *ret_digest)
{
    bool was_on = failing_memory_is_on();
    failing_memory_pause();
    sha256_parts(parts, part_count, ret_digest);
    if (was_on)
        failing_memory_resume();
}
#define FIXTURE_HASH hash_with_memory
#include "tests/unit/api_fixture.h"
#include "tests/unit/identities.h"
#include "tests/unit/registry_small.h"

/* Every one of the first STRIDE_AFTER allocations fails, then ever fewer: SQLite makes thousands.
 */
enum { ALLOCATIONS_MAX = 20000, STRIDE_AFTER = 60, SANITIZED_STRIDE = 5 };

/* NONE: all went well. Checks by itself that what it was told is true. */
typedef enum reason scenario(void);

static struct authority *root;
static struct identity member;

/* Or, when a file of certificates or a key is read, that it cannot be: OpenSSL does not always say
 * that it was memory. Those are read again by whoever asked, and nothing of them stays. */
static bool is_told(enum reason reason)
{
    return reason_class(reason) == REASON_CLASS_TRANSIENT || reason == REASON_REGISTRY_INVALID ||
           reason == REASON_KEY_UNREADABLE;
}

/* More than `least` allocations were tried. */
static void torture(scenario *run, uint64_t least)
{
    uint64_t n = 1;
    assert_int_equal(run(), REASON_NONE); /* what is made once in a process's life */
    for (bool was_reached = true; was_reached;
         n += effort_stride(1 + n / STRIDE_AFTER, SANITIZED_STRIDE)) {
        assert_true(n < ALLOCATIONS_MAX);
        failing_memory_begin(n);
        enum reason reason = run();
        was_reached = failing_memory_end();
        if (reason != REASON_NONE && !(was_reached && is_told(reason)))
            fail_msg("allocation %llu: %s", (unsigned long long)n, reason_code(reason));
        if (run() != REASON_NONE)
            fail_msg("after allocation %llu", (unsigned long long)n);
    }
    assert_true(n > least);
}

/* ---- seal ---- */

static const char content_text[] = "Hồ sơ";

static enum reason make_trust(struct trust **ret_trust)
{
    struct trust_builder *builder = NULL;
    struct key key = key_of("desk");
    static struct buffer anchor;
    failing_memory_pause();
    if (anchor.size == 0) {
        buffer_init(&anchor, AUTHORITY_PEM_BYTES_MAX);
        assert_int_equal(authority_certificate(root, &anchor), REASON_NONE);
    }
    failing_memory_resume();
    enum reason reason = trust_builder_new(&builder);
    if (reason == REASON_NONE)
        reason = trust_builder_add_anchors(builder, buffer_view(&anchor));
    if (reason == REASON_NONE)
        reason = trust_builder_register(builder, &key, buffer_view(&member.certificate));
    if (reason == REASON_NONE)
        reason = trust_freeze(&builder, now, ret_trust);
    trust_builder_destroy(&builder);
    return reason;
}

static enum reason trust_scenario(void)
{
    struct trust *trust = NULL;
    enum reason reason = make_trust(&trust);
    assert_int_equal(reason == REASON_NONE, trust != NULL);
    /* Who is registered stays trusted: no verdict for good because memory was short for a moment.
     */
    if (trust != NULL)
        assert_int_equal(trust_judge(trust_signer_at(trust, 0), now), REASON_NONE);
    trust_drop(&trust);
    return reason;
}

static struct trust *trust_of_test;

static enum reason seal_scenario(void)
{
    struct signer *signer = NULL;
    struct buffer signature;
    struct seal_verdict verdict;
    struct key sender = key_of("desk");
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    enum reason reason = signer_new(buffer_view(&member.key), buffer_view(&member.certificate),
                                    SIGNER_PADDING_PKCS1, &signer);
    if (reason == REASON_NONE)
        reason = seal_sign(signer, bytes_of_text(content_text), now, &signature);
    if (reason == REASON_NONE)
        reason = seal_verify(trust_of_test, bytes_of_text(content_text), buffer_view(&signature),
                             (struct bytes){0}, &sender, now, &verdict);
    signer_destroy(&signer);
    buffer_release(&signature);
    return reason;
}

static void seals(void **state)
{
    (void)state;
    struct authority_request request = request_of("root", AUTHORITY_P256);
    assert_int_equal(authority_new(&request, &root), REASON_NONE);
    identity_issue(&member, root, request_of("member", AUTHORITY_RSA_2048));
    torture(trust_scenario, 10);
    assert_int_equal(make_trust(&trust_of_test), REASON_NONE);
    torture(seal_scenario, 10);
}

/* ---- registry ---- */

static enum reason registry_scenario(void)
{
    struct registry_files files = good_files();
    struct registry *registry = NULL;
    struct route_question question = {.type = MESSAGE_TYPE_TRANSFER,
                                      .procedure_code = bytes_of_text("2.000635"),
                                      .at = {1791426600000}};
    struct route_decision decision;
    enum reason reason = registry_new(&files, fixture_hash, &faults, &registry);
    assert_int_equal(reason == REASON_NONE, registry != NULL);
    if (reason == REASON_NONE) {
        question.sender = registry_centre(registry)->key;
        reason = route_resolve(registry, &question, &decision);
    }
    registry_destroy(&registry);
    return reason;
}

static void a_registry_is_read(void **state)
{
    (void)state;
    torture(registry_scenario, 3);
}

/* ---- codec ---- */

static enum reason codec_scenario(void)
{
    struct arena arena = {0};
    struct buffer document;
    struct buffer bytes;
    struct envelope parsed;
    struct frame frame;
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Person owner = LIENTHONG__V1__PERSON__INIT;
    Lienthong__V1__Transfer transfer = LIENTHONG__V1__TRANSFER__INIT;
    struct envelope draft = {.id.bytes = {1, 2, 3, 4, 5, 6, 0x70, 7, 0x80, 8, 9},
                             .sender = key_of("desk"),
                             .type = MESSAGE_TYPE_TRANSFER,
                             .dossier_code = bytes_of_text("H38.30-261124-0001"),
                             .procedure_code = bytes_of_text("2.000635"),
                             .sequence = 1,
                             .source_time = {now, 420},
                             .created = {now, 420}};
    owner.name = (char *)(uintptr_t) "Nguyễn Văn Mẫu";
    transfer.owner = &owner;
    transfer.procedure_name = (char *)(uintptr_t) "Cấp bản sao";
    body.kind_case = LIENTHONG__V1__BODY__KIND_TRANSFER;
    body.transfer = &transfer;
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    buffer_init(&bytes, FRAME_BYTES_MAX);
    enum reason reason = arena_init(&arena, FRAME_ARENA_BYTES + 2 * ENVELOPE_ARENA_BYTES)
                             ? envelope_build(&draft, &body, &arena, &document)
                             : REASON_OUT_OF_MEMORY;
    struct bytes view = buffer_view(&document);
    struct parcel parcel = {
        .documents = &view, .document_count = 1, .signature = bytes_of_text("seal")};
    struct frame out = {.kind = FRAME_PARCELS, .parcels = {&parcel, 1}};
    if (reason == REASON_NONE)
        reason = frame_build(&out, &arena, &bytes);
    if (reason == REASON_NONE)
        reason = frame_parse(buffer_view(&bytes), &arena, &frame);
    if (reason == REASON_NONE)
        reason = envelope_parse(frame.parcels.parcels[0].documents[0], &arena, &parsed);
    if (reason == REASON_NONE)
        assert_true(id_equal(&parsed.id, &draft.id));
    buffer_release(&document);
    buffer_release(&bytes);
    arena_release(&arena);
    return reason;
}

static void messages_are_built_and_parsed(void **state)
{
    (void)state;
    torture(codec_scenario, 3);
}

/* ---- store ---- */

static struct scratch store_scratch;
static uint64_t next_seq = 1;

static enum reason put(struct store *store, uint64_t seq)
{
    struct bytes content = bytes_of_text(content_text);
    struct store_parcel parcel = {
        .seq = seq, .signature = bytes_of_text("seal"), .documents = &content, .document_count = 1};
    struct store_message message = {.seq = seq,
                                    .parcel_seq = seq,
                                    .sender = key_of("desk"),
                                    .recipient = key_of("a"),
                                    .type = MESSAGE_TYPE_TRANSFER,
                                    .dossier_code = bytes_of_text("D"),
                                    .procedure_code = bytes_of_text("1.000001"),
                                    .sequence = seq,
                                    .custody = {1000}};
    struct entry entry = {
        .message_seq = seq, .destination = key_of("a"), .state = ENTRY_LEASED, .due = {1}};
    struct store_plan plan = {.parcels = &parcel,
                              .parcel_count = 1,
                              .messages = &message,
                              .message_count = 1,
                              .entries = &entry,
                              .entry_count = 1};
    for (int i = 0; i < 8; i++)
        message.id.bytes[8 + i] = (uint8_t)(seq >> (56 - 8 * i));
    return store->verbs->commit(store, &plan);
}

/* Opens, commits one message, reads it. What was answered is there, what was not is not. */
static enum reason store_scenario(void)
{
    char path[FILE_PATH_BYTES_MAX];
    struct store *store = NULL;
    struct store_positions positions;
    struct store_document document;
    assert_true(file_path_join(store_scratch.folder, "store.sqlite", path));
    enum reason reason = store_sqlite_open(path, NULL, &store);
    if (reason != REASON_NONE)
        return reason;
    reason = store->verbs->positions(store, &positions);
    if (reason == REASON_NONE) {
        assert_int_equal(positions.next_message_seq, next_seq);
        reason = put(store, next_seq);
    }
    if (reason == REASON_NONE) {
        next_seq++;
        reason = store->verbs->read_document(store, next_seq - 1, &document);
    }
    if (reason == REASON_NONE)
        assert_true(bytes_equal(document.document, bytes_of_text(content_text)));
    store->verbs->close(store);
    return reason;
}

static void a_store_commits_and_reads(void **state)
{
    (void)state;
    /* In memory, where there is some: it is opened some thousand times. */
    (void)snprintf(store_scratch.folder, sizeof store_scratch.folder,
                   "/dev/shm/lienthong-test-XXXXXX");
    assert_true(mkdtemp(store_scratch.folder) != NULL || scratch_open(&store_scratch));
    torture(store_scenario, 30);
    scratch_close(&store_scratch);
}

/* ---- the portal's ledger ---- */

static char ledger_path[300];
static unsigned dossiers;

/* Opened anew each time: it is never somebody else's, whatever could not be read. */
static enum reason keep_dossier(const char *code, const json_t *facts)
{
    struct portal_ledger *ledger = NULL;
    const struct portal_row row = {.message_id = code, .code = code, .type = "t", .message = facts};
    enum reason reason = portal_ledger_open(ledger_path, &ledger);
    if (reason == REASON_NONE)
        reason = portal_ledger_begin(ledger);
    if (reason == REASON_NONE) {
        (void)portal_ledger_put_dossier(ledger, code, PORTAL_LOADING, facts, now);
        (void)portal_ledger_put_event(ledger, &row, now);
        (void)portal_ledger_mark(ledger, code, PORTAL_PRESENT, now);
        reason = portal_ledger_commit(ledger);
    }
    failing_memory_pause();
    struct portal_dossier dossier = {.facts = NULL};
    struct portal_known known;
    if (reason == REASON_NONE) {
        assert_int_equal(portal_ledger_dossier(ledger, code, &dossier), REASON_NONE);
        assert_int_equal(dossier.presence, PORTAL_PRESENT);
        assert_int_equal(portal_ledger_find(ledger, code, &known), REASON_NONE);
    }
    json_decref(dossier.facts);
    portal_ledger_close(&ledger);
    return reason;
}

static enum reason ledger_scenario(void)
{
    char code[32];
    bool is_torture = failing_memory_is_on();
    failing_memory_pause();
    json_t *facts = json_pack("{s:i, s:s}", "state", 1, "note", "x");
    (void)snprintf(code, sizeof code, "D-%u", dossiers++);
    if (is_torture)
        failing_memory_resume();
    enum reason reason = keep_dossier(code, facts);
    json_decref(facts);
    if (is_torture)
        failing_memory_resume();
    return reason;
}

/* The commit alone is looked at: it says so when a row before it found no memory. */
static void a_ledger_keeps_all_or_says_so(void **state)
{
    struct scratch scratch;
    (void)state;
    assert_true(scratch_open(&scratch));
    (void)snprintf(ledger_path, sizeof ledger_path, "%s/portal.sqlite", scratch.folder);
    torture(ledger_scenario, 30);
    scratch_close(&scratch);
}

/* ---- local API ---- */

static struct api_fixture api;
static unsigned requests;
static char last_reply[16 * 1024];

/* One turn of the adapter's loop with memory that may fail; the client's own memory does not. */
static void tortured_turn(bool is_torture)
{
    if (is_torture)
        failing_memory_resume();
    fixture_turn(&api);
    failing_memory_pause();
}

/* The status of the reply; 0: the connection was closed without one. ret_id: the accepted id. */
static int post(const char *request, bool is_torture, char *ret_id)
{
    char *reply = last_reply;
    size_t size = 0;
    int client = client_connect(&api);
    int status = 0;
    ssize_t got = -1;
    assert_int_equal(send(client, request, strlen(request), MSG_NOSIGNAL),
                     (ssize_t)strlen(request));
    for (int turn = 0; got != 0 && turn < API_ROUNDS_MAX; turn++) {
        tortured_turn(is_torture);
        got = recv(client, reply + size, sizeof last_reply - 1 - size, 0);
        if (got < 0 && errno == ECONNRESET)
            got = 0;
        size += got > 0 ? (size_t)got : 0;
        reply[size] = 0;
    }
    assert_int_equal(got, 0);
    close(client);
    if (strncmp(reply, "HTTP/1.1 ", 9) == 0)
        status = (int)strtol(reply + 9, NULL, 10);
    const char *id = strstr(reply, "\"message_id\":");
    ret_id[0] = 0;
    if (id != NULL)
        (void)sscanf(id, "\"message_id\":%*[ \"]%36[0-9a-f-]", ret_id);
    return status;
}

static enum reason api_scenario(void)
{
    static const char body[] =
        "{\"type\":\"transfer\",\"recipient\":\"stp\",\"dossier_code\":\"H38.30-261124-0001\","
        "\"procedure_code\":\"1.011443\",\"body\":{\"procedure_name\":\"Cap\",\"owner\":{"
        "\"name\":\"Nguyen Van A\"}}}";
    char request[2048];
    char id[40];
    bool is_torture = failing_memory_is_on();
    failing_memory_pause();
    (void)snprintf(
        request, sizeof request,
        "POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer %s\r\n"
        "Connection: close\r\nIdempotency-Key: key-%u\r\nContent-Length: %zu\r\n\r\n%s",
        api_port(api.server), api.token, requests, strlen(body), body);
    int status = post(request, is_torture, id);
    if (status == 202) {
        char path[128];
        (void)snprintf(path, sizeof path, "/v1/messages/%s", id);
        assert_call(&api, "GET", path, "", "", 200, NULL);
        requests++;
    } else {
        if (status != 0 && status < 500 && status != 429)
            fail_msg("%d: %s", status, last_reply);
    }
    failing_memory_resume();
    return status == 202 ? REASON_NONE : REASON_OUT_OF_MEMORY;
}

static void the_local_api_takes_a_message(void **state)
{
    (void)state;
    fixture_open(&api, 1024 * 1024);
    torture(api_scenario, 30);
    fixture_close(&api);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seals),
        cmocka_unit_test(a_registry_is_read),
        cmocka_unit_test(messages_are_built_and_parsed),
        cmocka_unit_test(a_store_commits_and_reads),
        cmocka_unit_test(a_ledger_keeps_all_or_says_so),
        cmocka_unit_test(the_local_api_takes_a_message),
    };
    failing_memory_install();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    trust_drop(&trust_of_test);
    identity_release(&member);
    authority_destroy(&root);
    return failed;
}
