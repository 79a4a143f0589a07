/* The table of kinds: one row of kinds.def each, in its order, which is also the order of the
 * values of the setting office.kind. */
#include "adapters/port/kind.h"

#define KIND(name, english, vietnamese) &office_kind_##name,
const struct office_kind *const office_kinds[OFFICE_KIND_COUNT] = {
#include "adapters/kinds.def"
};
