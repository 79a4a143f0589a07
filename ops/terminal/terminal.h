/* terminal - what a stream's terminal can do, and how wide a text is on it.
 *
 * Widths are counted in columns as people see them: a Vietnamese letter is one column however many
 * bytes and marks it is written with.
 *
 * Source: terminfo's TERM "dumb"; the NO_COLOR convention; wcwidth(3).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Of a file or a pipe all is false and 0. */
struct terminal {
    bool can_move;        /* the cursor; not with TERM=dumb */
    bool has_colour;      /* and NO_COLOR is not set */
    size_t columns, rows; /* 0: not known */
};

/* As it is at this moment: a window may be resized at any time. */
struct terminal terminal_of(FILE *stream);
/* The terminal's width; 0 when the stream is none. */
size_t terminal_width(FILE *stream);

/* How many columns of a terminal the UTF-8 text takes: 0 for combining marks, 2 for wide letters,
 * 1 for every byte that is not UTF-8. */
size_t text_width(const char *text);
/* Bytes of the longest beginning that takes at most `columns` columns. */
size_t text_fit(const char *text, size_t columns);
/* The text in exactly so many columns (at least 1): filled up with blanks, or cut and ended with
 * '…'. */
void text_print_fitted(const char *text, size_t columns, bool is_right, FILE *to);
/* The text on lines of at most `columns` columns (0: one line), each indented, broken between words
 * where there are blanks. */
void text_print_wrapped(const char *text, size_t indent, size_t columns, FILE *to);
