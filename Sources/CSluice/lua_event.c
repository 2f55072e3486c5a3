// `event`: one userdata a lane, pointed at each event in turn; fields are read and written straight in the slots.
//
// Lua interns short strings, so a field's name is known by its address: a small direct-mapped cache leads from the address
// to the id. Every cached string is anchored, or a collected one's address could come back as another name.
#include "lua_lane.h"
#include "sluice_keyword.h"

#include <math.h>
#include <stdlib.h>

enum { SEVERITIES = SL_SEVERITY_COUNT, FACILITIES = SL_FACILITY_COUNT };

static void push_keyword(lua_State *L, const sl_keyword *keyword) { lua_pushlstring(L, keyword->json + 1, keyword->json_length - 2u); }

// -- names ------------------------------------------------------------------------------------------------------------

static uint16_t resolve_key(lua_State *L, sl_lane *lane, int index, const char *text, size_t length, bool add) {
    uint16_t key = add ? sl_key_intern(text, length) : sl_key_find(text, length);
    if (key == SL_KEY_UNLISTED || length > 40) return key;
    registry_push(L, REGISTRY_ANCHORS);
    lua_pushvalue(L, index);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    key_cache_entry *entry = &lane->keys[((uintptr_t)text >> 4) % KEY_CACHE];
    entry->text = text;
    entry->key = key;
    return key;
}

static inline uint16_t key_at(lua_State *L, sl_lane *lane, int index, const char **text, size_t *length, bool add) {
    *text = lua_tolstring(L, index, length);
    key_cache_entry *entry = &lane->keys[((uintptr_t)*text >> 4) % KEY_CACHE];
    if (entry->text == *text) return entry->key;
    return resolve_key(L, lane, index, *text, *length, add);
}

uint16_t event_key(lua_State *L, int index, const char **text, size_t *length, bool add) {
    if (lua_type(L, index) != LUA_TSTRING)
        luaL_error(L, "an event's fields have names: `event[…]` takes a string, not a %s", value_kind(L, index));
    return key_at(L, lane_of(L), index, text, length, add);
}

static inline sl_slot *find_slot(event_ref *ref, uint16_t key, const char *text, size_t length) {
    const sl_event *event = ref->batch->events + ref->event;
    return key != SL_KEY_UNLISTED ? sl_event_find(ref->batch, event, key) : sl_event_find_unlisted(ref->batch, event, text, length);
}

sl_slot *event_slot(lua_State *L, event_ref *ref, int index, uint16_t *key) {
    const char *text;
    size_t length;
    *key = event_key(L, index, &text, &length, false);
    return find_slot(ref, *key, text, length);
}

// -- reading ----------------------------------------------------------------------------------------------------------

static void push_text(lua_State *L, event_ref *ref, const sl_slot *slot) {
    const char *text = (const char *)ref->batch->bytes + slot->text.offset;
    if (!(slot->flags & SL_ESCAPED)) {
        lua_pushlstring(L, text, slot->text.length);
        return;
    }
    sl_lane *lane = lane_of(L);
    lane->scratch.length = 0;
    uint8_t *plain = sl_buffer_reserve(&lane->scratch, slot->text.length);
    size_t length = sl_json_unescape(plain, (const uint8_t *)text, slot->text.length);
    lua_pushlstring(L, (const char *)plain, length);
}

/// Text that reads as a timestamp. Under another name (`time_field`) it may no longer be the event's time.
static void push_time(lua_State *L, event_ref *ref, const sl_slot *slot) {
    int64_t ns = ref->batch->events[ref->event].time_ns;
    uint32_t detail = slot->detail;
    if (slot->key == SL_KEY_TIMESTAMP || lane_of(L)->services.parse_time(ref->batch->bytes + slot->text.offset, slot->text.length, &ns, &detail))
        value_push_timestamp(L, ns, detail);
    else push_text(L, ref, slot);
}

