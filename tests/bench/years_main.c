/* Years of a province in one gateway's store, through the store's own port and the product's own
 * rule of what may go (gateway/custody/retention.h), with the days as an argument.
 *
 *   years STORE RETENTION_CSV YEARS DAILY DOCUMENT_BYTES PURGE_DAYS
 *
 * Every message of a person has what a gateway writes with one at a quiet rate, a commit for each
 * frame: its custody receipt, the delivery receipts of its agency and of the portal's copy, a head
 * and the ledger's entries with each commit. Every PURGE_DAYS all goes that may go. Prints
 * `years=N messages=N purged=N file_bytes=N`. Nothing is signed, and nothing is delivered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/custody/retention.h"
#include "gateway/store/store_sqlite.h"
#include "gateway/workers/file_read.h"
#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/ledger/merkle.h"
#include "proto/seal/sha256.h"

#define DAY_MS   (INT64_C(24) * 3600 * 1000)
#define BEGIN_MS (INT64_C(1767200400000)) /* 2026-01-01 in Vietnam */

enum {
    DAYS_OF_YEAR = 365,
    CSV_BYTES_MAX = 64 * 1024,
    PURGES_MAX = 64, /* of one plan, as a job has them */
    DOCUMENTS_MAX = 2,
    /* What these are at a real gateway with RSA keys. */
    CUSTODY_BYTES = 183,
    DELIVERED_BYTES = 149,
    HEAD_BYTES = 113,
    MANIFEST_BYTES = 224,
    SIGNATURE_BYTES = 614,
    ENTRY_BYTES = 140,
    RANDOM_BYTES = 64 * 1024,
};

struct years {
    struct store *store;
    struct registry *registry;
    struct store_positions at;
    struct merkle_frontier frontier;
    wall_t now;
    uint64_t ids, messages, purged;
    uint8_t random[RANDOM_BYTES]; /* does not compress; each is a window over it */
    size_t document_bytes;
};

/* What one commit brings. */
struct made {
    struct store_parcel parcels[2];
    struct bytes documents[2][DOCUMENTS_MAX];
    struct store_message messages[3];
    struct entry entries[3];
    size_t parcel_count, message_count, entry_count;
};

static void randomise(uint8_t *data, size_t size)
{
    uint64_t state = UINT64_C(88172645463325252);
    for (size_t i = 0; i < size; i++) {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        data[i] = (uint8_t)(state * UINT64_C(2685821657736338717) >> 56);
    }
}

static struct bytes window(struct years *years, size_t size)
{
    check(size < RANDOM_BYTES);
    return (struct bytes){years->random + years->ids * 7 % (RANDOM_BYTES - size), size};
}

/* Version 7: the time, then a counter where others have random bits. */
static struct message_id next_id(struct years *years)
{
    struct message_id id = {{0}};
    uint64_t ms = (uint64_t)years->now.ms, count = years->ids++;
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (8 * (5 - i)));
    id.bytes[6] = 0x70;
    id.bytes[8] = 0x80;
    for (int i = 0; i < 6; i++)
        id.bytes[10 + i] = (uint8_t)(count >> (8 * (5 - i)));
    return id;
}

static struct store_message *add_message(struct years *years, struct made *made, const char *sender,
                                         const char *recipient, uint32_t type, size_t size)
{
    struct store_parcel *parcel = &made->parcels[made->parcel_count - 1];
    struct bytes document = window(years, size);
    struct store_message *message = &made->messages[made->message_count++];
    made->documents[made->parcel_count - 1][parcel->document_count] = document;
    *message = (struct store_message){.seq = years->at.next_message_seq++,
                                      .parcel_seq = parcel->seq,
                                      .document_index = (uint32_t)parcel->document_count++,
                                      .sender = key_of(sender),
                                      .recipient = key_of(recipient),
                                      .id = next_id(years),
                                      .type = type,
                                      .custody = years->now};
    sha256_parts(&document, 1, &message->digest);
    return message;
}

static void add_parcel(struct years *years, struct made *made, bool has_manifest)
{
    size_t index = made->parcel_count++;
    made->parcels[index] = (struct store_parcel){.seq = years->at.next_parcel_seq++,
                                                 .signature = window(years, SIGNATURE_BYTES),
                                                 .documents = made->documents[index]};
    if (has_manifest)
        made->parcels[index].manifest = window(years, MANIFEST_BYTES);
}

