/* bytes - views of memory, and a growable buffer with an end.
 *
 * struct bytes is a view: it never owns. Who owns what it points at is said where it is handed
 * over. struct buffer owns its memory: buffer_init, then append, then buffer_release. A buffer
 * never grows past its limit_bytes: buffer_append answers false and the content is as before.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    const uint8_t *data; /* may be NULL when size is 0 */
    size_t size;
};

/* The bytes of a C string without its terminator. */
struct bytes bytes_of_text(const char *text);
bool bytes_equal(struct bytes a, struct bytes b);
/* Total order: memcmp on the common part, then the shorter first. */
int bytes_compare(struct bytes a, struct bytes b);

struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit_bytes;
};

void buffer_init(struct buffer *buffer, size_t limit_bytes);
void buffer_release(struct buffer *buffer);
/* Empties it and keeps its memory. */
void buffer_clear(struct buffer *buffer);
/* False when the limit or the memory is reached; the content is then as before. */
bool buffer_append(struct buffer *buffer, struct bytes more);
bool buffer_append_text(struct buffer *buffer, const char *text);
/* printf into the buffer. */
bool buffer_append_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Room for size_bytes at the end, counted as used; NULL at the limit. */
uint8_t *buffer_extend(struct buffer *buffer, size_t size_bytes);
struct bytes buffer_view(const struct buffer *buffer);
/* The content as a C string; the terminator is not counted. NULL at the limit. */
const char *buffer_text(struct buffer *buffer);

/* Room for one more row behind count: the rows, moved when they had to grow, to twice as many. NULL
 * without memory; the rows and *capacity are then as before. */
void *rows_grow(void *rows, size_t count, size_t *capacity, size_t row_bytes);

/* Lower-case hexadecimal. ret_text holds 2 * size + 1 characters. */
void hex_encode(struct bytes from, char *ret_text);
/* False unless text is exactly 2 * size_bytes hexadecimal digits. */
bool hex_decode(struct bytes text, uint8_t *ret_data, size_t size_bytes);