void event_push_slot(lua_State *L, event_ref *ref, uint16_t key, sl_slot *slot) {
    switch (slot->type) {
    case SL_NULL: lua_pushlightuserdata(L, NULL); return;
    case SL_FALSE: lua_pushboolean(L, 0); return;
    case SL_TRUE: lua_pushboolean(L, 1); return;
    case SL_INTEGER: lua_pushinteger(L, slot->integer); return;
    case SL_FLOAT: lua_pushnumber(L, slot->number); return;
    case SL_FACILITY: push_keyword(L, sl_facility_keyword(slot->integer)); return;
    case SL_SEVERITY: push_keyword(L, sl_severity_keyword(slot->integer)); return;
    case SL_TIMESTAMP: value_push_timestamp(L, slot->integer, slot->detail); return;
    case SL_STRING:
        if (slot->flags & SL_TIME) push_time(L, ref, slot);
        else push_text(L, ref, slot);
        return;
    case SL_NUMBER:
        value_push_scalar(L, (const char *)ref->batch->bytes + slot->text.offset, slot->text.length);
        return;
    case SL_OBJECT:
    case SL_ARRAY: node_push_field(L, ref, key, slot); return;
    default: lua_pushnil(L); return;
    }
}

/// `facility_code` and `severity_code`: numbers behind the keywords; nil when absent or not a known word.
static void push_code(lua_State *L, event_ref *ref, uint16_t key) {
    bool is_severity = key == SL_KEY_SEVERITY_CODE;
    const sl_slot *slot =
        sl_event_find(ref->batch, ref->batch->events + ref->event, is_severity ? SL_KEY_SEVERITY : SL_KEY_FACILITY);
    int64_t code = -1;
    if (slot && slot->type == (is_severity ? SL_SEVERITY : SL_FACILITY)) code = slot->integer;
    else if (slot && slot->type == SL_STRING && !(slot->flags & SL_ESCAPED)) {
        const char *word = (const char *)ref->batch->bytes + slot->text.offset;
        code = is_severity ? sl_severity_code(word, slot->text.length) : sl_facility_code(word, slot->text.length);
    }
    if (code < 0) lua_pushnil(L);
    else lua_pushinteger(L, code);
}

static int event_index(lua_State *L) {
    event_ref *ref = lua_touserdata(L, 1);
    if (!ref->batch) event_gone(L);
    if (lua_type(L, 2) != LUA_TSTRING) return luaL_error(L, "an event's fields have names: `event[…]` takes a string, not a %s", value_kind(L, 2));
    const char *text;
    size_t length;
    uint16_t key = key_at(L, lane_of(L), 2, &text, &length, false);
    sl_slot *slot = find_slot(ref, key, text, length);
    if (slot) {
        event_push_slot(L, ref, key, slot);
        if (ref->is_clone) clone_hold(L, 1);
    } else if (key == SL_KEY_SEVERITY_CODE || key == SL_KEY_FACILITY_CODE) push_code(L, ref, key);
    else lua_pushnil(L);
    return 1;
}

// -- undo -------------------------------------------------------------------------------------------------------------

void event_save(sl_lane *lane, event_ref *ref) {
    if (lane->undo_saved || ref->is_clone || lane->context != CONTEXT_EVENT || ref->event != lane->event) return;
    const sl_event *event = lane->batch->events + lane->event;
    if (event->count > lane->undo_capacity) {
        sl_slot *slots = realloc(lane->undo_slots, event->count * 2 * sizeof(sl_slot));
        if (!slots) luaL_error(lane->L, "out of memory for the undo of an event");
        lane->undo_slots = slots;
        lane->undo_capacity = event->count * 2u;
    }
    lane->undo_event = *event;
    if (event->count) memcpy(lane->undo_slots, sl_event_slots(lane->batch, event), event->count * sizeof(sl_slot));
    lane->undo_saved = true;
}

void event_undo(sl_lane *lane) {
    if (lane->context != CONTEXT_EVENT && lane->context != CONTEXT_TIMER && lane->context != CONTEXT_SHUTDOWN) return;
    // Emitted events of the failed call are not chained yet: forgetting the records is enough. What it wrote is given back as
    // well, or a rule that fails at every event would fill the arena for those that do not.
    lane->batch->event_count = lane->undo_event_count;
    lane->batch->slot_count = lane->undo_slot_count;
    lane->batch->length = lane->undo_length;
    lane->emit_first = lane->emit_last = SL_NO_EVENT;
    lane->emit_count = 0;
    if (!lane->undo_saved) return;
    sl_event *event = lane->batch->events + lane->event;
    *event = lane->undo_event;
    if (event->count) memcpy(sl_event_slots(lane->batch, event), lane->undo_slots, event->count * sizeof(sl_slot));
    lane->undo_saved = false;
}

