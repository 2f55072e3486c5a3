#define _GNU_SOURCE
#include "sluice_system.h"

#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>

int sl_event_descriptor(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void sl_name_thread(const char *name) {
    char kept[16];
    strncpy(kept, name, sizeof kept - 1);
    kept[sizeof kept - 1] = 0;
    pthread_setname_np(pthread_self(), kept);
}
