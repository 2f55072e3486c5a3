// Counts allocations of the calling thread, for tests that promise none.
#ifndef ALLOCATION_COUNT_H
#define ALLOCATION_COUNT_H

#include <stdint.h>

/// Calls of malloc, calloc, realloc and aligned allocation by this thread so far.
uint64_t allocation_count(void);

#endif
