/* Fills a gateway's store through its own port, so that a rate can be measured on top of it.
 *
 *   history STORE MESSAGES [AGENCIES] [DOCUMENT_BYTES]     delivered messages: history
 *   history -b KEY STORE MESSAGES                          messages that wait for agency KEY
 *
 * Goes on from what is there. Prints messages per second. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/store/store_sqlite.h"
#include "tests/bench/fill.h"
#include "tests/bench/process.h"

enum { DOCUMENT_BYTES = 256, AGENCIES = 23 };

static bool run(struct fill *fill, uint64_t messages, bool is_backlog)
{
    for (uint64_t done = 0; done < messages;) {
        size_t count =
            messages - done < FILL_COMMIT_MAX ? (size_t)(messages - done) : (size_t)FILL_COMMIT_MAX;
        enum reason reason =
            is_backlog ? fill_commit(fill, count, ENTRY_QUEUED) : fill_history(fill, count);
        if (reason != REASON_NONE) {
            (void)fprintf(stderr, "history: %s\n", reason_english(reason));
            return false;
        }
        done += count;
    }
    return true;
}

int main(int count, char **words)
{
    bool is_backlog = count == 5 && strcmp(words[1], "-b") == 0;
    char **rest = is_backlog ? words + 3 : words + 1;
    int rest_count = is_backlog ? count - 3 : count - 1;
    if (rest_count < 2)
        return 2;
    const char *path = rest[0];
    uint64_t messages = strtoull(rest[1], NULL, 10);
    size_t agencies = rest_count > 2 ? (size_t)strtoull(rest[2], NULL, 10) : (size_t)AGENCIES;
    size_t bytes = rest_count > 3 ? (size_t)strtoull(rest[3], NULL, 10) : (size_t)DOCUMENT_BYTES;
    const struct store_sqlite_options options = {.cache_bytes = 256 * 1024 * 1024};
    struct store *store = NULL;
    struct fill fill;
    double started = clock_seconds();
    if (store_sqlite_open(path, &options, &store) != REASON_NONE ||
        !fill_init(&fill, store, bytes, agencies)) {
        (void)fprintf(stderr, "history: %s cannot be opened\n", path);
        return 1;
    }
    fill.is_hashed = !is_backlog;
    if (is_backlog)
        fill.only = key_of(words[2]);
    bool done = run(&fill, messages, is_backlog);
    store->verbs->close(store);
    fill_release(&fill);
    if (done)
        (void)printf("%.0f\n", (double)messages / (clock_seconds() - started));
    return done ? 0 : 1;
}
