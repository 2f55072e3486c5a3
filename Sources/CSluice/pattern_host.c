// The search for host functions: bytes in, offsets out, no Lua values in between.
#include "pattern.h"

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

int sl_pattern_raise(lua_State *L, const sl_pattern *pattern, const sl_captures *captures) {
    sl_matcher m;
    sl_matcher_start(&m, pattern, "", 0);
    m.end = m.start + captures->subject_length;
    m.steps = captures->steps;
    m.fault = captures->fault;
    m.fault_argument = captures->fault_argument;
    return sl_matcher_raise(L, &m);
}
