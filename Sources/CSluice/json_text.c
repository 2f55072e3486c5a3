// JSON text walked through where it lies, and literals turned into bytes and back.
#include "sluice_json_text.h"

#include "sluice_copy.h"

#include <stdlib.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// -- walking ----------------------------------------------------------------------------------------------------------

static inline bool is_blank(uint8_t byte) { return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r'; }

static inline size_t skip_blanks(const uint8_t *text, size_t length, size_t at) {
    while (at < length && is_blank(text[at])) at++;
    return at;
}

size_t sl_json_blanks(const uint8_t *text, size_t length, size_t at) { return skip_blanks(text, length, at); }

/// End of the literal whose opening quote is at `at`.
static size_t skip_string(const uint8_t *text, size_t length, size_t at) {
    at++;
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
    while (length - at >= 16 && at < length) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(text + at));
        int found = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
        if (!found) {
            at += 16;
            continue;
        }
        at += (size_t)__builtin_ctz((unsigned)found);
        if (text[at] == '"') return at + 1;
        at += 2;
    }
#endif
    for (; at < length; at++) {
        if (text[at] == '"') return at + 1;
        if (text[at] == '\\') at++;
    }
    return length;
}

size_t sl_json_skip(const uint8_t *text, size_t length, size_t at) {
    at = skip_blanks(text, length, at);
    if (at >= length) return length;
    if (text[at] == '"') return skip_string(text, length, at);
    if (text[at] != '{' && text[at] != '[') {
        while (at < length && !is_blank(text[at]) && text[at] != ',' && text[at] != ']' && text[at] != '}') at++;
        return at;
    }
    for (size_t depth = 0; at < length;) {
        uint8_t byte = text[at];
        if (byte == '"') {
            at = skip_string(text, length, at);
            continue;
        }
        at++;
        if (byte == '{' || byte == '[') depth++;
        else if ((byte == '}' || byte == ']') && --depth == 0) return at;
    }
    return length;
}

/// Moves to the next item of a container: past its opening bracket or a comma. False at its end or where it is malformed.
static bool next_item(const uint8_t *text, size_t length, size_t *at, uint8_t open, uint8_t close) {
    size_t position = skip_blanks(text, length, *at);
    if (position >= length) return false;
    bool is_first = *at == 0;
    if (text[position] != (is_first ? open : ',')) return false;
    position = skip_blanks(text, length, position + 1);
    if (position >= length || text[position] == close) return false;
    *at = position;
    return true;
}

/// The value at `*at`, which is moved behind it. False when there is none: what is malformed must not be walked for ever.
static bool take_value(const uint8_t *text, size_t length, size_t *at, sl_span *value) {
    size_t start = skip_blanks(text, length, *at);
    size_t end = sl_json_skip(text, length, start);
    if (end <= start) return false;
    value->offset = (uint32_t)start;
    value->length = (uint32_t)(end - start);
    *at = end;
    return true;
}

bool sl_json_next_member(const uint8_t *text, size_t length, size_t *at, sl_span *name, sl_span *value) {
    if (!next_item(text, length, at, '{', '}')) return false;
    size_t start = *at;
    if (text[start] != '"') return false;
    size_t end = skip_string(text, length, start);
    if (end < start + 2) return false;
    name->offset = (uint32_t)(start + 1);
    name->length = (uint32_t)(end - start - 2);
    size_t colon = skip_blanks(text, length, end);
    if (colon >= length || text[colon] != ':') return false;
    *at = colon + 1;
    return take_value(text, length, at, value);
}

bool sl_json_next_element(const uint8_t *text, size_t length, size_t *at, sl_span *value) {
    return next_item(text, length, at, '[', ']') && take_value(text, length, at, value);
}

bool sl_json_member(const uint8_t *text, size_t length, const char *name, size_t name_length, sl_span *value) {
    size_t at = 0;
    sl_span found, candidate;
    bool is_found = false;
    while (sl_json_next_member(text, length, &at, &found, &candidate)) {
        if (!sl_json_equals(text + found.offset, found.length, name, name_length)) continue;
        *value = candidate;
        is_found = true;
    }
    return is_found;
}

bool sl_json_element(const uint8_t *text, size_t length, size_t index, sl_span *value) {
    size_t at = 0;
    while (sl_json_next_element(text, length, &at, value))
        if (index-- == 0) return true;
    return false;
}

