#include "pattern_fuzz.h"

#include "sluice_pattern.h"

#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include <stdio.h>
#include <stdlib.h>

/// An allocator that fails after a number of calls that ask for memory; negative is never.
typedef struct scarce {
    long calls_left;
} scarce;

static void *allocate(void *context, void *block, size_t old_size, size_t size) {
    scarce *memory = context;
    (void)old_size;
    if (size == 0) {
        free(block);
        return NULL;
    }
    if (memory->calls_left == 0 && (block == NULL || size > old_size)) return NULL;
    if (memory->calls_left > 0) memory->calls_left--;
    return realloc(block, size);
}

/// A state with the libraries, `ours` and `stock`.
static lua_State *make_state(scarce *memory, const volatile sig_atomic_t *stop, int64_t steps) {
    lua_State *L = lua_newstate(allocate, memory);
    luaL_openlibs(L);
    sl_pattern_cache *cache = sl_patterns_open(L, stop);
    if (steps) sl_patterns_set_steps_max(cache, steps);
    lua_setglobal(L, "ours");
    lua_getglobal(L, "string");
    lua_setglobal(L, "stock");
    return L;
}

static int run(lua_State *L, const char *chunk, char *report, size_t report_size) {
    int failed = luaL_loadstring(L, chunk) || lua_pcall(L, 0, 0, 0);
    if (failed) {
        snprintf(report, report_size, "%s", luaL_tolstring(L, -1, NULL));
        lua_settop(L, 0);
    }
    return failed;
}

int pattern_fuzz_lua(const char *chunk, char *report, size_t report_size) {
    return pattern_fuzz_limits(chunk, 0, 0, report, report_size);
}

int pattern_fuzz_limits(const char *chunk, int stopped, int64_t steps, char *report, size_t report_size) {
    scarce memory = {-1};
    volatile sig_atomic_t stop = stopped;
    lua_State *L = make_state(&memory, &stop, steps);
    int failed = run(L, chunk, report, report_size);
    lua_close(L);
    return failed;
}

int pattern_fuzz_memory(const char *chunk, char *report, size_t report_size) {
    // One state for all rounds: whatever a failure leaves behind is there in the next.
    scarce memory = {-1};
    lua_State *L = make_state(&memory, NULL, 0);
    // Lua 5.4.4 keeps a half-made metatable when memory ends at its very first string buffer; let it have one before.
    if (run(L, "string.rep('x', 10000)", report, report_size)) return -1;
    for (int round = 0;; round++) {
        if (luaL_loadstring(L, chunk) != LUA_OK) return -1;
        memory.calls_left = round;
        int status = lua_pcall(L, 0, 0, 0);
        memory.calls_left = -1;
        if (status == LUA_OK) {
            lua_close(L);
            return round;
        }
        if (status != LUA_ERRMEM) {
            snprintf(report, report_size, "round %d: %s", round, luaL_tolstring(L, -1, NULL));
            lua_close(L);
            return -1;
        }
        lua_settop(L, 0);
        lua_gc(L, LUA_GCCOLLECT);
    }
}
