// `field`: work on a field's bytes where they lie. A long message that is only searched never becomes a Lua string.
#define _GNU_SOURCE // memmem
#include "lua_lane.h"
#include "sluice_pattern.h"

static char fold(char byte, char from) { return byte >= from && byte <= from + 25 ? (char)(byte ^ 0x20) : byte; }

/// Bytes of a text field; false when the field is absent or no text. Valid until the arena or the lane's scratch changes.
static bool read_field(lua_State *L, sl_text *text) {
    event_ref *ref = event_check(L, 1);
    uint16_t key;
    const sl_slot *slot = event_slot(L, ref, 2, &key);
    if (!slot) return false;
    if (slot->type == SL_STRING) {
        const uint8_t *bytes = ref->batch->bytes + slot->text.offset;
        if (!(slot->flags & SL_ESCAPED)) {
            *text = (sl_text){(const char *)bytes, slot->text.length};
            return true;
        }
        sl_lane *lane = lane_of(L);
        lane->scratch.length = 0;
        uint8_t *plain = sl_buffer_reserve(&lane->scratch, slot->text.length);
        size_t length = sl_json_unescape(plain, bytes, slot->text.length);
        *text = (sl_text){(const char *)plain, length};
        return true;
    }
    if (slot->type != SL_SEVERITY && slot->type != SL_FACILITY) return false;
    event_push_slot(L, ref, key, (sl_slot *)slot);
    text->bytes = lua_tolstring(L, -1, &text->length); // stays on the stack until the function returns
    return true;
}

static int field_has(lua_State *L) {
    size_t length;
    const char *needle = luaL_checklstring(L, 3, &length);
    sl_text text;
    lua_pushboolean(L, read_field(L, &text) && (length == 0 || memmem(text.bytes, text.length, needle, length) != NULL));
    return 1;
}

static int field_starts(lua_State *L) {
    size_t length;
    const char *start = luaL_checklstring(L, 3, &length);
    sl_text text;
    lua_pushboolean(L, read_field(L, &text) && text.length >= length && memcmp(text.bytes, start, length) == 0);
    return 1;
}

static int field_ends(lua_State *L) {
    size_t length;
    const char *end = luaL_checklstring(L, 3, &length);
    sl_text text;
    lua_pushboolean(L, read_field(L, &text) && text.length >= length && memcmp(text.bytes + text.length - length, end, length) == 0);
    return 1;
}

static int field_length(lua_State *L) {
    sl_text text;
    if (read_field(L, &text)) lua_pushinteger(L, (lua_Integer)text.length);
    else lua_pushnil(L);
    return 1;
}

static sl_pattern_cache *cache_of(lua_State *L) { return lua_touserdata(L, lua_upvalueindex(1)); }

/// Runs the pattern at argument 3; 1 with captures, 0 without a match. Raises as `string.match` does.
static bool search(lua_State *L, sl_text *text, sl_captures *captures) {
    size_t length;
    const char *source = luaL_checklstring(L, 3, &length);
    if (!read_field(L, text)) return false;
    const sl_pattern *pattern = sl_pattern_get(L, cache_of(L), source, length);
    sl_outcome outcome = sl_pattern_find(pattern, text->bytes, text->length, 0, captures);
    if (outcome != SL_MATCH && outcome != SL_NO_MATCH) sl_pattern_raise(L, pattern, captures);
    return outcome == SL_MATCH;
}

static int field_matches(lua_State *L) {
    sl_text text;
    sl_captures captures;
    lua_pushboolean(L, search(L, &text, &captures));
    return 1;
}

static int field_match(lua_State *L) {
    sl_text text;
    sl_captures captures;
    if (!search(L, &text, &captures)) {
        lua_pushnil(L);
        return 1;
    }
    if (captures.count == 0) {
        lua_pushlstring(L, text.bytes + captures.start, captures.end - captures.start);
        return 1;
    }
    luaL_checkstack(L, captures.count, "too many captures");
    for (int i = 0; i < captures.count; i++) {
        const sl_capture *capture = &captures.capture[i];
        if (capture->length == SL_POSITION_CAPTURE) lua_pushinteger(L, (lua_Integer)capture->start + 1);
        else lua_pushlstring(L, text.bytes + capture->start, capture->length);
    }
    return captures.count;
}

