// Fluent Bit's Lua filters as they are: `function(tag, timestamp, record)` returning code, timestamp, record.
//
//     code -1 drop · 0 unchanged · 1 timestamp and record changed · 2 record changed
//
// The record is a real table, built from the event's fields and read back with the fidelity that Fluent Bit lacks: a field
// that the script left as it was keeps its slot, integers stay integers and floats floats, null is a value, an empty array
// stays an array, and inside of nested values only what changed is written anew. What scripts written for Lua 5.1 expect is added to their globals.
#include "lua_lane.h"

#include <math.h>

static const char prelude[] =
    "unpack = table.unpack\n"
    "loadstring = load\n"
    "math.pow = function(x, y) return x ^ y end\n"
    "math.log10 = function(x) return math.log(x, 10) end\n"
    "math.mod = math.fmod\n"
    "math.ldexp = function(m, e) return m * 2.0 ^ e end\n"
    "math.cosh = function(x) return (math.exp(x) + math.exp(-x)) / 2 end\n"
    "math.sinh = function(x) return (math.exp(x) - math.exp(-x)) / 2 end\n"
    "math.tanh = function(x) local e = math.exp(2 * x) return (e - 1) / (e + 1) end\n"
    "table.getn = function(t) return #t end\n"
    "table.maxn = function(t) local n = 0 for k in pairs(t) do if type(k) == 'number' and k > n then n = k end end return n end\n"
    "table.foreach = function(t, f) for k, v in pairs(t) do local r = f(k, v) if r ~= nil then return r end end end\n"
    "table.foreachi = function(t, f) for i, v in ipairs(t) do local r = f(i, v) if r ~= nil then return r end end end\n"
    "string.gfind = string.gmatch\n"
    "flb_null = null\n"
    "local format, math_type, floor = string.format, math.type, math.floor\n"
    "local function int32(x) x = x & 0xFFFFFFFF return x >= 0x80000000 and x - 0x100000000 or x end\n"
    "local function whole(x) x = tonumber(x) return math_type(x) == 'float' and floor(x + 0.5) | 0 or x end\n"
    "bit = {\n"
    "  tobit = function(x) return int32(whole(x)) end,\n"
    "  bnot = function(x) return int32(~whole(x)) end,\n"
    "  band = function(x, ...) x = whole(x) for _, y in ipairs{...} do x = x & whole(y) end return int32(x) end,\n"
    "  bor = function(x, ...) x = whole(x) for _, y in ipairs{...} do x = x | whole(y) end return int32(x) end,\n"
    "  bxor = function(x, ...) x = whole(x) for _, y in ipairs{...} do x = x ~ whole(y) end return int32(x) end,\n"
    "  lshift = function(x, n) return int32(whole(x) << (n & 31)) end,\n"
    "  rshift = function(x, n) return int32((whole(x) & 0xFFFFFFFF) >> (n & 31)) end,\n"
    "  arshift = function(x, n) return int32(int32(whole(x)) // (1 << (n & 31))) end,\n"
    "  rol = function(x, n) x, n = whole(x) & 0xFFFFFFFF, n & 31 return int32(x << n | x >> (32 - n)) end,\n"
    "  ror = function(x, n) x, n = whole(x) & 0xFFFFFFFF, n & 31 return int32(x >> n | x << (32 - n)) end,\n"
    "  tohex = function(x, n) n = n or 8 local s = format(n < 0 and '%08X' or '%08x', whole(x) & 0xFFFFFFFF) return string.sub(s, -math.abs(n)) end,\n"
    "  bswap = function(x) x = whole(x) return int32((x & 0xFF) << 24 | (x & 0xFF00) << 8 | (x >> 8) & 0xFF00 | (x >> 24) & 0xFF) end,\n"
    "}\n"
    "for _, name in ipairs{'also', 'emit', 'drop', 'pass', 'every', 'clone'} do _G[name] = nil end\n";

