// Calls of the system that Swift's view of the C library leaves out.
#ifndef SLUICE_SYSTEM_H
#define SLUICE_SYSTEM_H

#include <stdint.h>

/// A descriptor that is readable while its counter is not 0 (eventfd, close-on-exec, non-blocking); -1 with `errno` set.
int sl_event_descriptor(void);

/// Names the calling thread for `top -H` and debuggers; 15 bytes at most are kept.
void sl_name_thread(const char *name);

/// When an open file was made, in nanoseconds since 1970 UTC; 0 where the file system does not tell.
int64_t sl_birth_time(int descriptor);

/// A pipe whose ends no other program inherits; 0, or -1 with `errno` set.
int sl_pipe(int ends[2]);

/// Starts a program in a process group of its own, with the two descriptors as its standard output and error, an empty standard
/// input and default signals. `variables` (`NAME=VALUE`, NULL at the end) go on top of this process's environment. `folder` NULL
/// keeps the working directory. The program has no other
/// descriptor of this process. Returns its process id, or an error number below 0.
int sl_spawn(const char *program, char *const arguments[], char *const variables[], const char *folder, int output, int error);

/// As `sl_spawn`, with a descriptor as its standard input.
int sl_spawn_fed(
    const char *program, char *const arguments[], char *const variables[], const char *folder, int input, int output, int error);

/// Waits until a child process has ended, without taking its status. 0, or an error number.
int sl_await_exit(int process);

/// A descriptor that becomes readable when a child process ends; -1 with `errno` set.
int sl_process_descriptor(int process);

#endif
