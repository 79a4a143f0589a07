/* "Did you mean": the candidate with the fewest slips of the keyboard. Short words must be nearly
 * right, or every word would be near to every other. */
#include "proto/base/near.h"

#include <stdbool.h>
#include <string.h>

enum { WORD_BYTES_MAX = 48, LONG_WORD = 6 };

static char small(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Damerau and Levenshtein's distance without overlapping changes, three rows at a time. */
static unsigned distance(const char *word, size_t word_size, const char *meant, size_t meant_size)
{
    unsigned rows[3][WORD_BYTES_MAX + 1];
    unsigned *two_ago = rows[0], *before = rows[1], *row = rows[2];
    for (size_t k = 0; k <= meant_size; k++)
        before[k] = (unsigned)k;
    for (size_t i = 1; i <= word_size; i++) {
        row[0] = (unsigned)i;
        for (size_t k = 1; k <= meant_size; k++) {
            bool same = small(word[i - 1]) == small(meant[k - 1]);
            row[k] = least(least(before[k] + 1, row[k - 1] + 1), before[k - 1] + !same);
            if (i > 1 && k > 1 && small(word[i - 1]) == small(meant[k - 2]) &&
                small(word[i - 2]) == small(meant[k - 1]))
                row[k] = least(row[k], two_ago[k - 2] + 1);
        }
        unsigned *free_row = two_ago;
        two_ago = before;
        before = row;
        row = free_row;
    }
    return before[meant_size];
}

/* Words beyond WORD_BYTES_MAX have no suggestion: the rows of the table are on the stack. */
void near_look(struct near *near, const char *candidate)
{
    size_t word_size = strlen(near->word), size = strlen(candidate);
    if (word_size == 0 || word_size > WORD_BYTES_MAX || size > WORD_BYTES_MAX)
        return;
    unsigned most = size < 3 ? 0 : size < LONG_WORD ? 1 : 2;
    unsigned slips = distance(near->word, word_size, candidate, size);
    if (slips > most || (near->meant != NULL && slips >= near->slips))
        return;
    near->meant = candidate;
    near->slips = slips;
}
