/* command - runs a program of the system in a test, without a shell, its output thrown away. */
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/wait.h>

extern char **environ;

/* arguments ends with NULL. The exit status, or -1 when it could not be run or was killed. */
static inline int run_command(const char *folder, const char *const *arguments)
{
    posix_spawn_file_actions_t actions;
    pid_t process;
    int status = 0;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return -1;
    posix_spawn_file_actions_addchdir_np(&actions, folder);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    int failed = posix_spawnp(&process, arguments[0], &actions, NULL,
                              (char *const *)(const void *)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0 || waitpid(process, &status, 0) != process || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}
