/* store_compare WHOLE DAMAGED - two copies of one store, the second with flipped bits: whatever the
 * second answers is what the first answers, or "corrupt". Prints how many answers were the same and
 * how many were refused; exit code 1 when one differs, 2 when WHOLE itself cannot be read. The
 * files are changed by it (a log is recovered): give it copies. */
#include <stdio.h>
#include <stdlib.h>

#include "gateway/store/store_sqlite.h"

enum { ENTRIES_MAX = 64, SEQS_MAX = 64 };

struct comparison {
    struct store *whole;
    struct store *damaged;
    unsigned long long same;
    unsigned long long refused;
    unsigned long long unreadable; /* by the whole one */
    unsigned long long different;
};

/* True: both gave data, to be compared. */
static bool both(struct comparison *comparison, enum reason whole, enum reason damaged)
{
    bool is_answer = whole == REASON_NONE || whole == REASON_NOT_FOUND;
    comparison->unreadable += !is_answer;
    if (damaged == REASON_STORE_CORRUPT)
        comparison->refused++;
    else if (whole != damaged)
        comparison->different++;
    else if (whole == REASON_NONE)
        return true;
    else
        comparison->same++;
    return false;
}

static void judge(struct comparison *comparison, bool is_same, const char *what, uint64_t number)
{
    if (is_same) {
        comparison->same++;
        return;
    }
    comparison->different++;
    (void)printf("different: %s %llu\n", what, (unsigned long long)number);
}

static bool messages_equal(const struct store_message *a, const struct store_message *b)
{
    return a->seq == b->seq && a->parcel_seq == b->parcel_seq &&
           a->document_index == b->document_index && key_equal(&a->sender, &b->sender) &&
           key_equal(&a->recipient, &b->recipient) && id_equal(&a->id, &b->id) &&
           digest_equal(&a->digest, &b->digest) && a->type == b->type &&
           bytes_equal(a->dossier_code, b->dossier_code) &&
           bytes_equal(a->procedure_code, b->procedure_code) && a->sequence == b->sequence &&
           id_equal(&a->in_reply_to, &b->in_reply_to) && a->custody.ms == b->custody.ms &&
           a->receipt_seq == b->receipt_seq;
}

static void compare_document(struct comparison *comparison, uint64_t seq)
{
    struct store_document a;
    struct store_document b;
    if (both(comparison, comparison->whole->verbs->read_document(comparison->whole, seq, &a),
             comparison->damaged->verbs->read_document(comparison->damaged, seq, &b)))
        judge(comparison,
              messages_equal(&a.message, &b.message) && bytes_equal(a.document, b.document) &&
                  bytes_equal(a.manifest, b.manifest) && bytes_equal(a.signature, b.signature) &&
                  bytes_equal(a.certificate, b.certificate),
              "message", seq);
}

static bool entries_equal(const struct entry *a, const struct entry *b)
{
    return a->message_seq == b->message_seq && key_equal(&a->destination, &b->destination) &&
           a->state == b->state && a->due.ms == b->due.ms && a->expires.ms == b->expires.ms &&
           a->attempts == b->attempts && a->reason == b->reason && a->since.ms == b->since.ms &&
           a->receipt_seq == b->receipt_seq && a->order == b->order;
}

static void compare_entries(struct comparison *comparison, uint64_t seq)
{
    struct entry a[ENTRIES_MAX];
    struct entry b[ENTRIES_MAX];
    size_t a_count = 0;
    size_t b_count = 0;
    if (!both(
            comparison,
            comparison->whole->verbs->entries_of(comparison->whole, seq, a, ENTRIES_MAX, &a_count),
            comparison->damaged->verbs->entries_of(comparison->damaged, seq, b, ENTRIES_MAX,
                                                   &b_count)))
        return;
    bool is_same = a_count == b_count;
    for (size_t i = 0; is_same && i < a_count; i++)
        is_same = entries_equal(&a[i], &b[i]);
    judge(comparison, is_same, "entries of message", seq);
}

static void compare_ledger(struct comparison *comparison, const struct store_positions *positions)
{
    struct store *a = comparison->whole;
    struct store *b = comparison->damaged;
    for (uint64_t i = 0; i < positions->ledger_size; i++) {
        struct bytes ours;
        struct bytes theirs;
        if (both(comparison, a->verbs->ledger_entry(a, i, &ours),
                 b->verbs->ledger_entry(b, i, &theirs)))
            judge(comparison, bytes_equal(ours, theirs), "ledger entry", i);
    }
    for (uint64_t i = 0; i < positions->ledger_hashes; i++) {
        struct digest ours;
        struct digest theirs;
        if (both(comparison, a->verbs->ledger_hash(a, i, &ours),
                 b->verbs->ledger_hash(b, i, &theirs)))
            judge(comparison, digest_equal(&ours, &theirs), "ledger hash", i);
    }
}

static void compare(struct comparison *comparison)
{
    struct store_positions a;
    struct store_positions b;
    enum reason reason = comparison->whole->verbs->positions(comparison->whole, &a);
    if (both(comparison, reason, comparison->damaged->verbs->positions(comparison->damaged, &b)))
        judge(comparison,
              a.next_message_seq == b.next_message_seq && a.next_parcel_seq == b.next_parcel_seq &&
                  a.ledger_size == b.ledger_size && a.ledger_hashes == b.ledger_hashes &&
                  a.ledger_head_seq == b.ledger_head_seq,
              "positions", 0);
    if (reason != REASON_NONE)
        return;
    for (uint64_t seq = 1; seq < a.next_message_seq; seq++) {
        compare_document(comparison, seq);
        compare_entries(comparison, seq);
    }
    compare_ledger(comparison, &a);
}

int main(int argc, char **argv)
{
    /* Apart from the owner's lock: both names may be the same file. */
    const struct store_sqlite_options options = {.vfs_name = "unix"};
    struct comparison comparison = {0};
    if (argc != 3 || store_sqlite_open(argv[1], &options, &comparison.whole) != REASON_NONE)
        return 2;
    enum reason reason = store_sqlite_open(argv[2], &options, &comparison.damaged);
    if (reason == REASON_NONE) {
        compare(&comparison);
        comparison.damaged->verbs->close(comparison.damaged);
        (void)printf("%llu same, %llu refused, %llu unreadable, %llu different\n", comparison.same,
                     comparison.refused, comparison.unreadable, comparison.different);
    } else {
        (void)printf("refused at open: %s\n", reason_code(reason));
    }
    comparison.whole->verbs->close(comparison.whole);
    if (reason != REASON_NONE && reason != REASON_STORE_CORRUPT)
        return 1;
    return comparison.unreadable > 0 ? 2 : comparison.different > 0 ? 1 : 0;
}
