/* desk_fill - a desk's book of any size, made through the desk's own index: what an adapter's feed
 * would say of so many dossiers, item by item, with made-up persons.
 *
 *   desk_fill_open ─▶ desk_fill_dossier for each number from 0 ─▶ desk_fill_close
 *
 * The last `waiting` dossiers wait to be taken by their agency, as many before them are open in
 * other states, and the rest have their result. */
#pragma once

#include "adapters/desk/index.h"

enum { DESK_FILL_COMMIT = 500, DESK_FILL_WORDS_BYTES = 128 };

struct desk_fill {
    struct book book;
    struct index index;
    int64_t dossiers, waiting;
    int64_t seq;
    wall_t now;
};

/* path: where no book is. */
enum reason desk_fill_open(struct desk_fill *fill, const char *path, int64_t dossiers,
                           int64_t waiting);
/* With all its messages. Within a transaction of the book. */
enum reason desk_fill_dossier(struct desk_fill *fill, int64_t number);
void desk_fill_close(struct desk_fill *fill);

/* What the generator made of a number, for who asks about it; the same in every run. */
void desk_fill_code(int64_t number, char *ret_code, size_t capacity);
void desk_fill_owner(int64_t number, char *ret_name, size_t capacity);
const char *desk_fill_agency(int64_t number);
