/* near - the word that somebody meant: `trak` for `track`, `ownr` for `owner`. */
#ifndef PROTO_BASE_NEAR_H
#define PROTO_BASE_NEAR_H

#include <stdbool.h>

/* One slip apart, whatever the case of letters: a letter too many, too few or another one, or two
 * that changed places; two slips in words of six letters and more. Texts of US-ASCII. */
bool word_is_near(const char *word, const char *meant);

#endif
