/* desk_inbox - what the desk does with what comes back: writes it down, answers, accepts. */
#ifndef TESTS_STANDINS_DESK_DESK_INBOX_H
#define TESTS_STANDINS_DESK_DESK_INBOX_H

#include <sqlite3.h>
#include <stdbool.h>

struct http;

/* Reads one page of the inbox. False: the adapter did not answer. ret_found: something was there.
 */
bool desk_read_inbox(sqlite3 *database, struct http *http, bool *ret_found);

#endif
