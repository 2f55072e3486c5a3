// The sandbox: an allow-list of Lua's base and libraries, each rule with copies of its own, and guards where one call of C
// code could run or grow for ever.
//
// No way leads out: no io, os.execute, package, debug, coroutine, collectgarbage, dofile; `load` takes text only and binds it
// to the rule's globals; metatables of our values are protected; `__gc` and `__close` are refused, because hooks do not run in
// a finalizer.
#include "lua_lane.h"
#include "sluice_pattern.h"

enum { LOOP_MAX = 1000000, SORT_FREE_MAX = 20000, SOURCE_MAX = 1 << 20 };

// -- guards -----------------------------------------------------------------------------------------------------------

/// Length of a table whose `__len` may say anything.
static void check_length(lua_State *L, int index, const char *name) {
    if (lua_type(L, index) == LUA_TTABLE && luaL_getmetafield(L, index, "__len") == LUA_TNIL) return;
    if (lua_type(L, index) == LUA_TTABLE) lua_pop(L, 1);
    if (lua_type(L, index) != LUA_TTABLE && lua_type(L, index) != LUA_TUSERDATA) return;
    if (luaL_len(L, index) > LOOP_MAX) luaL_error(L, "`table.%s`: more than %d elements", name, LOOP_MAX);
}