// -- writing ----------------------------------------------------------------------------------------------------------

void event_reserve(lua_State *L, event_ref *ref, size_t length) {
    sl_lane *lane = lane_of(L);
    if (length > lane->limits.value_bytes)
        luaL_error(L, "a value of %d KiB is longer than a field may be (%d KiB)", (int)(length >> 10), (int)(lane->limits.value_bytes >> 10));
    if (ref->batch == lane->batch && ref->batch->length - lane->undo_length + length > EVENT_BYTES_MAX)
        luaL_error(L, "one call wrote more than %d MiB to fields", EVENT_BYTES_MAX >> 20);
    if (!sl_batch_reserve(ref->batch, length)) luaL_error(L, "out of memory for a field of %d KiB", (int)(length >> 10));
}

uint32_t event_append(lua_State *L, event_ref *ref, const void *bytes, size_t length) {
    event_reserve(L, ref, length);
    return sl_batch_append(ref->batch, bytes, length);
}

/// The last slot of a name, tombstones excluded; with `meta` only those of `meta`, else only those of the event.
static sl_slot *find_any(event_ref *ref, uint16_t key, const char *name, size_t length, bool meta) {
    const sl_event *event = ref->batch->events + ref->event;
    sl_slot *first = sl_event_slots(ref->batch, event);
    for (sl_slot *slot = first + event->count; slot-- > first;) {
        if (slot->key != key || slot->type == SL_ABSENT || !(slot->flags & SL_META) == meta) continue;
        if (key != SL_KEY_UNLISTED) return slot;
        size_t size;
        const char *text = sl_slot_name(ref->batch, slot, &size);
        if (size == length && memcmp(text, name, length) == 0) return slot;
    }
    return NULL;
}

/// Of slots before `kept` that hold its name as well, because the data had it twice, nothing stays.
static void remove_others(event_ref *ref, const sl_slot *kept, const char *name, size_t length, bool meta) {
    for (sl_slot *slot = sl_event_slots(ref->batch, ref->batch->events + ref->event); slot < kept; slot++) {
        if (slot->key != kept->key || slot->type == SL_ABSENT || !(slot->flags & SL_META) == meta) continue;
        if (kept->key == SL_KEY_UNLISTED) {
            size_t size;
            const char *text = sl_slot_name(ref->batch, slot, &size);
            if (size != length || memcmp(text, name, length) != 0) continue;
        }
        slot->type = SL_ABSENT;
    }
}

sl_slot *event_slot_for_write(lua_State *L, event_ref *ref, uint16_t key, const char *name, size_t length, uint8_t flags) {
    sl_lane *lane = lane_of(L);
    lane_check_time(L); // a table of many fields is written in one call of C
    event_save(lane, ref);
    bool meta = flags & SL_META;
    sl_batch *batch = ref->batch;
    batch->events[ref->event].pristine = 0;
    sl_slot *slot = find_any(ref, key, name, length, meta);
    if (slot) {
        if (slot->type == SL_OBJECT || slot->type == SL_ARRAY) node_kill_field(lane, ref, key, name, length);
        remove_others(ref, slot, name, length, meta);
    } else {
        sl_event *event = batch->events + ref->event;
        uint32_t detail = 0;
        if (event->count == 65000) luaL_error(L, "an event has at most 65000 fields");
        if (key == SL_KEY_UNLISTED) {
            detail = sl_batch_append_name(batch, name, length);
            if (detail == SL_NO_OFFSET) luaL_error(L, "out of memory for the name of a field");
        }
        if (event->count == event->capacity && !sl_event_relocate(batch, event, (uint16_t)(event->count < 32000 ? event->count * 2 + 4 : 65000)))
            luaL_error(L, "out of memory for a field");
        slot = sl_event_slots(batch, event) + event->count++;
        slot->key = key;
        slot->detail = detail;
    }
    slot->flags = (uint8_t)(SL_OWNED | flags);
    // Until the caller has filled it in.
    slot->type = SL_NULL;
    if (key != SL_KEY_UNLISTED) slot->detail = 0;
    return slot;
}

