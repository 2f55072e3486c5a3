// Searches that end in an error, and the search without Lua values.
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

int sl_pattern_raise(lua_State *L, const sl_pattern *pattern, const sl_captures *captures) {
    sl_matcher m;
    sl_matcher_start(&m, pattern, "", 0);
    m.end = m.start + captures->subject_length;
    m.steps = captures->steps;
    m.fault = captures->fault;
    m.fault_argument = captures->fault_argument;
    return sl_matcher_raise(L, &m);
}

sl_outcome sl_pattern_find(const sl_pattern *pattern, const char *subject, size_t length, size_t init, sl_captures *out) {
    if (init > length) return SL_NO_MATCH;
    sl_matcher m;
    sl_matcher_start(&m, pattern, subject, length);
    const uint8_t *end, *start = sl_search(&m, m.start + init, NULL, &end);
    if (start && pattern->unfinished) m.fault = SL_FAULT_UNFINISHED;
    if (m.fault) {
        out->fault = m.fault;
        out->fault_argument = m.fault_argument;
        out->steps = m.steps;
        out->subject_length = length;
        return m.fault == SL_FAULT_STEPS ? SL_GAVE_UP : m.fault == SL_FAULT_STOPPED ? SL_STOPPED : SL_MALFORMED;
    }
    if (!start) return SL_NO_MATCH;
    out->start = (size_t)(start - m.start);
    out->end = (size_t)(end - m.start);
    out->count = pattern->captures;
    for (int i = 0; i < out->count; i++) {
        bool position = pattern->positions >> i & 1;
        out->capture[i].start = (size_t)(m.captures[i].start - m.start);
        out->capture[i].length = position ? SL_POSITION_CAPTURE : (size_t)(m.captures[i].end - m.captures[i].start);
    }
    return SL_MATCH;
}
