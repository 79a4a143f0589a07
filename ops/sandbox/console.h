/* console - the desk of the sandbox's centre, lienthong-desk, in DIR/consoles/centre: its settings,
 * and one person of each role with a password of this sandbox alone.
 *
 *   console_prepare     once; a province that has one keeps it
 *   (the child "console-centre" is lienthong-desk --settings DIR/consoles/centre/desk.yaml)
 *   console_say         its address and the sign-ins, when it is up
 */
#pragma once

#include "proto/base/language.h"
#include "routing/registry/registry.h"

#define CONSOLE_CHILD "console-centre"

/* False: said on standard error. */
bool console_prepare(const char *directory, const struct registry *registry);
void console_say(const char *directory, enum language language);
