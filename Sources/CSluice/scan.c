// Classes of text: ASCII, UTF-8, Latin-1.
#define _GNU_SOURCE
#include "sluice_scan.h"

#include <string.h>

size_t sl_find_text(const uint8_t *at, size_t length, const uint8_t *text, size_t text_length) {
    const uint8_t *found = length ? memmem(at, length, text, text_length) : NULL;
    return found ? (size_t)(found - at) : length;
}

size_t sl_ascii_length(const uint8_t *at, size_t length) {
    size_t n = 0;
    while (length - n >= 16) {
        uint64_t low, high;
        memcpy(&low, at + n, 8);
        memcpy(&high, at + n + 8, 8);
        if ((low | high) & 0x8080808080808080u) break;
        n += 16;
    }
    while (n < length && at[n] < 0x80) n++;
    return n;
}

bool sl_is_utf8(const uint8_t *at, size_t length) {
    size_t n = 0;
    for (;;) {
        n += sl_ascii_length(at + n, length - n);
        if (n == length) return true;
        uint8_t lead = at[n];
        size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
        if (lead < 0xC2 || lead > 0xF4 || length - n <= more) return false;
        uint8_t second = at[n + 1];
        if ((second & 0xC0) != 0x80 || (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
            (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F))
            return false;
        for (size_t k = 2; k <= more; k++)
            if ((at[n + k] & 0xC0) != 0x80) return false;
        n += more + 1;
    }
}

size_t sl_utf8_from_latin1(uint8_t *to, const uint8_t *at, size_t length) {
    uint8_t *start = to;
    for (size_t n = 0; n < length;) {
        size_t ascii = sl_ascii_length(at + n, length - n);
        memcpy(to, at + n, ascii);
        to += ascii;
        n += ascii;
        for (; n < length && at[n] >= 0x80; n++) {
            *to++ = (uint8_t)(0xC0 | at[n] >> 6);
            *to++ = (uint8_t)(0x80 | (at[n] & 0x3F));
        }
    }
    return (size_t)(to - start);
}

size_t sl_put_utf8(uint8_t *to, uint32_t code_point) {
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) code_point = 0xFFFD;
    if (code_point < 0x80) {
        to[0] = (uint8_t)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        to[0] = (uint8_t)(0xC0 | code_point >> 6);
        to[1] = (uint8_t)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point < 0x10000) {
        to[0] = (uint8_t)(0xE0 | code_point >> 12);
        to[1] = (uint8_t)(0x80 | (code_point >> 6 & 0x3F));
        to[2] = (uint8_t)(0x80 | (code_point & 0x3F));
        return 3;
    }
    to[0] = (uint8_t)(0xF0 | code_point >> 18);
    to[1] = (uint8_t)(0x80 | (code_point >> 12 & 0x3F));
    to[2] = (uint8_t)(0x80 | (code_point >> 6 & 0x3F));
    to[3] = (uint8_t)(0x80 | (code_point & 0x3F));
    return 4;
}
