/* der - reading and writing DER (ITU-T X.690 §10), as much of it as a CMS signature needs.
 *
 * Reading: a struct bytes is the cursor. Each der_take… reads one element from the front and moves
 * past it, or answers false and leaves the cursor alone. Strict: one-byte tags, definite lengths in
 * their shortest form, the content within the cursor. Nothing is copied: results point into the
 * input. der_form.c walks what is not read.
 *
 * Writing: from back to front, so that a length is known when its header is written:
 *     der_writer_init, mark = der_mark, write the content (last element first),
 *     der_wrap(tag, mark), …, der_written
 * A writer that runs out of room stays full; der_written then answers an empty view.
 */
#pragma once

#include "proto/base/bytes.h"

enum {
    DER_INTEGER = 0x02,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OBJECT = 0x06,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT_0 = 0xa0, /* constructed, context-specific */
    DER_CONTEXT_1 = 0xa1,
    DER_CONTEXT_2 = 0xa2,
    DER_CONTEXT_3 = 0xa3,
    DER_CONTEXT_4 = 0xa4,
    DER_CONTEXT_0_PRIMITIVE = 0x80,
    DER_CONSTRUCTED = 0x20, /* the bit */
};

/* The next element with that tag: its content. */
bool der_take(struct bytes *rest, uint8_t tag, struct bytes *ret_content);
/* The same, with its header. */
bool der_take_whole(struct bytes *rest, uint8_t tag, struct bytes *ret_element);
/* Exactly this element and nothing after it. */
bool der_take_only(struct bytes all, uint8_t tag, struct bytes *ret_content);
/* An INTEGER from 0 to 32767. */
bool der_take_small(struct bytes *rest, int *ret_value);
bool der_next_is(struct bytes rest, uint8_t tag);
/* Past the next element, whatever it is. */
bool der_skip(struct bytes *rest);

/* How elements are encoded that nobody here looks into, for as long as they last. */
enum der_form {
    DER_FORM_BROKEN, /* not even BER, or deeper than DER_DEPTH_MAX, or a type that CMS never has */
    DER_FORM_LOOSE,  /* BER: the same could be written otherwise (X.690 §10, §11) */
    DER_FORM_STRICT, /* DER, but for the order within a SET, which depends on its meaning */
};
enum { DER_DEPTH_MAX = 24 /* a certificate inside a signature has some fifteen levels */ };

enum der_form der_form(struct bytes elements);
/* Something in there is BER and not DER, whatever else may be wrong with it. */
bool der_has_loose(struct bytes elements);

struct der_writer {
    uint8_t *start;
    uint8_t *at; /* everything from here to the end is written */
    uint8_t *end;
    bool full;
};

void der_writer_init(struct der_writer *writer, uint8_t *memory, size_t size_bytes);
/* The place that der_wrap counts up to. */
const uint8_t *der_mark(const struct der_writer *writer);
void der_write(struct der_writer *writer, struct bytes raw);
/* The header of an element whose content is what was written since the mark. */
void der_wrap(struct der_writer *writer, uint8_t tag, const uint8_t *mark);
/* Header and content. */
void der_write_element(struct der_writer *writer, uint8_t tag, struct bytes content);
struct bytes der_written(const struct der_writer *writer);
