/* mapping - the jq program that speaks one back office's dialect: JSON in, JSON out, bounded.
 *
 * libjq ends the process when memory is short and cannot be interrupted, so the program runs in a
 * process of its own, over a socket pair: at most MAPPING_TIME_MS and MAPPING_MEMORY_BYTES a run,
 * MAPPING_START_MS to begin. It is shut in: no file, no descriptor but its socket, no environment,
 * no output (mapping_process.c), so "import" and "include" find nothing. A run that takes longer
 * loses its process, and the next run gets a new one.
 *
 *   mapping_new(program)          compiles; a fault of the program is reported with its text
 *   mapping_run(input) ─▶ output  the first value that the program gives
 *   mapping_destroy
 */
#pragma once

#include <jansson.h>

#include "proto/base/bytes.h"
#include "proto/base/reason.h"

struct mapping;

enum {
    MAPPING_PROGRAM_BYTES_MAX = 256 * 1024,
    MAPPING_INPUT_BYTES_MAX = 4 * 1024 * 1024, /* a message and the largest reply */
    MAPPING_OUTPUT_BYTES_MAX = 1024 * 1024,
    MAPPING_TIME_MS = 2000,
    /* To compile, on a machine where a whole province starts at once: being slow is no fault. */
    MAPPING_START_MS = 30 * 1000,
    MAPPING_MEMORY_BYTES = 256 * 1024 * 1024,
    MAPPING_FAULT_BYTES = 256,
};

/* REASON_SETTINGS_INVALID: the program does not compile; why stands in ret_fault.
 * REASON_BUSY: not ready in MAPPING_START_MS. REASON_OUT_OF_MEMORY: no process to be had. */
enum reason mapping_new(struct bytes program, struct mapping **ret_mapping,
                        char ret_fault[MAPPING_FAULT_BYTES]);
void mapping_destroy(struct mapping **mapping);
/* *ret_output is the caller's. REASON_OFFICE_UNKNOWN: the program failed on this input, gave
 * nothing, or passed a bound. */
enum reason mapping_run(struct mapping *mapping, const json_t *input, json_t **ret_output);
/* After a run that failed. True: the program itself failed on the input, as it always will. False:
 * a bound was passed, of time, memory or size, which another run may not pass. */
bool mapping_has_answered(const struct mapping *mapping);
