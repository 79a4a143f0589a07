/* near - the word that somebody meant: `trak` for `track`, `ownr` for `owner`.
 *
 *   struct near near = {.word = word};
 *   for each candidate: near_look(&near, candidate);
 *   near.meant: the nearest, or NULL
 */
#pragma once

struct near {
    const char *word;  /* US-ASCII */
    const char *meant; /* of the candidates; lives as long as they do */
    unsigned slips;
};

/* One slip apart, whatever the case of letters: a letter too many, too few or another one, or two
 * that changed places; two slips in words of six letters and more. The first of the nearest. */
void near_look(struct near *near, const char *candidate);
