// MessagePack: heads read and written, values walked over.
#include "sluice_msgpack.h"

// -- reading ------------------------------------------------------------------------------------------------------------

/// `count` bytes, the highest first.
static inline uint64_t read_number(const uint8_t *at, unsigned count) {
    uint64_t value = 0;
    for (unsigned i = 0; i < count; i++) value = value << 8 | at[i];
    return value;
}

/// Bytes behind the first one that belong to the head, for the bytes C0 to DF.
static const uint8_t more_of_head[32] = {
    0, 0, 0, 0, 1, 2, 4, 2, 3, 5, 4, 8, 1, 2, 4, 8, // nil, C1, false, true, bin, ext, float, uint
    1, 2, 4, 8, 1, 1, 1, 1, 1, 1, 2, 4, 2, 4, 2, 4, // int, fixext, str, array, map
};

int sl_msgpack_read_long(const uint8_t *at, const uint8_t *end, sl_msgpack_head *head) {
    uint8_t byte = *at;
    unsigned more = more_of_head[byte - 0xC0];
    if (byte == 0xC1) return -1;
    if ((size_t)(end - at) <= more) return 0;
    uint64_t number = read_number(at + 1, more);
    head->size = 1 + more;
    head->length = 0;
    head->extension = 0;
    head->integer = 0;
    switch (byte) {
        case 0xC0: head->kind = SL_MSGPACK_NIL; break;
        case 0xC2: head->kind = SL_MSGPACK_FALSE; break;
        case 0xC3: head->kind = SL_MSGPACK_TRUE; break;
        case 0xC4: case 0xC5: case 0xC6:
            head->kind = SL_MSGPACK_BINARY;
            head->length = (uint32_t)number;
            break;
        case 0xC7: case 0xC8: case 0xC9:
            head->kind = SL_MSGPACK_EXTENSION;
            head->length = (uint32_t)(number >> 8);
            head->extension = (int8_t)(uint8_t)number;
            break;
        case 0xCA: {
            uint32_t bits = (uint32_t)number;
            float value;
            memcpy(&value, &bits, sizeof value);
            head->kind = SL_MSGPACK_FLOAT;
            head->number = value;
            break;
        }
        case 0xCB:
            head->kind = SL_MSGPACK_FLOAT;
            memcpy(&head->number, &number, sizeof number);
            break;
        case 0xCC: case 0xCD: case 0xCE: case 0xCF:
            head->kind = number > INT64_MAX ? SL_MSGPACK_UNSIGNED : SL_MSGPACK_INTEGER;
            head->integer = (int64_t)number;
            break;
        case 0xD0: head->kind = SL_MSGPACK_INTEGER; head->integer = (int8_t)(uint8_t)number; break;
        case 0xD1: head->kind = SL_MSGPACK_INTEGER; head->integer = (int16_t)(uint16_t)number; break;
        case 0xD2: head->kind = SL_MSGPACK_INTEGER; head->integer = (int32_t)(uint32_t)number; break;
        case 0xD3: head->kind = SL_MSGPACK_INTEGER; head->integer = (int64_t)number; break;
        case 0xD4: case 0xD5: case 0xD6: case 0xD7: case 0xD8:
            head->kind = SL_MSGPACK_EXTENSION;
            head->length = 1u << (byte - 0xD4);
            head->extension = (int8_t)(uint8_t)number;
            break;
        case 0xD9: case 0xDA: case 0xDB:
            head->kind = SL_MSGPACK_STRING;
            head->length = (uint32_t)number;
            break;
        case 0xDC: case 0xDD:
            head->kind = SL_MSGPACK_ARRAY;
            head->length = (uint32_t)number;
            break;
        default:
            head->kind = SL_MSGPACK_MAP;
            head->length = (uint32_t)number;
    }
    return 1;
}

sl_msgpack_state sl_msgpack_walk_on(sl_msgpack_walk *walk, const uint8_t *bytes, size_t length, uint64_t bytes_max) {
    while (walk->pending) {
        // Every value that is still to come has a byte at least: a count that cannot be kept is refused before it costs anything.
        if (walk->position > bytes_max || walk->pending > bytes_max - walk->position) return SL_MSGPACK_LARGE;
        if (walk->position >= length) return SL_MSGPACK_PART;
        sl_msgpack_head head;
        int result = sl_msgpack_read(bytes + walk->position, bytes + length, &head);
        if (result < 0) return SL_MSGPACK_INVALID;
        if (result == 0) return SL_MSGPACK_PART;
        walk->position += head.size;
        walk->pending--;
        if (head.kind == SL_MSGPACK_ARRAY) walk->pending += head.length;
        else if (head.kind == SL_MSGPACK_MAP) walk->pending += 2 * (uint64_t)head.length;
        else if (sl_msgpack_has_payload(head.kind)) walk->position += head.length;
    }
    if (walk->position > bytes_max) return SL_MSGPACK_LARGE;
    return walk->position <= length ? SL_MSGPACK_WHOLE : SL_MSGPACK_PART;
}

