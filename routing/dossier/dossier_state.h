/* dossier_state - the ten states that the national portal shows of a dossier, and which may follow
 * which. A table, and nothing else.
 *
 *   from \ to        1  2  3  4  5  6  7  8  9 10
 *    1 registered    =  x  x  .  x  .  x  .  .  .
 *    2 received      .  =  .  x  .  .  x  .  .  .
 *    3 not accepted  .  .  =  .  .  .  .  .  .  .     end
 *    4 processing    .  .  .  =  x  x  x  x  x  .
 *    5 supplement    .  .  .  x  =  .  x  x  .  .
 *    6 to be paid    .  .  .  x  .  =  x  x  x  .
 *    7 withdrawn     .  .  .  .  .  .  =  .  .  .     end
 *    8 stopped       .  .  .  .  .  .  .  =  .  .     end
 *    9 finished      .  .  .  x  .  .  .  .  =  x     back to 4: the result was wrong
 *   10 handed over   .  .  .  .  .  .  .  .  .  =     end; 4 only when a person re-opens it
 *
 * "=": the state stays and the dossier's data may change. Numbers are the portal's (field
 * TrangThaiHoSo), the same in every provincial system that was read; the transitions follow from
 * the procedure of decree 118/2025/NĐ-CP. Business state only: what an outbox or a synchronisation
 * does has states of its own (invariant 12).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/language.h"

enum dossier_state {
    DOSSIER_UNKNOWN = 0, /* not reported yet */
    DOSSIER_REGISTERED = 1,
    DOSSIER_RECEIVED = 2,
    DOSSIER_NOT_ACCEPTED = 3,
    DOSSIER_PROCESSING = 4,
    DOSSIER_SUPPLEMENT = 5,
    DOSSIER_PAYMENT = 6,
    DOSSIER_WITHDRAWN = 7,
    DOSSIER_STOPPED = 8,
    DOSSIER_FINISHED = 9,
    DOSSIER_HANDED_OVER = 10,
};
enum { DOSSIER_STATES = 11 }; /* array size; 0 is "not reported" */

bool dossier_state_is_known(uint32_t number);
/* A dossier that was not reported may begin in any state: older ones are first seen half-way. */
bool dossier_may_move(enum dossier_state from, enum dossier_state to);
/* "Đang xử lý", "Processing"; "?" for a number that is no state. */
const char *dossier_state_name(enum dossier_state state, enum language language);
