/* The kind "inbox": nobody is called. The office's own program reads the inbox over the local API
 * and acknowledges what it has taken. */
#include "adapters/port/kind.h"

const struct office_kind office_kind_inbox = {.name = "inbox"};
