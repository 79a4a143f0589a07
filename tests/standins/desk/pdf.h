/* pdf - small valid PDF files of a wanted size, made of nothing: papers of a sandbox province. */
#pragma once

#include "proto/base/bytes.h"

/* Appends a one-page PDF of about size_bytes that shows title (ASCII). The same seed gives the same
 * bytes. False at the buffer's limit. */
bool pdf_make(struct buffer *ret_file, const char *title, size_t size_bytes, uint64_t seed);

/* A well-mixed 64-bit number from a seed (splitmix64, S. Vigna): figures of the sandbox are drawn
 * from the dossier's number, so that a run can be repeated. */
uint64_t sandbox_draw(uint64_t *seed);