/// Sets the field to bytes that are ready at the arena's end.
static void set_text(lua_State *L, uint32_t offset, size_t length) {
    event_ref *ref = event_check(L, 1);
    const char *name;
    size_t name_length;
    uint16_t key = event_key(L, 2, &name, &name_length, true);
    sl_slot *slot = event_slot_for_write(L, ref, key, name, name_length, 0);
    slot->type = SL_STRING;
    slot->text.offset = offset;
    slot->text.length = (uint32_t)length;
}

static int change_case(lua_State *L, char from) {
    sl_text text;
    if (!read_field(L, &text)) return 0;
    size_t first = 0;
    while (first < text.length && fold(text.bytes[first], from) == text.bytes[first]) first++;
    if (first == text.length) return 0; // nothing to change: the field stays as it came
    event_ref *ref = event_check(L, 1);
    // The text may lie in the arena that is about to grow.
    uintptr_t inside = (uintptr_t)text.bytes - (uintptr_t)ref->batch->bytes;
    bool in_arena = inside < ref->batch->length;
    event_reserve(L, ref, text.length);
    const char *from_bytes = in_arena ? (const char *)ref->batch->bytes + inside : text.bytes;
    uint32_t offset = ref->batch->length;
    char *to = (char *)ref->batch->bytes + offset;
    for (size_t i = 0; i < text.length; i++) to[i] = fold(from_bytes[i], from);
    ref->batch->length += (uint32_t)text.length;
    set_text(L, offset, text.length);
    return 0;
}

static int field_lower(lua_State *L) { return change_case(L, 'A'); }
static int field_upper(lua_State *L) { return change_case(L, 'a'); }

static bool is_blank(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

static int field_trim(lua_State *L) {
    sl_text text;
    if (!read_field(L, &text)) return 0;
    size_t start = 0, end = text.length;
    while (start < end && is_blank(text.bytes[start])) start++;
    while (end > start && is_blank(text.bytes[end - 1])) end--;
    if (end - start == text.length) return 0;
    event_ref *ref = event_check(L, 1);
    lua_pushlstring(L, text.bytes + start, end - start);
    uint32_t offset = event_append(L, ref, lua_tostring(L, -1), end - start);
    set_text(L, offset, end - start);
    return 0;
}

/// field.replace(event, name, plain, with): all occurrences of plain text; answers how many.
static int field_replace(lua_State *L) {
    size_t plain_length, with_length, count = 0;
    const char *plain = luaL_checklstring(L, 3, &plain_length), *with = luaL_checklstring(L, 4, &with_length);
    if (plain_length == 0) return luaL_error(L, "`field.replace` takes text that is not empty");
    sl_text text;
    if (!read_field(L, &text)) {
        lua_pushinteger(L, 0);
        return 1;
    }
    const char *at = text.bytes, *end = at + text.length, *found = memmem(at, text.length, plain, plain_length);
    if (!found) {
        lua_pushinteger(L, 0);
        return 1;
    }
    sl_lane *lane = lane_of(L);
    lane->host_scratch.length = 0;
    for (; found; found = memmem(at, (size_t)(end - at), plain, plain_length), count++) {
        sl_buffer_append(&lane->host_scratch, at, (size_t)(found - at));
        sl_buffer_append(&lane->host_scratch, with, with_length);
        at = found + plain_length;
        if (lane->host_scratch.length > lane->limits.value_bytes) return luaL_error(L, "the replaced text is longer than a field may be");
    }
    sl_buffer_append(&lane->host_scratch, at, (size_t)(end - at));
    uint32_t offset = event_append(L, event_check(L, 1), lane->host_scratch.bytes, lane->host_scratch.length);
    set_text(L, offset, lane->host_scratch.length);
    lua_pushinteger(L, (lua_Integer)count);
    return 1;
}

void field_open(lua_State *L) {
    sl_lane *lane = lane_of(L);
    static const luaL_Reg plain[] = {{"has", field_has},     {"starts", field_starts}, {"ends", field_ends},
                                     {"length", field_length}, {"lower", field_lower},   {"upper", field_upper},
                                     {"trim", field_trim},   {"replace", field_replace}, {NULL, NULL}};
    static const luaL_Reg matching[] = {{"match", field_match}, {"matches", field_matches}, {NULL, NULL}};
    registry_push(L, REGISTRY_LIBRARIES);
    luaL_newlib(L, plain);
    lua_pushlightuserdata(L, lane->patterns);
    luaL_setfuncs(L, matching, 1);
    lua_setfield(L, -2, "field");
    lua_pop(L, 1);
}
