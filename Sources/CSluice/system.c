#define _GNU_SOURCE
#include "sluice_system.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int sl_event_descriptor(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void sl_name_thread(const char *name) {
    char kept[16];
    strncpy(kept, name, sizeof kept - 1);
    kept[sizeof kept - 1] = 0;
    pthread_setname_np(pthread_self(), kept);
}

int64_t sl_birth_time(int descriptor) {
    struct statx status;
    if (statx(descriptor, "", AT_EMPTY_PATH, STATX_BTIME, &status) != 0 || !(status.stx_mask & STATX_BTIME)) return 0;
    return (int64_t)status.stx_btime.tv_sec * 1000000000 + status.stx_btime.tv_nsec;
}

int sl_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

/// Whether one of `variables` has the name of `variable`.
static bool is_replaced(const char *variable, char *const variables[]) {
    const char *end = strchr(variable, '=');
    size_t length = end ? (size_t)(end - variable) + 1 : strlen(variable);
    for (; *variables; variables++)
        if (strncmp(*variables, variable, length) == 0) return true;
    return false;
}

/// This process's environment with `variables` on top; NULL without memory.
static char **merged_environment(char *const variables[]) {
    size_t count = 1;
    for (char **variable = environ; variable && *variable; variable++) count++;
    for (char *const *variable = variables; *variable; variable++) count++;
    char **merged = malloc(count * sizeof *merged);
    if (!merged) return NULL;
    size_t used = 0;
    for (char **variable = environ; variable && *variable; variable++)
        if (!is_replaced(*variable, variables)) merged[used++] = *variable;
    for (char *const *variable = variables; *variable; variable++) merged[used++] = *variable;
    merged[used] = NULL;
    return merged;
}

int sl_spawn(const char *program, char *const arguments[], char *const variables[], const char *folder, int output, int error) {
    return sl_spawn_fed(program, arguments, variables, folder, -1, output, error);
}

int sl_spawn_fed(
    const char *program, char *const arguments[], char *const variables[], const char *folder, int input, int output, int error) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    pid_t process = 0;
    char **environment = merged_environment(variables);
    if (!environment) return -ENOMEM;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int result = input < 0 ? posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
                           : posix_spawn_file_actions_adddup2(&actions, input, 0);
    if (result == 0) result = posix_spawn_file_actions_adddup2(&actions, output, 1);
    if (result == 0) result = posix_spawn_file_actions_adddup2(&actions, error, 2);
    // A connection that a library has opened without FD_CLOEXEC would not end before the program does.
    if (result == 0) result = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    if (result == 0 && folder) result = posix_spawn_file_actions_addchdir_np(&actions, folder);
    if (result == 0) result = posix_spawnattr_setpgroup(&attributes, 0);
    if (result == 0) result = posix_spawnattr_setsigmask(&attributes, &none);
    if (result == 0) result = posix_spawnattr_setsigdefault(&attributes, &all);
    if (result == 0) {
        result = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    if (result == 0) result = posix_spawnp(&process, program, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(environment);
    return result == 0 ? process : -result;
}

int sl_process_descriptor(int process) { return (int)syscall(SYS_pidfd_open, process, 0); }

int sl_await_exit(int process) {
    siginfo_t information;
    while (waitid(P_PID, (id_t)process, &information, WEXITED | WNOWAIT) != 0)
        if (errno != EINTR) return errno;
    return 0;
}
