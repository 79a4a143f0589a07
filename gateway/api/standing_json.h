/* standing_json - where a message stands, as members of a JSON object: the same at every program.
 *
 *   reason, reason_vi, reason_en, hint, hint_vi   why; none of them when nothing keeps it
 *   since, next                                   RFC 3339 with its offset; next: the next attempt
 *   turn, turn_vi, turn_en                        who must act (reason_actor)
 *   party                                         of which participant
 *   behind                                        the id of the earlier message of its dossier
 *   state_time                                    of what has ended: when
 */
#pragma once

#include <jansson.h>

#include "gateway/custody/standing.h"

/* party: what the standing's party is in the registry. taken: when the store took the message.
 * False: memory is short. */
bool standing_json_put(json_t *object, const struct standing *standing, enum party party,
                       wall_t taken);
/* Of what has ended: why, and who must act if anybody must. An office that refused has spoken: what
 * follows is the sender's. party: of whoever it ended at. */
bool standing_json_put_end(json_t *object, enum reason reason, enum party party);
/* The same of an entry that has ended, and when it did, which the store is asked for. */
bool standing_json_put_ended(json_t *object, struct store *store, const struct entry *entry,
                             enum party party);
