// A `state` that a new generation takes over while the old one may still go on with it.
//
// Both generations hold the very same tables, so what the new top levels and `migrate` write would be there for the old rules
// as well, and would stay there if the new generation were refused. Hence a guard: before a rule's new code runs, each table
// is copied one level deep; behind it the differences are noted and taken back. The commit makes them again.
//
//     guard   := table, its copy, table, its copy, …          (tables found from `state`, each once)
//     changes := table, key, new value, table, key, …         (the value of a deleted key is `absent`)
#include "lua_lane.h"

/// Stands for no value.
static char absent;

// -- keeping --------------------------------------------------------------------------------------------------------------

/// Copies the table at `table` to the new one on the top; tables in it join `list` unless they are in `seen`. False past the limit.
static bool copy_level(lua_State *L, int table, int list, int seen, lua_Integer *found, lua_Integer *entries_left) {
    int copy = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        if ((*entries_left)-- == 0) return false;
        lane_check_time(L);
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, copy);
        if (lua_type(L, -1) != LUA_TTABLE) continue;
        lua_pushvalue(L, -1);
        if (lua_rawget(L, seen) == LUA_TNIL) {
            lua_pushvalue(L, -2);
            lua_rawseti(L, list, 2 * (*found)++ + 1);
            lua_pushvalue(L, -2);
            lua_pushboolean(L, 1);
            lua_rawset(L, seen);
        }
        lua_pop(L, 1);
    }
    return true;
}

void guard_begin(lua_State *L, int index, lua_Integer entries_max) {
    int top = lua_gettop(L);
    lua_newtable(L);
    lua_newtable(L);
    int list = top + 1, seen = top + 2;
    lua_pushvalue(L, index);
    lua_pushboolean(L, 1);
    lua_rawset(L, seen);
    lua_pushvalue(L, index);
    lua_rawseti(L, list, 1);
    bool is_whole = true;
    lua_Integer found = 1;
    for (lua_Integer i = 0; i < found && is_whole; i++) {
        lua_rawgeti(L, list, 2 * i + 1);
        lua_newtable(L);
        is_whole = copy_level(L, seen + 1, list, seen, &found, &entries_max);
        lua_settop(L, seen + 2);
        lua_rawseti(L, list, 2 * i + 2);
        lua_settop(L, seen);
    }
    if (is_whole) lua_pushvalue(L, list);
    else lua_pushboolean(L, 0);
    registry_set(L, REGISTRY_GUARD);
    lua_settop(L, top);
}

// -- taking back ----------------------------------------------------------------------------------------------------------

/// Notes that the key at `key` of the table at `table` has the value at `value`, 0 for none.
static void note_change(lua_State *L, int changes, int table, int key, int value) {
    lua_Integer count = (lua_Integer)lua_rawlen(L, changes);
    lua_pushvalue(L, table);
    lua_rawseti(L, changes, count + 1);
    lua_pushvalue(L, key);
    lua_rawseti(L, changes, count + 2);
    if (value) lua_pushvalue(L, value);
    else lua_pushlightuserdata(L, &absent);
    lua_rawseti(L, changes, count + 3);
}

/// Makes the table at `table` what its copy at `copy` says; notes what it was in the table at `changes`, 0 for not.
static void take_back(lua_State *L, int table, int copy, int changes) {
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        int value = lua_gettop(L), key = value - 1;
        lua_pushvalue(L, key);
        lua_rawget(L, copy);
        if (!lua_rawequal(L, value, -1)) {
            if (changes) note_change(L, changes, table, key, value);
            // Of a key that is there: neither disturbs the iteration nor needs memory.
            lua_pushvalue(L, key);
            lua_pushvalue(L, value + 1);
            lua_rawset(L, table);
        }
        lua_settop(L, value);
    }
    for (lua_pushnil(L); lua_next(L, copy); lua_pop(L, 1)) {
        int value = lua_gettop(L), key = value - 1;
        lua_pushvalue(L, key);
        if (lua_rawget(L, table) == LUA_TNIL) {
            if (changes) note_change(L, changes, table, key, 0);
            // May need memory: Lua may have let go of a deleted key, and its place may be taken. Hence `lane_protect` has no limit.
            lua_pushvalue(L, key);
            lua_pushvalue(L, value);
            lua_rawset(L, table);
        }
        lua_settop(L, value);
    }
}

void guard_end(lua_State *L, bool notes) {
    int top = lua_gettop(L), guard = top + 1, changes = top + 2;
    registry_push(L, REGISTRY_GUARD);
    registry_push(L, REGISTRY_CHANGES);
    if (lua_type(L, guard) == LUA_TTABLE) {
        lua_Integer count = (lua_Integer)lua_rawlen(L, guard);
        for (lua_Integer i = 1; i < count; i += 2) {
            lua_rawgeti(L, guard, i);
            lua_rawgeti(L, guard, i + 1);
            take_back(L, changes + 1, changes + 2, notes ? changes : 0);
            lua_settop(L, changes);
        }
        lua_pushboolean(L, 0);
        registry_set(L, REGISTRY_GUARD);
    }
    lua_settop(L, top);
}

// -- making the changes again ---------------------------------------------------------------------------------------------

/// Exchanges what the table has with what the note at `at` of the table at `changes` says.
static void exchange(lua_State *L, int changes, lua_Integer at) {
    int top = lua_gettop(L), table = top + 1, key = top + 2;
    lua_rawgeti(L, changes, at);
    lua_rawgeti(L, changes, at + 1);
    lua_pushvalue(L, key);
    if (lua_rawget(L, table) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_pushlightuserdata(L, &absent);
    }
    lua_pushvalue(L, key);
    lua_rawgeti(L, changes, at + 2);
    if (lua_touserdata(L, -1) == &absent) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
    lua_rawset(L, table);
    lua_rawseti(L, changes, at + 2);
    lua_settop(L, top);
}

int guard_apply(lua_State *L) {
    sl_lane *lane = lane_of(L);
    lua_settop(L, 0);
    registry_push(L, REGISTRY_CHANGES);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    for (lane->changes_made = 0; lane->changes_made < count; lane->changes_made += 3) exchange(L, 1, lane->changes_made + 1);
    return 0;
}

int guard_undo(lua_State *L) {
    sl_lane *lane = lane_of(L);
    lua_settop(L, 0);
    registry_push(L, REGISTRY_CHANGES);
    for (; lane->changes_made > 0; lane->changes_made -= 3) exchange(L, 1, lane->changes_made - 2);
    return 0;
}
