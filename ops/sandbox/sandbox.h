/* sandbox - a whole province on one machine: made by sandbox_init, run by sandbox_up.
 *
 *   DIR/registry/        the registry's files, with participants.csv and the trust anchor
 *   DIR/authority/       root.key (0600) of the test authority, to enrol another participant
 *   DIR/keys/            KEY.pem, KEY.curve (0600) of every participant
 *   DIR/gateway/         gateway.yaml; state in gateway/state
 *   DIR/adapters/KEY/    adapter.yaml; state in adapters/KEY/state
 *   DIR/offices/KEY/     the agency's own system: office.sqlite
 *   DIR/desk/            the desk's own book: desk.sqlite
 *   DIR/portal/          the national portal's stand-in: portal.sqlite
 *   DIR/logs, DIR/run    logs and pid files of all processes, control socket, status.json
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ops/client/file.h"
#include "proto/base/language.h"
#include "proto/base/reason.h"

struct sandbox_init_options {
    const char *directory;
    const char *data;           /* folder with the registry's data: routing/data */
    const char *mapping;        /* the offices' dialect: vbdlis.jq */
    const char *portal_mapping; /* the national portal's: provincial.jq */
    bool is_quiet;
};

/* The directory must be empty or absent. False: said on standard error. */
bool sandbox_init(const struct sandbox_init_options *options, enum language language);

struct sandbox_up_options {
    const char *directory;
    const char *programs; /* folder of the programs */
    uint32_t dossiers;
    uint32_t forward_delay_ms; /* between two dossiers of the desk */
    uint32_t step_delay_ms;    /* of the offices' work */
    uint32_t supplement_every;
    uint64_t file_bytes_min, file_bytes_max;
    uint32_t limit_seconds; /* then it has failed */
    bool once;              /* end when all is back */
    const char *hold;       /* name of a child that is not started; NULL: none */
};

/* 0: all figures are right. 1: some are off, or the limit passed. 3: it could not be brought up. */
int sandbox_up(const struct sandbox_up_options *options, enum language language);

/* Asks a running sandbox to stop or start one of its processes ("gateway", "adapter-stnmt", …), or
 * for its status. REASON_NONE: *ret_answer is the caller's: {ok: true, forwarded, accepted,
 * results, lost, duplicated, out_of_order, processes: [{name, pid, restarts}]} with pid 0 of one
 * that does not run, or {ok: false, error}. Otherwise no sandbox runs there: *ret_answer is NULL.
 */
enum reason sandbox_ask(const char *directory, const char *command, const char *name,
                        json_t **ret_answer);