/* Delivered at once: who waits is no matter of years. */
static void add_entry(struct made *made, uint64_t seq, const char *destination, wall_t now)
{
    made->entries[made->entry_count++] = (struct entry){.message_seq = seq,
                                                        .destination = key_of(destination),
                                                        .state = ENTRY_LEASED,
                                                        .attempts = 1,
                                                        .due = now};
}

/* With the head of this commit, which is the last message of its last parcel. */
static void commit(struct years *years, struct made *made, const struct store_route *route)
{
    const struct bytes entry = window(years, ENTRY_BYTES);
    struct digest hashes[MERKLE_LEVELS_MAX];
    struct store_move moves[3];
    struct store_segment segment = {.first_index = years->frontier.size,
                                    .entries = &entry,
                                    .entry_count = 1,
                                    .first_hash = merkle_stream_length(years->frontier.size),
                                    .hashes = hashes};
    segment.head_seq =
        add_message(years, made, "gateway", "gateway", MESSAGE_TYPE_LEDGER_HEAD, HEAD_BYTES)->seq;
    segment.hash_count = merkle_append(&years->frontier, sha256_parts, entry, hashes);
    for (size_t i = 0; i < made->entry_count; i++)
        moves[i] = (struct store_move){.message_seq = made->entries[i].message_seq,
                                       .destination = made->entries[i].destination,
                                       .state = ENTRY_DELIVERED,
                                       .due = years->now,
                                       .attempts = 1};
    const struct store_plan plan = {.parcels = made->parcels,
                                    .parcel_count = made->parcel_count,
                                    .messages = made->messages,
                                    .message_count = made->message_count,
                                    .routes = route,
                                    .route_count = route != NULL,
                                    .entries = made->entries,
                                    .entry_count = made->entry_count,
                                    .moves = moves,
                                    .move_count = made->entry_count,
                                    .segment = &segment};
    check(years->store->verbs->apply(years->store, &plan) == REASON_NONE);
    years->at.ledger_head_seq = segment.head_seq;
}

static void receive(struct years *years, uint64_t message, const char *from)
{
    struct made made = {.parcel_count = 0};
    add_parcel(years, &made, false);
    uint64_t seq =
        add_message(years, &made, from, "centre", MESSAGE_TYPE_RECEIPT_DELIVERED, DELIVERED_BYTES)
            ->seq;
    made.messages[0].in_reply_to = (struct message_id){.bytes = {(uint8_t)message}};
    add_entry(&made, seq, "centre", years->now);
    add_parcel(years, &made, false);
    commit(years, &made, NULL);
}

/* Every third of a dossier's three begins one. */
static void send(struct years *years)
{
    struct made made = {.parcel_count = 0};
    char dossier[32];
    uint64_t number = years->messages++;
    (void)snprintf(dossier, sizeof dossier, "H99.01-%012llu", (unsigned long long)(number / 3));
    add_parcel(years, &made, false);
    struct store_message *message =
        add_message(years, &made, "centre", "stnmt", MESSAGE_TYPE_TRANSFER, years->document_bytes);
    message->dossier_code = bytes_of_text(dossier);
    message->procedure_code = bytes_of_text("1.011441");
    message->sequence = 1 + number % 3;
    const struct store_route route = {.dossier_code = message->dossier_code,
                                      .agency = key_of("stnmt"),
                                      .registry_version = bytes_of_text("2026-11-24.1"),
                                      .message_seq = message->seq};
    uint64_t seq = message->seq;
    add_entry(&made, seq, "stnmt", years->now);
    add_entry(&made, seq, "portal", years->now);
    add_parcel(years, &made, true);
    uint64_t receipt =
        add_message(years, &made, "gateway", "centre", MESSAGE_TYPE_RECEIPT_CUSTODY, CUSTODY_BYTES)
            ->seq;
    message->receipt_seq = receipt;
    add_entry(&made, receipt, "centre", years->now);
    commit(years, &made, number % 3 == 0 ? &route : NULL);
    receive(years, number, "stnmt");
    receive(years, number, "portal");
}

