// Numbers as text: exact where 64 bits allow it, shortest round trip for doubles.
#include "sluice_event.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

size_t sl_print_integer(char *to, int64_t value) {
    char reversed[20];
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    size_t count = 0, length = 0;
    do reversed[count++] = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (value < 0) to[length++] = '-';
    while (count > 0) to[length++] = reversed[--count];
    return length;
}

/// Decimals of a number that has few of them, as most in logs do: `digits` with a point before the last `decimals`. 0 when the
/// number needs more than 15 digits.
static size_t print_few_decimals(char *to, double value) {
    static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    double size = value < 0 ? -value : value;
    if (!(size < 1e15) || (size < 1e-5 && size != 0)) return 0;
    for (int decimals = 0; decimals < 10 && size * powers[decimals] < 1e15; decimals++) {
        uint64_t digits = (uint64_t)(size * powers[decimals] + 0.5);
        // Both are exact, so the division is what reading the text would give.
        if ((double)digits / powers[decimals] != size) continue;
        size_t length = 0;
        if (signbit(value)) to[length++] = '-';
        uint64_t scale = (uint64_t)powers[decimals];
        length += sl_print_integer(to + length, (int64_t)(digits / scale));
        to[length++] = '.';
        if (decimals == 0) to[length++] = '0';
        for (uint64_t rest = digits % scale; scale > 1; rest %= scale) to[length++] = (char)('0' + rest / (scale /= 10));
        return length;
    }
    return 0;
}

size_t sl_print_double(char *to, double value) {
    size_t few = print_few_decimals(to, value);
    if (few) return few;
    int length = 0;
    // Normal numbers with 15 digits or less come out with as many as they have; below them fewer digits may do.
    for (int digits = fabs(value) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
        length = snprintf(to, 32, "%.*g", digits, value);
        if (strtod(to, NULL) == value) break;
    }
    // `1e-07` is one character longer than it need be.
    char *exponent = memchr(to, 'e', (size_t)length);
    if (exponent && exponent[2] == '0') {
        memmove(exponent + 2, exponent + 3, (size_t)(to + length - exponent) - 2);
        length--;
    }
    // A float must read back as a float.
    if (strspn(to, "-0123456789") == (size_t)length) {
        to[length++] = '.';
        to[length++] = '0';
        to[length] = 0;
    }
    return (size_t)length;
}

int sl_parse_number(const char *text, size_t length, int64_t *integer, double *number) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *at = text, *end = text + length;
    bool negative = at < end && *at == '-';
    if (negative) at++;
    uint64_t digits = 0;
    int scale = 0;
    bool fits = true, whole = true;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        unsigned digit = (unsigned)(*at - '0');
        if (digits > (UINT64_MAX - digit) / 10) fits = false;
        else digits = digits * 10 + digit;
    }
    if (at < end && *at == '.') {
        whole = false;
        for (at++; at < end && *at >= '0' && *at <= '9'; at++) {
            unsigned digit = (unsigned)(*at - '0');
            if (digits > (UINT64_MAX - digit) / 10) fits = false;
            else {
                digits = digits * 10 + digit;
                scale++;
            }
        }
    }
    bool exponent = at < end;
    if (whole && !exponent && fits && digits <= (uint64_t)INT64_MAX + (negative ? 1 : 0)) {
        // "-0" has no integer that prints as it came; as a float it at least stays a negative zero.
        if (!(negative && digits == 0)) {
            *integer = negative ? (int64_t)(0 - digits) : (int64_t)digits;
            return 1;
        }
    }
    // Exact when both the digits and the power of ten are exact doubles (Clinger's fast path).
    if (fits && !exponent && digits < (1ull << 53) && scale <= 22) {
        double value = (double)digits / powers[scale];
        *number = negative ? -value : value;
        return 0;
    }
    char small[64], *copy = length < sizeof small ? small : malloc(length + 1);
    if (!copy) {
        *number = 0;
        return 0;
    }
    memcpy(copy, text, length);
    copy[length] = 0;
    *number = strtod(copy, NULL);
    if (copy != small) free(copy);
    return 0;
}
