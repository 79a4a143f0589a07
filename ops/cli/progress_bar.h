/* progress_bar - one line on a terminal that says how far something is; nothing elsewhere. */
#pragma once

#include <stdint.h>

/* done of total; total 0: not known. label: short text behind the bar. To standard error, if that
 * is a terminal. */
void progress_bar_show(uint64_t done, uint64_t total, const char *label);
/* Takes the line away. */
void progress_bar_end(void);
