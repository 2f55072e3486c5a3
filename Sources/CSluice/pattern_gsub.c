// `gsub`. The result is built only from the first replacement on: without one the subject itself is returned.
#include "pattern.h"

#include <lua5.4/lauxlib.h>

/// Stack indexes of one call.
enum { SUBJECT = 1, REPLACEMENT = 3, OUTPUT = 4 };

/// The result so far: in `small` until it is full, then in a userdata at stack index OUTPUT.
typedef struct output {
    lua_State *L;
    char *bytes;
    size_t length;
    size_t capacity;
    char small[1024];
} output;

static void output_grow(output *out, size_t more) {
    if (more > SIZE_MAX / 4 - out->length) luaL_error(out->L, "resulting string too large");
    size_t capacity = (out->length + more) * 2;
    char *bytes = lua_newuserdatauv(out->L, capacity, 0);
    memcpy(bytes, out->bytes, out->length);
    lua_replace(out->L, OUTPUT);
    out->bytes = bytes;
    out->capacity = capacity;
}

static inline void output_add(output *out, const void *bytes, size_t length) {
    if (length > out->capacity - out->length) output_grow(out, length);
    memcpy(out->bytes + out->length, bytes, length);
    out->length += length;
}

/// Adds the string or number on top of the stack and pops it.
static void output_add_top(output *out) {
    size_t length;
    const char *bytes = lua_tolstring(out->L, -1, &length);
    output_add(out, bytes, length);
    lua_pop(out->L, 1);
}

/// One call.
typedef struct substitution {
    lua_State *L;
    sl_matcher m;
    int type;             ///< of the replacement
    const char *text;     ///< of a replacement that is a string
    size_t text_length;
    bool has_escapes;     ///< `text` has a `%`
    const uint8_t *done;  ///< the subject up to here is in `out`
    output out;
} substitution;

/// Adds a replacement text with its `%0`...`%9` and `%%`.
static void add_template(substitution *call, const uint8_t *start, const uint8_t *end) {
    const char *at = call->text, *last = at + call->text_length;
    for (const char *escape; (escape = memchr(at, '%', (size_t)(last - at))); at = escape + 2) {
        output_add(&call->out, at, (size_t)(escape - at));
        int what = escape + 1 < last ? (uint8_t)escape[1] : 0;
        if (what == '%') output_add(&call->out, "%", 1);
        else if (what == '0') output_add(&call->out, start, (size_t)(end - start));
        else if (what >= '1' && what <= '9') {
            size_t length;
            const char *bytes = sl_get_capture(call->L, &call->m, what - '1', start, end, &length);
            if (bytes) output_add(&call->out, bytes, length);
            else output_add_top(&call->out);
        } else luaL_error(call->L, "invalid use of '%%' in replacement string");
    }
    output_add(&call->out, at, (size_t)(last - at));
}

/// Adds the subject up to the match.
static void add_before(substitution *call, const uint8_t *start, const uint8_t *end) {
    output_add(&call->out, call->done, (size_t)(start - call->done));
    call->done = end;
}

/// Replaces a match by a text.
static void replace_by_text(substitution *call, const uint8_t *start, const uint8_t *end) {
    if (!call->text) {
        call->text = lua_tolstring(call->L, REPLACEMENT, &call->text_length);
        call->has_escapes = memchr(call->text, '%', call->text_length) != NULL;
    }
    add_before(call, start, end);
    if (call->has_escapes) add_template(call, start, end);
    else output_add(&call->out, call->text, call->text_length);
}

/// Replaces a match by what a table or function says; `nil` and `false` leave it as it is.
static void replace_by_value(substitution *call, const uint8_t *start, const uint8_t *end) {
    lua_State *L = call->L;
    if (call->type == LUA_TTABLE) {
        sl_push_capture(L, &call->m, 0, start, end);
        lua_gettable(L, REPLACEMENT);
    } else {
        lua_pushvalue(L, REPLACEMENT);
        lua_call(L, sl_push_captures(L, &call->m, true, start, end), 1);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        return;
    }
    if (!lua_isstring(L, -1)) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    add_before(call, start, end);
    output_add_top(&call->out);
}

/// Replaces up to `count_max` matches. Returns how many there were.
static lua_Integer substitute(substitution *call, lua_Integer count_max) {
    sl_matcher *m = &call->m;
    const uint8_t *at = m->start, *refused = NULL;
    lua_Integer count = 0;
    while (count < count_max) {
        const uint8_t *end, *start = sl_search(m, at, refused, &end);
        if (m->fault) sl_matcher_raise(call->L, m);
        if (!start) break;
        if (count++ == 0) {
            // From here on things are pushed and functions called: room for the output, and the pattern out of the cache's reach.
            lua_settop(call->L, REPLACEMENT);
            lua_pushnil(call->L);
            if (call->type == LUA_TTABLE || call->type == LUA_TFUNCTION) sl_pattern_push(call->L, m->pattern);
        }
        if (call->type == LUA_TTABLE || call->type == LUA_TFUNCTION) replace_by_value(call, start, end);
        else replace_by_text(call, start, end);
        at = refused = end;
        if (m->pattern->search == SL_SEARCH_ANCHORED) break;
    }
    return count;
}

int sl_pattern_gsub(lua_State *L) {
    sl_pattern_cache *cache = lua_touserdata(L, lua_upvalueindex(1));
    size_t length, text_length;
    const char *subject = luaL_checklstring(L, SUBJECT, &length);
    const char *text = luaL_checklstring(L, 2, &text_length);
    substitution call;
    call.L = L;
    call.type = lua_type(L, REPLACEMENT);
    lua_Integer count_max = luaL_optinteger(L, 4, (lua_Integer)length + 1);
    luaL_argexpected(
        L, call.type == LUA_TNUMBER || call.type == LUA_TSTRING || call.type == LUA_TFUNCTION || call.type == LUA_TTABLE, REPLACEMENT,
        "string/function/table");
    const sl_pattern *pattern = sl_pattern_recent(cache, text, text_length, false);
    if (!pattern) pattern = sl_pattern_cached(L, cache, 2, false);
    sl_matcher_start(&call.m, pattern, subject, length);
    call.text = NULL;
    call.done = call.m.start;
    call.out.L = L;
    call.out.bytes = call.out.small;
    call.out.length = 0;
    call.out.capacity = sizeof call.out.small;
    lua_Integer count = substitute(&call, count_max);
    // Nothing replaced: `done` never moved and nothing was added. An empty text for an empty match adds nothing either, and then the
    // subject is the result just the same.
    if (call.done == call.m.start && call.out.length == 0) lua_pushvalue(L, SUBJECT);
    else {
        output_add(&call.out, call.done, (size_t)(call.m.end - call.done));
        lua_pushlstring(L, call.out.bytes, call.out.length);
    }
    lua_pushinteger(L, count);
    return 2;
}
