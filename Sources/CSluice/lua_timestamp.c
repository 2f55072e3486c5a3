// Timestamps in Lua: nanoseconds with the offset and digits they came with; comparison and arithmetic with seconds.
#include "lua_lane.h"

#include <math.h>

void value_push_timestamp(lua_State *L, int64_t ns, uint32_t detail) {
    timestamp_value *value = lua_newuserdatauv(L, sizeof *value, 0);
    value->ns = ns;
    value->detail = detail;
    registry_push(L, REGISTRY_TIMESTAMP);
    lua_setmetatable(L, -2);
}

timestamp_value *value_to_timestamp(lua_State *L, int index) {
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return NULL;
    registry_push(L, REGISTRY_TIMESTAMP);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same ? lua_touserdata(L, index) : NULL;
}

/// Digits of a fraction that says `ns` within a second and no more.
static uint32_t digits_of(int64_t ns) {
    if (ns % 1000000000 == 0) return 0;
    if (ns % 1000000 == 0) return 3;
    return ns % 1000 == 0 ? 6 : 9;
}

static bool seconds_to_ns(lua_State *L, int index, int64_t *ns) {
    if (lua_isinteger(L, index)) {
        lua_Integer seconds = lua_tointeger(L, index);
        if (seconds > 9000000000 || seconds < -9000000000) return false;
        *ns = seconds * 1000000000;
        return true;
    }
    double seconds = lua_tonumber(L, index);
    if (!(fabs(seconds) < 9e9)) return false;
    double whole = floor(seconds);
    // A double has about 100 ns at today's times: rounded to microseconds a written fraction comes out as it was meant. Of
    // differences up to some days it tells nanoseconds apart.
    double fraction = seconds - whole;
    *ns = (int64_t)whole * 1000000000 + (int64_t)(fabs(seconds) < 1e6 ? round(fraction * 1e9) : round(fraction * 1e6) * 1000);
    return true;
}

bool value_read_time(lua_State *L, int index, int64_t *ns, uint32_t *detail) {
    timestamp_value *value = value_to_timestamp(L, index);
    if (value) {
        *ns = value->ns;
        *detail = value->detail;
        return true;
    }
    if (lua_type(L, index) == LUA_TNUMBER) {
        if (!seconds_to_ns(L, index, ns)) return false;
        *detail = SL_TIME_DETAIL(digits_of(*ns), 0, SL_TIME_Z);
        return true;
    }
    if (lua_type(L, index) != LUA_TSTRING) return false;
    size_t length;
    const char *text = lua_tolstring(L, index, &length);
    return lane_of(L)->services.parse_time((const uint8_t *)text, length, ns, detail);
}

static timestamp_value *need_timestamp(lua_State *L, int index) {
    timestamp_value *value = value_to_timestamp(L, index);
    if (!value) luaL_error(L, "a timestamp was expected, got %s (`time.parse` makes one from text)", value_kind(L, index));
    return value;
}

static int timestamp_eq(lua_State *L) {
    timestamp_value *a = value_to_timestamp(L, 1), *b = value_to_timestamp(L, 2);
    lua_pushboolean(L, a && b && a->ns == b->ns);
    return 1;
}

static int timestamp_lt(lua_State *L) {
    lua_pushboolean(L, need_timestamp(L, 1)->ns < need_timestamp(L, 2)->ns);
    return 1;
}

static int timestamp_le(lua_State *L) {
    lua_pushboolean(L, need_timestamp(L, 1)->ns <= need_timestamp(L, 2)->ns);
    return 1;
}

static int shift(lua_State *L, const timestamp_value *from, int seconds, int sign) {
    int64_t difference, ns;
    if (lua_type(L, seconds) != LUA_TNUMBER || !seconds_to_ns(L, seconds, &difference))
        return luaL_error(L, "a timestamp is moved by seconds, not by a %s", value_kind(L, seconds));
    if (__builtin_add_overflow(from->ns, sign * difference, &ns)) return luaL_error(L, "the time is outside of the years 1678 to 2262");
    uint32_t digits = SL_TIME_DIGITS(from->detail), needed = digits_of(ns);
    value_push_timestamp(L, ns, (from->detail & ~0xFFu) | (digits > needed ? digits : needed));
    return 1;
}

static int timestamp_add(lua_State *L) {
    timestamp_value *left = value_to_timestamp(L, 1);
    return left ? shift(L, left, 2, 1) : shift(L, need_timestamp(L, 2), 1, 1);
}

static int timestamp_sub(lua_State *L) {
    timestamp_value *left = need_timestamp(L, 1), *right = value_to_timestamp(L, 2);
    if (!right) return shift(L, left, 2, -1);
    int64_t difference;
    if (__builtin_sub_overflow(left->ns, right->ns, &difference)) lua_pushnumber(L, ((double)left->ns - (double)right->ns) / 1e9);
    else lua_pushnumber(L, (double)difference / 1e9);
    return 1;
}

static int timestamp_tostring(lua_State *L) {
    timestamp_value *value = need_timestamp(L, 1);
    uint8_t text[48];
    lua_pushlstring(L, (const char *)text, lane_of(L)->services.print_time(value->ns, value->detail, text));
    return 1;
}

static int timestamp_concat(lua_State *L) {
    for (int index = 1; index <= 2; index++)
        if (value_to_timestamp(L, index)) {
            luaL_tolstring(L, index, NULL);
            lua_replace(L, index);
        }
    lua_settop(L, 2);
    if (!lua_isstring(L, 1) || !lua_isstring(L, 2))
        return luaL_error(L, "attempt to concatenate a timestamp and a %s", value_kind(L, lua_isstring(L, 1) ? 2 : 1));
    lua_concat(L, 2);
    return 1;
}

void timestamp_open(lua_State *L) {
    static const luaL_Reg methods[] = {{"__eq", timestamp_eq},   {"__lt", timestamp_lt},   {"__le", timestamp_le},
                                       {"__add", timestamp_add}, {"__sub", timestamp_sub}, {"__tostring", timestamp_tostring},
                                       {"__concat", timestamp_concat}, {NULL, NULL}};
    lua_createtable(L, 0, 10);
    luaL_setfuncs(L, methods, 0);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushliteral(L, "timestamp");
    lua_setfield(L, -2, "__name");
    // Methods are host functions; `host_open` fills them in.
    lua_newtable(L);
    lua_setfield(L, -2, "__index");
    registry_set(L, REGISTRY_TIMESTAMP);
}
