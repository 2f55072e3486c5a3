// The captures of a match as Lua values.
#include "pattern.h"

#include <lua5.4/lauxlib.h>

const char *sl_get_capture(
    lua_State *L, const sl_matcher *m, int i, const uint8_t *start, const uint8_t *end, size_t *length) {
    const sl_pattern *pattern = m->pattern;
    if (i >= pattern->captures) {
        if (i != 0) luaL_error(L, "invalid capture index %%%d", i + 1);
        *length = (size_t)(end - start);
        return (const char *)start;
    }
    if (pattern->unfinished >> i & 1) luaL_error(L, "unfinished capture");
    const uint8_t *from = m->captures[i].start;
    if (pattern->positions >> i & 1) {
        lua_pushinteger(L, from - m->start + 1);
        return NULL;
    }
    *length = (size_t)(m->captures[i].end - from);
    return (const char *)from;
}

void sl_push_capture(lua_State *L, const sl_matcher *m, int i, const uint8_t *start, const uint8_t *end) {
    size_t length;
    const char *bytes = sl_get_capture(L, m, i, start, end, &length);
    if (bytes) lua_pushlstring(L, bytes, length);
}

int sl_push_captures(lua_State *L, const sl_matcher *m, bool whole, const uint8_t *start, const uint8_t *end) {
    int count = m->pattern->captures == 0 && whole ? 1 : m->pattern->captures;
    luaL_checkstack(L, count, "too many captures");
    for (int i = 0; i < count; i++) sl_push_capture(L, m, i, start, end);
    return count;
}
