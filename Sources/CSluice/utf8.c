// Repair of bytes that claim to be UTF-8.
#include "sluice_copy.h"

/// First ill-formed byte from `at` on, or `end`.
static const uint8_t *well_formed_end(const uint8_t *at, const uint8_t *end) {
    while (at < end) {
        if (*at < 0x80) {
            at++;
            continue;
        }
        int count = sl_utf8_sequence(at, end);
        if (count < 0) return at;
        at += count;
    }
    return end;
}

size_t sl_buffer_repair_utf8(sl_buffer *buffer, size_t start) {
    size_t length = buffer->length - start, good, replaced = 0;
    if (sl_is_one_line_utf8(buffer->bytes + start, length)) return 0;
    good = (size_t)(well_formed_end(buffer->bytes + start, buffer->bytes + buffer->length) - (buffer->bytes + start));
    if (good == length) return 0;
    // The repaired text is made behind the old one, which it then takes the place of: no further memory is needed.
    uint8_t *to = sl_buffer_reserve(buffer, 3 * (length - good)), *repaired = to;
    const uint8_t *at = buffer->bytes + start + good, *end = buffer->bytes + buffer->length;
    while (at < end) {
        const uint8_t *stop = well_formed_end(at, end);
        memcpy(to, at, (size_t)(stop - at));
        to += stop - at;
        at = stop;
        if (at == end) break;
        at -= sl_utf8_sequence(at, end);
        memcpy(to, "\xEF\xBF\xBD", 3);
        to += 3;
        replaced++;
    }
    memmove(buffer->bytes + start + good, repaired, (size_t)(to - repaired));
    buffer->length = start + good + (size_t)(to - repaired);
    return replaced;
}
