// Values across the border: Lua tables to JSON text and back.
//
// Nested data has one form outside of Lua, JSON text, so there is one way in and one way out.
#define _GNU_SOURCE // qsort_r
#include "lua_lane.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 64 };

const char *value_kind(lua_State *L, int index) {
    if (lua_type(L, index) == LUA_TLIGHTUSERDATA) return "null";
    if (lua_type(L, index) != LUA_TUSERDATA) return luaL_typename(L, index);
    if (luaL_getmetafield(L, index, "__name") == LUA_TSTRING) {
        const char *name = lua_tostring(L, -1); // a literal that the metatable keeps alive
        lua_pop(L, 1);
        return name;
    }
    return "userdata";
}

// -- Lua to JSON ------------------------------------------------------------------------------------------------------

typedef struct writer {
    lua_State *L;
    sl_buffer *to;
    const char *what;
    size_t what_length;
    size_t start; ///< of the text in `to`
    int depth;
} writer;

static void write_value(writer *writer, int index);

static int refuse(writer *writer, const char *why) {
    if (writer->what) lua_pushlstring(writer->L, writer->what, writer->what_length);
    else node_push_written(writer->L);
    return luaL_error(writer->L, "field `%s` cannot hold %s", lua_tostring(writer->L, -1), why);
}

/// A table that holds another one twice, and that one a third, says in few bytes what takes for ever to write: both the text
/// and the time are looked at before each value.
static void check_size(writer *writer, size_t more) {
    const sl_lane *lane = lane_of(writer->L);
    lane_check_time(writer->L);
    size_t length = writer->to->length - writer->start + more;
    if (length > lane->limits.value_bytes)
        luaL_error(writer->L, "a value of more than %d KiB is longer than a field may be (%d KiB)", (int)(length >> 10), (int)(lane->limits.value_bytes >> 10));
}

/// Only what JSON must escape: other bytes stay, so that a string reads back as it was.
static void write_string(writer *writer, const char *text, size_t length) {
    sl_buffer *to = writer->to;
    check_size(writer, length);
    static const char digits[] = "0123456789abcdef";
    char *out = (char *)sl_buffer_reserve(to, length * 6 + 2), *start = out;
    *out++ = '"';
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)text[i];
        if (byte == '"' || byte == '\\') {
            *out++ = '\\';
            *out++ = (char)byte;
        } else if (byte < 0x20 || byte == 0x7F) {
            const char *named = byte == '\n' ? "\\n" : byte == '\t' ? "\\t" : byte == '\r' ? "\\r" : NULL;
            if (named) {
                memcpy(out, named, 2);
                out += 2;
            } else {
                memcpy(out, "\\u00", 4);
                out[4] = digits[byte >> 4];
                out[5] = digits[byte & 15];
                out += 6;
            }
        } else *out++ = (char)byte;
    }
    *out++ = '"';
    to->length += (size_t)(out - start);
}

static void write_text(sl_buffer *to, const char *text) { sl_buffer_append(to, text, strlen(text)); }

static void write_number(writer *writer, int index) {
    char text[40];
    if (lua_isinteger(writer->L, index)) {
        sl_buffer_append(writer->to, text, sl_print_integer(text, lua_tointeger(writer->L, index)));
        return;
    }
    double number = lua_tonumber(writer->L, index);
    if (isnan(number)) refuse(writer, "NaN");
    if (isinf(number)) refuse(writer, "an infinite number");
    sl_buffer_append(writer->to, text, sl_print_double(text, number));
}

