/* dossier_row - a dossier as the index has it, and how it is told to a page. */
#pragma once

#include <jansson.h>

#include "adapters/desk/book/book.h"
#include "proto/base/language.h"
#include "proto/base/time.h"

struct registry;

enum waits_for { WAITS_NOBODY = 0, WAITS_US, WAITS_AGENCY, WAITS_OWNER };

enum desk_state {
#define STATE(name, wire, vietnamese, english, centre, agency, is_over) DESK_STATE_##name,
#include "adapters/desk/dossier_states.def"
#undef STATE
    DESK_STATES,
};

bool desk_state_parse(const char *name, enum desk_state *ret_state);
bool desk_state_is_over(enum desk_state state);
enum waits_for desk_state_waits(enum desk_state state, bool is_centre);

/* What every statement that reads dossiers selects, in this order, from `dossiers`. */
#define DOSSIER_COLUMNS                                                                            \
    "number, code, procedure, agency, channel, state, waits_for, received_ms, due_ms, "            \
    "finished_ms, owner, summary, last_ms, last_type, version"

/* What GET /v1/dossiers has of one; sees_content: with owner and summary. NULL: no memory. */
json_t *dossier_row_json(sqlite3_stmt *row, const struct registry *registry, bool sees_content,
                         wall_t now);

/* "agency_name_vi" and "_en" and the like: prefix "agency_name". An unknown key stands for itself.
 */
bool put_agency_name(json_t *object, const char *prefix, const struct registry *registry,
                     const char *key);
/* prefix "type": "type", "type_vi", "type_en". */
bool put_type_name(json_t *object, const char *prefix, int64_t type);
/* Left out when it is 0. */
bool put_ms(json_t *object, const char *name, int64_t ms);
/* Left out when it is "". */
bool put_word(json_t *object, const char *name, const char *text);
