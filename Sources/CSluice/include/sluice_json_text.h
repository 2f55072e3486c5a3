// Walking through JSON text where it lies, and turning string literals into bytes and back.
//
// Nested values stay JSON text until somebody looks inside; these functions look. The texts were validated when they came
// in, apart from odd bytes inside strings, but nothing here depends on it: any bytes are safe, every call ends, no read goes
// past `length`. No recursion. Spans are offsets into the `text` that was given.
#ifndef SLUICE_JSON_TEXT_H
#define SLUICE_JSON_TEXT_H

#include "sluice_event.h"

/// What a JSON value is, by its first byte.
typedef enum sl_json_kind {
    SL_JSON_NONE, SL_JSON_NULL, SL_JSON_FALSE, SL_JSON_TRUE, SL_JSON_NUMBER, SL_JSON_STRING, SL_JSON_OBJECT, SL_JSON_ARRAY
} sl_json_kind;

/// Kind of the value that begins with this byte, SL_JSON_NONE when no value does.
static inline sl_json_kind sl_json_kind_of(uint8_t first) {
    switch (first) {
        case '{': return SL_JSON_OBJECT;
        case '[': return SL_JSON_ARRAY;
        case '"': return SL_JSON_STRING;
        case 'n': return SL_JSON_NULL;
        case 'f': return SL_JSON_FALSE;
        case 't': return SL_JSON_TRUE;
        default: return first == '-' || (first >= '0' && first <= '9') ? SL_JSON_NUMBER : SL_JSON_NONE;
    }
}

/// The first position from `at` on that is not a blank, tab or line end; `length` when there is none.
size_t sl_json_blanks(const uint8_t *text, size_t length, size_t at);

/// End of the value at `at` (blanks before it are skipped). At least `at`, at most `length`.
size_t sl_json_skip(const uint8_t *text, size_t length, size_t at);

/// The next member of the object that `text` is. `at` starts at 0 and is moved on; `name` is the inside of the name's literal
/// (its escapes still in it), `value` the value's text. False at the end.
bool sl_json_next_member(const uint8_t *text, size_t length, size_t *at, sl_span *name, sl_span *value);

/// The next element of the array that `text` is, in the same way.
bool sl_json_next_element(const uint8_t *text, size_t length, size_t *at, sl_span *value);

/// The last member with this name (compared unescaped) of the object that `text` is. False when there is none.
bool sl_json_member(const uint8_t *text, size_t length, const char *name, size_t name_length, sl_span *value);

/// The element at `index`, from 0, of the array that `text` is. False when there is none.
bool sl_json_element(const uint8_t *text, size_t length, size_t index, sl_span *value);

/// Whether the object that `text` is may hold a name twice: never false when it does, seldom true when it does not (an escaped
/// name counts as a repeat). `scratch` is overwritten.
bool sl_json_may_repeat(const uint8_t *text, size_t length, sl_buffer *scratch);

/// Members of the object or elements of the array that `text` is.
size_t sl_json_count(const uint8_t *text, size_t length);

/// Whether the inside of a literal, unescaped, is these bytes.
bool sl_json_equals(const uint8_t *literal, size_t length, const char *bytes, size_t count);

/// Bytes that the inside of a literal stands for; answers how many. Never more than `length`; `to` may be `from`. A surrogate
/// without its other half becomes U+FFFD, an escape that JSON does not know stays as it is.
size_t sl_json_unescape(uint8_t *to, const uint8_t *from, size_t length);

/// The JSON literal's inside that stands for these bytes; answers its length, at most 6 times `length`. Ill-formed UTF-8
/// becomes U+FFFD and is counted in `replaced` (may be NULL). The areas must not overlap.
size_t sl_json_escape(uint8_t *to, const uint8_t *from, size_t length, uint64_t *replaced);

/// Appends what `sl_json_escape` makes. Reads up to 16 bytes past `length`: for bytes in an arena or another padded place.
void sl_buffer_append_escaped(sl_buffer *buffer, const uint8_t *from, size_t length, uint64_t *replaced);

/// Appends the inside of a literal: escapes stay, raw controls are escaped, ill-formed UTF-8 is replaced. Reads up to 16 bytes
/// past `length`.
void sl_buffer_append_literal(sl_buffer *buffer, const uint8_t *from, size_t length, uint64_t *replaced);

/// Appends the text of an object or array on one line: line ends between tokens are left out; inside strings raw controls are
/// escaped and ill-formed UTF-8 is replaced. Reads up to 16 bytes past `length`.
void sl_buffer_append_json_text(sl_buffer *buffer, const uint8_t *from, size_t length, uint64_t *replaced);

#endif
