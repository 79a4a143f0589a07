/* line - a bare link: a sender, a server, and nothing between them but ZeroMQ and CURVE. What the
 * gateway adds to it, it adds to these figures.
 *
 * Both calls open a line of their own over loopback and close it. Errors: false, and standard error
 * says why. */
#pragma once

#include "tests/bench/corpus.h"
#include "tests/bench/histogram.h"

/* Processor time of one message over one hop, both ends, in microseconds. */
bool line_cost(struct bytes message, double *ret_us);

/* Sends the frames of the corpus by a timetable of rate messages a second; the server's thread
 * answers each with a frame of answer_bytes at once. ret_times: of each frame, from when it was due
 * until its answer is read. */
bool line_round_trips(const struct corpus *corpus, double rate, size_t answer_bytes,
                      struct histogram *ret_times);
