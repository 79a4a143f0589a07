/* hold - a dossier that nothing is purged of, by somebody's word: a court's, an inspection's.
 *
 * Kept as notes of the store: "hold/DOSSIER" while it is held, with who, when and why; "released/…"
 * of the last that was ended, with who ended it; "holds" has the codes. The decision what may go
 * looks at the first (retention.h).
 */
#pragma once

#include "gateway/custody/step.h"

enum {
    HOLDS_MAX = 512,
    HOLD_BY_BYTES_MAX = 64, /* a person, as people write it */
    HOLD_WHY_BYTES_MAX = 200,
    HOLD_TEXT_BYTES = HOLD_BY_BYTES_MAX + HOLD_WHY_BYTES_MAX + 32,
};

struct hold {
    struct bytes dossier_code; /* of a list: in the caller's text */
    bool is_held;              /* false: it is ended */
    wall_t at;
    char by[HOLD_BY_BYTES_MAX + 1];
    char why[HOLD_WHY_BYTES_MAX + 1];
};

/* Into this step's plan. *ret_text: what it is kept as, for who records it; the step's.
 * FIELD_INVALID; HELD_ALREADY, NOT_FOUND: it is so already; BUSY: ask again, or HOLDS_MAX are. */
enum reason hold_plan(struct step *step, const struct hold *hold, struct bytes *ret_text);

/* The hold at index from 0, oldest first. NOT_FOUND: there are no more. text has the dossier. */
enum reason hold_at(struct store *store, size_t index, char text[DOSSIER_CODE_BYTES_MAX],
                    struct hold *ret_hold);
