/* message_row - a message of the index as pages get it (MessageRow of openapi.yaml). */
#pragma once

#include "adapters/desk/dossier_row.h"

/* Of BOOK_MESSAGES_OF_DOSSIER and BOOK_INBOX. sees_content: with people's words. NULL: no
 * memory. */
json_t *message_row_json(sqlite3_stmt *row, const struct registry *registry, bool sees_content);
/* "state", "state_vi", "state_en" by its wire name. */
bool put_message_state(json_t *object, const char *state);
/* "reason…", "hint…" by its code; "": nothing. */
bool put_reason_code(json_t *object, const char *code);
/* "turn", "turn_vi", "turn_en" by its code; "": nothing. */
bool put_turn(json_t *object, const char *code);
