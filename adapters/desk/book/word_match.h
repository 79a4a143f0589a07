/* word_match - whether each of some words is a word of a text, and the last one begins one; both
 * folded (fold.h).
 *
 * As the full-text index finds, but for one row: a search for words that many dossiers have is
 * answered by looking at the newest ones, not by a list of all that have them. In SQL:
 * `has_words(text, words)`, known to each connection of the book. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>

bool word_match(const char *text, const char *words);
/* An SQLite code. */
int word_match_register(sqlite3 *database);
