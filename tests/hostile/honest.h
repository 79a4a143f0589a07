/* honest - the honest load: the centre and the honest agencies, in one process that is forked from
 * the harness.
 *
 * Each of five agencies sends HONEST_PER_SECOND messages a second to the centre by a timetable,
 * every FILE_EVERY-th with a file; the centre sends each of them, and the agency that blinks, a few
 * transfers a second; one agency sends results to the agency with the real adapter. Whoever
 * receives acknowledges and signs a receipt, as an adapter does: at least once on the line, once in
 * the office. Whatever waits too long or was put off is sent again with the same bytes.
 *
 * Judged as they happen, and counted in struct shared:
 *   false_states   a verified receipt that says what is not so: delivered before the recipient has
 *                  it, refused, expired or withdrawn though nothing is wrong with it, or about a
 *                  message of somebody else
 *   disorder       overtaken by a later message of its dossier
 *   spoilt         other bytes than were sent
 *
 * Times of each message stand in struct shared; whoever measures reads them there.
 */
#pragma once

#include "tests/hostile/world.h"

/* In the child: until shared->stops. Never returns. */
_Noreturn void honest_run(const struct world *world);