/// `string.format` as Lua 5.1 knows it, for the rules that expect it: `%d` and its kin truncate, `%u` is `%d`.
static int format_as_before(lua_State *L) {
    sl_lane *lane = lane_of(L);
    size_t length;
    const char *format = luaL_checklstring(L, 1, &length), *end = format + length;
    int count = lua_gettop(L), argument = 1;
    bool is_before = lane_rule(lane)->api == SL_API_FLUENT_BIT;
    luaL_Buffer text;
    luaL_buffinitsize(L, &text, length);
    for (const char *at = format; at < end; at++) {
        luaL_addchar(&text, *at);
        if (*at != '%' || !is_before || at + 1 == end) continue;
        for (at++; at < end && *at && strchr("-+ #0123456789.", *at); at++) luaL_addchar(&text, *at);
        if (at == end) break;
        luaL_addchar(&text, *at == 'u' ? 'd' : *at);
        if (*at == '%' || ++argument > count || !*at || !strchr("dixXouc", *at)) continue;
        int is_integer, is_number;
        lua_Number number = lua_tonumberx(L, argument, &is_number);
        lua_tointegerx(L, argument, &is_integer);
        if (!is_number || is_integer || !(number > -0x1p63 && number < 0x1p63)) continue;
        lua_pushinteger(L, (lua_Integer)number);
        lua_replace(L, argument);
    }
    luaL_pushresult(&text);
    lua_replace(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, count, 1);
    return 1;
}

/// Puts `format_as_before` in place of member `format` of the table on the top, unless it is there.
static void replace_format(lua_State *L) {
    lua_getfield(L, -1, "format");
    if (lua_tocfunction(L, -1) == format_as_before) {
        lua_pop(L, 1);
        return;
    }
    lua_pushcclosure(L, format_as_before, 1);
    lua_setfield(L, -2, "format");
}

void fluentbit_prepare(lua_State *L, const sl_rule_source *source) {
    int environment = lua_gettop(L);
    lua_getfield(L, environment, "string");
    replace_format(L);
    // Methods of strings are the same for all rules: the function asks which one runs.
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_getfield(L, -1, "__index");
    replace_format(L);
    lua_settop(L, environment);
    if (luaL_loadbufferx(L, prelude, sizeof prelude - 1, "=fluent-bit", "t") != LUA_OK) lua_error(L);
    lua_pushvalue(L, environment);
    lua_setupvalue(L, -2, 1);
    lua_call(L, 0, 0);
    lua_createtable(L, 0, (int)source->environment_count / 2);
    for (uint32_t i = 0; i + 1 < source->environment_count; i += 2) {
        lua_pushlstring(L, source->environment[i].bytes, source->environment[i].length);
        lua_pushlstring(L, source->environment[i + 1].bytes, source->environment[i + 1].length);
        lua_rawset(L, -3);
    }
    lua_setfield(L, environment, "FLB_ENV");
}

// -- the event as Fluent Bit's arguments ----------------------------------------------------------------------------------

static void push_tag(lua_State *L, const sl_lane *lane, event_ref *ref) {
    uint16_t key = sl_key_find("tag", 3);
    const sl_event *event = ref->batch->events + ref->event;
    for (uint16_t i = event->count; key != SL_KEY_UNLISTED && i-- > 0;) {
        sl_slot *slot = sl_event_slots(ref->batch, event) + i;
        if (slot->key != key || !(slot->flags & SL_META) || slot->type == SL_ABSENT) continue;
        event_push_slot(L, ref, key, slot);
        return;
    }
    if (event->source < lane->live.input_count)
        lua_pushlstring(L, lane->live.inputs[event->source].bytes, lane->live.inputs[event->source].length);
    else lua_pushliteral(L, "");
}

static int64_t time_of(const sl_event *event) { return event->time_ns != SL_NO_TIME ? event->time_ns : event->received_ns; }

static void push_time(lua_State *L, const sl_event *event, bool as_table) {
    int64_t ns = time_of(event), seconds = ns / 1000000000, rest = ns % 1000000000;
    if (rest < 0) {
        rest += 1000000000;
        seconds--;
    }
    if (!as_table) {
        lua_pushnumber(L, (double)seconds + (double)rest / 1e9);
        return;
    }
    lua_createtable(L, 0, 2);
    lua_pushinteger(L, seconds);
    lua_setfield(L, -2, "sec");
    lua_pushinteger(L, rest);
    lua_setfield(L, -2, "nsec");
}

/// A field as a plain Lua value: nested values become tables.
static void push_plain(lua_State *L, event_ref *ref, sl_slot *slot) {
    if (slot->type == SL_OBJECT || slot->type == SL_ARRAY) {
        if (!value_from_json(L, (const char *)ref->batch->bytes + slot->text.offset, slot->text.length)) lua_pushnil(L);
    } else if (slot->type == SL_STRING && (slot->flags & SL_TIME)) {
        sl_slot text = *slot; // as it came
        text.flags &= (uint8_t)~SL_TIME;
        event_push_slot(L, ref, text.key, &text);
    } else if (slot->type == SL_TIMESTAMP) {
        event_push_slot(L, ref, slot->key, slot);
        luaL_tolstring(L, -1, NULL);
        lua_remove(L, -2);
    } else event_push_slot(L, ref, slot->key, slot);
}

