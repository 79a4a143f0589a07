/* body_moments - when a body says that something happened, and when something is due.
 *
 * For who decides by it (the route, the statutory clock) and looks at nothing else of a body.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/bytes.h"
#include "proto/base/time.h"

struct Lienthong__V1__Body;

/* .ms 0: not said. */
struct body_moments {
    wall_t happened;        /* received, asked for, suspended, finished, handed over */
    wall_t due;             /* the appointment from now on */
    struct bytes area_code; /* transfer; a view into the body */
};

/* type: of the message; a body of another type says nothing. body may be NULL. */
void body_moments(uint32_t type, const struct Lienthong__V1__Body *body,
                  struct body_moments *ret_moments);
