/* program_limits - what the kernel is told of this process before it holds a key or opens a port.
 */
#pragma once

#include <stdint.h>

enum {
    /* With fewer a daemon does not start: its libraries would meet the end of them in places where
     * they can only abort. */
    PROGRAM_DESCRIPTORS_MIN = 256,
    /* No more are asked for: some libraries walk up to the limit. */
    PROGRAM_DESCRIPTORS_MAX = 65536,
};

/* No core file and no look into the memory by another process of the same user: there are keys,
 * tokens and dossiers in it. */
void program_guard_memory(void);
/* Raises the soft limit of descriptors as far as the hard one allows, and answers what it is. */
uint32_t program_raise_descriptors(void);
