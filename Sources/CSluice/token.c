// Validation of JSON text: the slow paths behind sluice_token.h.
#include "sluice_token.h"

#include "sluice_copy.h"

static bool is_hex(uint8_t byte) {
    return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f');
}

/// End of the escape whose backslash is at `at`; `at` itself when it is none that JSON knows.
static const uint8_t *scan_escape(const uint8_t *at, const uint8_t *end) {
    if (end - at < 2) return at;
    switch (at[1]) {
        case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
            return at + 2;
        case 'u':
            if (end - at >= 6 && is_hex(at[2]) && is_hex(at[3]) && is_hex(at[4]) && is_hex(at[5])) return at + 6;
            return at;
        default:
            return at;
    }
}

/// The first byte that is not plain ASCII text of a string.
static const uint8_t *scan_plain(const uint8_t *at, const uint8_t *end) {
#if defined(__SSE2__)
    const __m128i one = _mm_set1_epi8(1), blank = _mm_set1_epi8(0x21);
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
    for (; at < end; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i odd = _mm_cmplt_epi8(_mm_add_epi8(bytes, one), blank);
        __m128i stop = _mm_or_si128(odd, _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
        unsigned mask = (unsigned)_mm_movemask_epi8(stop);
        if (mask) {
            at += __builtin_ctz(mask);
            return at < end ? at : end;
        }
    }
    return end;
#else
    while (at < end && *at >= 0x20 && *at < 0x7F && *at != '"' && *at != '\\') at++;
    return at;
#endif
}

const uint8_t *sl_scan_string_rest(const uint8_t *at, const uint8_t *end, unsigned *found) {
    unsigned bits = *found;
    for (;;) {
        at = scan_plain(at, end);
        if (at == end) {
            bits |= SL_SCAN_FAILED;
            break;
        }
        uint8_t byte = *at;
        if (byte == '"') break;
        if (byte == '\\') {
            const uint8_t *next = scan_escape(at, end);
            if (next == at) {
                bits |= SL_SCAN_FAILED;
                break;
            }
            bits |= SL_SCAN_ESCAPED;
            at = next;
        } else if (byte < 0x20) {
            bits |= SL_SCAN_CONTROL;
            at++;
        } else if (byte == 0x7F) {
            bits |= SL_SCAN_DELETE;
            at++;
        } else {
            // Text in other scripts comes in runs; each character is looked at once.
            do {
                int count = sl_utf8_sequence(at, end);
                if (count < 0) {
                    bits |= SL_SCAN_INVALID;
                    count = -count;
                }
                at += count;
            } while (at < end && *at >= 0x80);
        }
    }
    *found = bits;
    return at;
}

const uint8_t *sl_scan_number(const uint8_t *at, const uint8_t *end, unsigned *found) {
    if (at < end && *at == '-') at++;
    if (at == end || *at < '0' || *at > '9') goto failed;
    if (*at == '0') {
        at++;
        if (at < end && *at >= '0' && *at <= '9') goto failed;
    } else {
        while (at < end && *at >= '0' && *at <= '9') at++;
    }
    if (at < end && *at == '.') {
        at++;
        if (at == end || *at < '0' || *at > '9') goto failed;
        while (at < end && *at >= '0' && *at <= '9') at++;
    }
    if (at < end && (*at | 0x20) == 'e') {
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        if (at == end || *at < '0' || *at > '9') goto failed;
        while (at < end && *at >= '0' && *at <= '9') at++;
    }
    return at;
failed:
    *found |= SL_SCAN_FAILED;
    return at;
}

/// End of `true`, `false` or `null` at `at`; `at` itself for anything else.
static const uint8_t *scan_literal(const uint8_t *at, const uint8_t *end) {
    if (end - at >= 4 && (memcmp(at, "true", 4) == 0 || memcmp(at, "null", 4) == 0)) return at + 4;
    if (end - at >= 5 && memcmp(at, "false", 5) == 0) return at + 5;
    return at;
}

const uint8_t *sl_scan_nested(const uint8_t *at, const uint8_t *end, unsigned depth_max, unsigned *found) {
    // One bit per open level: 1 object, 0 array.
    uint64_t objects[8] = {0};
    unsigned depth = 0;
    bool is_object = false;
    if (depth_max > 512) depth_max = 512;
    if (at == end || (*at != '{' && *at != '[')) goto failed;
    for (;;) {
        // A value begins here (or, right behind an opening bracket, may not).
        if (at == end) goto failed;
        switch (*at) {
            case '{': case '[':
                if (depth == depth_max) goto failed;
                is_object = *at == '{';
                if (is_object) objects[depth >> 6] |= 1ull << (depth & 63);
                else objects[depth >> 6] &= ~(1ull << (depth & 63));
                depth++;
                at = sl_scan_blanks(at + 1, end, found);
                if (at < end && *at == (is_object ? '}' : ']')) break;
                if (is_object) goto name;
                continue;
            case '"':
                at = sl_scan_string(at + 1, end, found);
                if (*found & SL_SCAN_FAILED) return at;
                at++;
                break;
            case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
                at = sl_scan_number(at, end, found);
                if (*found & SL_SCAN_FAILED) return at;
                break;
            default: {
                const uint8_t *next = scan_literal(at, end);
                if (next == at) goto failed;
                at = next;
            }
        }
        // A value has ended: close what closes here, then on to the next one.
        for (;;) {
            at = sl_scan_blanks(at, end, found);
            if (at == end) goto failed;
            if (*at == ',') break;
            if (*at != (is_object ? '}' : ']')) goto failed;
            at++;
            if (--depth == 0) return at;
            is_object = objects[(depth - 1) >> 6] >> ((depth - 1) & 63) & 1;
        }
        at = sl_scan_blanks(at + 1, end, found);
        if (!is_object) continue;
    name:
        if (at == end || *at != '"') goto failed;
        at = sl_scan_string(at + 1, end, found);
        if (*found & SL_SCAN_FAILED) return at;
        at = sl_scan_blanks(at + 1, end, found);
        if (at == end || *at != ':') goto failed;
        at = sl_scan_blanks(at + 1, end, found);
    }
failed:
    *found |= SL_SCAN_FAILED;
    return at;
}
