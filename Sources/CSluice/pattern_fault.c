// What a search that cannot go on says, in Lua's words where Lua has some.
#include "pattern.h"

#include <lua5.4/lauxlib.h>

/// Bytes of a pattern's text that an error shows at most.
#define SHOWN_BYTES_MAX 60

static const char *fault_text(const sl_matcher *m) {
    switch ((sl_fault)m->fault) {
        case SL_FAULT_ENDS_WITH_ESCAPE: return "malformed pattern (ends with '%')";
        case SL_FAULT_MISSING_BRACKET: return "malformed pattern (missing ']')";
        case SL_FAULT_MISSING_BALANCE: return "malformed pattern (missing arguments to '%b')";
        case SL_FAULT_MISSING_FRONTIER: return "missing '[' after '%f' in pattern";
        case SL_FAULT_CLOSE: return "invalid pattern capture";
        case SL_FAULT_CAPTURES: return "too many captures";
        case SL_FAULT_UNFINISHED: return "unfinished capture";
        case SL_FAULT_DEPTH: return "pattern too complex";
        default: return SL_TIME_LIMIT_MESSAGE;
    }
}

int sl_matcher_raise(lua_State *L, const sl_matcher *m) {
    if (m->fault == SL_FAULT_CAPTURE_INDEX) return luaL_error(L, "invalid capture index %%%d", m->fault_argument);
    if (m->fault != SL_FAULT_STEPS) return luaL_error(L, "%s", fault_text(m));
    size_t length = m->pattern->text_length;
    const char *dots = length > SHOWN_BYTES_MAX ? "..." : "";
    lua_pushlstring(L, m->pattern->text, length > SHOWN_BYTES_MAX ? SHOWN_BYTES_MAX : length);
    return luaL_error(
        L, "pattern `%s%s` gave up after %I steps on a subject of %I bytes; make it less ambiguous", lua_tostring(L, -1), dots,
        (LUAI_UACINT)m->steps, (LUAI_UACINT)(m->end - m->start));
}