/* ---- what goes ---- */

static void apply_purges(struct years *years, const struct store_purge *purges, size_t count)
{
    const struct store_plan plan = {.purges = purges, .purge_count = count};
    if (count > 0)
        check(years->store->verbs->apply(years->store, &plan) == REASON_NONE);
    years->purged += count;
}

static void purge(struct years *years)
{
    struct store_purge purges[PURGES_MAX];
    size_t count = 0;
    uint64_t seq = 0;
    while (years->store->verbs->next_message(years->store, seq, &seq) == REASON_NONE) {
        uint32_t parts = 0;
        check(retention_judge(years->store, years->registry, years->now, years->at.ledger_head_seq,
                              seq, &parts) == REASON_NONE);
        if (parts != 0)
            purges[count++] = (struct store_purge){seq, parts};
        if (count == PURGES_MAX) {
            apply_purges(years, purges, count);
            count = 0;
        }
    }
    apply_purges(years, purges, count);
}

static uint64_t file_bytes(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

/* ---- the whole ---- */

static struct registry *make_registry(const char *path)
{
    static struct faults faults;
    struct buffer csv;
    struct registry *registry = NULL;
    buffer_init(&csv, CSV_BYTES_MAX);
    if (file_read(path, &csv) != REASON_NONE)
        return NULL;
    struct registry_files files = {{
        [REGISTRY_FILE_VERSION] = bytes_of_text("2026-11-24.1\n"),
        [REGISTRY_FILE_AGENCIES] = bytes_of_text(
            "key,official_code,former_codes,name_vi,name_en,role,valid_from,valid_to,successor,"
            "system,sample\ncentre,,,a,b,centre,,,,,yes\nstnmt,,,a,b,agency,,,,,yes\n"
            "gateway,,,a,b,gateway,,,,,yes\n"),
        [REGISTRY_FILE_PROCEDURES] = bytes_of_text(
            "code,name_vi,name_en,field_code,agency,service_level,processing_days,valid_from,"
            "valid_to,sample\n1.011441,a,b,G,stnmt,full,0,2020-01-01,,yes\n"),
        [REGISTRY_FILE_POLICY] =
            bytes_of_text("sender,type,recipient,copies,life_hours\ncentre,transfer,agency,,168\n"),
        [REGISTRY_FILE_RETENTION] = buffer_view(&csv),
    }};
    (void)registry_new(&files, sha256_parts, &faults, &registry);
    buffer_release(&csv);
    return registry;
}

static void run(struct years *years, uint64_t days, uint64_t daily, uint64_t purge_days)
{
    for (uint64_t day = 1; day <= days; day++) {
        for (uint64_t i = 0; i < daily; i++) {
            years->now.ms = BEGIN_MS + (int64_t)day * DAY_MS + (int64_t)(i * DAY_MS / daily);
            send(years);
        }
        if (day % purge_days == 0)
            purge(years);
    }
}

int main(int count, char **words)
{
    static struct years years;
    const struct store_sqlite_options options = {.cache_bytes = 256 * 1024 * 1024};
    if (count != 7)
        return 2;
    uint64_t number = strtoull(words[3], NULL, 10);
    uint64_t daily = strtoull(words[4], NULL, 10);
    years.document_bytes = (size_t)strtoull(words[5], NULL, 10);
    randomise(years.random, sizeof years.random);
    years.registry = make_registry(words[2]);
    if (years.registry == NULL ||
        store_sqlite_open(words[1], &options, &years.store) != REASON_NONE ||
        years.store->verbs->positions(years.store, &years.at) != REASON_NONE) {
        (void)fprintf(stderr, "years: %s or %s cannot be read\n", words[1], words[2]);
        return 1;
    }
    run(&years, number * DAYS_OF_YEAR, daily, strtoull(words[6], NULL, 10));
    years.store->verbs->close(years.store);
    registry_destroy(&years.registry);
    (void)printf("years=%llu messages=%llu purged=%llu file_bytes=%llu\n",
                 (unsigned long long)number, (unsigned long long)years.messages,
                 (unsigned long long)years.purged, (unsigned long long)file_bytes(words[1]));
    return 0;
}
