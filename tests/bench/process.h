/* process - what another process has used, read from /proc. */
#pragma once

#include <stdbool.h>

/* Processor time of the process so far, in seconds; negative: it is gone. */
double process_seconds(int pid);
/* Largest resident memory so far, in MiB; negative: it is gone. */
double process_rss_max_mb(int pid);
/* Processor time of this process, in seconds. */
double own_seconds(void);
/* A clock for measurements, in seconds. */
double clock_seconds(void);
/* Ends a process of ours and waits for it. */
void process_end(int pid, int signal);
