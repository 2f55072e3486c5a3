// Host functions: from Lua through C to Swift and back. Swift answers by value; C pushes the answer, and only then may raise.
#include "lua_lane.h"

enum { ARGUMENTS_MAX = 16 };

static void read_argument(lua_State *L, sl_lane *lane, int index, sl_value *value) {
    timestamp_value *time;
    size_t start = lane->scratch.length;
    switch (lua_type(L, index)) {
    case LUA_TNIL: value->type = SL_VALUE_NIL; return;
    case LUA_TBOOLEAN: value->type = lua_toboolean(L, index) ? SL_VALUE_TRUE : SL_VALUE_FALSE; return;
    case LUA_TNUMBER:
        if (lua_isinteger(L, index)) {
            value->type = SL_VALUE_INTEGER;
            value->integer = lua_tointeger(L, index);
        } else {
            value->type = SL_VALUE_FLOAT;
            value->number = lua_tonumber(L, index);
        }
        return;
    case LUA_TSTRING:
        value->type = SL_VALUE_STRING;
        value->text.bytes = (const uint8_t *)lua_tolstring(L, index, &value->text.length);
        if (value->text.length > lane->limits.value_bytes)
            luaL_error(L, "bad argument #%d (%d KiB are more than a field may have: %d KiB)", index, (int)(value->text.length >> 10), (int)(lane->limits.value_bytes >> 10));
        return;
    case LUA_TLIGHTUSERDATA: value->type = SL_VALUE_NULL; return;
    case LUA_TUSERDATA:
        time = value_to_timestamp(L, index);
        if (time) {
            value->type = SL_VALUE_TIMESTAMP;
            value->integer = time->ns;
            value->detail = time->detail;
            return;
        }
        if (strcmp(value_kind(L, index), "nested value") != 0 && strcmp(value_kind(L, index), "event") != 0) break;
        // fall through
    case LUA_TTABLE:
        value_to_json(L, index, &lane->scratch, "argument", 8);
        value->type = SL_VALUE_JSON;
        // The buffer may still move: an offset for now.
        value->text.bytes = (const uint8_t *)(uintptr_t)start;
        value->text.length = lane->scratch.length - start;
        return;
    default: break;
    }
    value->type = SL_VALUE_OTHER;
}

static void push_result(lua_State *L, const sl_host_call *call, const sl_value *value) {
    // For texts an offset, for anything else a number that is none.
    const char *text = (const char *)((uintptr_t)call->scratch->bytes + (uintptr_t)value->text.bytes);
    switch (value->type) {
    case SL_VALUE_FALSE: lua_pushboolean(L, 0); return;
    case SL_VALUE_TRUE: lua_pushboolean(L, 1); return;
    case SL_VALUE_INTEGER: lua_pushinteger(L, value->integer); return;
    case SL_VALUE_FLOAT: lua_pushnumber(L, value->number); return;
    case SL_VALUE_STRING:
        if (value->text.length == 0) lua_pushliteral(L, "");
        else lua_pushlstring(L, text, value->text.length);
        return;
    case SL_VALUE_NULL: lua_pushlightuserdata(L, NULL); return;
    case SL_VALUE_TIMESTAMP: value_push_timestamp(L, value->integer, value->detail); return;
    case SL_VALUE_JSON:
        if (!value_from_json(L, text, value->text.length)) luaL_error(L, "a library answered with text that is not JSON");
        return;
    default: lua_pushnil(L); return;
    }
}

static void push_finder(lua_State *L, sl_lane *lane, int64_t handle);

/// Upvalues: number of the function, whether it makes a finder.
static int host_trampoline(lua_State *L) {
    sl_lane *lane = lane_of(L);
    int count = lua_gettop(L);
    if (count > ARGUMENTS_MAX) return luaL_error(L, "more than %d arguments", ARGUMENTS_MAX);
    sl_value arguments[ARGUMENTS_MAX];
    lane->scratch.length = 0;
    for (int i = 0; i < count; i++) read_argument(L, lane, i + 1, &arguments[i]);
    for (int i = 0; i < count; i++)
        if (arguments[i].type == SL_VALUE_JSON) arguments[i].text.bytes = lane->scratch.bytes + (uintptr_t)arguments[i].text.bytes;
    lane->host_scratch.length = 0;
    sl_host_call call = {.arguments = arguments, .argument_count = count, .scratch = &lane->host_scratch, .rule = lane->rule,
                         .now = lane->clock_ns};
    lane->services.call(lane->services.context, (uint32_t)lua_tointeger(L, lua_upvalueindex(1)), &call);
    if (call.mark) lane->mark = call.mark;
    if (call.failed) {
        luaL_where(L, 1);
        push_result(L, &call, &call.results[0]);
        lua_concat(L, 2);
        return lua_error(L);
    }
    if (lua_toboolean(L, lua_upvalueindex(2)) && call.result_count > 0) {
        push_finder(L, lane, call.results[0].integer);
        return 1;
    }
    for (int i = 0; i < call.result_count; i++) push_result(L, &call, &call.results[i]);
    return call.result_count;
}

/// Upvalues: handle, the finder. Arguments: the table, the key.
static int finder_index(lua_State *L) {
    lua_settop(L, 2);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 2);
    lua_call(L, 2, 1);
    return 1;
}

/// A table that is indexed with what the handle's data is asked for, such as an address in a table of networks.
static void push_finder(lua_State *L, sl_lane *lane, int64_t handle) {
    lua_newtable(L);
    lua_createtable(L, 0, 2);
    lua_pushinteger(L, handle);
    lua_pushinteger(L, lane->finder);
    lua_pushboolean(L, 0);
    lua_pushcclosure(L, host_trampoline, 2);
    lua_pushcclosure(L, finder_index, 2);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}

/// The table that an entry belongs to: a library, the methods of timestamps, or the globals.
static void push_owner(lua_State *L, const sl_text *library) {
    if (library->length == 0) {
        registry_push(L, REGISTRY_GLOBALS);
        return;
    }
    if (library->length == 9 && memcmp(library->bytes, "timestamp", 9) == 0) {
        registry_push(L, REGISTRY_TIMESTAMP);
        lua_getfield(L, -1, "__index");
        lua_remove(L, -2);
        return;
    }
    registry_push(L, REGISTRY_LIBRARIES);
    lua_pushlstring(L, library->bytes, library->length);
    lua_rawget(L, -2);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushlstring(L, library->bytes, library->length);
        lua_pushvalue(L, -2);
        lua_rawset(L, -4);
    }
    lua_remove(L, -2);
}

void host_open(lua_State *L, const sl_host_entry *entries, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (entries[i].is_finder) {
            lane_of(L)->finder = i;
            continue;
        }
        push_owner(L, &entries[i].library);
        lua_pushlstring(L, entries[i].name.bytes, entries[i].name.length);
        lua_pushinteger(L, i);
        lua_pushboolean(L, entries[i].makes_finder);
        lua_pushcclosure(L, host_trampoline, 2);
        lua_rawset(L, -3);
        lua_pop(L, 1);
    }
}