const uint8_t *sl_msgpack_skip(const uint8_t *at, const uint8_t *end) {
    if (at >= end) return NULL;
    sl_msgpack_walk walk = sl_msgpack_walk_begin();
    size_t length = (size_t)(end - at);
    return sl_msgpack_walk_on(&walk, at, length, length) == SL_MSGPACK_WHOLE ? at + walk.position : NULL;
}

// -- writing ------------------------------------------------------------------------------------------------------------

/// A byte and `count` bytes of a number, the highest first.
static void put(sl_buffer *buffer, uint8_t byte, uint64_t number, unsigned count) {
    uint8_t *to = sl_buffer_reserve(buffer, 9);
    to[0] = byte;
    for (unsigned i = 0; i < count; i++) to[1 + i] = (uint8_t)(number >> (8 * (count - 1 - i)));
    buffer->length += 1 + count;
}

void sl_msgpack_put_array(sl_buffer *buffer, uint32_t count) {
    if (count < 16) put(buffer, (uint8_t)(0x90 | count), 0, 0);
    else if (count <= UINT16_MAX) put(buffer, 0xDC, count, 2);
    else put(buffer, 0xDD, count, 4);
}

void sl_msgpack_put_map(sl_buffer *buffer, uint32_t pairs) {
    if (pairs < 16) put(buffer, (uint8_t)(0x80 | pairs), 0, 0);
    else if (pairs <= UINT16_MAX) put(buffer, 0xDE, pairs, 2);
    else put(buffer, 0xDF, pairs, 4);
}

void sl_msgpack_put_string_head(sl_buffer *buffer, uint32_t length) {
    if (length < 32) put(buffer, (uint8_t)(0xA0 | length), 0, 0);
    else if (length <= UINT8_MAX) put(buffer, 0xD9, length, 1);
    else if (length <= UINT16_MAX) put(buffer, 0xDA, length, 2);
    else put(buffer, 0xDB, length, 4);
}

void sl_msgpack_put_binary_head(sl_buffer *buffer, uint32_t length) {
    if (length <= UINT8_MAX) put(buffer, 0xC4, length, 1);
    else if (length <= UINT16_MAX) put(buffer, 0xC5, length, 2);
    else put(buffer, 0xC6, length, 4);
}

void sl_msgpack_put_unsigned(sl_buffer *buffer, uint64_t value) {
    if (value < 0x80) put(buffer, (uint8_t)value, 0, 0);
    else if (value <= UINT8_MAX) put(buffer, 0xCC, value, 1);
    else if (value <= UINT16_MAX) put(buffer, 0xCD, value, 2);
    else if (value <= UINT32_MAX) put(buffer, 0xCE, value, 4);
    else put(buffer, 0xCF, value, 8);
}

void sl_msgpack_put_integer(sl_buffer *buffer, int64_t value) {
    uint64_t bits = (uint64_t)value;
    if (value >= 0) sl_msgpack_put_unsigned(buffer, bits);
    else if (value >= -32) put(buffer, (uint8_t)bits, 0, 0);
    else if (value >= INT8_MIN) put(buffer, 0xD0, bits, 1);
    else if (value >= INT16_MIN) put(buffer, 0xD1, bits, 2);
    else if (value >= INT32_MIN) put(buffer, 0xD2, bits, 4);
    else put(buffer, 0xD3, bits, 8);
}

void sl_msgpack_put_double(sl_buffer *buffer, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(buffer, 0xCB, bits, 8);
}

void sl_msgpack_put_string(sl_buffer *buffer, const void *text, uint32_t length) {
    sl_msgpack_put_string_head(buffer, length);
    if (length) sl_buffer_append(buffer, text, length);
}

void sl_msgpack_put_event_time(sl_buffer *buffer, uint32_t seconds, uint32_t nanoseconds) {
    sl_buffer_append_byte(buffer, 0xD7);
    put(buffer, 0x00, (uint64_t)seconds << 32 | nanoseconds, 8);
}
