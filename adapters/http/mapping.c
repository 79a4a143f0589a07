/* The parent's side of a mapping: a process made by fork, a socket pair, one request and one
 * answer at a time, each behind its length in four bytes. mapping_process.c is the child's side.
 *
 * The process is made before the adapter has threads or secrets, so that it inherits neither. A
 * run that passes its bound of time, memory or size loses the process; the next run begins with a
 * new one, because a program that was cut in the middle leaves an answer in the socket that would
 * be taken for the next one's. */
#include "adapters/http/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/http/mapping_process.h"
#include "gateway/api/json_text.h"

struct mapping {
    char *program;
    pid_t child; /* 0: none */
    int socket;
    int patience_ms;    /* with the child, now */
    struct buffer text; /* what is sent, then what came */
};

/* ---- the process ----------------------------------------------------------------------------- */

static void stop_child(struct mapping *mapping)
{
    if (mapping->child == 0)
        return;
    (void)close(mapping->socket);
    (void)kill(mapping->child, SIGKILL);
    while (waitpid(mapping->child, NULL, 0) < 0 && errno == EINTR)
        ;
    mapping->child = 0;
}

static bool start_child(struct mapping *mapping)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    pid_t child = fork();
    if (child == 0)
        mapping_process(pair[1], mapping->program);
    (void)close(pair[1]);
    if (child < 0) {
        (void)close(pair[0]);
        return false;
    }
    (void)fcntl(pair[0], F_SETFL, fcntl(pair[0], F_GETFL) | O_NONBLOCK);
    mapping->child = child;
    mapping->socket = pair[0];
    return true;
}

/* The bound is of one wait and not of the whole run; the child says nothing until its answer is
 * whole, so that what is bounded is its computing. */
static bool wait_for(const struct mapping *mapping, short events)
{
    struct pollfd wait = {.fd = mapping->socket, .events = events};
    int count;
    do
        count = poll(&wait, 1, mapping->patience_ms);
    while (count < 0 && errno == EINTR);
    return count == 1;
}

static bool send_bytes(const struct mapping *mapping, struct bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t count = send(mapping->socket, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (count > 0) {
            bytes.data += count;
            bytes.size -= (size_t)count;
        } else if (count == 0 || (errno != EAGAIN && errno != EINTR) ||
                   !wait_for(mapping, POLLOUT)) {
            return false;
        }
    }
    return true;
}

static bool receive_bytes(const struct mapping *mapping, uint8_t *ret_data, size_t size)
{
    while (size > 0) {
        ssize_t count = recv(mapping->socket, ret_data, size, 0);
        if (count > 0) {
            ret_data += count;
            size -= (size_t)count;
        } else if (count == 0 || (errno != EAGAIN && errno != EINTR) ||
                   !wait_for(mapping, POLLIN)) {
            return false;
        }
    }
    return true;
}

/* One value from the child; NULL: it is gone, stuck, or out of its mind. */
static json_t *receive_value(struct mapping *mapping)
{
    uint32_t size;
    buffer_clear(&mapping->text);
    if (!receive_bytes(mapping, (uint8_t *)&size, sizeof size) || size > MAPPING_OUTPUT_BYTES_MAX)
        return NULL;
    uint8_t *at = buffer_extend(&mapping->text, size);
    if (at == NULL || !receive_bytes(mapping, at, size))
        return NULL;
    return json_loadb((const char *)at, size, JSON_DECODE_ANY, NULL);
}

/* A child that is ready. ret_fault: what the compiler said. */
static enum reason ensure_child(struct mapping *mapping, char ret_fault[MAPPING_FAULT_BYTES])
{
    if (mapping->child != 0)
        return REASON_NONE;
    if (!start_child(mapping))
        return REASON_OUT_OF_MEMORY;
    mapping->patience_ms = MAPPING_START_MS;
    json_t *greeting = receive_value(mapping);
    mapping->patience_ms = MAPPING_TIME_MS;
    enum reason reason = json_is_true(greeting)     ? REASON_NONE
                         : json_is_string(greeting) ? REASON_SETTINGS_INVALID
                                                    : REASON_BUSY;
    if (reason != REASON_NONE) {
        const char *text = json_string_value(greeting);
        (void)snprintf(ret_fault, MAPPING_FAULT_BYTES, "%s", text == NULL ? "" : text);
        stop_child(mapping);
    }
    json_decref(greeting);
    return reason;
}

/* ---- the mapping ----------------------------------------------------------------------------- */

enum reason mapping_new(struct bytes program, struct mapping **ret_mapping,
                        char ret_fault[MAPPING_FAULT_BYTES])
{
    ret_fault[0] = 0;
    program = json_text_skip_mark(program);
    if (program.size == 0 || program.size > MAPPING_PROGRAM_BYTES_MAX ||
        memchr(program.data, 0, program.size) != NULL)
        return REASON_SETTINGS_INVALID;
    struct mapping *mapping = calloc(1, sizeof *mapping);
    if (mapping == NULL)
        return REASON_OUT_OF_MEMORY;
    buffer_init(&mapping->text, MAPPING_INPUT_BYTES_MAX + sizeof(uint32_t));
    mapping->program = strndup((const char *)program.data, program.size);
    enum reason reason =
        mapping->program == NULL ? REASON_OUT_OF_MEMORY : ensure_child(mapping, ret_fault);
    if (reason != REASON_NONE) {
        mapping_destroy(&mapping);
        return reason;
    }
    *ret_mapping = mapping;
    return REASON_NONE;
}

void mapping_destroy(struct mapping **mapping_pointer)
{
    struct mapping *mapping = *mapping_pointer;
    *mapping_pointer = NULL;
    if (mapping == NULL)
        return;
    stop_child(mapping);
    buffer_release(&mapping->text);
    free(mapping->program);
    free(mapping);
}

static bool send_input(struct mapping *mapping, const json_t *input)
{
    uint32_t size = 0;
    buffer_clear(&mapping->text);
    if (!buffer_append(&mapping->text, (struct bytes){(const uint8_t *)&size, sizeof size}) ||
        !json_text_write(input, &mapping->text))
        return false;
    size = (uint32_t)(mapping->text.size - sizeof size);
    memcpy(mapping->text.data, &size, sizeof size);
    return send_bytes(mapping, buffer_view(&mapping->text));
}

/* On the caller's thread, which waits: MAPPING_TIME_MS for an answer, and MAPPING_START_MS more
 * when the child has to be made anew. */
enum reason mapping_run(struct mapping *mapping, const json_t *input, json_t **ret_output)
{
    char ignored[MAPPING_FAULT_BYTES];
    if (ensure_child(mapping, ignored) != REASON_NONE)
        return REASON_OUT_OF_MEMORY;
    json_t *answer = send_input(mapping, input) ? receive_value(mapping) : NULL;
    if (answer == NULL)
        stop_child(mapping);
    json_t *output = json_incref(json_array_get(answer, 0));
    json_decref(answer);
    if (output == NULL)
        return REASON_OFFICE_UNKNOWN;
    *ret_output = output;
    return REASON_NONE;
}

bool mapping_has_answered(const struct mapping *mapping)
{
    return mapping->child != 0; /* who gave no answer was stopped */
}