static int compare_hashes(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

bool sl_json_may_repeat(const uint8_t *text, size_t length, sl_buffer *scratch) {
    size_t at = 0, count = 0;
    sl_span name, value;
    scratch->length = 0;
    while (sl_json_next_member(text, length, &at, &name, &value)) {
        uint32_t hash = 2166136261u;
        for (uint32_t i = 0; i < name.length; i++) {
            uint8_t byte = text[name.offset + i];
            if (byte == '\\') return true;
            hash = (hash ^ byte) * 16777619u;
        }
        sl_buffer_append(scratch, &hash, sizeof hash);
        count++;
    }
    uint32_t *hashes = (uint32_t *)(void *)scratch->bytes;
    if (count > 1) qsort(hashes, count, sizeof *hashes, compare_hashes);
    for (size_t i = 1; i < count; i++)
        if (hashes[i] == hashes[i - 1]) return true;
    return false;
}

size_t sl_json_count(const uint8_t *text, size_t length) {
    size_t at = 0, count = 0;
    sl_span name, value;
    if (skip_blanks(text, length, 0) < length && text[skip_blanks(text, length, 0)] == '{') {
        while (sl_json_next_member(text, length, &at, &name, &value)) count++;
    } else {
        while (sl_json_next_element(text, length, &at, &value)) count++;
    }
    return count;
}

// -- literals to bytes ------------------------------------------------------------------------------------------------

/// Value of four hexadecimal digits, or -1.
static int32_t hex4(const uint8_t *at, const uint8_t *end) {
    if (end - at < 4) return -1;
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t byte = at[i], lower = byte | 0x20;
        int digit = byte >= '0' && byte <= '9' ? byte - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
        if (digit < 0) return -1;
        value = value << 4 | digit;
    }
    return value;
}

static size_t put_utf8(uint8_t *to, uint32_t scalar) {
    if (scalar < 0x80) {
        to[0] = (uint8_t)scalar;
        return 1;
    }
    if (scalar < 0x800) {
        to[0] = (uint8_t)(0xC0 | scalar >> 6);
        to[1] = (uint8_t)(0x80 | (scalar & 0x3F));
        return 2;
    }
    if (scalar < 0x10000) {
        to[0] = (uint8_t)(0xE0 | scalar >> 12);
        to[1] = (uint8_t)(0x80 | (scalar >> 6 & 0x3F));
        to[2] = (uint8_t)(0x80 | (scalar & 0x3F));
        return 3;
    }
    to[0] = (uint8_t)(0xF0 | scalar >> 18);
    to[1] = (uint8_t)(0x80 | (scalar >> 12 & 0x3F));
    to[2] = (uint8_t)(0x80 | (scalar >> 6 & 0x3F));
    to[3] = (uint8_t)(0x80 | (scalar & 0x3F));
    return 4;
}

