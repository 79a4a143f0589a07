/* window - runs a command in a terminal of its own and fails when it prints past the terminal's
 * edge.
 *
 *   window COLUMNS ROWS [--interrupt-at TEXT] COMMAND...
 *
 * What the command prints goes to standard output as it is; its exit code is this program's. A line
 * that is wider than the terminal is named on standard error, and the exit code is then 90: such a
 * line wraps, and what was drawn over it lands one row off. --interrupt-at: as soon as TEXT is
 * printed, Ctrl-C is typed. */
#include <poll.h>
#include <pty.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops/terminal/terminal.h"

enum { LINE_BYTES = 16 * 1024, RECENT_BYTES = 4096, EXIT_WRAPPED = 90 };

struct window {
    size_t columns;
    int master;
    const char *interrupt_at; /* NULL: never, or done */
    char line[LINE_BYTES];    /* since the last line end, without escape sequences */
    size_t line_bytes;
    bool is_in_escape, has_wrapped;
    char recent[RECENT_BYTES]; /* the end of what was printed */
    size_t recent_bytes;
};

static void end_line(struct window *window)
{
    window->line[window->line_bytes] = 0;
    if (text_width(window->line) > window->columns) {
        (void)fprintf(stderr, "wider than %zu columns: %s\n", window->columns, window->line);
        window->has_wrapped = true;
    }
    window->line_bytes = 0;
}

/* CSI sequences end with a letter; '\r' begins the line anew, and what is written over is as wide.
 */
static void take_byte(struct window *window, char byte)
{
    if (window->is_in_escape) {
        window->is_in_escape = !((byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z'));
        return;
    }
    window->is_in_escape = byte == '\033';
    if (byte == '\n' || byte == '\r')
        end_line(window);
    else if (!window->is_in_escape && window->line_bytes < LINE_BYTES - 1)
        window->line[window->line_bytes++] = byte;
}

static void look_for_interrupt(struct window *window, const char *bytes, size_t count)
{
    size_t kept = window->recent_bytes;
    if (kept + count >= RECENT_BYTES) {
        kept = RECENT_BYTES / 4;
        memmove(window->recent, window->recent + window->recent_bytes - kept, kept);
    }
    memcpy(window->recent + kept, bytes, count);
    window->recent_bytes = kept + count;
    window->recent[window->recent_bytes] = 0;
    if (window->interrupt_at == NULL || strstr(window->recent, window->interrupt_at) == NULL)
        return;
    window->interrupt_at = NULL;
    (void)write(window->master, "\003", 1);
}

static void watch(struct window *window)
{
    char bytes[1024];
    for (;;) {
        ssize_t count = read(window->master, bytes, sizeof bytes);
        if (count <= 0)
            break; /* EIO: nobody has the other end open */
        (void)fwrite(bytes, 1, (size_t)count, stdout);
        (void)fflush(stdout);
        for (ssize_t i = 0; i < count; i++)
            take_byte(window, bytes[i]);
        look_for_interrupt(window, bytes, (size_t)count);
    }
    end_line(window);
}

int main(int argc, char **argv)
{
    static struct window window;
    bool interrupts = argc > 5 && strcmp(argv[3], "--interrupt-at") == 0;
    char **command = argv + (interrupts ? 5 : 3);
    if (argc < 4 || *command == NULL)
        return 2;
    struct winsize size = {.ws_col = (unsigned short)strtoul(argv[1], NULL, 10),
                           .ws_row = (unsigned short)strtoul(argv[2], NULL, 10)};
    window.columns = size.ws_col;
    window.interrupt_at = interrupts ? argv[4] : NULL;
    pid_t child = forkpty(&window.master, NULL, NULL, &size);
    if (child < 0)
        return 2;
    if (child == 0) {
        (void)execvp(*command, command);
        _exit(127);
    }
    watch(&window);
    int status = 0;
    (void)waitpid(child, &status, 0);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return window.has_wrapped ? EXIT_WRAPPED : code;
}
