/* language - Vietnamese or English, for texts that a person reads.
 *
 * Which one is an argument everywhere; a program's main reads LANG once and passes it down.
 */
#pragma once

enum language {
    LANGUAGE_ENGLISH,
    LANGUAGE_VIETNAMESE,
};

/* From the value of LC_ALL, LC_MESSAGES or LANG ("vi", "vi_VN.UTF-8"): Vietnamese when the language
 * part is "vi". Anything else, also NULL, is English. */
enum language language_of(const char *locale);

/* The text in that language. Both may be formats, with the same arguments. */
const char *language_pick(enum language language, const char *vietnamese, const char *english)
    __attribute__((format_arg(2), format_arg(3)));
