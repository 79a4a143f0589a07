/* scripted_server - an HTTP server on a free port of 127.0.0.1 that answers as its script says, and
 * keeps what it was asked. One thread of its own; one connection at a time, kept alive.
 *
 *   scripted_server_start(script) … scripted_server_request(0) … scripted_server_stop
 *
 * Reply number n answers request number n; after the script it answers 500. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scripted_server;

enum { SCRIPTED_REQUESTS_MAX = 32, SCRIPTED_REQUEST_BYTES = 64 * 1024 };

struct scripted_reply {
    const char *raw;       /* the whole reply, head and body; NULL: it never answers */
    uint64_t filler_bytes; /* sent after raw */
    bool closes;           /* the connection, after that */
};

/* The script must outlive the server. NULL when it cannot start. */
struct scripted_server *scripted_server_start(const struct scripted_reply *script, size_t count);
/* The same in two steps, for a test whose own process forks: its port is known after the first, its
 * thread runs after the second. A fork beside threads may leave a sanitizer's lock held in the
 * child. */
struct scripted_server *scripted_server_open(const struct scripted_reply *script, size_t count);
bool scripted_server_serve(struct scripted_server *server);
void scripted_server_stop(struct scripted_server **server);
uint16_t scripted_server_port(const struct scripted_server *server);
/* Requests read whole so far, and connections that brought them. */
size_t scripted_server_requests(struct scripted_server *server);
size_t scripted_server_connections(struct scripted_server *server);
/* Head and body of a request as a text; "" when there was no such request. */
const char *scripted_server_request(struct scripted_server *server, size_t index);