static void delete_field(lua_State *L, event_ref *ref, uint16_t key, const char *name, size_t length, uint8_t flags) {
    sl_lane *lane = lane_of(L);
    bool meta = flags & SL_META;
    sl_slot *slot = find_any(ref, key, name, length, meta);
    if (!slot) return;
    event_save(lane, ref);
    ref->batch->events[ref->event].pristine = 0;
    if (slot->type == SL_OBJECT || slot->type == SL_ARRAY) node_kill_field(lane, ref, key, name, length);
    if (!meta && (key == SL_KEY_TIMESTAMP || (slot->flags & SL_TIME))) ref->batch->events[ref->event].time_ns = SL_NO_TIME;
    remove_others(ref, slot, name, length, meta);
    slot->type = SL_ABSENT;
}

static int refuse_value(lua_State *L, const char *name, size_t length, const char *why) {
    lua_pushlstring(L, name, length);
    return luaL_error(L, "field `%s` cannot hold %s", lua_tostring(L, -1), why);
}

static void assign_text(lua_State *L, event_ref *ref, uint16_t key, const char *name, size_t name_length, int value, uint8_t flags) {
    size_t length;
    const char *text = lua_tolstring(L, value, &length);
    int code = -1;
    if (key == SL_KEY_SEVERITY && !(flags & (SL_META | ASSIGN_PLAIN))) code = sl_severity_code(text, length);
    if (key == SL_KEY_FACILITY && !(flags & (SL_META | ASSIGN_PLAIN))) code = sl_facility_code(text, length);
    flags &= SL_META;
    if (code >= 0) {
        sl_slot *slot = event_slot_for_write(L, ref, key, name, name_length, flags);
        slot->type = key == SL_KEY_SEVERITY ? SL_SEVERITY : SL_FACILITY;
        slot->integer = code;
        return;
    }
    uint32_t offset = event_append(L, ref, text, length);
    sl_slot *slot = event_slot_for_write(L, ref, key, name, name_length, flags);
    slot->type = SL_STRING;
    slot->text.offset = offset;
    slot->text.length = (uint32_t)length;
}

static void assign_json(lua_State *L, event_ref *ref, uint16_t key, const char *name, size_t name_length, const char *json, size_t length, uint8_t flags) {
    bool is_array = length > 0 && json[0] == '[';
    uint32_t offset = event_append(L, ref, json, length);
    sl_slot *slot = event_slot_for_write(L, ref, key, name, name_length, flags);
    slot->type = is_array ? SL_ARRAY : SL_OBJECT;
    slot->text.offset = offset;
    slot->text.length = (uint32_t)length;
}

static void assign_userdata(lua_State *L, event_ref *ref, uint16_t key, const char *name, size_t name_length, int value, uint8_t flags) {
    timestamp_value *time = value_to_timestamp(L, value);
    if (time) {
        sl_slot *slot;
        if (key == SL_KEY_UNLISTED) {
            // The detail of an unlisted name's slot is its name: such a time is kept as text.
            uint8_t text[48];
            size_t length = lane_of(L)->services.print_time(time->ns, time->detail, text);
            uint32_t offset = event_append(L, ref, text, length);
            slot = event_slot_for_write(L, ref, key, name, name_length, flags);
            slot->type = SL_STRING;
            slot->text.offset = offset;
            slot->text.length = (uint32_t)length;
            return;
        }
        // The field that the decoder was told to take the event's time from (`time_field`) goes on being it.
        const sl_slot *before = find_any(ref, key, name, name_length, flags & SL_META);
        if (before && (before->flags & SL_TIME)) {
            event_save(lane_of(L), ref);
            ref->batch->events[ref->event].time_ns = time->ns;
        }
        slot = event_slot_for_write(L, ref, key, name, name_length, flags);
        slot->type = SL_TIMESTAMP;
        slot->integer = time->ns;
        slot->detail = time->detail;
        return;
    }
    size_t length;
    const char *json = node_text(L, value, &length);
    if (!json) refuse_value(L, name, name_length, value_kind(L, value));
    // The text may lie in the arena that is about to grow.
    sl_lane *lane = lane_of(L);
    lane->scratch.length = 0;
    sl_buffer_append(&lane->scratch, json, length);
    assign_json(L, ref, key, name, name_length, (const char *)lane->scratch.bytes, length, flags);
}

