/* The table of rights as functions. */
#include "adapters/desk/rights.h"

#include <string.h>

#define ROLE_BIT(name) (1u << DESK_ROLE_##name)

static const struct {
    const char *name, *vietnamese, *english;
} roles[DESK_ROLES] = {
#define ROLE(name, wire, vietnamese, english) {wire, vietnamese, english},
#include "adapters/desk/rights.def"
#undef ROLE
};

static const struct {
    const char *name;
    uint32_t roles;
} rights[DESK_RIGHTS] = {
    {"anybody", UINT32_MAX},
#define RIGHT(name, wire, roles) {wire, roles},
#include "adapters/desk/rights.def"
#undef RIGHT
};

/* The only place where the table is read. */
bool desk_role_may(enum desk_role role, enum desk_right right)
{
    return (rights[right].roles & (1u << role)) != 0;
}

const char *desk_right_name(enum desk_right right)
{
    return rights[right].name;
}

const char *desk_role_name(enum desk_role role)
{
    return roles[role].name;
}

const char *desk_role_label(enum desk_role role, enum language language)
{
    return language_pick(language, roles[role].vietnamese, roles[role].english);
}

bool desk_role_parse(const char *name, enum desk_role *ret_role)
{
    for (int i = 0; i < DESK_ROLES; i++) {
        if (strcmp(roles[i].name, name) == 0) {
            *ret_role = (enum desk_role)i;
            return true;
        }
    }
    return false;
}