/// Bytes of the escape whose backslash is at `*from`, which is moved behind it; at most 4 are written and never more than the
/// escape is long.
static size_t unescape_one(uint8_t *to, const uint8_t **from, const uint8_t *end) {
    const uint8_t *at = *from + 1;
    if (at == end) {
        *from = at;
        to[0] = '\\';
        return 1;
    }
    static const uint8_t names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    for (int i = 0; i < 8; i++) {
        if (*at != names[i]) continue;
        *from = at + 1;
        to[0] = values[i];
        return 1;
    }
    int32_t unit = *at == 'u' ? hex4(at + 1, end) : -1;
    if (unit < 0) {
        *from = at;
        to[0] = '\\';
        return 1;
    }
    at += 5;
    uint32_t scalar = (uint32_t)unit;
    if (scalar >= 0xD800 && scalar < 0xE000) {
        int32_t low = scalar < 0xDC00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u' ? hex4(at + 2, end) : -1;
        if (low >= 0xDC00 && low < 0xE000) {
            scalar = 0x10000 + ((scalar - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
            at += 6;
        } else scalar = 0xFFFD;
    }
    *from = at;
    return put_utf8(to, scalar);
}

size_t sl_json_unescape(uint8_t *to, const uint8_t *from, size_t length) {
    const uint8_t *end = from + length;
    uint8_t *start = to;
    while (from < end) {
        const uint8_t *backslash = memchr(from, '\\', (size_t)(end - from));
        size_t plain = (size_t)((backslash ? backslash : end) - from);
        if (to != from) memmove(to, from, plain);
        to += plain;
        from += plain;
        // An unknown escape gives its backslash only; the byte after it is then plain.
        if (from < end) to += unescape_one(to, &from, end);
    }
    return (size_t)(to - start);
}

bool sl_json_equals(const uint8_t *literal, size_t length, const char *bytes, size_t count) {
    // An escape is never shorter than what it stands for, so most names are told apart by their length.
    if (length < count) return false;
    if (length == count && memcmp(literal, bytes, count) == 0) return !memchr(literal, '\\', length);
    if (!memchr(literal, '\\', length)) return length == count && memcmp(literal, bytes, count) == 0;
    const uint8_t *end = literal + length;
    size_t at = 0;
    while (literal < end) {
        uint8_t decoded[4] = {*literal};
        size_t size = 1;
        if (*literal == '\\') size = unescape_one(decoded, &literal, end);
        else literal++;
        if (count - at < size || memcmp(bytes + at, decoded, size) != 0) return false;
        at += size;
    }
    return at == count;
}

// -- bytes to literals ------------------------------------------------------------------------------------------------

/// Writes the escape of a control, a quote or a backslash; at most 6 bytes.
static size_t escape_one(uint8_t *to, uint8_t byte) {
    static const char hex[] = "0123456789abcdef", short_forms[] = "btn.fr";
    to[0] = '\\';
    if (byte == '"' || byte == '\\') {
        to[1] = byte;
        return 2;
    }
    if (byte >= '\b' && byte <= '\r' && byte != '\v') {
        to[1] = (uint8_t)short_forms[byte - '\b'];
        return 2;
    }
    to[1] = 'u';
    to[2] = to[3] = '0';
    to[4] = (uint8_t)hex[byte >> 4];
    to[5] = (uint8_t)hex[byte & 15];
    return 6;
}

/// Deals with the byte that stopped a copy and the sequences from 0x80 on behind it: writes at most 6 bytes for each byte read.
static inline size_t put_stopped(uint8_t *to, const uint8_t **from, const uint8_t *end, uint64_t *replaced) {
    const uint8_t *at = *from;
    uint8_t *start = to;
    if (*at < 0x80) {
        *from = at + 1;
        return escape_one(to, *at);
    }
    while (at < end && *at >= 0x80) {
        int count = sl_utf8_sequence(at, end);
        if (count > 0) {
            for (int i = 0; i < count; i++) to[i] = at[i];
            to += count;
            at += count;
        } else {
            to += put_utf8(to, 0xFFFD);
            at -= count;
            if (replaced) ++*replaced;
        }
    }
    *from = at;
    return (size_t)(to - start);
}

size_t sl_json_escape(uint8_t *to, const uint8_t *from, size_t length, uint64_t *replaced) {
    const uint8_t *end = from + length;
    uint8_t *start = to;
    while (from < end) {
        // Byte by byte: unlike arenas and buffers these areas have no padding.
        if (!sl_copy_stops(*from, SL_STOP_TEXT)) *to++ = *from++;
        else to += put_stopped(to, &from, end, replaced);
    }
    return (size_t)(to - start);
}

/// Bytes dealt with between two looks at the buffer's room, so that a long text does not reserve six times its size.
#define STRETCH 1024

/// Where a stretch from `from` on ends: never inside a UTF-8 sequence, which belongs to the stretch after it.
static const uint8_t *end_of_stretch(const uint8_t *from, const uint8_t *end) {
    if (end - from <= STRETCH) return end;
    const uint8_t *limit = from + STRETCH;
    for (int back = 1; back <= 3; back++) {
        if (limit[-back] < 0x80) break;
        if (limit[-back] >= 0xC0) return abs(sl_utf8_sequence(limit - back, end)) > back ? limit - back : limit;
    }
    return limit;
}

static inline void append_stopping(sl_buffer *buffer, const uint8_t *from, size_t length, sl_stop stop, uint64_t *replaced) {
    const uint8_t *end = from + length;
    while (from < end) {
        size_t rest = (size_t)(end - from);
        uint8_t *to = sl_buffer_reserve(buffer, rest + 16);
        size_t plain = sl_copy_until(to, from, rest, stop);
        buffer->length += plain;
        from += plain;
        if (from == end) return;
        const uint8_t *limit = end_of_stretch(from, end);
        to = sl_buffer_reserve(buffer, 6 * (size_t)(limit - from));
        uint8_t *start = to;
        to += put_stopped(to, &from, limit, replaced);
        buffer->length += (size_t)(to - start);
    }
}

void sl_buffer_append_escaped(sl_buffer *buffer, const uint8_t *from, size_t length, uint64_t *replaced) {
    append_stopping(buffer, from, length, SL_STOP_TEXT, replaced);
}

void sl_buffer_append_literal(sl_buffer *buffer, const uint8_t *from, size_t length, uint64_t *replaced) {
    append_stopping(buffer, from, length, SL_STOP_LITERAL, replaced);
}

/// Copies text without controls and ill-formed UTF-8, which nearly all is, in one pass; false leaves the buffer as it was.
static bool append_one_line(sl_buffer *buffer, const uint8_t *from, size_t length) {
    uint8_t *to = sl_buffer_reserve(buffer, length + 16);
    for (size_t at = 0; at < length;) {
        at += sl_copy_until(to + at, from + at, length - at, SL_STOP_LITERAL);
        if (at == length) break;
        int count = from[at] == 0x7F ? 1 : from[at] >= 0x80 ? sl_utf8_sequence(from + at, from + length) : 0;
        // Tabs may stand between tokens, but not inside strings: those are looked at one by one.
        if (count <= 0) return false;
        for (; count > 0; count--, at++) to[at] = from[at];
    }
    buffer->length += length;
    return true;
}

void sl_buffer_append_json_text(sl_buffer *buffer, const uint8_t *from, size_t length, uint64_t *replaced) {
    if (append_one_line(buffer, from, length)) return;
    size_t at = 0;
    while (at < length) {
        if (from[at] == '"') {
            size_t end = skip_string(from, length, at);
            sl_buffer_append_byte(buffer, '"');
            bool is_closed = end > at + 1 && from[end - 1] == '"';
            append_stopping(buffer, from + at + 1, end - at - (is_closed ? 2 : 1), SL_STOP_LITERAL, replaced);
            if (is_closed) sl_buffer_append_byte(buffer, '"');
            at = end;
            continue;
        }
        size_t start = at;
        while (at < length && from[at] != '"' && from[at] != '\n' && from[at] != '\r') at++;
        sl_buffer_append(buffer, from + start, at - start);
        while (at < length && (from[at] == '\n' || from[at] == '\r')) at++;
    }
}
