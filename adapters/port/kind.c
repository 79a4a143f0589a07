#include "adapters/port/kind.h"

#define KIND(name, english, vietnamese) &office_kind_##name,
const struct office_kind *const office_kinds[OFFICE_KIND_COUNT] = {
#include "adapters/kinds.def"
};
