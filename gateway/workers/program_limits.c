/* Limits of the process. No core file and no debugger: memory holds private keys and citizens'
 * texts, and a crash must not write them to a disk (invariant 11). */
#include "gateway/workers/program_limits.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void program_guard_memory(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__ /* whose search for leaks looks into its own process from outside */
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
}

/* How many descriptors there are decides how many connections a door takes. More than the maximum
 * is not asked for, since some libraries walk over all possible ones. */
uint32_t program_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    rlim_t wanted =
        limit.rlim_max < PROGRAM_DESCRIPTORS_MAX ? limit.rlim_max : (rlim_t)PROGRAM_DESCRIPTORS_MAX;
    if (limit.rlim_cur < wanted) {
        const struct rlimit raised = {wanted, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            limit.rlim_cur = wanted;
    }
    return limit.rlim_cur < PROGRAM_DESCRIPTORS_MAX ? (uint32_t)limit.rlim_cur
                                                    : (uint32_t)PROGRAM_DESCRIPTORS_MAX;
}
