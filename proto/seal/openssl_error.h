/* openssl_error - whether OpenSSL failed for lack of memory. Then nothing is known of what it was
 * asked about: not "wrong", not "unreadable", but "not now". */
#pragma once

#include <stdbool.h>

/* Of the errors since the thread's queue was last cleared; clears it. */
bool openssl_ran_out_of_memory(void);