static bool is_time_field(const sl_slot *slot) { return slot->key == SL_KEY_TIMESTAMP && (slot->type == SL_TIMESTAMP || (slot->flags & SL_TIME)); }

static void push_record(lua_State *L, event_ref *ref) {
    uint16_t count = ref->batch->events[ref->event].count;
    lua_createtable(L, 0, count);
    for (uint16_t i = 0; i < count; i++) {
        sl_slot *slot = sl_event_slots(ref->batch, ref->batch->events + ref->event) + i;
        if (slot->type == SL_ABSENT || (slot->flags & SL_META) || is_time_field(slot)) continue;
        size_t length;
        const char *name = sl_slot_name(ref->batch, slot, &length);
        lua_pushlstring(L, name, length);
        push_plain(L, ref, slot);
        lua_rawset(L, -3);
    }
}

// -- what came back -------------------------------------------------------------------------------------------------------

/// Whether the value on the top says the same as the slot: then the slot keeps its bytes.
static bool is_same(lua_State *L, event_ref *ref, sl_slot *slot) {
    sl_lane *lane = lane_of(L);
    if (slot->type == SL_OBJECT || slot->type == SL_ARRAY) {
        if (lua_type(L, -1) != LUA_TTABLE && !lua_isnil(L, -1)) return false;
        // Both sides in the one canonical form: names sorted, no blanks.
        push_plain(L, ref, slot);
        if (lua_isnil(L, -1) || lua_isnil(L, -2)) {
            // What is nested too deep for a table was not in the record: that it is missing says nothing.
            bool is_left_out = lua_isnil(L, -1) && lua_isnil(L, -2);
            lua_pop(L, 1);
            return is_left_out;
        }
        lane->scratch.length = 0;
        value_to_json(L, -1, &lane->scratch, "record", 6);
        lua_pop(L, 1);
        size_t length = lane->scratch.length;
        value_to_json(L, -1, &lane->scratch, "record", 6);
        return lane->scratch.length == 2 * length && memcmp(lane->scratch.bytes, lane->scratch.bytes + length, length) == 0;
    }
    push_plain(L, ref, slot);
    bool same = lua_type(L, -1) == lua_type(L, -2) && lua_rawequal(L, -1, -2) &&
                (lua_type(L, -1) != LUA_TNUMBER || lua_isinteger(L, -1) == lua_isinteger(L, -2));
    lua_pop(L, 1);
    return same;
}

/// Whether the slot is what its name reads: of a name that the data holds twice only the last is.
static bool is_last(const event_ref *ref, const sl_slot *slot) {
    const sl_event *event = ref->batch->events + ref->event;
    if (slot->key != SL_KEY_UNLISTED) return sl_event_find(ref->batch, event, slot->key) == slot;
    size_t length;
    const char *name = sl_slot_name(ref->batch, slot, &length);
    return sl_event_find_unlisted(ref->batch, event, name, length) == slot;
}

/// Sets the field that `slot` is to the value on the top, at the cost of no byte that says the same.
static void write_field(lua_State *L, event_ref *ref, const sl_slot *slot, const char *name, size_t length) {
    uint16_t key = slot->key;
    bool is_nested = (slot->type == SL_OBJECT || slot->type == SL_ARRAY) && lua_type(L, -1) == LUA_TTABLE;
    if (!is_nested) return event_assign(L, ref, key, name, length, lua_gettop(L), ASSIGN_PLAIN);
    sl_buffer *text = &lane_of(L)->scratch;
    text->length = 0;
    merge_json(L, ref->batch, slot->text, lua_gettop(L), text, name, length);
    uint8_t type = *text->bytes == '[' ? SL_ARRAY : SL_OBJECT;
    size_t size = text->length;
    uint32_t offset = event_append(L, ref, text->bytes, size);
    sl_slot *place = event_slot_for_write(L, ref, key, name, length, 0);
    place->type = type;
    place->text.offset = offset;
    place->text.length = (uint32_t)size;
}

