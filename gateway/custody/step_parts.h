/* step_parts - what the files of the engine share. Nobody else includes this. Calls go downwards:
 *
 *   step.c           life cycle, begin and end
 *   step_send.c      what leaves after the commit
 *   step_dispatch.c  messages become frames
 *   step_peers.c     connections, acknowledgements, files
 *   step_turn.c      whose turn it is
 *   step_settle.c    what is known already, and how entries end
 *   step_clock.c     whether the wall clock may be believed
 *   step_collect.c   what a step collects, and whether there is room for more
 */
#pragma once

#include "gateway/custody/step.h"

/* step_dispatch.c */
enum reason step_send_frame(struct step *step, const struct key *peer, const struct frame *frame);
void step_send_deliveries(struct step *step);

/* step_peers.c */
/* Pages of what waited for another registry. */
void step_wake_peers(struct step *step);
/* What closing connections give back. */
void step_return(struct step *step);
/* For fetch (custody/fetch.h). */
enum reason step_emit_file(void *context, const struct key *peer, const struct frame *frame);
enum reason step_entitle(void *context, const struct key *peer, const struct frame_blob *want,
                         uint64_t *ret_size_bytes);
uint64_t step_draw(void *context);

/* step_clock.c */
enum reason step_load_clock(struct step *step, const struct store_positions *positions);
void step_look_at_clock(struct step *step, wall_t wall);
void step_hear_clocks(struct step *step);

/* step_collect.c */
void step_deliver(struct step *step, uint32_t destination, const struct entry *entry,
                  const struct key *sender, const struct message_id *id,
                  const struct parcel *parcel, uint32_t document_index);
