// Numbers as text: exact where 64 bits allow it, shortest round trip for doubles.
#include "sluice_event.h"

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

size_t sl_print_double(char *to, double value) {
    int length = 0;
    for (int digits = 15; digits <= 17; digits++) {
        length = snprintf(to, 32, "%.*g", digits, value);
        if (strtod(to, NULL) == value) break;
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