static void assign_time(lua_State *L, event_ref *ref, int value) {
    int64_t ns;
    uint32_t detail;
    if (!value_read_time(L, value, &ns, &detail))
        luaL_error(L, "field `timestamp` takes a timestamp, RFC 3339 text or Unix seconds, not %s", lua_type(L, value) == LUA_TSTRING ? "other text" : value_kind(L, value));
    sl_slot *slot = event_slot_for_write(L, ref, SL_KEY_TIMESTAMP, "timestamp", 9, 0);
    slot->type = SL_TIMESTAMP;
    slot->integer = ns;
    slot->detail = detail;
    ref->batch->events[ref->event].time_ns = ns;
}

static void assign_code(lua_State *L, event_ref *ref, uint16_t key, int value) {
    bool is_severity = key == SL_KEY_SEVERITY_CODE;
    int is_integer;
    lua_Integer code = lua_tointegerx(L, value, &is_integer);
    if (!is_integer || lua_type(L, value) != LUA_TNUMBER || code < 0 || code >= (is_severity ? SEVERITIES : FACILITIES))
        luaL_error(L, is_severity ? "`severity_code` takes an integer from 0 to 7" : "`facility_code` takes an integer from 0 to 23");
    sl_slot *slot = event_slot_for_write(L, ref, is_severity ? SL_KEY_SEVERITY : SL_KEY_FACILITY, is_severity ? "severity" : "facility", 8, 0);
    slot->type = is_severity ? SL_SEVERITY : SL_FACILITY;
    slot->integer = code;
}

void event_assign(lua_State *L, event_ref *ref, uint16_t key, const char *name, size_t length, int value, uint8_t flags) {
    int type = lua_type(L, value);
    bool is_code = (key == SL_KEY_SEVERITY_CODE || key == SL_KEY_FACILITY_CODE) && !(flags & (SL_META | ASSIGN_PLAIN)) &&
                   !find_any(ref, key, name, length, false); // a field of that name that came in is one like any other
    if (type != LUA_TNIL && !(flags & SL_META)) {
        int64_t ns;
        uint32_t detail;
        bool is_time = !(flags & ASSIGN_PLAIN) || (type == LUA_TSTRING && value_read_time(L, value, &ns, &detail));
        if (key == SL_KEY_TIMESTAMP && is_time) return assign_time(L, ref, value);
        if (is_code) return assign_code(L, ref, key, value);
    }
    if (type != LUA_TSTRING) flags &= SL_META;
    sl_slot *slot;
    switch (type) {
    case LUA_TNIL:
        if (is_code) key = key == SL_KEY_SEVERITY_CODE ? SL_KEY_SEVERITY : SL_KEY_FACILITY;
        delete_field(L, ref, key, name, length, flags);
        return;
    case LUA_TBOOLEAN:
        slot = event_slot_for_write(L, ref, key, name, length, flags);
        slot->type = lua_toboolean(L, value) ? SL_TRUE : SL_FALSE;
        return;
    case LUA_TNUMBER:
        if (!lua_isinteger(L, value) && !isfinite(lua_tonumber(L, value)))
            refuse_value(L, name, length, isnan(lua_tonumber(L, value)) ? "NaN" : "an infinite number");
        slot = event_slot_for_write(L, ref, key, name, length, flags);
        if (lua_isinteger(L, value)) {
            slot->type = SL_INTEGER;
            slot->integer = lua_tointeger(L, value);
        } else {
            slot->type = SL_FLOAT;
            slot->number = lua_tonumber(L, value);
        }
        return;
    case LUA_TSTRING: assign_text(L, ref, key, name, length, value, flags); return;
    case LUA_TLIGHTUSERDATA: event_slot_for_write(L, ref, key, name, length, flags)->type = SL_NULL; return;
    case LUA_TUSERDATA: assign_userdata(L, ref, key, name, length, value, flags); return;
    case LUA_TTABLE: {
        sl_lane *lane = lane_of(L);
        lane->scratch.length = 0;
        value_to_json(L, value, &lane->scratch, name, length);
        assign_json(L, ref, key, name, length, (const char *)lane->scratch.bytes, lane->scratch.length, flags);
        return;
    }
    default: refuse_value(L, name, length, value_kind(L, value));
    }
}

