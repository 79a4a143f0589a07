/* field_label - what a field of a message is called by people: FIELD of ops/cli/texts.def. */
#pragma once

#include "proto/base/language.h"

/* The name itself when the table does not have it. */
const char *field_label(const char *name, enum language language);