bool value_is_marked(lua_State *L, int index, int place) {
    if (!lua_getmetatable(L, index)) return false;
    registry_push(L, place);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

static void write_array(writer *writer, int index, lua_Integer count) {
    lua_State *L = writer->L;
    sl_buffer_append_byte(writer->to, '[');
    for (lua_Integer i = 1; i <= count; i++) {
        if (i > 1) sl_buffer_append_byte(writer->to, ',');
        if (lua_rawgeti(L, index, i) == LUA_TNIL) refuse(writer, "an array with a hole (`null` is a value)");
        write_value(writer, lua_gettop(L));
        lua_pop(L, 1);
    }
    sl_buffer_append_byte(writer->to, ']');
}

static int compare_names(const void *a, const void *b, void *lane) {
    const sl_text *left = a, *right = b;
    // Nothing can raise in here; with the time up the order does not matter any more.
    if (((const sl_lane *)lane)->stop) return 0;
    size_t shorter = left->length < right->length ? left->length : right->length;
    int order = memcmp(left->bytes, right->bytes, shorter);
    return order ? order : (left->length > right->length) - (left->length < right->length);
}

static void write_object(writer *writer, int index, size_t count) {
    lua_State *L = writer->L;
    sl_lane *lane = lane_of(L);
    // The names of all levels under construction lie in one buffer; it may move, so they are found by position.
    size_t start = lane->sorting.length;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        lane_check_time(L);
        sl_text name = {.bytes = lua_tostring(L, -2), .length = lua_rawlen(L, -2)};
        sl_buffer_append(&lane->sorting, &name, sizeof name);
    }
    if (count > 1) qsort_r(lane->sorting.bytes + start, count, sizeof(sl_text), compare_names, lane);
    sl_buffer_append_byte(writer->to, '{');
    for (size_t i = 0; i < count; i++) {
        sl_text name;
        memcpy(&name, lane->sorting.bytes + start + i * sizeof name, sizeof name);
        if (i > 0) sl_buffer_append_byte(writer->to, ',');
        write_string(writer, name.bytes, name.length);
        sl_buffer_append_byte(writer->to, ':');
        lua_pushlstring(L, name.bytes, name.length);
        lua_rawget(L, index);
        write_value(writer, lua_gettop(L));
        lua_pop(L, 1);
    }
    sl_buffer_append_byte(writer->to, '}');
    lane->sorting.length = start;
}

static void write_table(writer *writer, int index) {
    lua_State *L = writer->L;
    if (++writer->depth > DEPTH_MAX) refuse(writer, "a table nested deeper than 64 levels, or one that holds itself");
    luaL_checkstack(L, 8, "nested tables");
    lua_Integer whole = 0;
    size_t names = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        lane_check_time(L);
        if (lua_isinteger(L, -2) && lua_tointeger(L, -2) > 0) whole++;
        else if (lua_type(L, -2) == LUA_TSTRING) names++;
        else refuse(writer, "a table with keys that are neither 1…n nor strings");
    }
    bool as_array = value_is_marked(L, index, REGISTRY_ARRAY), as_object = value_is_marked(L, index, REGISTRY_OBJECT);
    if (whole > 0 && names > 0) refuse(writer, "a table with keys 1…n and string keys");
    if (as_array && names > 0) refuse(writer, "an `array` with string keys");
    if (as_object && whole > 0) refuse(writer, "an `object` with keys 1…n");
    if (whole > 0 || as_array) {
        if ((lua_Integer)lua_rawlen(L, index) != whole) refuse(writer, "an array with a hole (`null` is a value)");
        write_array(writer, index, whole);
    } else write_object(writer, index, names);
    writer->depth--;
}

/// A whole event: its fields in order.
static void write_event(writer *writer, event_ref *ref) {
    lua_State *L = writer->L;
    sl_buffer_append_byte(writer->to, '{');
    size_t empty = writer->to->length;
    for (uint16_t i = 0; i < ref->batch->events[ref->event].count; i++) {
        sl_slot *slot = sl_event_slots(ref->batch, ref->batch->events + ref->event) + i;
        if (slot->type == SL_ABSENT || (slot->flags & SL_META)) continue;
        size_t length;
        const char *name = sl_slot_name(ref->batch, slot, &length);
        if (writer->to->length > empty) sl_buffer_append_byte(writer->to, ',');
        write_string(writer, name, length);
        sl_buffer_append_byte(writer->to, ':');
        const char *text = (const char *)ref->batch->bytes + slot->text.offset;
        bool is_text = slot->type == SL_STRING || slot->type == SL_NUMBER || slot->type == SL_OBJECT || slot->type == SL_ARRAY;
        check_size(writer, is_text ? slot->text.length : 0);
        switch (slot->type) {
        case SL_OBJECT: case SL_ARRAY: case SL_NUMBER: sl_buffer_append(writer->to, text, slot->text.length); continue;
        case SL_STRING:
            if (slot->flags & SL_ESCAPED) {
                sl_buffer_append_byte(writer->to, '"');
                sl_buffer_append(writer->to, text, slot->text.length);
                sl_buffer_append_byte(writer->to, '"');
            } else write_string(writer, text, slot->text.length);
            continue;
        default:
            event_push_slot(L, ref, slot->key, slot);
            write_value(writer, lua_gettop(L));
            lua_pop(L, 1);
        }
    }
    sl_buffer_append_byte(writer->to, '}');
}

