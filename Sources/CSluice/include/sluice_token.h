// Looking through bytes 16 at a time: where a token ends, and whether JSON text is valid.
//
// Texts lie in arenas, which have SL_PADDING readable bytes behind their used part: whole vectors are read there, and what
// they find at or past `end` is not looked at. Where SSE2 is missing plain C does the same.
#ifndef SLUICE_TOKEN_H
#define SLUICE_TOKEN_H

#include "sluice_event.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// What a scan of JSON text met, as bits that add up.
enum {
    SL_SCAN_ESCAPED = 1,   ///< an escape inside a string
    SL_SCAN_INVALID = 2,   ///< bytes inside a string that are not UTF-8
    SL_SCAN_CONTROL = 4,   ///< a raw control character inside a string
    SL_SCAN_DELETE = 8,    ///< a raw DEL inside a string: valid, but not for a terminal
    SL_SCAN_LINE_END = 16, ///< LF or CR between tokens
    SL_SCAN_FAILED = 32,   ///< not JSON: the scan ended at the first byte that does not fit
};

/// The first byte that is `a`, `b`, `c` or `d`; `end` when there is none.
static inline const uint8_t *sl_scan_any(const uint8_t *at, const uint8_t *end, uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
#if defined(__SSE2__)
    const __m128i first = _mm_set1_epi8((char)a), second = _mm_set1_epi8((char)b);
    const __m128i third = _mm_set1_epi8((char)c), fourth = _mm_set1_epi8((char)d);
    for (; at < end; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i found = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(bytes, first), _mm_cmpeq_epi8(bytes, second)),
            _mm_or_si128(_mm_cmpeq_epi8(bytes, third), _mm_cmpeq_epi8(bytes, fourth)));
        unsigned mask = (unsigned)_mm_movemask_epi8(found);
        if (mask) {
            at += __builtin_ctz(mask);
            return at < end ? at : end;
        }
    }
    return end;
#else
    while (at < end && *at != a && *at != b && *at != c && *at != d) at++;
    return at;
#endif
}

/// The first byte that is `a` or `b`; `end` when there is none.
__attribute__((always_inline)) static inline const uint8_t *sl_scan_either(
    const uint8_t *at, const uint8_t *end, uint8_t a, uint8_t b) {
#if defined(__SSE2__)
    const __m128i first = _mm_set1_epi8((char)a), second = _mm_set1_epi8((char)b);
    for (; at < end; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, first), _mm_cmpeq_epi8(bytes, second)));
        if (mask) {
            at += __builtin_ctz(mask);
            return at < end ? at : end;
        }
    }
    return end;
#else
    while (at < end && *at != a && *at != b) at++;
    return at;
#endif
}

/// The first byte that is `a` or at most a blank (0x20); `end` when there is none.
static inline const uint8_t *sl_scan_word(const uint8_t *at, const uint8_t *end, uint8_t a) {
#if defined(__SSE2__)
    const __m128i wanted = _mm_set1_epi8((char)a), blank = _mm_set1_epi8(0x20);
    for (; at < end; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i found = _mm_or_si128(_mm_cmpeq_epi8(_mm_max_epu8(bytes, blank), blank), _mm_cmpeq_epi8(bytes, wanted));
        unsigned mask = (unsigned)_mm_movemask_epi8(found);
        if (mask) {
            at += __builtin_ctz(mask);
            return at < end ? at : end;
        }
    }
    return end;
#else
    while (at < end && *at != a && *at > 0x20) at++;
    return at;
#endif
}

/// Whether two runs of bytes are the same. Reads up to 15 bytes past both.
static inline bool sl_same_bytes(const uint8_t *one, const void *two, size_t length) {
#if defined(__SSE2__)
    const uint8_t *other = two;
    for (size_t at = 0; at < length; at += 16) {
        __m128i same = _mm_cmpeq_epi8(
            _mm_loadu_si128((const __m128i *)(const void *)(one + at)),
            _mm_loadu_si128((const __m128i *)(const void *)(other + at)));
        unsigned differ = ~(unsigned)_mm_movemask_epi8(same) & 0xFFFFu;
        if (differ) return (size_t)__builtin_ctz(differ) >= length - at;
    }
    return true;
#else
    return memcmp(one, two, length) == 0;
#endif
}

/// Slow path of `sl_scan_string`.
const uint8_t *sl_scan_string_rest(const uint8_t *at, const uint8_t *end, unsigned *found);

/// The quote that ends the string whose inside begins at `at`. SL_SCAN_FAILED is added to `found` when there is none or an escape
/// is wrong; the result is then that place.
static inline const uint8_t *sl_scan_string(const uint8_t *at, const uint8_t *end, unsigned *found) {
#if defined(__SSE2__)
    const __m128i one = _mm_set1_epi8(1), blank = _mm_set1_epi8(0x21), quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    for (; at < end; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        // One signed comparison finds three kinds: adding 1 makes DEL negative and leaves bytes from 0x80 on below 0x21.
        __m128i odd = _mm_cmplt_epi8(_mm_add_epi8(bytes, one), blank);
        __m128i stop = _mm_or_si128(odd, _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
        unsigned mask = (unsigned)_mm_movemask_epi8(stop);
        if (mask) {
            at += __builtin_ctz(mask);
            if (at < end && *at == '"') return at;
            break;
        }
    }
#endif
    return sl_scan_string_rest(at, end, found);
}

/// End of the JSON number at `at`; SL_SCAN_FAILED is added to `found` when there is none.
const uint8_t *sl_scan_number(const uint8_t *at, const uint8_t *end, unsigned *found);

/// End of the JSON object or array that begins at `at`, validated throughout, at most `depth_max` (1...512) levels deep. No
/// recursion, one pass. SL_SCAN_FAILED is added to `found` when it is not JSON; the result is then the place.
const uint8_t *sl_scan_nested(const uint8_t *at, const uint8_t *end, unsigned depth_max, unsigned *found);

/// The first byte that is no blank, tab or line end; line ends are noted in `found`.
static inline const uint8_t *sl_scan_blanks(const uint8_t *at, const uint8_t *end, unsigned *found) {
    for (; at < end && *at <= 0x20; at++) {
        if (*at == '\n' || *at == '\r') *found |= SL_SCAN_LINE_END;
        else if (*at != ' ' && *at != '\t') break;
    }
    return at;
}

#endif
