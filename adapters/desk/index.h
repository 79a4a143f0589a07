/* index - what the adapter's messages say, in the desk's book: dossiers, messages, receipts.
 *
 * Fed with the items of GET /v1/messages in their order (adapters/openapi.yaml), and with those of
 * GET /v1/queues, which say why something waits. The same item again changes nothing.
 *
 *   book_begin; index_message for each of a page; book_run(BOOK_NOTE_PUT, position); book_finish
 */
#pragma once

#include "adapters/desk/dossier_row.h"
#include "proto/base/key.h"

struct index {
    struct book *book;
    struct key self;
    bool is_centre;
};

enum { INDEX_SUMMARY_BYTES = 1024 };

/* An item of /v1/messages. */
enum reason index_message(const struct index *index, json_t *item);
/* An item of /v1/queues' entries. */
enum reason index_entry(const struct index *index, json_t *entry);
/* Everything of the index goes: the adapter's store is another than before. */
enum reason index_clear(const struct index *index);
