/* failing_memory - the n-th allocation fails, in our own code and in the libraries that let us.
 *
 * Our objects call through the linker's --wrap (ops/build/rules.mk: for the programs that are named
 * there), SQLite, OpenSSL and jansson through their own hooks. Only what happens between begin and
 * end counts; outside, and in other threads' libraries, memory is there. A failed allocation is not
 * followed by others: the next one succeeds again.
 *
 *   failing_memory_install()        first thing in main
 *   failing_memory_begin(n)         the n-th allocation from now fails; 0: none, they are counted
 *   failing_memory_pause(), _resume()   what is the test's own
 *   failing_memory_end()            true: the n-th was reached
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

void failing_memory_install(void);
void failing_memory_begin(uint64_t n);
void failing_memory_pause(void);
void failing_memory_resume(void);
bool failing_memory_is_on(void); /* begun, and not paused */
bool failing_memory_end(void);