static int call_original(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/// Whether the length of the table is what the rule's own `__len` says.
static bool has_own_length(lua_State *L) {
    if (lua_type(L, 1) != LUA_TTABLE || luaL_getmetafield(L, 1, "__len") == LUA_TNIL) return false;
    lua_pop(L, 1);
    return true;
}

/// Length by a `__len` that may answer anything, and something else at the next call: it is asked once.
static lua_Integer own_length(lua_State *L, const char *name) {
    lua_Integer length = luaL_len(L, 1);
    if (length < 0 || length > LOOP_MAX) luaL_error(L, "`table.%s`: `__len` answered %I; at most %d elements", name, (LUAI_UACINT)length, LOOP_MAX);
    return length;
}

/// table.insert(t [, position], value)
static int table_insert(lua_State *L) {
    if (!has_own_length(L)) return call_original(L);
    lua_Integer end = own_length(L, "insert") + 1, position = end;
    int count = lua_gettop(L);
    if (count == 3) position = luaL_checkinteger(L, 2);
    else if (count != 2) return luaL_error(L, "wrong number of arguments to 'insert'");
    luaL_argcheck(L, position >= 1 && position <= end, 2, "position out of bounds");
    for (lua_Integer i = end; i > position; i--) {
        lane_check_time(L);
        lua_geti(L, 1, i - 1);
        lua_seti(L, 1, i);
    }
    lua_seti(L, 1, position);
    return 0;
}

/// table.remove(t [, position]) of such a table.
static int remove_by_own_length(lua_State *L) {
    lua_Integer length = own_length(L, "remove"), position = luaL_optinteger(L, 2, length);
    if (lua_gettop(L) > 1) luaL_argcheck(L, (length == 0 && position == 0) || (position >= 1 && position <= length + 1), 2, "position out of bounds");
    lua_geti(L, 1, position);
    for (; position < length; position++) {
        lane_check_time(L);
        lua_geti(L, 1, position + 1);
        lua_seti(L, 1, position);
    }
    lua_pushnil(L);
    lua_seti(L, 1, position);
    return 1;
}

static int sort_compare(lua_State *L) {
    lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
    return 1;
}

/// table.concat(t, separator, i, j), table.unpack(t, i, j), table.move(a, f, e, t): the span that the last two numbers say.
static int guard_span(lua_State *L) {
    int first = (int)lua_tointeger(L, lua_upvalueindex(3));
    lua_Integer from = luaL_optinteger(L, first, 1);
    if (lua_isnoneornil(L, first + 1)) check_length(L, 1, lua_tostring(L, lua_upvalueindex(2)));
    else {
        lua_Integer to = luaL_checkinteger(L, first + 1);
        if (to >= from && (lua_Unsigned)to - (lua_Unsigned)from >= LOOP_MAX)
            return luaL_error(L, "`table.%s`: more than %d elements", lua_tostring(L, lua_upvalueindex(2)), LOOP_MAX);
    }
    return call_original(L);
}

/// Stock `string.rep` of an empty string counts to n in C.
static int string_rep(lua_State *L) {
    size_t length, separator = 0;
    luaL_checklstring(L, 1, &length);
    luaL_checkinteger(L, 2);
    if (!lua_isnoneornil(L, 3)) luaL_checklstring(L, 3, &separator);
    if (length + separator == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    return call_original(L);
}

/// What is taken out of an event's array is no part of the event any more: a nested value becomes a table of its own.
static int table_remove(lua_State *L) {
    if (has_own_length(L)) return remove_by_own_length(L);
    check_length(L, 1, "remove");
    if (lua_type(L, 1) != LUA_TUSERDATA) return call_original(L);
    lua_geti(L, 1, luaL_optinteger(L, 2, luaL_len(L, 1)));
    if (!node_detach(L)) {
        lua_pop(L, 1);
        return call_original(L);
    }
    lua_insert(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 2);
    lua_call(L, lua_gettop(L) - 2, 0);
    return 1;
}

/// Sorting a large table without a comparator runs no code that a hook could stop: then argument 2 becomes one. The table is
/// on the top, or at 1 when no copy was made.
static void compare_by_call(lua_State *L) {
    int table = lua_gettop(L) == 3 ? 3 : 1;
    if (!lua_isnil(L, 2) || lua_type(L, table) != LUA_TTABLE) return;
    if (lua_rawlen(L, table) <= SORT_FREE_MAX && !has_own_length(L)) return;
    lua_pushcfunction(L, sort_compare);
    lua_replace(L, 2);
}

/// Sorting moves elements about one by one; nested values would not survive that, so a copy is sorted and put back.
static int table_sort(lua_State *L) {
    check_length(L, 1, "sort");
    lua_settop(L, 2);
    lua_pushvalue(L, 1);
    bool is_nested = node_detach(L);
    if (!is_nested) lua_pop(L, 1);
    compare_by_call(L);
    if (!is_nested) return call_original(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 3);
    lua_pushvalue(L, 2);
    lua_call(L, 2, 0);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 3);
    for (lua_Integer i = 1; i <= count; i++) {
        lane_check_time(L);
        lua_rawgeti(L, 3, i);
        lua_seti(L, 1, i);
    }
    return 0;
}

static int refuse_finalizers(lua_State *L) {
    static const char *const names[] = {"__gc", "__close"};
    for (int i = 0; i < 2 && lua_type(L, 2) == LUA_TTABLE; i++) {
        lua_pushstring(L, names[i]);
        lua_rawget(L, 2);
        if (!lua_isnil(L, -1)) return luaL_error(L, "`%s` is not available in rules", names[i]);
        lua_pop(L, 1);
    }
    return call_original(L);
}

/// A handler that is called for the error of the hook runs with hooks off: nothing could stop it any more.
static int handle_error(lua_State *L) {
    if (lane_of(L)->stop) return 1;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

static int guard_handler(lua_State *L) {
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, handle_error, 1);
    lua_replace(L, 2);
    return call_original(L);
}

// -- load, require, print -----------------------------------------------------------------------------------------------

/// Joins the pieces of a reader function: `load` must see text, and all of it, before the parser runs.
static void join_pieces(lua_State *L) {
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    size_t total = 0;
    for (;;) {
        lua_pushvalue(L, 1);
        lua_call(L, 0, 1);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            break;
        }
        if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "reader function must return a string");
        size_t length = lua_rawlen(L, -1);
        if (length == 0) {
            lua_pop(L, 1);
            break;
        }
        if ((total += length) > SOURCE_MAX) luaL_error(L, "a chunk is at most %d KiB", SOURCE_MAX >> 10);
        luaL_addvalue(&text);
    }
    luaL_pushresult(&text);
    lua_replace(L, 1);
}

