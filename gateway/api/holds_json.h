/* holds_json - dossiers that nothing is purged of, as both daemons' APIs answer them:
 *
 *   GET  /v1/holds   all of them: HOLDS_MAX rows are one answer
 *   POST /v1/holds   a dossier is held, or released: holds_take, the core's own verb, holds_answer
 *
 * Held or released, it is a decision of a person whose name and reason stay.
 */
#pragma once

#include "gateway/api/api.h"
#include "gateway/custody/hold.h"

enum { HOLDS_TEXT_BYTES = DOSSIER_CODE_BYTES_MAX + 1 };

extern const char *const holds_members[]; /* of POST /v1/holds */

void holds_list_answer(struct api_request *request);
/* text: the dossier's code, which *ret_hold views. False: it was answered what is missing. */
bool holds_take(struct api_request *request, char ret_text[HOLDS_TEXT_BYTES],
                struct hold *ret_hold);
void holds_answer(struct api_request *request, enum reason reason, const struct hold *hold);
