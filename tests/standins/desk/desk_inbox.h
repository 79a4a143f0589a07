/* desk_inbox - what the desk does with what comes back: writes it down, answers, accepts. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>

struct http;

/* Reads one page of the inbox. False: the adapter did not answer. ret_found: something was there.
 */
bool desk_read_inbox(sqlite3 *database, struct http *http, bool *ret_found);