/// Upvalue 1: the rule's globals.
static int base_load(lua_State *L) {
    lua_settop(L, 4);
    bool has_environment = !lua_isnil(L, 4);
    if (lua_type(L, 1) == LUA_TFUNCTION) join_pieces(L);
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    const char *name = luaL_optstring(L, 2, text);
    if (length > SOURCE_MAX) return luaL_error(L, "a chunk is at most %d KiB", SOURCE_MAX >> 10);
    if (lane_load_text(L, text, length, name) != LUA_OK) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    lua_pushvalue(L, has_environment ? 4 : lua_upvalueindex(1));
    lua_setupvalue(L, -2, 1);
    return 1;
}

/// Upvalues: the rule's globals, what was required so far, index of the rule.
static int base_require(lua_State *L) {
    sl_lane *lane = lane_of(L);
    size_t length;
    const char *name = luaL_checklstring(L, 1, &length);
    lua_settop(L, 1);
    if (lane->context != CONTEXT_LOAD) return luaL_error(L, "`require` works while the rule is loaded, not while it runs");
    lua_pushvalue(L, 1);
    lua_rawget(L, lua_upvalueindex(2));
    if (lua_type(L, -1) == LUA_TLIGHTUSERDATA) return luaL_error(L, "module `%s` requires itself", name);
    if (!lua_isnil(L, -1)) return 1;
    lane->host_scratch.length = lane->names.length = 0;
    bool found = lane->services.read_module(lane->services.context, (uint16_t)lua_tointeger(L, lua_upvalueindex(3)), name, length,
        &lane->host_scratch, &lane->names);
    lua_pushlstring(L, (const char *)lane->host_scratch.bytes, lane->host_scratch.length);
    if (!found) return luaL_error(L, "%s", lua_tostring(L, -1));
    lua_pushlstring(L, (const char *)lane->names.bytes, lane->names.length);
    lua_pushvalue(L, 1);
    lua_pushlightuserdata(L, lane); // being loaded
    lua_rawset(L, lua_upvalueindex(2));
    if (lane_load_text(L, lua_tostring(L, -2), lua_rawlen(L, -2), lua_tostring(L, -1)) != LUA_OK) return lua_error(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_setupvalue(L, -2, 1);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, lua_upvalueindex(2));
    return 1;
}

static int base_print(lua_State *L) {
    sl_lane *lane = lane_of(L);
    int count = lua_gettop(L);
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    for (int i = 1; i <= count; i++) {
        if (i > 1) luaL_addchar(&text, '\t');
        luaL_tolstring(L, i, NULL);
        luaL_addvalue(&text);
    }
    luaL_pushresult(&text);
    size_t length;
    const char *line = lua_tolstring(L, -1, &length);
    lane->services.log(lane->services.context, lane->rule, (const uint8_t *)line, length);
    return 0;
}

// -- making the master copies -------------------------------------------------------------------------------------------

/// Copies the named members of the table at `from` to the one at `to` (NULL-terminated list).
static void copy_members(lua_State *L, int from, int to, const char *const *names) {
    for (; *names; names++) {
        lua_getfield(L, from, *names);
        lua_setfield(L, to, *names);
    }
}

/// Replaces member `name` of the table on the top by `guard` with the original and the name as upvalues.
static void guard_member(lua_State *L, const char *name, lua_CFunction guard, lua_Integer number) {
    lua_getfield(L, -1, name);
    lua_pushstring(L, name);
    lua_pushinteger(L, number);
    lua_pushcclosure(L, guard, 3);
    lua_setfield(L, -2, name);
}

