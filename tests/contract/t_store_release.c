/* Stores that earlier releases left behind (tests/releases/, a sandbox province's own files) are
 * opened, brought to today's schema and go on: nothing that was in them is missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "adapters/portal/portal_ledger.h"
#include "gateway/store/store_sqlite.h"
#include "tests/unit/scratch.h"

struct left_behind {
    const char *release, *file;
    uint64_t messages, ledger_size; /* messages: of a book, its dossiers */
};

/* What was in them when the release had ended its work. */
static const struct left_behind stores[] = {
    {"1.0.0", "gateway", 63, 27},
    {"1.0.0", "adapter", 24, 0},
};
static const struct left_behind books[] = {{"1.0.0", "portal", 3, 0}};

static void unpack(const struct scratch *scratch, const struct left_behind *left, char *ret_path,
                   size_t path_bytes)
{
    char command[512];
    const char *root = getenv("ROOT"); /* tests/run sets it */
    (void)snprintf(ret_path, path_bytes, "%s/%s", scratch->folder, left->file);
    (void)snprintf(command, sizeof command,
                   "gzip -dc '%s/tests/releases/%s/%s.sqlite.gz' >'%s' && chmod 600 '%s'",
                   root == NULL ? "." : root, left->release, left->file, ret_path, ret_path);
    assert_int_equal(system(command), 0);
}

static void read_all(struct store *store, const struct left_behind *left)
{
    struct store_positions positions;
    struct store_message message;
    struct store_document document;
    struct bytes entry;
    assert_int_equal(store->verbs->positions(store, &positions), REASON_NONE);
    assert_int_equal(positions.ledger_size, left->ledger_size);
    uint64_t messages = 0;
    for (uint64_t seq = 1; seq < positions.next_message_seq; seq++) {
        enum reason reason = store->verbs->read_message(store, seq, &message);
        if (reason == REASON_NOT_FOUND)
            continue; /* a receipt that had been taken: it goes with its parcel */
        assert_int_equal(reason, REASON_NONE);
        assert_int_equal(store->verbs->read_document(store, seq, &document), REASON_NONE);
        assert_true(document.document.size > 0);
        messages++;
    }
    assert_int_equal(messages, left->messages);
    for (uint64_t i = 0; i < positions.ledger_size; i++)
        assert_int_equal(store->verbs->ledger_entry(store, i, &entry), REASON_NONE);
}

static void stores_go_on(void **state)
{
    struct scratch *scratch = *state;
    for (size_t i = 0; i < sizeof stores / sizeof *stores; i++) {
        char path[128];
        unpack(scratch, &stores[i], path, sizeof path);
        for (int time = 0; time < 2; time++) { /* brought forward, and as it then stands */
            struct store *store = NULL;
            assert_int_equal(store_sqlite_open(path, NULL, &store), REASON_NONE);
            read_all(store, &stores[i]);
            store->verbs->close(store);
        }
    }
}

static bool count(void *context, const struct portal_dossier_view *view)
{
    size_t *count = context;
    (void)view;
    (*count)++;
    return true;
}

static void the_portals_book_goes_on(void **state)
{
    struct scratch *scratch = *state;
    for (size_t i = 0; i < sizeof books / sizeof *books; i++) {
        char path[128];
        unpack(scratch, &books[i], path, sizeof path);
        for (int time = 0; time < 2; time++) {
            struct portal_ledger *ledger = NULL;
            assert_int_equal(portal_ledger_open(path, &ledger), REASON_NONE);
            size_t dossiers = 0;
            assert_int_equal(portal_ledger_dossiers(ledger, (wall_t){0}, (wall_t){INT64_MAX}, "",
                                                    100, count, &dossiers),
                             REASON_NONE);
            assert_int_equal(dossiers, books[i].messages);
            assert_int_equal(portal_ledger_check(ledger), REASON_NONE);
            portal_ledger_close(&ledger);
        }
    }
}

static int set_up(void **state)
{
    static struct scratch scratch;
    *state = &scratch;
    return scratch_open(&scratch) ? 0 : -1;
}

static int tear_down(void **state)
{
    scratch_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stores_go_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_portals_book_goes_on, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
