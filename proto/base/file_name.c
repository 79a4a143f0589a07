/* Names of attachments, as they will be saved on somebody's Windows machine: no path, no device
 * name, nothing invisible, no end that Windows cuts off. A name that changes on its way to a disk
 * may end up as another file than the one that was looked at. */
#include "proto/base/file_name.h"

#include <string.h>

#include "proto/base/printable.h"
#include "proto/base/utf8.h"

static bool is_blank(uint32_t character)
{
    return character == ' ' || character == 0xa0 || character == 0x1680 ||
           (character >= 0x2000 && character <= 0x200a) || character == 0x202f ||
           character == 0x205f || character == 0x3000;
}

/* In ASCII alone, whatever the locale. upper: in capitals. */
static bool begins_with(struct bytes name, const char *upper)
{
    size_t size = strlen(upper);
    for (size_t i = 0; i < size; i++) {
        uint8_t letter = i < name.size ? name.data[i] : 0;
        if (letter >= 'a' && letter <= 'z')
            letter = (uint8_t)(letter - 'a' + 'A');
        if (letter != (uint8_t)upper[i])
            return false;
    }
    return true;
}

static bool is_among(struct bytes name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) == name.size && begins_with(name, names[i]))
            return true;
    }
    return false;
}

/* COM1, LPT1, also with the superscripts ¹ ² ³ that Windows takes for digits. */
static bool is_port(struct bytes name)
{
    if (name.size < 4 || (!begins_with(name, "COM") && !begins_with(name, "LPT")))
        return false;
    const uint8_t *last = name.data + 3;
    if (name.size == 4)
        return *last >= '0' && *last <= '9';
    return name.size == 5 && last[0] == 0xc2 &&
           (last[1] == 0xb9 || last[1] == 0xb2 || last[1] == 0xb3);
}

/* What stands before the first dot counts, without the blanks before that. */
static bool is_device(struct bytes name)
{
    static const char *const devices[] = {"CON",    "PRN",     "AUX",   "NUL",
                                          "CONIN$", "CONOUT$", "CLOCK$"};
    const uint8_t *dot = memchr(name.data, '.', name.size);
    if (dot != NULL)
        name.size = (size_t)(dot - name.data);
    while (name.size > 0 && name.data[name.size - 1] == ' ')
        name.size--;
    return is_among(name, devices, sizeof devices / sizeof *devices) || is_port(name);
}

bool file_name_is_safe(struct bytes name)
{
    uint32_t character = ' ', last = ' ';
    struct bytes rest = name;
    while (rest.size > 0) {
        size_t size = utf8_next(rest, &character);
        bool is_first = rest.data == name.data;
        if (size == 0 || !printable_is_character(character) || (is_first && is_blank(character)) ||
            (character < 0x80 && strchr("/\\:*?\"<>|", (int)character) != NULL))
            return false;
        last = character;
        rest.data += size;
        rest.size -= size;
    }
    return !is_blank(last) && last != '.' && !is_device(name);
}
