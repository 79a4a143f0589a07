/* portal_command_play - what commands do with a portal that a script plays: cmocka before this.
 *
 *   says … ─▶ begin ─▶ portal_load or portal_reconcile with .ledger and .client ─▶ end
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/portal/portal_load.h"
#include "adapters/portal/portal_reconcile.h"
#include "gateway/workers/file_read.h"
#include "tests/support/scripted_server.h"
#include "tests/unit/scratch.h"

enum { REPLIES_MAX = 8 };

#define CODE "H38.09-261125-0001"

struct play {
    struct scripted_server *server;
    struct portal_ledger *ledger;
    struct portal_client *client;
    char *replies[REPLIES_MAX];
    struct scripted_reply script[REPLIES_MAX];
    size_t reply_count;
    int watched;
    int64_t paused_until_ms;
    struct scratch scratch;
};

static inline void says(struct play *play, const char *body)
{
    assert_true(asprintf(&play->replies[play->reply_count],
                         "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body),
                         body) > 0);
    play->script[play->reply_count].raw = play->replies[play->reply_count];
    play->reply_count++;
}

static inline void begin_with(struct play *play, struct bytes mapping)
{
    char url[64], ledger[300], fault[MAPPING_FAULT_BYTES];
    play->server = scripted_server_open(play->script, play->reply_count);
    assert_non_null(play->server);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", scripted_server_port(play->server));
    assert_true(scratch_open(&play->scratch));
    (void)snprintf(ledger, sizeof ledger, "%s/portal.sqlite", play->scratch.folder);
    assert_int_equal(portal_ledger_open(ledger, &play->ledger), REASON_NONE);
    json_t *settings = json_pack("{s:s, s:s, s:s, s:s}", "unit", "H38", "dstcode", "DST",
                                 "auth_path", "/auth", "integration_path", "/portal");
    struct portal_client_options options = {
        .dialect = {.base_url = url,
                    .mapping = mapping,
                    .settings = settings,
                    .credentials = json_pack("{s:s, s:s}", "username", "u", "password", "p"),
                    .files_base = "http://files"},
        .connect_timeout_ms = 20000,
        .timeout_ms = 20000,
    };
    assert_int_equal(portal_client_new(&options, &play->client, fault), REASON_NONE);
    assert_true(scripted_server_serve(play->server)); /* after the mapping's process was made */
    json_decref(options.dialect.credentials);
    json_decref(settings);
}

static inline void begin(struct play *play, const char *dialect)
{
    struct buffer mapping;
    buffer_init(&mapping, MAPPING_PROGRAM_BYTES_MAX);
    assert_int_equal(file_read(dialect, &mapping), REASON_NONE);
    begin_with(play, buffer_view(&mapping));
    buffer_release(&mapping);
}

static inline void end(struct play *play)
{
    portal_client_destroy(&play->client);
    portal_ledger_close(&play->ledger);
    scripted_server_stop(&play->server);
    scratch_close(&play->scratch);
    for (size_t i = 0; i < play->reply_count; i++)
        free(play->replies[i]);
}

static inline bool asked(struct play *play, size_t index, const char *text)
{
    return strstr(scripted_server_request(play->server, index), text) != NULL;
}

static inline bool watch_load(void *context, const struct portal_load_figures *figures)
{
    (void)context;
    (void)figures;
    return true;
}

static inline struct portal_load_options load_options(struct play *play, const char *path)
{
    return (struct portal_load_options){.ledger = play->ledger,
                                        .client = play->client,
                                        .path = path,
                                        .batch = 50,
                                        .patience_seconds = 60,
                                        .watch = watch_load};
}

static inline void write_lines(struct play *play, const char *lines, char path[300])
{
    assert_true(scratch_write(&play->scratch, "dossiers", bytes_of_text(lines)));
    (void)snprintf(path, 300, "%s/dossiers", play->scratch.folder);
}