/// Writes the record at `record` over the event's fields: those that are gone are deleted, changed ones assigned in place,
/// new ones follow in the order of their names.
static void write_record(lua_State *L, event_ref *ref, int record) {
    uint16_t count = ref->batch->events[ref->event].count;
    lua_createtable(L, 0, count);
    int known = lua_gettop(L);
    for (uint16_t i = 0; i < count; i++) {
        sl_slot *slot = sl_event_slots(ref->batch, ref->batch->events + ref->event) + i;
        if (slot->type == SL_ABSENT || (slot->flags & SL_META) || is_time_field(slot) || !is_last(ref, slot)) continue;
        size_t length;
        const char *name = sl_slot_name(ref->batch, slot, &length);
        lua_pushlstring(L, name, length);
        name = lua_tostring(L, -1);
        lua_pushvalue(L, -1);
        lua_pushboolean(L, 1);
        lua_rawset(L, known);
        lua_pushvalue(L, -1);
        lua_rawget(L, record);
        if (!is_same(L, ref, slot)) write_field(L, ref, slot, name, length);
        lua_pop(L, 2);
    }
    lua_newtable(L);
    int names = lua_gettop(L);
    lua_Integer new_count = 0;
    for (lua_pushnil(L); lua_next(L, record); lua_pop(L, 1)) {
        lane_check_time(L);
        // Fluent Bit takes number keys of a record as names as well.
        lua_pushvalue(L, -2);
        luaL_tolstring(L, -1, NULL);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, known) == LUA_TNIL) {
            lua_pushvalue(L, -2);
            lua_rawseti(L, names, ++new_count);
        }
        lua_pop(L, 3);
    }
    registry_push(L, REGISTRY_LIBRARIES);
    lua_getfield(L, -1, "table");
    lua_getfield(L, -1, "sort");
    lua_pushvalue(L, names);
    lua_call(L, 1, 0);
    for (lua_Integer i = 1; i <= new_count; i++) {
        lua_settop(L, names);
        lua_rawgeti(L, names, i);
        const char *name;
        size_t length;
        uint16_t key = event_key(L, names + 1, &name, &length, true);
        lua_pushvalue(L, names + 1);
        if (lua_rawget(L, record) == LUA_TNIL) {
            lua_pop(L, 1);
            lua_rawgeti(L, record, lua_tointeger(L, names + 1));
        }
        event_assign(L, ref, key, name, length, names + 2, ASSIGN_PLAIN);
    }
    lua_settop(L, known - 1);
}

static void write_time(lua_State *L, event_ref *ref, int value) {
    int64_t ns;
    if (lua_type(L, value) == LUA_TTABLE) {
        lua_getfield(L, value, "sec");
        lua_getfield(L, value, "nsec");
        if (!lua_isnumber(L, -2)) luaL_error(L, "the returned timestamp is a table without a number `sec`");
        double seconds = floor(lua_tonumber(L, -2)), rest = lua_tonumber(L, -1);
        if (!(fabs(seconds) < 9e9 && fabs(rest) < 1e18)) luaL_error(L, "the returned timestamp is no time: %f s and %f ns", seconds, rest);
        if (__builtin_add_overflow((int64_t)seconds * 1000000000, (int64_t)rest, &ns))
            luaL_error(L, "the returned timestamp is outside of the years 1678 to 2262");
        lua_pop(L, 2);
    } else if (lua_type(L, value) == LUA_TNUMBER) {
        double seconds = lua_tonumber(L, value);
        const sl_event *event = ref->batch->events + ref->event;
        // A number that is the one handed out means the same instant: its nanoseconds would not survive as a double.
        int64_t old = time_of(event);
        int64_t old_seconds = old / 1000000000, rest = old % 1000000000;
        if (seconds == (double)old_seconds + (double)rest / 1e9) return;
        if (!(fabs(seconds) < 9e9)) luaL_error(L, "the returned timestamp is no time: %f", seconds);
        ns = (int64_t)floor(seconds) * 1000000000 + (int64_t)(round((seconds - floor(seconds)) * 1e6) * 1000);
    } else {
        luaL_error(L, "the returned timestamp is a %s, not a number or a table with `sec` and `nsec`", value_kind(L, value));
        return;
    }
    if (ns == time_of(ref->batch->events + ref->event)) return;
    // The event's time keeps the offset that it was written with.
    const sl_slot *before = sl_event_find(ref->batch, ref->batch->events + ref->event, SL_KEY_TIMESTAMP);
    uint32_t offset = before && is_time_field(before) ? before->detail : SL_TIME_DETAIL(0, 0, SL_TIME_Z);
    sl_slot *slot = event_slot_for_write(L, ref, SL_KEY_TIMESTAMP, "timestamp", 9, 0);
    slot->type = SL_TIMESTAMP;
    slot->integer = ns;
    slot->detail = (offset & ~0xFFu) | (ns % 1000000000 == 0 ? 0 : ns % 1000000 == 0 ? 3 : ns % 1000 == 0 ? 6 : 9);
    ref->batch->events[ref->event].time_ns = ns;
}

