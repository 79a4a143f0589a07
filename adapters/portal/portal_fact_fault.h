/* portal_fact_fault - which field of a dossier's facts, or of a step of its way, has a type that
 * the words of portal_event.h do not give it. Names, never values: those are personal data. Pure.
 */
#pragma once

#include <jansson.h>

enum { PORTAL_FIELD_BYTES = 64 };

/* "owner.name", "results[1].files[2]"; "": none that is known. */
void portal_fact_fault(const json_t *facts, char ret_field[PORTAL_FIELD_BYTES]);