static void write_userdata(writer *writer, int index) {
    lua_State *L = writer->L;
    timestamp_value *time = value_to_timestamp(L, index);
    if (time) {
        uint8_t text[48];
        size_t length = lane_of(L)->services.print_time(time->ns, time->detail, text);
        write_string(writer, (const char *)text, length);
        return;
    }
    size_t length;
    const char *json = node_text(L, index, &length);
    if (json) {
        check_size(writer, length);
        sl_buffer_append(writer->to, json, length);
        return;
    }
    if (strcmp(value_kind(L, index), "event") == 0) {
        write_event(writer, event_check(L, index));
        return;
    }
    refuse(writer, value_kind(L, index));
}

static void write_value(writer *writer, int index) {
    lua_State *L = writer->L;
    size_t length;
    const char *text;
    check_size(writer, 0);
    switch (lua_type(L, index)) {
    case LUA_TNIL: case LUA_TLIGHTUSERDATA: write_text(writer->to, "null"); return;
    case LUA_TBOOLEAN: write_text(writer->to, lua_toboolean(L, index) ? "true" : "false"); return;
    case LUA_TNUMBER: write_number(writer, index); return;
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &length);
        write_string(writer, text, length);
        return;
    case LUA_TTABLE: write_table(writer, index); return;
    case LUA_TUSERDATA: write_userdata(writer, index); return;
    default: refuse(writer, lua_typename(L, lua_type(L, index)));
    }
}

void value_to_json(lua_State *L, int index, sl_buffer *to, const char *what, size_t what_length) {
    sl_lane *lane = lane_of(L);
    lane->sorting.length = 0;
    writer writer = {L, to, what, what_length, to->length, 0};
    write_value(&writer, lua_absindex(L, index));
    check_size(&writer, 0);
}

// -- JSON to Lua ------------------------------------------------------------------------------------------------------

typedef struct reader {
    lua_State *L;
    const uint8_t *text;
    size_t length, at;
    int depth;
} reader;

static void skip_blanks(reader *reader) { reader->at = sl_json_blanks(reader->text, reader->length, reader->at); }

/// Inside of the literal at `at`; false when it does not end or holds raw control characters or unknown escapes.
static bool read_literal(reader *reader, size_t *start, size_t *length, bool *escaped) {
    size_t at = reader->at + 1;
    *start = at;
    *escaped = false;
    for (; at < reader->length && reader->text[at] != '"'; at++) {
        if (reader->text[at] < 0x20) return false;
        if (reader->text[at] != '\\') continue;
        *escaped = true;
        if (++at == reader->length || !strchr("\"\\/bfnrtu", reader->text[at])) return false;
        if (reader->text[at] != 'u') continue;
        for (int digit = 0; digit < 4; digit++)
            if (++at >= reader->length || !strchr("0123456789abcdefABCDEF", reader->text[at]) || !reader->text[at]) return false;
    }
    if (at >= reader->length) return false;
    *length = at - *start;
    reader->at = at + 1;
    return true;
}

static bool read_string(reader *reader) {
    size_t start, length;
    bool escaped;
    if (!read_literal(reader, &start, &length, &escaped)) return false;
    if (!escaped) {
        lua_pushlstring(reader->L, (const char *)reader->text + start, length);
        return true;
    }
    luaL_Buffer buffer;
    char *plain = luaL_buffinitsize(reader->L, &buffer, length);
    luaL_pushresultsize(&buffer, sl_json_unescape((uint8_t *)plain, reader->text + start, length));
    return true;
}

static bool is_digit(const reader *reader, size_t at) { return at < reader->length && reader->text[at] >= '0' && reader->text[at] <= '9'; }

static bool read_number(reader *reader) {
    size_t start = reader->at, at = start;
    if (reader->text[at] == '-') at++;
    if (!is_digit(reader, at)) return false;
    if (reader->text[at] == '0') at++;
    else while (is_digit(reader, at)) at++;
    if (at < reader->length && reader->text[at] == '.') {
        if (!is_digit(reader, ++at)) return false;
        while (is_digit(reader, at)) at++;
    }
    if (at < reader->length && (reader->text[at] | 32) == 'e') {
        at++;
        if (at < reader->length && (reader->text[at] == '+' || reader->text[at] == '-')) at++;
        if (!is_digit(reader, at)) return false;
        while (is_digit(reader, at)) at++;
    }
    reader->at = at;
    return value_push_scalar(reader->L, (const char *)reader->text + start, at - start);
}