/// Further records of a returned array: events of their own with the source's time.
static void emit_record(lua_State *L, sl_lane *lane, int record) {
    event_ref *source = lane->event_value;
    lua_pushcfunction(L, route_emit);
    lua_newtable(L);
    lua_call(L, 1, 0);
    event_ref added = {lane->batch, lane->emit_last, false};
    write_record(L, &added, record);
    const sl_event *from = lane->batch->events + source->event;
    const sl_slot *time = sl_event_find(lane->batch, from, SL_KEY_TIMESTAMP);
    if (!time || !is_time_field(time)) return;
    sl_slot copy = *time;
    int64_t ns = from->time_ns;
    sl_slot *slot = event_slot_for_write(L, &added, SL_KEY_TIMESTAMP, "timestamp", 9, 0);
    *slot = copy;
    lane->batch->events[added.event].time_ns = ns;
}

/// Whether the event has nothing that goes into a record.
static bool is_bare(const event_ref *ref) {
    const sl_event *event = ref->batch->events + ref->event;
    for (uint16_t i = 0; i < event->count; i++) {
        const sl_slot *slot = sl_event_slots(ref->batch, event) + i;
        if (slot->type != SL_ABSENT && !(slot->flags & SL_META) && !is_time_field(slot)) return false;
    }
    return true;
}

static uint8_t write_records(lua_State *L, sl_lane *lane, event_ref *ref, int record) {
    lua_rawgeti(L, record, 1);
    bool is_array = lua_type(L, -1) == LUA_TTABLE;
    lua_pop(L, 1);
    lua_pushnil(L);
    bool is_empty = lua_next(L, record) == 0;
    // An empty table is an array without records, unless it is what was handed out.
    if (is_empty) return is_bare(ref) ? SL_PENDING : SL_DROPPED;
    lua_pop(L, 2);
    if (!is_array) {
        write_record(L, ref, record);
        return SL_PENDING;
    }
    lua_Integer count = (lua_Integer)lua_rawlen(L, record);
    for (lua_Integer i = 1; i <= count; i++) {
        if (lua_rawgeti(L, record, i) != LUA_TTABLE) luaL_error(L, "record %d of the returned array is a %s, not a table", (int)i, value_kind(L, -1));
        if (i == 1) write_record(L, ref, lua_gettop(L));
        else emit_record(L, lane, lua_gettop(L));
        lua_pop(L, 1);
    }
    return SL_PENDING;
}

uint8_t fluentbit_call(lua_State *L, sl_lane *lane, const rule *rule) {
    int base = lua_gettop(L);
    event_ref *ref = lane->event_value;
    luaL_checkstack(L, 20, "a record");
    lua_rawgeti(L, LUA_REGISTRYINDEX, rule->function);
    push_tag(L, lane, ref);
    push_time(L, ref->batch->events + ref->event, rule->time_as_table);
    push_record(L, ref);
    lua_call(L, 3, 3);
    int is_number;
    lua_Integer code = lua_tointegerx(L, base + 1, &is_number);
    if (!is_number || code < -1 || code > 2)
        luaL_error(L, "the function returned %s as its code; Fluent Bit knows -1, 0, 1 and 2", is_number ? lua_tostring(L, base + 1) : value_kind(L, base + 1));
    uint8_t verdict = SL_PENDING;
    if (code == -1) verdict = SL_DROPPED;
    if (code > 0) {
        if (lua_type(L, base + 3) != LUA_TTABLE)
            luaL_error(L, "the function returned code %d and a %s as record, not a table", (int)code, value_kind(L, base + 3));
        // The time first: further records take it from the event.
        if (code == 1) write_time(L, ref, base + 2);
        verdict = write_records(L, lane, ref, base + 3);
    }
    lua_settop(L, base);
    return verdict;
}
