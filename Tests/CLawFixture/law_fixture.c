// Protected calls of a function that raises through its own frame, and of one that asks C to raise.
#include "law_fixture.h"

#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>

typedef struct call {
    law_function function;
    bool jumps;
} call;

static void raise(void *state) {
    lua_State *L = state;
    lua_pushliteral(L, "raised");
    lua_error(L);
}

static int trampoline(lua_State *L) {
    const call *what = lua_touserdata(L, 1);
    bool raises = what->function(L, what->jumps ? raise : NULL);
    // No frame but C's is left on the stack.
    if (raises) raise(L);
    return 0;
}

static int run(call what, int count) {
    lua_State *L = luaL_newstate();
    if (!L) return -1;
    int raised = 0;
    for (int i = 0; i < count; i++) {
        lua_pushcfunction(L, trampoline);
        lua_pushlightuserdata(L, &what);
        if (lua_pcall(L, 1, 0, 0) != LUA_OK) raised++;
        lua_settop(L, 0);
    }
    lua_close(L);
    return raised;
}

int law_break(law_function function, int count) { return run((call){function, true}, count); }

int law_keep(law_function function, int count) { return run((call){function, false}, count); }
