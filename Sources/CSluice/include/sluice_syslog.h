// Scans over the header of a syslog message, many bytes at a time.
#ifndef SLUICE_SYSLOG_H
#define SLUICE_SYSLOG_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>

/// Lanes whose byte lies in `low`...`low + span`.
__attribute__((always_inline)) static inline __m128i sl_in_range(__m128i bytes, uint8_t low, uint8_t span) {
    __m128i shifted = _mm_sub_epi8(bytes, _mm_set1_epi8((char)low));
    return _mm_cmpeq_epi8(_mm_min_epu8(shifted, _mm_set1_epi8((char)span)), shifted);
}

/// Bytes that are no letters, digits, `-`, `.`, `/`, `_`, `(` and `)`: one bit a lane.
__attribute__((always_inline)) static inline uint64_t sl_break_lanes(const uint8_t *at) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)at);
    __m128i letters = sl_in_range(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 25);
    __m128i rest = _mm_or_si128(sl_in_range(bytes, '-', 12), sl_in_range(bytes, '(', 1));
    __m128i all = _mm_or_si128(_mm_or_si128(letters, rest), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')));
    return (uint64_t)(~_mm_movemask_epi8(all) & 0xFFFF);
}
#endif

/// Of the 64 bytes at `at` (behind a frame there are always SL_PADDING of them), those that end a word of letters, digits, `-`, `.`, `/`, `_`, `(` and `)`: bit 0 is the first byte.
__attribute__((always_inline)) static inline uint64_t sl_word_breaks(const uint8_t *at) {
#if defined(__SSE2__)
    return sl_break_lanes(at) | sl_break_lanes(at + 16) << 16 | sl_break_lanes(at + 32) << 32 | sl_break_lanes(at + 48) << 48;
#else
    uint64_t breaks = 0;
    for (uint32_t i = 0; i < 64; i++) {
        uint8_t byte = at[i];
        bool isLetter = (uint8_t)((byte | 0x20) - 'a') <= 25, isMark = (uint8_t)(byte - '(') <= 1 || byte == '_';
        if (!isLetter && !isMark && (uint8_t)(byte - '-') > 12) breaks |= 1ull << i;
    }
    return breaks;
#endif
}

/// Seconds of the day of `hh:mm:ss` at `at`, or -1 when it is no time of day (60 is no second here).
__attribute__((always_inline)) static inline int32_t sl_day_seconds(const uint8_t *at) {
    uint64_t bytes;
    __builtin_memcpy(&bytes, at, sizeof bytes);
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    bytes = __builtin_bswap64(bytes);
#endif
    // Digits become 0...9 and colons 0; any other byte sets a high bit in one of the terms.
    uint64_t values = bytes ^ 0x30303A30303A3030u;
    if (((values + 0x76767F76767F7676u) | values) & 0x8080808080808080u) return -1;
    uint32_t hour = (uint32_t)(values & 15) * 10 + (uint32_t)(values >> 8 & 15);
    uint32_t minute = (uint32_t)(values >> 24 & 15) * 10 + (uint32_t)(values >> 32 & 15);
    uint32_t second = (uint32_t)(values >> 48 & 15) * 10 + (uint32_t)(values >> 56 & 15);
    if (hour > 23 || minute > 59 || second > 59) return -1;
    return (int32_t)(hour * 3600 + minute * 60 + second);
}

#endif