static int event_newindex(lua_State *L) {
    event_ref *ref = lua_touserdata(L, 1);
    if (!ref->batch) event_gone(L);
    const char *name;
    size_t length;
    uint16_t key = event_key(L, 2, &name, &length, true);
    event_assign(L, ref, key, name, length, 3, 0);
    return 0;
}

// -- iteration --------------------------------------------------------------------------------------------------------

/// Whether a name may stand twice: decoders flag it; where few slots make looking cheap nobody is believed.
static bool may_repeat(const sl_event *event) { return event->count <= 32 || (event->flags & SL_FLAG_DUPLICATE_KEY); }

/// Upvalues: event, next position, position behind the last field when the loop began, serial of the call.
static int event_next(lua_State *L) {
    event_ref *ref = lua_touserdata(L, lua_upvalueindex(1));
    if (!ref->batch) event_gone(L);
    if (!ref->is_clone && lua_tointeger(L, lua_upvalueindex(4)) != (lua_Integer)lane_of(L)->serial)
        return luaL_error(L, "`pairs(event)` of an earlier event was kept");
    lua_Integer at = lua_tointeger(L, lua_upvalueindex(2)), limit = lua_tointeger(L, lua_upvalueindex(3));
    for (; at < limit; at++) {
        sl_event *event = ref->batch->events + ref->event;
        if (at >= event->count) break;
        sl_slot *slot = sl_event_slots(ref->batch, event) + at;
        if (slot->type == SL_ABSENT || (slot->flags & SL_META)) continue;
        lane_check_time(L);
        size_t length;
        const char *name = sl_slot_name(ref->batch, slot, &length);
        // Of a name that the data holds twice only the last is the field.
        if (may_repeat(event) && find_slot(ref, slot->key, name, length) != slot) continue;
        lua_pushinteger(L, at + 1);
        lua_replace(L, lua_upvalueindex(2));
        lua_pushlstring(L, name, length);
        slot = sl_event_slots(ref->batch, ref->batch->events + ref->event) + at;
        event_push_slot(L, ref, slot->key, slot);
        if (ref->is_clone) clone_hold(L, lua_upvalueindex(1));
        return 2;
    }
    return 0;
}

static int event_pairs(lua_State *L) {
    event_ref *ref = event_check(L, 1);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    lua_pushinteger(L, ref->batch->events[ref->event].count);
    lua_pushinteger(L, (lua_Integer)lane_of(L)->serial);
    lua_pushcclosure(L, event_next, 4);
    return 1;
}

static int event_tostring(lua_State *L) {
    event_ref *ref = lua_touserdata(L, 1);
    if (!ref->batch) {
        lua_pushliteral(L, "event (not at hand)");
        return 1;
    }
    sl_lane *lane = lane_of(L);
    lane->scratch.length = 0;
    value_to_json(L, 1, &lane->scratch, "event", 5);
    lua_pushlstring(L, (const char *)lane->scratch.bytes, lane->scratch.length);
    return 1;
}

// -- opening ----------------------------------------------------------------------------------------------------------

void event_open(lua_State *L) {
    static const luaL_Reg methods[] = {{"__index", event_index},       {"__newindex", event_newindex}, {"__pairs", event_pairs},
                                       {"__tostring", event_tostring}, {NULL, NULL}};
    lua_createtable(L, 0, 8);
    luaL_setfuncs(L, methods, 0);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushliteral(L, "event");
    lua_setfield(L, -2, "__name");
    registry_set(L, REGISTRY_EVENT);
    event_renew(L);
}
