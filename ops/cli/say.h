/* say - what a person reads from this program, with other people's words made harmless.
 *
 * Every text of the command line goes out through here (or through table.h, which does the same for
 * each cell): whatever a message, an office, a registry or a file name brings with it cannot clear
 * the screen, write over what stands there or read backwards (proto/base/printable.h). Line ends
 * and tabs of the text stay; those inside a value were made blanks where it was read (json_text).
 */
#pragma once

#include <stdio.h>

#include "proto/base/bytes.h"

/* printf; lines that are wider than the window are broken between words. When memory is short
 * nothing is printed but that. */
void say(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same of a text of several lines. */
void say_lines(FILE *to, struct bytes text);

/* Paragraphs with a line end each, broken at blanks so that they fit the window that the stream is
 * (else not at all); lines after a paragraph's first begin with so many blanks. */
void say_wrapped(FILE *to, const char *text, size_t indent);
