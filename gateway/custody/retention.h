/* retention - what may go of a message, and when: the decision alone, time and rules are given.
 *
 *   retention_judge(store, registry, now, seq, &parts)   0: nothing yet, or nothing more
 *   plan_purge(plan, seq, parts)                         with the job's place, in one plan
 *
 * A message may go when it is over and its days are:
 *   - each of its entries has ended: everybody whom it was for has taken or refused it, and on the
 *     sender's side every receipt that it waits for is here;
 *   - since the last of these ends, and since the last that was said in its dossier, the days that
 *     retention.csv gives its procedure have passed; a dossier whose clock runs is not over before
 *     it is due;
 *   - nobody holds its dossier (a legal hold: retention_hold_name).
 * What it says goes first. Its seal goes only after that, and so does what it is found by.
 * Receipts, and heads of the ledger, are evidence: all of them goes by the time of evidence, with a
 * head the entries that it was the first to cover, and the last head never.
 * At the end of the days of ids the row goes too. Until then the same message again is known and
 * answered as it was; from then on whatever of its sender has an id that is not above those that
 * went, and is not here, is refused as too old (ID_TOO_OLD).
 *
 * Pure. Cost: a handful of look-ups, whatever the history; one for what is not old enough.
 */
#pragma once

#include "gateway/port/store.h"
#include "routing/registry/registry.h"

/* head_seq: of struct store_positions. Unless NONE the store could not say. */
enum reason retention_judge(struct store *store, const struct registry *registry, wall_t now,
                            uint64_t head_seq, uint64_t seq, uint32_t *ret_parts);

/* Of which kinds these parts of a message of that type are: bits 1 << enum retention_kind. */
uint32_t retention_kinds(uint32_t type, uint32_t parts);

enum { RETENTION_HOLD_NAME_BYTES = 8 + DOSSIER_CODE_BYTES_MAX };
/* The note that holds a dossier while it is there (its value is the holder's: who and why). */
struct bytes retention_hold_name(struct bytes dossier_code,
                                 char ret_name[RETENTION_HOLD_NAME_BYTES]);
