/* rights - which role may what: rights.def, checked in one place (desk_session.c). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/language.h"

enum desk_role {
#define ROLE(name, wire, vietnamese, english) DESK_ROLE_##name,
#include "adapters/desk/rights.def"
#undef ROLE
    DESK_ROLES,
};

enum desk_right {
    DESK_RIGHT_ANYBODY = 0, /* who is signed in, or (of an open route) not even that */
#define RIGHT(name, wire, roles) DESK_RIGHT_##name,
#include "adapters/desk/rights.def"
#undef RIGHT
    DESK_RIGHTS,
};

bool desk_role_may(enum desk_role role, enum desk_right right);
const char *desk_right_name(enum desk_right right);
/* "agency_clerk", and as people see it. */
const char *desk_role_name(enum desk_role role);
const char *desk_role_label(enum desk_role role, enum language language);
bool desk_role_parse(const char *name, enum desk_role *ret_role);