static void open_strings(lua_State *L, sl_lane *lane, int libraries) {
    static const char *const strings[] = {"byte", "char", "format", "len", "lower", "pack", "packsize", "rep", "reverse", "sub", "unpack", "upper", NULL};
    static const char *const patterns[] = {"find", "match", "gmatch", "gsub", NULL};
    luaopen_string(L);
    int stock = lua_gettop(L);
    lua_newtable(L);
    int strings_table = lua_gettop(L);
    copy_members(L, stock, strings_table, strings);
    lane->patterns = sl_patterns_open(L, &lane->stop);
    copy_members(L, lua_gettop(L), strings_table, patterns);
    lua_pop(L, 1);
    guard_member(L, "rep", string_rep, 0);
    lua_pushvalue(L, strings_table);
    lua_setfield(L, libraries, "string");
    // Methods of strings come from a copy that no rule can reach.
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_newtable(L);
    copy_members(L, strings_table, lua_gettop(L), strings);
    copy_members(L, strings_table, lua_gettop(L), patterns);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_settop(L, stock - 1);
}

static void open_tables(lua_State *L, int libraries) {
    luaopen_table(L);
    guard_member(L, "insert", table_insert, 0);
    guard_member(L, "remove", table_remove, 0);
    guard_member(L, "sort", table_sort, 0);
    guard_member(L, "concat", guard_span, 3);
    guard_member(L, "unpack", guard_span, 2);
    guard_member(L, "move", guard_span, 2);
    lua_setfield(L, libraries, "table");
}

void sandbox_open(lua_State *L, sl_lane *lane) {
    static const char *const base[] = {"assert", "error",  "ipairs", "next",   "pairs",  "pcall",        "xpcall",       "select",
                                       "tonumber", "tostring", "type", "rawequal", "rawget", "rawlen", "rawset", "getmetatable", NULL};
    registry_push(L, REGISTRY_LIBRARIES);
    int libraries = lua_gettop(L);
    registry_push(L, REGISTRY_GLOBALS);
    int globals = lua_gettop(L);
    open_strings(L, lane, libraries);
    open_tables(L, libraries);
    luaopen_math(L);
    lua_setfield(L, libraries, "math");
    luaopen_utf8(L);
    lua_setfield(L, libraries, "utf8");
    luaopen_base(L); // fills the state's own globals, which no rule sees
    copy_members(L, lua_gettop(L), globals, base);
    lua_getfield(L, -1, "setmetatable");
    lua_pushcclosure(L, refuse_finalizers, 1);
    lua_setfield(L, globals, "setmetatable");
    lua_getfield(L, -1, "xpcall");
    lua_pushcclosure(L, guard_handler, 1);
    lua_setfield(L, globals, "xpcall");
    lua_pushcfunction(L, base_print);
    lua_setfield(L, globals, "print");
    lua_pushliteral(L, LUA_VERSION);
    lua_setfield(L, globals, "_VERSION");
    lua_newtable(L);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_settop(L, libraries - 1);
}

// -- a rule's own copies --------------------------------------------------------------------------------------------------

static void copy_table(lua_State *L, int from, int to) {
    for (lua_pushnil(L); lua_next(L, from); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, to);
    }
}

void sandbox_push_environment(lua_State *L, uint16_t rule) {
    lua_createtable(L, 0, 64);
    int environment = lua_gettop(L);
    registry_push(L, REGISTRY_GLOBALS);
    copy_table(L, environment + 1, environment);
    registry_push(L, REGISTRY_LIBRARIES);
    for (lua_pushnil(L); lua_next(L, environment + 2); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_createtable(L, 0, 16);
        copy_table(L, environment + 4, environment + 6);
        lua_rawset(L, environment);
    }
    lua_pushvalue(L, environment);
    lua_setfield(L, environment, "_G");
    lua_newtable(L);
    lua_setfield(L, environment, "state");
    lua_pushvalue(L, environment);
    lua_pushcclosure(L, base_load, 1);
    lua_setfield(L, environment, "load");
    lua_pushvalue(L, environment);
    lua_newtable(L);
    lua_pushinteger(L, rule);
    lua_pushcclosure(L, base_require, 3);
    lua_setfield(L, environment, "require");
    lua_settop(L, environment);
}
