// MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md): heads of values, and where a value ends.
//
// A value is a head of 1 to 9 bytes, and behind it, for texts, bytes and extensions, its payload, for arrays and maps their items:
//
//     ├ head ┼ payload … ┤            D9 05 h e l l o
//     ├ head ┼ item ┼ item ┼ … ┤      93 01 02 C0
//
// Any bytes are safe: no read goes past `end`, nothing recurses, and what a head announces is not believed before it is there.
#ifndef SLUICE_MSGPACK_H
#define SLUICE_MSGPACK_H

#include "sluice_event.h"

/// What a value is.
typedef enum sl_msgpack_kind {
    SL_MSGPACK_NIL,
    SL_MSGPACK_FALSE,
    SL_MSGPACK_TRUE,
    SL_MSGPACK_INTEGER,   ///< `integer`
    SL_MSGPACK_UNSIGNED,  ///< an integer past INT64_MAX; `integer` has its bits
    SL_MSGPACK_FLOAT,     ///< `number`, may be no number or infinite
    SL_MSGPACK_STRING,    ///< `length` bytes follow
    SL_MSGPACK_BINARY,    ///< `length` bytes follow
    SL_MSGPACK_EXTENSION, ///< `length` bytes follow, whose meaning is `extension`
    SL_MSGPACK_ARRAY,     ///< `length` values follow
    SL_MSGPACK_MAP,       ///< `length` pairs of values follow
} sl_msgpack_kind;

/// The beginning of a value; numbers are their heads.
typedef struct sl_msgpack_head {
    sl_msgpack_kind kind;
    uint32_t length;
    uint32_t size; ///< bytes of the head
    int8_t extension;
    union {
        int64_t integer;
        double number;
    };
} sl_msgpack_head;

/// Slow path of `sl_msgpack_read`.
int sl_msgpack_read_long(const uint8_t *at, const uint8_t *end, sl_msgpack_head *head);

/// Reads the head at `at`: 1 when it is there, 0 when bytes of it are missing, -1 for the one byte that begins no value (C1).
static inline int sl_msgpack_read(const uint8_t *at, const uint8_t *end, sl_msgpack_head *head) {
    if (at >= end) return 0;
    uint8_t byte = *at;
    if (byte >= 0xC0 && byte < 0xE0) return sl_msgpack_read_long(at, end, head);
    head->size = 1;
    head->length = 0;
    head->extension = 0;
    head->integer = 0;
    if (byte < 0x80 || byte >= 0xE0) {
        head->kind = SL_MSGPACK_INTEGER;
        head->integer = (int8_t)byte;
    } else if (byte >= 0xA0) {
        head->kind = SL_MSGPACK_STRING;
        head->length = byte & 0x1F;
    } else {
        head->kind = byte >= 0x90 ? SL_MSGPACK_ARRAY : SL_MSGPACK_MAP;
        head->length = byte & 0x0F;
    }
    return 1;
}

/// Whether bytes of payload follow a head.
static inline bool sl_msgpack_has_payload(sl_msgpack_kind kind) {
    return kind >= SL_MSGPACK_STRING && kind <= SL_MSGPACK_EXTENSION;
}

// -- where a value ends -------------------------------------------------------------------------------------------------

/// How far a walk over one value has come, whose bytes may come in pieces.
typedef struct sl_msgpack_walk {
    uint64_t position; ///< bytes passed, from the value's start; past those that have come when payload is missing
    uint64_t pending;  ///< values still to come, from the innermost to the outermost
} sl_msgpack_walk;

/// What a walk says.
typedef enum sl_msgpack_state {
    SL_MSGPACK_WHOLE,   ///< the value ends at `position`
    SL_MSGPACK_PART,    ///< more bytes are needed
    SL_MSGPACK_INVALID, ///< no MessagePack, seen at `position`
    SL_MSGPACK_LARGE,   ///< the value has, or announces, more bytes than are allowed
} sl_msgpack_state;

/// A walk at the start of a value.
static inline sl_msgpack_walk sl_msgpack_walk_begin(void) {
    sl_msgpack_walk walk = {0, 1};
    return walk;
}

/// Walks on. `bytes` are the `length` bytes of the value that have come so far, those of earlier calls included. Each byte is looked
/// at about once over all calls.
sl_msgpack_state sl_msgpack_walk_on(sl_msgpack_walk *walk, const uint8_t *bytes, size_t length, uint64_t bytes_max);

/// End of the whole value at `at`, NULL when it is not whole or not MessagePack.
const uint8_t *sl_msgpack_skip(const uint8_t *at, const uint8_t *end);

// -- writing, always in the shortest form -------------------------------------------------------------------------------

/// Heads and scalars at the end of a buffer.
void sl_msgpack_put_array(sl_buffer *buffer, uint32_t count);
void sl_msgpack_put_map(sl_buffer *buffer, uint32_t pairs);
void sl_msgpack_put_string_head(sl_buffer *buffer, uint32_t length);
void sl_msgpack_put_binary_head(sl_buffer *buffer, uint32_t length);
void sl_msgpack_put_integer(sl_buffer *buffer, int64_t value);
void sl_msgpack_put_unsigned(sl_buffer *buffer, uint64_t value);
/// Always 64 bits.
void sl_msgpack_put_double(sl_buffer *buffer, double value);
/// A text with its head.
void sl_msgpack_put_string(sl_buffer *buffer, const void *text, uint32_t length);
/// The extension type 0 of Fluent's forward protocol: seconds since 1970 and nanoseconds, 32 bits each.
void sl_msgpack_put_event_time(sl_buffer *buffer, uint32_t seconds, uint32_t nanoseconds);

static inline void sl_msgpack_put_nil(sl_buffer *buffer) { sl_buffer_append_byte(buffer, 0xC0); }
static inline void sl_msgpack_put_boolean(sl_buffer *buffer, bool value) { sl_buffer_append_byte(buffer, value ? 0xC3 : 0xC2); }

#endif
