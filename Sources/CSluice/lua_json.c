// `array{…}`, `object{…}`, `null` and the library `json`: what the other values' text (lua_value.c) looks like to a rule.
#include "lua_lane.h"

static int mark(lua_State *L, int place, const char *name) {
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L);
    }
    if (lua_type(L, 1) != LUA_TTABLE) return luaL_error(L, "`%s` takes a table, not a %s", name, value_kind(L, 1));
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL && !value_is_marked(L, 1, REGISTRY_ARRAY) && !value_is_marked(L, 1, REGISTRY_OBJECT))
        return luaL_error(L, "`%s` cannot mark a table with a protected metatable", name);
    lua_settop(L, 1);
    registry_push(L, place);
    lua_setmetatable(L, 1);
    return 1;
}

static int mark_array(lua_State *L) { return mark(L, REGISTRY_ARRAY, "array"); }
static int mark_object(lua_State *L) { return mark(L, REGISTRY_OBJECT, "object"); }

static int json_encode(lua_State *L) {
    luaL_checkany(L, 1);
    sl_lane *lane = lane_of(L);
    lane->scratch.length = 0;
    value_to_json(L, 1, &lane->scratch, "json.encode", 11);
    lua_pushlstring(L, (const char *)lane->scratch.bytes, lane->scratch.length);
    return 1;
}

static int json_decode(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    if (value_from_json(L, text, length)) return 1;
    lua_pushnil(L);
    lua_pushliteral(L, "not valid JSON");
    return 2;
}

static int null_tostring(lua_State *L) {
    lua_pushliteral(L, "null");
    return 1;
}

static void make_mark(lua_State *L, const char *name, int place) {
    lua_createtable(L, 0, 2);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    registry_set(L, place);
}

void value_open(lua_State *L) {
    make_mark(L, "array", REGISTRY_ARRAY);
    make_mark(L, "object", REGISTRY_OBJECT);
    // `null` is the light userdata NULL; the kind's one metatable only gives it a name.
    lua_pushlightuserdata(L, NULL);
    lua_createtable(L, 0, 3);
    lua_pushcfunction(L, null_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushliteral(L, "null");
    lua_setfield(L, -2, "__name");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
    lua_createtable(L, 0, 64);
    static const luaL_Reg globals[] = {{"array", mark_array}, {"object", mark_object}, {"clone", event_clone}, {NULL, NULL}};
    luaL_setfuncs(L, globals, 0);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    registry_set(L, REGISTRY_GLOBALS);
    lua_createtable(L, 0, 32);
    static const luaL_Reg json[] = {{"encode", json_encode}, {"decode", json_decode}, {NULL, NULL}};
    luaL_newlib(L, json);
    lua_setfield(L, -2, "json");
    registry_set(L, REGISTRY_LIBRARIES);
}
