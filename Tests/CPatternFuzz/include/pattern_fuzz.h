// Our pattern engine against the string library of Lua itself: random patterns, subjects and arguments, every result compared.
#ifndef PATTERN_FUZZ_H
#define PATTERN_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/// What a run saw.
typedef struct pattern_fuzz_result {
    uint64_t cases;    ///< pairs of pattern and subject
    uint64_t matches;  ///< of `find`
    uint64_t misses;   ///< of `find`
    uint64_t errors;   ///< of `find`
    uint64_t gave_up;  ///< calls that our engine ended; not compared
    uint64_t failures; ///< 0 or 1: the run ends at the first
} pattern_fuzz_result;

/// Compares `find`, `match`, `gmatch` and `gsub` on `cases` random pairs of this seed. Describes the first difference in `report`.
pattern_fuzz_result pattern_fuzz_run(uint64_t seed, uint64_t cases, char *report, size_t report_size);

/// Runs a Lua chunk with the tables `ours` and `stock` of the four functions as globals, beside the base and string libraries.
/// Returns 0, or 1 with the error's message in `report`.
int pattern_fuzz_lua(const char *chunk, char *report, size_t report_size);

/// Runs a Lua chunk as above again and again, the n-th time with an allocator that fails from its n-th call inside of the chunk on,
/// until the chunk gets through. Returns how often it failed; -1 with a message in `report` when it failed otherwise than by memory,
/// or when the state was not usable afterwards.
int pattern_fuzz_memory(const char *chunk, char *report, size_t report_size);

/// Runs a Lua chunk as above with the stop flag up, or with a budget of `steps` for each call when that is not 0.
int pattern_fuzz_limits(const char *chunk, int stopped, int64_t steps, char *report, size_t report_size);

#endif
