/* Ids by their beginning, as git does it: a table shows as much as tells its rows apart, and a
 * command takes that back, if only one message has it. */
#include "ops/cli/short_id.h"

#include <stdio.h>
#include <string.h>

#include "ops/cli/say.h"
#include "ops/cli/text.h"

/* Bytes of what was typed without the '…'. */
static size_t bare_bytes(const char *text)
{
    static const char mark[] = "…";
    size_t bytes = strlen(text), mark_bytes = sizeof mark - 1;
    bool has_mark = bytes >= mark_bytes && strcmp(text + bytes - mark_bytes, mark) == 0;
    return has_mark ? bytes - mark_bytes : bytes;
}

bool short_id_is_good(const char *text)
{
    static const char pattern[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    size_t bytes = bare_bytes(text);
    if (bytes < SHORT_ID_BYTES_MIN || bytes >= sizeof pattern)
        return false;
    for (size_t i = 0; i < bytes; i++) {
        bool is_digit = strchr("0123456789abcdef", text[i]) != NULL;
        if (pattern[i] == '-' ? text[i] != '-' : !is_digit)
            return false;
    }
    return true;
}

void short_id_print(const char *id, size_t bytes, char ret_text[SHORT_ID_TEXT_BYTES])
{
    (void)snprintf(ret_text, SHORT_ID_TEXT_BYTES, "%.*s…", (int)bytes, id);
}

void short_id_init(struct short_id *search, const char *text)
{
    *search = (struct short_id){.found = ""};
    (void)snprintf(search->text, sizeof search->text, "%.*s", (int)bare_bytes(text), text);
    if (short_id_is_whole(search))
        memcpy(search->found, search->text, sizeof search->found);
}

bool short_id_is_whole(const struct short_id *search)
{
    return strlen(search->text) == MESSAGE_ID_TEXT_BYTES - 1;
}

/* Two different ids are enough to know that the short form names no single one; more are not
 * kept. */
void short_id_look(struct short_id *search, const json_t *rows)
{
    size_t index;
    const json_t *row;
    json_array_foreach(rows, index, row)
    {
        const char *id = json_string_value(json_object_get(row, "message_id"));
        if (id == NULL || strlen(id) >= sizeof search->found ||
            strncmp(id, search->text, strlen(search->text)) != 0 || strcmp(id, search->found) == 0)
            continue;
        char *place = search->found[0] == 0 ? search->found : search->other;
        (void)snprintf(place, MESSAGE_ID_TEXT_BYTES, "%s", id);
    }
}

int short_id_judge(const struct short_id *search, const struct invocation *invocation)
{
    enum language language = invocation->language;
    if (search->found[0] == 0) {
        say(stderr, text_of(TEXT_SHORT_ID_NONE, language), search->text);
        return EXIT_CODE_NEGATIVE;
    }
    if (search->other[0] == 0)
        return EXIT_CODE_OK;
    say(stderr, text_of(TEXT_SHORT_ID_SEVERAL, language), search->text, search->found,
        search->other);
    return EXIT_CODE_USAGE;
}
