// Scans over the words of a syslog header, 16 bytes at a time.
//
// Both functions may read up to 15 bytes behind the word's end: arenas and buffers always have SL_PADDING of them.
#ifndef SLUICE_SYSLOG_H
#define SLUICE_SYSLOG_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>

/// Lanes whose byte lies in `low`...`low + span`.
static inline __m128i sl_in_range(__m128i bytes, uint8_t low, uint8_t span) {
    __m128i shifted = _mm_sub_epi8(bytes, _mm_set1_epi8((char)low));
    return _mm_cmpeq_epi8(_mm_min_epu8(shifted, _mm_set1_epi8((char)span)), shifted);
}

/// Letters, digits, `-`, `.`, `/` and `_`; with `tag`, `(` and `)` as well: one bit a lane.
static inline uint32_t sl_word_lanes(const uint8_t *at, bool tag) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)at);
    __m128i letters = sl_in_range(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 25);
    __m128i rest = _mm_or_si128(sl_in_range(bytes, '-', 12), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')));
    __m128i all = _mm_or_si128(letters, rest);
    if (tag) all = _mm_or_si128(all, sl_in_range(bytes, '(', 1));
    return (uint32_t)_mm_movemask_epi8(all);
}
#endif

/// Bytes from `at` on that letters, digits, `-`, `.`, `/`, `_` (with `tag` also `(` and `)`) make up, at most `max`.
static inline uint32_t sl_word_length(const uint8_t *at, uint32_t max, bool tag) {
    uint32_t length = 0;
#if defined(__SSE2__)
    for (; length < max; length += 16) {
        uint32_t others = ~sl_word_lanes(at + length, tag) & 0xFFFFu;
        if (others) {
            length += (uint32_t)__builtin_ctz(others);
            break;
        }
    }
#else
    for (; length < max; length++) {
        uint8_t byte = at[length];
        bool isLetter = (uint8_t)((byte | 0x20) - 'a') <= 25;
        if (!isLetter && (uint8_t)(byte - '-') > 12 && byte != '_' && !(tag && (uint8_t)(byte - '(') <= 1)) break;
    }
#endif
    return length < max ? length : max;
}

/// Seconds of the day of `hh:mm:ss` at `at`, or -1 when it is no time of day (60 is no second here).
static inline int32_t sl_day_seconds(const uint8_t *at) {
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
