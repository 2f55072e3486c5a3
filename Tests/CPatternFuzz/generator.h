// Random patterns and subjects that have something to do with each other.
#ifndef PATTERN_FUZZ_GENERATOR_H
#define PATTERN_FUZZ_GENERATOR_H

#include <stddef.h>
#include <stdint.h>

enum {
    FUZZ_TEXT_MAX = 4096,
    FUZZ_DEEP = 1000, ///< quantifiers of a pattern that nests about as deep as Lua allows
};

/// Bytes being written.
typedef struct fuzz_text {
    size_t length;
    char bytes[FUZZ_TEXT_MAX];
} fuzz_text;

/// A small random generator (splitmix64).
typedef struct fuzz_random {
    uint64_t state;
} fuzz_random;

/// A number from 0 to `limit` - 1.
unsigned fuzz_below(fuzz_random *random, unsigned limit);

/// Writes a pattern, malformed ones included, with a bounded number of quantifiers.
void fuzz_pattern(fuzz_random *random, fuzz_text *out, unsigned quantifiers_max);

/// Writes a subject of a bounded length.
void fuzz_subject(fuzz_random *random, fuzz_text *out, unsigned length_max);

/// Writes a replacement text, malformed ones included.
void fuzz_replacement(fuzz_random *random, fuzz_text *out);

#endif
