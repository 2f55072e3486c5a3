// Calls of the system that Swift's view of the C library leaves out.
#ifndef SLUICE_SYSTEM_H
#define SLUICE_SYSTEM_H

/// A descriptor that is readable while its counter is not 0 (eventfd, close-on-exec, non-blocking); -1 with `errno` set.
int sl_event_descriptor(void);

/// Names the calling thread for `top -H` and debuggers; 15 bytes at most are kept.
void sl_name_thread(const char *name);

#endif
