/* Two languages. Whoever has set anything but Vietnamese gets English. */
#include "proto/base/language.h"

#include <stddef.h>

enum language language_of(const char *locale)
{
    if (locale == NULL || locale[0] != 'v' || locale[1] != 'i')
        return LANGUAGE_ENGLISH;
    char after = locale[2];
    return after == 0 || after == '_' || after == '.' || after == '@' ? LANGUAGE_VIETNAMESE
                                                                      : LANGUAGE_ENGLISH;
}

const char *language_pick(enum language language, const char *vietnamese, const char *english)
{
    return language == LANGUAGE_VIETNAMESE ? vietnamese : english;
}
