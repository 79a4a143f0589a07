/* check - our own mistakes end the process; the world's never do.
 *
 * check(x) states what must be true if this program is right. When it is not, the hook (if any)
 * is told file, line and expression, and the process aborts with a core. It stays on in production.
 * Bytes from outside never reach a check: they are refused with a reason (base/reason.h).
 */
#pragma once

typedef void check_hook(const char *file, int line, const char *expression);

/* Installs the function that writes the last line before the core. Call once, from main. */
void check_set_hook(check_hook *hook);

_Noreturn void check_failed(const char *file, int line, const char *expression);

#define check(x) ((x) ? (void)0 : check_failed(__FILE__, __LINE__, #x))
