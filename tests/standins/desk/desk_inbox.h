/* desk_inbox - what the desk does with what comes back: writes it down, answers, accepts. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct http;

/* Reads one page of the inbox. False: the adapter did not answer. ret_found: something was there.
 */
bool desk_read_inbox(sqlite3 *database, struct http *http, bool *ret_found);

/* Answers that went before that moment and are not known to be in custody: one is looked at. */
bool desk_follow_up(sqlite3 *database, struct http *http, int64_t before_ms);
