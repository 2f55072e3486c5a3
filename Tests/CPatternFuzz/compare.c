#define _GNU_SOURCE
#include "pattern_fuzz.h"

#include "generator.h"
#include "sluice_pattern.h"

#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 1 << 16 };

/// What a call returned, written down so that two of them can be compared.
typedef struct answer {
    int status;
    size_t length;
    char bytes[ANSWER_MAX];
} answer;

/// One pair and the arguments that go with it.
typedef struct trial {
    unsigned length_max;
    fuzz_text pattern;
    fuzz_text subject;
    fuzz_text replacement;
    int has_init;
    lua_Integer init;
    int plain;
    int replacement_kind; ///< 0 and 1 text, 2 table, 3 function, 4 number
    int has_count;
    lua_Integer count;
} trial;

/// `host` is `match` through the interface for C; Lua's answer is that of `match`.
static const char *const names[] = {"find", "match", "gmatch", "gsub", "host"};
static const char *const stock_names[] = {"find", "match", "gmatch", "gsub", "match"};

static void note(answer *a, const void *bytes, size_t length) {
    if (length > ANSWER_MAX - a->length) length = ANSWER_MAX - a->length;
    memcpy(a->bytes + a->length, bytes, length);
    a->length += length;
}

static void note_values(lua_State *L, int first, answer *a) {
    for (int i = first; i <= lua_gettop(L); i++) {
        int type = lua_type(L, i);
        char tag = (char)('0' + type);
        note(a, &tag, 1);
        if (type == LUA_TNUMBER) tag = lua_isinteger(L, i) ? 'i' : 'f';
        note(a, &tag, 1);
        if (type != LUA_TNUMBER && type != LUA_TSTRING) continue;
        size_t length;
        const char *bytes = lua_tolstring(L, i, &length);
        note(a, &length, sizeof length);
        note(a, bytes, length);
    }
    note(a, ";", 1);
}

/// `match` with the functions for host libraries, on bytes with nothing readable behind them. The cache is the upvalue.
static int host_match(lua_State *L) {
    size_t length, text_length;
    const char *subject = luaL_checklstring(L, 1, &length), *text = luaL_checklstring(L, 2, &text_length);
    lua_Integer init = luaL_optinteger(L, 3, 1);
    if (init < -(lua_Integer)length || init == 0) init = 1;
    else if (init < 0) init += (lua_Integer)length + 1;
    const sl_pattern *pattern = sl_pattern_get(L, lua_touserdata(L, lua_upvalueindex(1)), text, text_length);
    char *bytes = malloc(length + 1); // so that 0 bytes are not NULL; the last byte is out of bounds for the search
    memcpy(bytes + 1, subject, length);
    sl_captures captures;
    sl_outcome outcome = sl_pattern_find(pattern, bytes + 1, length, (size_t)init - 1, &captures);
    free(bytes);
    if (outcome == SL_NO_MATCH) lua_pushnil(L);
    else if (outcome != SL_MATCH) return sl_pattern_raise(L, pattern, &captures);
    else if (captures.count == 0) lua_pushlstring(L, subject + captures.start, captures.end - captures.start);
    else {
        luaL_checkstack(L, captures.count, NULL);
        for (int i = 0; i < captures.count; i++) {
            sl_capture c = captures.capture[i];
            if (c.length == SL_POSITION_CAPTURE) lua_pushinteger(L, (lua_Integer)c.start + 1);
            else lua_pushlstring(L, subject + c.start, c.length);
        }
        return captures.count;
    }
    return 1;
}

/// A replacement function: what it returns depends on all it is given. One of its answers is an error of gsub, one an error of its own.
static int replace(lua_State *L) {
    unsigned hash = (unsigned)lua_gettop(L);
    for (int i = 1; i <= lua_gettop(L); i++) {
        size_t length;
        const char *bytes = lua_tolstring(L, i, &length);
        for (size_t k = 0; k < length; k++) hash = hash * 31 + (unsigned char)bytes[k];
    }
    switch (hash % 16) {
        case 0: return 0;
        case 1: lua_pushboolean(L, 0); return 1;
        case 2: lua_pushinteger(L, (lua_Integer)hash); return 1;
        case 3: lua_pushnumber(L, hash / 8.0); return 1;
        case 4: lua_pushliteral(L, ""); return 1;
        case 5: if (hash % 5 == 0) lua_newtable(L); else lua_pushnil(L); return 1;
        case 6: return hash % 3 ? 1 : luaL_error(L, "enough");
        default: lua_pushfstring(L, "<%d>", (int)(hash % 100)); return 1;
    }
}

static void push_replacement(lua_State *L, const trial *t) {
    switch (t->replacement_kind) {
        case 2: lua_getfield(L, LUA_REGISTRYINDEX, "fuzz.table"); break;
        case 3: lua_pushcfunction(L, replace); break;
        case 4: lua_pushinteger(L, 42); break;
        default: lua_pushlstring(L, t->replacement.bytes, t->replacement.length);
    }
}

