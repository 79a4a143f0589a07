/* watch - a thread that looks after links while their owner is busy.
 *
 * What ZeroMQ receives has to be taken from it at once, always (link.h, "Memory"), and what its
 * monitor tells of connections has to be acted on at once, whatever the owner of a link is doing:
 * writing to a slow disk, waiting for room in a pool. look is called when the descriptor becomes
 * readable, and when the time is over that it answered last.
 */
#pragma once

#include "proto/base/reason.h"

struct watch;

enum { WATCH_TICK_MS = 20 };

/* look answers after how many milliseconds it wants to be called again at the latest; -1: when fd
 * is readable (it has to have been emptied). fd -1: none. */
enum reason watch_new(int (*look)(void *context), void *context, int fd, struct watch **ret_watch);
/* look is not running any more, and will not. */
void watch_destroy(struct watch **watch);
