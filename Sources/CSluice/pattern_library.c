// `find`, `match` and `gmatch` on the engine, argument for argument and error for error as in Lua 5.4's string library.
#include "pattern.h"

#include <lua5.4/lauxlib.h>
#include <string.h>

/// Bytes of a subject that one plain search looks at between two looks at the stop flag.
#define PLAIN_BYTES_PER_LOOK ((size_t)1 << 20)

/// Byte offset from 0 of a position counted from 1, or from the end when negative. Can be far behind the end.
static size_t offset_of(lua_Integer position, size_t length) {
    if (position > 0) return (size_t)position - 1;
    if (position == 0 || position < -(lua_Integer)length) return 0;
    return length + (size_t)position;
}

/// The cache that the four functions share.
static sl_pattern_cache *cache_of(lua_State *L) {
    return lua_touserdata(L, lua_upvalueindex(1));
}

static bool has_specials(const char *text, size_t length) {
    static const bool special[256] = {['^'] = true, ['$'] = true, ['*'] = true, ['+'] = true, ['?'] = true,
                                      ['.'] = true, ['('] = true, ['['] = true, ['%'] = true, ['-'] = true};
    for (size_t i = 0; i < length; i++)
        if (special[(uint8_t)text[i]]) return true;
    return false;
}

/// Searches for a text, a part of the subject at a time so that the stop flag is seen.
static int find_plain(lua_State *L, const char *subject, size_t length, size_t init, const char *text, size_t text_length) {
    const uint8_t *start = (const uint8_t *)subject, *s = start + init, *end = start + length, *found = NULL;
    for (;;) {
        bool last = (size_t)(end - s) <= PLAIN_BYTES_PER_LOOK + text_length;
        const uint8_t *part = last ? end : s + PLAIN_BYTES_PER_LOOK + text_length;
        found = sl_find_literal(s, part, (const uint8_t *)text, text_length);
        if (found || last) break;
        s += PLAIN_BYTES_PER_LOOK;
        const volatile sig_atomic_t *stop = sl_pattern_cache_stop(cache_of(L));
        if (stop && *stop) return luaL_error(L, "%s", SL_TIME_LIMIT_MESSAGE);
    }
    if (!found) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, found - start + 1);
    lua_pushinteger(L, found - start + (lua_Integer)text_length);
    return 2;
}

/// `find` and `match`.
static inline int search(lua_State *L, bool finds) {
    size_t length, text_length;
    const char *subject = luaL_checklstring(L, 1, &length);
    const char *text = luaL_checklstring(L, 2, &text_length);
    size_t init = offset_of(luaL_optinteger(L, 3, 1), length);
    if (init > length) {
        lua_pushnil(L);
        return 1;
    }
    if (finds && (lua_toboolean(L, 4) || !has_specials(text, text_length)))
        return find_plain(L, subject, length, init, text, text_length);
    sl_pattern_cache *cache = cache_of(L);
    const sl_pattern *pattern = sl_pattern_recent(cache, text, text_length, false);
    if (!pattern) pattern = sl_pattern_cached(L, cache, 2, false);
    sl_matcher m;
    sl_matcher_start(&m, pattern, subject, length);
    const uint8_t *end, *start = sl_search(&m, m.start + init, NULL, &end);
    if (!start) {
        if (m.fault) return sl_matcher_raise(L, &m);
        lua_pushnil(L);
        return 1;
    }
    if (!finds) return sl_push_captures(L, &m, true, start, end);
    lua_pushinteger(L, start - m.start + 1);
    lua_pushinteger(L, end - m.start);
    return 2 + sl_push_captures(L, &m, false, start, end);
}

static int find(lua_State *L) {
    return search(L, true);
}

static int match(lua_State *L) {
    return search(L, false);
}

/// Where an iteration is.
typedef struct iteration {
    const sl_pattern *pattern;
    const char *subject;
    size_t length;
    const uint8_t *at;
    const uint8_t *refused; ///< end of the last match: an empty match there was part of it
} iteration;

static int iterate(lua_State *L) {
    iteration *state = lua_touserdata(L, lua_upvalueindex(3));
    if (!state->at) return 0;
    sl_matcher m;
    sl_matcher_start(&m, state->pattern, state->subject, state->length);
    const uint8_t *end, *start = sl_search(&m, state->at, state->refused, &end);
    if (m.fault) return sl_matcher_raise(L, &m);
    if (!start) return 0;
    state->at = state->refused = end;
    return sl_push_captures(L, &m, true, start, end);
}

static int gmatch(lua_State *L) {
    size_t length, text_length;
    const char *subject = luaL_checklstring(L, 1, &length);
    luaL_checklstring(L, 2, &text_length);
    size_t init = offset_of(luaL_optinteger(L, 3, 1), length);
    lua_settop(L, 2);
    const sl_pattern *pattern = sl_pattern_cached(L, cache_of(L), 2, true);
    sl_pattern_push(L, pattern);
    lua_replace(L, 2);
    iteration *state = lua_newuserdatauv(L, sizeof *state, 0);
    state->pattern = pattern;
    state->subject = subject;
    state->length = length;
    state->at = init <= length ? (const uint8_t *)subject + init : NULL;
    state->refused = NULL;
    lua_pushcclosure(L, iterate, 3);
    return 1;
}

sl_pattern_cache *sl_patterns_open(lua_State *L, const volatile sig_atomic_t *stop) {
    static const struct {
        const char *name;
        lua_CFunction function;
    } functions[] = {{"find", find}, {"match", match}, {"gmatch", gmatch}, {"gsub", sl_pattern_gsub}};
    sl_pattern_cache *cache = sl_pattern_cache_make(L, stop);
    lua_createtable(L, 0, 4);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        lua_pushvalue(L, -2);
        lua_pushcclosure(L, functions[i].function, 1);
        lua_setfield(L, -2, functions[i].name);
    }
    lua_remove(L, -2);
    return cache;
}
