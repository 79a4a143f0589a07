/* raw_zmtp_parts - what raw_zmtp.c (the line: bytes, frames, boxes) and raw_zmtp_handshake.c (both
 * ends' handshakes) share. Nobody else includes this. */
#pragma once

#include <sodium.h>

#include "tests/support/raw_zmtp.h"

/* ---- raw_zmtp.c */
/* A connection over a socket that stands. */
void raw_begin(struct raw_zmtp *raw, const struct raw_zmtp_options *options, int fd);
/* Exactly so many octets; false: the end, or not in time. */
bool raw_read_exactly(struct raw_zmtp *raw, uint8_t *ret_data, size_t size);
/* The next frame as it came; it lives until the next. */
bool raw_read_frame(struct raw_zmtp *raw, int timeout_ms, int *ret_flags, struct bytes *ret_body);
/* 24 octets of nonce: the prefix and what is left of the 24. */
void raw_nonce(const char *prefix, const uint8_t *rest, uint8_t ret_nonce[crypto_box_NONCEBYTES]);
/* The next nonce of the connection's row, 8 octets. */
void raw_next_nonce(struct raw_zmtp *raw, uint8_t ret_rest[RAW_NONCE_BYTES]);
