/* standing_json - where a message stands, as members of a JSON object: the same at every program.
 *
 *   reason, reason_vi, reason_en, hint, hint_vi   why; none of them when nothing keeps it
 *   since, next                                   RFC 3339 with its offset; next: the next attempt
 *   turn, turn_vi, turn_en, party                 who must act (reason_actor), and of which
 * participant behind                                        the id of the earlier message of its
 * dossier
 */
#ifndef GATEWAY_API_STANDING_JSON_H
#define GATEWAY_API_STANDING_JSON_H

#include <jansson.h>

#include "gateway/custody/standing.h"

/* party: what the standing's party is in the registry. taken: when the store took the message.
 * False: memory is short. */
bool standing_json_put(json_t *object, const struct standing *standing, enum party party,
                       wall_t taken);

#endif
