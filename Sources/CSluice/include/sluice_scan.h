// Looking for bytes, 16 at a time.
//
// The inline functions read whole blocks of 64 bytes: at least SL_PADDING readable bytes must follow the stretch they are given,
// as they do in every arena and buffer of sluice_event.h.
#ifndef SLUICE_SCAN_H
#define SLUICE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>

/// Bit n is set where `at[n]` is `byte`, for 64 bytes.
static inline uint64_t sl_mask64(const uint8_t *at, uint8_t byte) {
    const __m128i wanted = _mm_set1_epi8((char)byte);
    const __m128i *from = (const __m128i *)at;
    uint64_t a = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(from), wanted));
    uint64_t b = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(from + 1), wanted));
    uint64_t c = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(from + 2), wanted));
    uint64_t d = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(from + 3), wanted));
    return a | b << 16 | c << 32 | d << 48;
}
#else
/// Bit n is set where `at[n]` is `byte`, for 64 bytes.
static inline uint64_t sl_mask64(const uint8_t *at, uint8_t byte) {
    uint64_t mask = 0;
    for (int n = 0; n < 64; n++) mask |= (uint64_t)(at[n] == byte) << n;
    return mask;
}
#endif

/// Index of the first `a` or `b` among `length` bytes, or `length` when there is none.
static inline size_t sl_find_either(const uint8_t *at, size_t length, uint8_t a, uint8_t b) {
    for (size_t block = 0; block < length; block += 64) {
        uint64_t mask = sl_mask64(at + block, a);
        if (a != b) mask |= sl_mask64(at + block, b);
        if (mask) {
            size_t found = block + (size_t)__builtin_ctzll(mask);
            return found < length ? found : length;
        }
    }
    return length;
}

/// Index of the first occurrence of `text` (not empty) among `length` bytes, or `length`.
size_t sl_find_text(const uint8_t *at, size_t length, const uint8_t *text, size_t text_length);
/// Number of bytes at the start that are ASCII.
size_t sl_ascii_length(const uint8_t *at, size_t length);
/// Whether the bytes are UTF-8 by RFC 3629: no surrogates, nothing over U+10FFFF, no longer forms than needed.
bool sl_is_utf8(const uint8_t *at, size_t length);
/// Writes Latin-1 as UTF-8; `to` has room for twice the length. Returns the bytes written.
size_t sl_utf8_from_latin1(uint8_t *to, const uint8_t *at, size_t length);
/// Writes a code point as UTF-8, U+FFFD for what is no Unicode scalar; up to 4 bytes, returns how many.
size_t sl_put_utf8(uint8_t *to, uint32_t code_point);

#endif
