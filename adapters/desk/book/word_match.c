/* Words are apart by one blank each, as folding leaves them. */
#include "adapters/desk/book/word_match.h"

#include <stddef.h>
#include <string.h>

/* At the beginning of the text or behind a blank; is_whole: and up to its end or a blank. */
static bool is_word(const char *text, const char *word, size_t size, bool is_whole)
{
    const char *at = text;
    while ((at = memmem(at, strlen(at), word, size)) != NULL) {
        bool begins = at == text || at[-1] == ' ';
        if (begins && (!is_whole || at[size] == ' ' || at[size] == 0))
            return true;
        at++;
    }
    return false;
}

bool word_match(const char *text, const char *words)
{
    while (*words != 0) {
        size_t size = strcspn(words, " ");
        if (size > 0 && !is_word(text, words, size, words[size] != 0))
            return false;
        words += size + (words[size] == ' ');
    }
    return true;
}

static void has_words(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *text = (const char *)sqlite3_value_text(values[0]);
    const char *words = (const char *)sqlite3_value_text(values[1]);
    (void)count;
    sqlite3_result_int(context, text != NULL && words != NULL && word_match(text, words));
}

int word_match_register(sqlite3 *database)
{
    return sqlite3_create_function(database, "has_words", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                   NULL, has_words, NULL, NULL);
}
