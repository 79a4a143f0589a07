/* A backup of an image: rows of its own, and the same bytes, which never change. */
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "tests/support/store_memory_image.h"

/* An array of its own with the same rows; of none, none. */
static void *twin(const void *rows, size_t count, size_t row_bytes)
{
    if (count == 0)
        return NULL;
    void *own = malloc(count * row_bytes);
    check(own != NULL);
    memcpy(own, rows, count * row_bytes);
    return own;
}

#define TWIN(rows)                                                                                 \
    do {                                                                                           \
        (rows)->at = twin((rows)->at, (rows)->count, sizeof *(rows)->at);                          \
        (rows)->room = (rows)->count;                                                              \
    } while (0)

/* Rows name each other by number: they are right as they are. */
static void copy_rows(struct store_memory_image *own)
{
    TWIN(&own->parcels);
    TWIN(&own->messages);
    TWIN(&own->entries);
    TWIN(&own->classes);
    TWIN(&own->participants);
    TWIN(&own->dossiers);
    TWIN(&own->routes);
    TWIN(&own->deadlines);
    TWIN(&own->notes);
    TWIN(&own->files);
    TWIN(&own->names);
    TWIN(&own->ledger_entries);
    TWIN(&own->hashes);
    TWIN(&own->contents.shares);
    TWIN(&own->texts.shares);
    for (size_t i = 0; i < own->participants.count; i++)
        TWIN(&own->participants.at[i].ids);
}

struct store_memory_image *store_memory_image_copy(const struct store_memory_image *image)
{
    struct store_memory_image *own = malloc(sizeof *own);
    check(own != NULL);
    *own = *image;
    copy_rows(own);
    check(memory_table_copy(&own->by_id, &image->by_id) &&
          memory_table_copy(&own->by_class, &image->by_class) &&
          memory_table_copy(&own->by_participant, &image->by_participant) &&
          memory_table_copy(&own->by_dossier, &image->by_dossier) &&
          memory_table_copy(&own->by_note, &image->by_note) &&
          memory_table_copy(&own->by_file, &image->by_file));
    memory_share_blocks(&own->contents, &image->contents);
    memory_share_blocks(&own->texts, &image->texts);
    return own;
}