/// Calls function `which` of the table at `table` (1 ours, 2 Lua's) and writes down what comes back.
static void ask(lua_State *L, int table, int which, const trial *t, answer *a) {
    int top = lua_gettop(L), arguments = 2;
    a->length = 0;
    lua_getfield(L, table, table == 1 ? names[which] : stock_names[which]);
    lua_pushlstring(L, t->subject.bytes, t->subject.length);
    lua_pushlstring(L, t->pattern.bytes, t->pattern.length);
    if (which == 3) {
        push_replacement(L, t);
        arguments++;
        if (t->has_count) lua_pushinteger(L, t->count);
        arguments += t->has_count;
    } else if (t->has_init) {
        lua_pushinteger(L, t->init);
        lua_pushboolean(L, t->plain);
        arguments += 2;
    }
    a->status = lua_pcall(L, arguments, LUA_MULTRET, 0);
    if (which != 2 || a->status != LUA_OK) note_values(L, top + 1, a);
    else
        for (int n = 0; n < 500; n++) {
            lua_pushvalue(L, top + 1);
            a->status = lua_pcall(L, 0, LUA_MULTRET, 0);
            note_values(L, top + 2, a);
            int count = lua_gettop(L) - top - 1;
            lua_settop(L, top + 1);
            if (a->status != LUA_OK || count == 0) break;
        }
    lua_settop(L, top);
}

static void make_trial(fuzz_random *random, trial *t, int same_pattern) {
    // Long subjects reach the vector loops, deep patterns the limit on nesting. Lua would take too long over both at once, or over
    // many quantifiers on a long subject: this engine may see at a glance what Lua's finds out after a day.
    if (!same_pattern) {
        unsigned kind = fuzz_below(random, 4000);
        t->length_max = kind == 0 ? 3 : kind < 500 ? 400 : 50;
        fuzz_pattern(random, &t->pattern, kind == 0 ? FUZZ_DEEP : kind < 500 ? 1 : 4);
    }
    fuzz_subject(random, &t->subject, t->length_max);
    t->has_init = fuzz_below(random, 4) == 0;
    t->init = (lua_Integer)fuzz_below(random, 24) - 12;
    if (fuzz_below(random, 50) == 0) t->init = fuzz_below(random, 2) ? LUA_MAXINTEGER : LUA_MININTEGER;
    t->plain = fuzz_below(random, 6) == 0;
    fuzz_replacement(random, &t->replacement);
    t->replacement_kind = (int)fuzz_below(random, 5);
    t->has_count = fuzz_below(random, 4) == 0;
    t->count = (lua_Integer)fuzz_below(random, 6) - 1;
}

/// Writes bytes as a Lua string literal.
static size_t quote(char *to, size_t room, const char *bytes, size_t length) {
    size_t n = 0;
    if (room > 2) to[n++] = '"';
    for (size_t i = 0; i < length && n + 6 < room; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c >= ' ' && c < 127 && c != '"' && c != '\\') to[n++] = (char)c;
        else n += (size_t)snprintf(to + n, room - n, "\\%03u", c);
    }
    if (n + 1 < room) to[n++] = '"';
    to[n] = 0;
    return n;
}

static void describe(const trial *t, int which, const answer *ours, const answer *stock, char *report, size_t size) {
    const struct {
        const char *label;
        const char *bytes;
        size_t length;
    } parts[] = {{"pattern ", t->pattern.bytes, t->pattern.length}, {"\nsubject ", t->subject.bytes, t->subject.length},
                 {"\nreplacement ", t->replacement.bytes, t->replacement.length}, {"\nours  ", ours->bytes, ours->length},
                 {"\nstock ", stock->bytes, stock->length}};
    static const char form[] = "%s differs (init %d %lld, plain %d, kind %d, count %d %lld), status %d and %d\n";
    size_t n = (size_t)snprintf(
        report, size, form, names[which], t->has_init, (long long)t->init, t->plain, t->replacement_kind, t->has_count,
        (long long)t->count, ours->status, stock->status);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && n + 64 < size; i++) {
        n += (size_t)snprintf(report + n, size - n, "%s", parts[i].label);
        n += quote(report + n, size - n, parts[i].bytes, parts[i].length < 300 ? parts[i].length : 300);
    }
}

static int gave_up(const answer *a) {
    return a->status != LUA_OK && a->length > 20 && memmem(a->bytes, a->length, "gave up after", 13) != NULL;
}

static int is_same(const answer *a, const answer *b) {
    return a->status == b->status && a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

pattern_fuzz_result pattern_fuzz_run(uint64_t seed, uint64_t cases, char *report, size_t report_size) {
    static _Thread_local answer ours, stock;
    static _Thread_local trial t;
    pattern_fuzz_result result = {0};
    fuzz_random random = {seed};
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_newtable(L);
    for (int c = 'a'; c < 'd'; c++) {
        lua_pushfstring(L, "%c", c);
        lua_pushfstring(L, "<%c>", c - 32);
        lua_rawset(L, -3);
    }
    lua_pushinteger(L, 7);
    lua_setfield(L, -2, ".");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "0");
    lua_newtable(L);
    lua_setfield(L, -2, ",");
    lua_setfield(L, LUA_REGISTRYINDEX, "fuzz.table");
    sl_pattern_cache *cache = sl_patterns_open(L, NULL);
    lua_pushlightuserdata(L, cache);
    lua_pushcclosure(L, host_match, 1);
    lua_setfield(L, 1, "host");
    lua_getglobal(L, "string");
    for (; result.cases < cases && result.failures == 0; result.cases++) {
        make_trial(&random, &t, result.cases % 4 != 0);
        for (int which = 0; which < 5; which++) {
            ask(L, 1, which, &t, &ours);
            if (gave_up(&ours)) {
                result.gave_up++;
                continue;
            }
            ask(L, 2, which, &t, &stock);
            if (which == 0 && stock.status != LUA_OK) result.errors++;
            else if (which == 0 && stock.bytes[0] == '0') result.misses++;
            else if (which == 0) result.matches++;
            if (is_same(&ours, &stock)) continue;
            result.failures++;
            describe(&t, which, &ours, &stock, report, report_size);
            break;
        }
    }
    lua_close(L);
    return result;
}