static bool read_word(reader *reader, const char *word) {
    size_t length = strlen(word);
    if (reader->length - reader->at < length || memcmp(reader->text + reader->at, word, length) != 0) return false;
    reader->at += length;
    return value_push_scalar(reader->L, word, length);
}

static bool read_value(reader *reader);

static bool read_object(reader *reader) {
    lua_State *L = reader->L;
    lua_newtable(L);
    reader->at++;
    skip_blanks(reader);
    if (reader->at < reader->length && reader->text[reader->at] == '}') return reader->at++, true;
    for (;;) {
        skip_blanks(reader);
        if (reader->at >= reader->length || reader->text[reader->at] != '"' || !read_string(reader)) return false;
        skip_blanks(reader);
        if (reader->at >= reader->length || reader->text[reader->at++] != ':' || !read_value(reader)) return false;
        lua_rawset(L, -3);
        skip_blanks(reader);
        if (reader->at >= reader->length) return false;
        uint8_t separator = reader->text[reader->at++];
        if (separator == '}') return true;
        if (separator != ',') return false;
    }
}

static bool read_array(reader *reader) {
    lua_State *L = reader->L;
    lua_newtable(L);
    registry_push(L, REGISTRY_ARRAY);
    lua_setmetatable(L, -2);
    reader->at++;
    skip_blanks(reader);
    if (reader->at < reader->length && reader->text[reader->at] == ']') return reader->at++, true;
    for (lua_Integer i = 1;; i++) {
        if (!read_value(reader)) return false;
        lua_rawseti(L, -2, i);
        skip_blanks(reader);
        if (reader->at >= reader->length) return false;
        uint8_t separator = reader->text[reader->at++];
        if (separator == ']') return true;
        if (separator != ',') return false;
    }
}

static bool read_value(reader *reader) {
    lane_check_time(reader->L);
    skip_blanks(reader);
    if (reader->at >= reader->length) return false;
    bool valid = false;
    switch (sl_json_kind_of(reader->text[reader->at])) {
    case SL_JSON_NULL: return read_word(reader, "null");
    case SL_JSON_FALSE: return read_word(reader, "false");
    case SL_JSON_TRUE: return read_word(reader, "true");
    case SL_JSON_NUMBER: return read_number(reader);
    case SL_JSON_STRING: return read_string(reader);
    case SL_JSON_OBJECT:
    case SL_JSON_ARRAY:
        if (++reader->depth > DEPTH_MAX * 2) return false;
        luaL_checkstack(reader->L, 6, "nested JSON");
        valid = reader->text[reader->at] == '{' ? read_object(reader) : read_array(reader);
        reader->depth--;
        return valid;
    default: return false;
    }
}

bool value_from_json(lua_State *L, const char *text, size_t length) {
    int top = lua_gettop(L);
    reader reader = {L, (const uint8_t *)text, length, 0, 0};
    bool valid = read_value(&reader);
    skip_blanks(&reader);
    if (valid && reader.at == length) return true;
    lua_settop(L, top);
    return false;
}

bool value_push_scalar(lua_State *L, const char *text, size_t length) {
    switch (length > 0 ? sl_json_kind_of((uint8_t)text[0]) : SL_JSON_NONE) {
    case SL_JSON_NULL: lua_pushlightuserdata(L, NULL); return true;
    case SL_JSON_FALSE: lua_pushboolean(L, 0); return true;
    case SL_JSON_TRUE: lua_pushboolean(L, 1); return true;
    case SL_JSON_NUMBER: {
        int64_t integer;
        double number;
        if (sl_parse_number(text, length, &integer, &number)) lua_pushinteger(L, integer);
        else lua_pushnumber(L, number);
        return true;
    }
    case SL_JSON_STRING: {
        const uint8_t *inside = (const uint8_t *)text + 1;
        size_t count = length < 2 ? 0 : length - 2;
        if (!memchr(inside, '\\', count)) {
            lua_pushlstring(L, (const char *)inside, count);
            return true;
        }
        // The text may move while Lua allocates, so the plain bytes are made in the lane's buffer first.
        sl_lane *lane = lane_of(L);
        lane->scratch.length = 0;
        uint8_t *plain = sl_buffer_reserve(&lane->scratch, count);
        lua_pushlstring(L, (const char *)plain, sl_json_unescape(plain, inside, count));
        return true;
    }
    default: return false;
    }
}
