// Copies that look at what they copy, 16 bytes at a time.
//
// Sources lie in arenas and in the key table, targets in buffers: both have SL_PADDING bytes behind their used part, so that
// whole vectors can be read and written without a loop for the tail. Where SSE2 is missing plain C does the same.
#ifndef SLUICE_COPY_H
#define SLUICE_COPY_H

#include "sluice_event.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// For the few functions whose callers pass constants that must fold away.
#define SL_ALWAYS_INLINE static inline __attribute__((always_inline))

/// What stops `sl_copy_until`.
typedef enum sl_stop {
    SL_STOP_TEXT,    ///< controls, DEL, bytes from 0x80 on, `"` and `\`: bytes that become the inside of a JSON string
    SL_STOP_LITERAL, ///< controls, DEL and bytes from 0x80 on: bytes that are the inside of a JSON string already
} sl_stop;

/// Whether a byte stops a copy.
static inline bool sl_copy_stops(uint8_t byte, sl_stop stop) {
    return (int8_t)(uint8_t)(byte + 1) < 0x21 || (stop == SL_STOP_TEXT && (byte == '"' || byte == '\\'));
}

/// Copies bytes up to the first one that stops; answers how many. Reads and writes up to 16 bytes past `length`.
SL_ALWAYS_INLINE size_t sl_copy_until(uint8_t *to, const uint8_t *from, size_t length, sl_stop stop) {
#if defined(__SSE2__)
    const __m128i one = _mm_set1_epi8(1), blank = _mm_set1_epi8(0x21), quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    for (size_t at = 0; at < length; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(from + at));
        _mm_storeu_si128((__m128i *)(void *)(to + at), bytes);
        // One signed comparison finds three kinds: adding 1 makes DEL negative, leaves bytes from 0x80 on below 0x21.
        __m128i found = _mm_cmplt_epi8(_mm_add_epi8(bytes, one), blank);
        if (stop == SL_STOP_TEXT)
            found = _mm_or_si128(found, _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
        unsigned mask = (unsigned)_mm_movemask_epi8(found);
        if (mask) {
            at += (size_t)__builtin_ctz(mask);
            return at < length ? at : length;
        }
    }
    return length;
#else
    size_t at = 0;
    for (; at < length && !sl_copy_stops(from[at], stop); at++) to[at] = from[at];
    return at;
#endif
}

/// Copies bytes without looking; reads and writes up to 32 bytes past `length`. Short runs cost no call.
SL_ALWAYS_INLINE void sl_copy_padded(uint8_t *to, const uint8_t *from, size_t length) {
#if defined(__SSE2__)
    if (length <= 32) {
        __m128i first = _mm_loadu_si128((const __m128i *)(const void *)from);
        __m128i second = _mm_loadu_si128((const __m128i *)(const void *)(from + 16));
        _mm_storeu_si128((__m128i *)(void *)to, first);
        _mm_storeu_si128((__m128i *)(void *)(to + 16), second);
        return;
    }
#endif
    memcpy(to, from, length);
}

/// Whether any of four bytes is among `length`. Reads up to 16 bytes past them.
static inline bool sl_has_any(const uint8_t *bytes, size_t length, uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
#if defined(__SSE2__)
    const __m128i first = _mm_set1_epi8((char)a), second = _mm_set1_epi8((char)b);
    const __m128i third = _mm_set1_epi8((char)c), fourth = _mm_set1_epi8((char)d);
    for (size_t at = 0; at < length; at += 16) {
        __m128i vector = _mm_loadu_si128((const __m128i *)(const void *)(bytes + at));
        __m128i found = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(vector, first), _mm_cmpeq_epi8(vector, second)),
                                     _mm_or_si128(_mm_cmpeq_epi8(vector, third), _mm_cmpeq_epi8(vector, fourth)));
        unsigned mask = (unsigned)_mm_movemask_epi8(found);
        if (mask) return at + (size_t)__builtin_ctz(mask) < length;
    }
#else
    for (size_t at = 0; at < length; at++)
        if (bytes[at] == a || bytes[at] == b || bytes[at] == c || bytes[at] == d) return true;
#endif
    return false;
}

/// Whether a blank, a control or one of two bytes is among `length`. Reads up to 16 bytes past them.
static inline bool sl_has_blank_or(const uint8_t *bytes, size_t length, uint8_t a, uint8_t b) {
#if defined(__SSE2__)
    const __m128i first = _mm_set1_epi8((char)a), second = _mm_set1_epi8((char)b);
    const __m128i limit = _mm_set1_epi8(0x21), rubout = _mm_set1_epi8(0x7F), negative = _mm_set1_epi8(-1);
    for (size_t at = 0; at < length; at += 16) {
        __m128i vector = _mm_loadu_si128((const __m128i *)(const void *)(bytes + at));
        // Comparisons are signed: bytes from 0x80 on are negative and no blanks.
        __m128i low = _mm_and_si128(_mm_cmplt_epi8(vector, limit), _mm_cmpgt_epi8(vector, negative));
        __m128i found = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(vector, first), _mm_cmpeq_epi8(vector, second)),
                                     _mm_or_si128(_mm_cmpeq_epi8(vector, rubout), low));
        unsigned mask = (unsigned)_mm_movemask_epi8(found);
        if (mask) return at + (size_t)__builtin_ctz(mask) < length;
    }
#else
    for (size_t at = 0; at < length; at++)
        if (bytes[at] <= 0x20 || bytes[at] == 0x7F || bytes[at] == a || bytes[at] == b) return true;
#endif
    return false;
}

/// Length of the well-formed UTF-8 sequence at `at` (which begins with a byte from 0x80 on), or minus the length of the
/// maximal ill-formed one, which becomes one U+FFFD (Unicode, section 3.9).
static inline int sl_utf8_sequence(const uint8_t *at, const uint8_t *end) {
    uint8_t lead = *at, low = 0x80, high = 0xBF;
    int more;
    if (lead >= 0xC2 && lead < 0xE0) more = 1;
    else if (lead >= 0xE0 && lead < 0xF0) {
        more = 2;
        if (lead == 0xE0) low = 0xA0;
        if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead < 0xF5) {
        more = 3;
        if (lead == 0xF0) low = 0x90;
        if (lead == 0xF4) high = 0x8F;
    } else return -1;
    for (int i = 1; i <= more; i++, low = 0x80, high = 0xBF)
        if (at + i == end || at[i] < low || at[i] > high) return -i;
    return more + 1;
}

/// Whether bytes are UTF-8 throughout, without controls other than tabs: one line, in other words. Reads up to 16 bytes past `length`.
static inline bool sl_is_one_line_utf8(const uint8_t *bytes, size_t length) {
    const uint8_t *end = bytes + length;
    size_t at = 0;
    while (at < length) {
#if defined(__SSE2__)
        __m128i vector = _mm_loadu_si128((const __m128i *)(const void *)(bytes + at));
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmplt_epi8(vector, _mm_set1_epi8(0x20)));
        if (!mask) {
            at += 16;
            continue;
        }
        at += (size_t)__builtin_ctz(mask);
        if (at >= length) return true;
#endif
        uint8_t byte = bytes[at];
        if (byte < 0x20 && byte != '\t') return false;
        if (byte < 0x80) {
            at++;
            continue;
        }
        int count = sl_utf8_sequence(bytes + at, end);
        if (count < 0) return false;
        at += (size_t)count;
    }
    return true;
}

/// Replaces ill-formed UTF-8 in a buffer from `start` on by U+FFFD; answers how many sequences were replaced.
size_t sl_buffer_repair_utf8(sl_buffer *buffer, size_t start);

#endif
