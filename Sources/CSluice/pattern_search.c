// The search: from place to place in the subject, past those that cannot start a match.
#define _GNU_SOURCE
#include "pattern.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/// False alarms after which the vector search hands over to the C library's, which no text slows down to quadratic time.
#define FALSE_ALARMS_MAX 256

#ifdef __SSE2__

static inline __m128i load(const void *at) {
    return _mm_loadu_si128(at);
}

/// One bit for each of 16 bytes that is inside of a range.
static inline unsigned bytes_in_ranges(const sl_ranges *ranges, const uint8_t *s) {
    __m128i bytes = load(s), found = _mm_setzero_si128();
    for (int i = 0; i < ranges->count; i++) {
        __m128i distance = _mm_sub_epi8(bytes, load(ranges->low[i]));
        found = _mm_or_si128(found, _mm_cmpeq_epi8(_mm_min_epu8(distance, load(ranges->span[i])), distance));
    }
    return (unsigned)_mm_movemask_epi8(found);
}

/// One bit for each of 16 places at which a text can start, by its first and last byte.
static inline unsigned places_of(const uint8_t *s, size_t length, __m128i first, __m128i last) {
    __m128i both = _mm_and_si128(_mm_cmpeq_epi8(load(s), first), _mm_cmpeq_epi8(load(s + length - 1), last));
    return (unsigned)_mm_movemask_epi8(both);
}

/// sl_find_literal for two bytes and more, if there is room for 16 places.
static const uint8_t *find_by_vector(const uint8_t *s, const uint8_t *end, const uint8_t *literal, size_t length) {
    __m128i first = _mm_set1_epi8((char)literal[0]), last = _mm_set1_epi8((char)literal[length - 1]);
    const uint8_t *block_last = end - (length - 1) - 16;
    int alarms = 0;
    for (;;) {
        unsigned places = places_of(s, length, first, last);
        for (; places; places &= places - 1) {
            const uint8_t *at = s + __builtin_ctz(places);
            if (length == 2 || memcmp(at + 1, literal + 1, length - 2) == 0) return at;
            if (++alarms > FALSE_ALARMS_MAX) return memmem(at, (size_t)(end - at), literal, length);
        }
        if (s == block_last) return NULL;
        s = block_last - s < 16 ? block_last : s + 16; // the last block may overlap
    }
}

#endif

const uint8_t *sl_find_ranges(const sl_ranges *ranges, const uint8_t *s, const uint8_t *end) {
#ifdef __SSE2__
    for (; end - s >= 16; s += 16) {
        unsigned found = bytes_in_ranges(ranges, s);
        if (found) return s + __builtin_ctz(found);
    }
#endif
    for (; s < end; s++)
        for (int i = 0; i < ranges->count; i++)
            if ((uint8_t)(*s - ranges->low[i][0]) <= ranges->span[i][0]) return s;
    return NULL;
}

const uint8_t *sl_find_literal(const uint8_t *s, const uint8_t *end, const uint8_t *literal, size_t length) {
    if (length == 0) return s;
    if ((size_t)(end - s) < length) return NULL;
    if (length == 1) return memchr(s, literal[0], (size_t)(end - s));
#ifdef __SSE2__
    if ((size_t)(end - s) >= length - 1 + 16) return find_by_vector(s, end, literal, length);
#endif
    const uint8_t *last = end - length;
    while (s <= last) {
        s = memchr(s, literal[0], (size_t)(last - s) + 1);
        if (!s || memcmp(s, literal, length) == 0) return s;
        s++;
    }
    return NULL;
}

static inline bool is_first(const sl_pattern *pattern, uint8_t byte) {
    return (pattern->first_page[byte] & pattern->first_mask) != 0;
}

/// SL_SEARCH_RUN: looks for the literal, then back over the run before it.
static const uint8_t *next_run(const sl_pattern *pattern, const uint8_t *s, const uint8_t *end) {
    for (const uint8_t *at = s; at < end;) {
        at = sl_find_literal(at, end, pattern->literal, pattern->literal_length);
        if (!at) return NULL;
        if (at > s && is_first(pattern, at[-1])) {
            do at--;
            while (at > s && is_first(pattern, at[-1]));
            return at;
        }
        at++;
    }
    return NULL;
}

/// The next place from `s` on at which a match can start, or NULL.
static const uint8_t *next_place(sl_matcher *m, const uint8_t *s) {
    const sl_pattern *pattern = m->pattern;
    if ((size_t)(m->end - s) < pattern->length_min) return NULL;
    if (pattern->required) {
        const uint8_t *from = s + pattern->required_offset;
        if (!m->required_at || m->required_at < from) {
            m->required_at = sl_find_literal(from, m->end, pattern->required, pattern->required_length);
            if (!m->required_at) return NULL;
        }
    }
    switch ((sl_search_kind)pattern->search) {
        case SL_SEARCH_LITERAL: return sl_find_literal(s, m->end, pattern->literal, pattern->literal_length);
        case SL_SEARCH_RANGES: return sl_find_ranges(&pattern->ranges, s, m->end);
        case SL_SEARCH_RUN: return next_run(pattern, s, m->end);
        case SL_SEARCH_TABLE:
            while (s < m->end && !is_first(pattern, *s)) s++;
            return s < m->end ? s : NULL;
        default: return s;
    }
}

const uint8_t *sl_search(sl_matcher *m, const uint8_t *s, const uint8_t *refused, const uint8_t **end) {
    const sl_pattern *pattern = m->pattern;
    for (;;) {
        s = next_place(m, s);
        if (!s) return NULL;
        *end = sl_match_at(m, s);
        if (*end && *end != refused) return s;
        if (m->fault || pattern->search == SL_SEARCH_ANCHORED) return NULL;
        // What follows a leading repeat was tried at every byte of its run, so no start inside of the run does better.
        if (!*end && pattern->skips_run)
            while (s < m->end && is_first(pattern, *s)) s++;
        if (s == m->end) return NULL;
        s++;
    }
}
