/* body - the part of an envelope that says what happened. Used by codec/envelope.c alone. */
#pragma once

#include "proto/codec/envelope.h"
#include "proto/codec/wire.h"

/* Checks the bytes of a Body against its rules and envelope->type, and sets what the type has:
 * envelope->body, unpacked into the arena, .receipt or .tree_head. Errors: see envelope.h. */
enum reason body_parse(struct bytes message, struct arena *arena, struct envelope *envelope);

/* Writes the Body of a receipt or a head: of envelope->receipt or .tree_head, by its type. */
void body_write(struct wire_writer *writer, const struct envelope *envelope);
