// `event` and `meta` as rules hold them: one userdata each that is pointed at event after event, or, where rules are tested, new
// ones for each event, so that one which was kept is known for what it is.
#include "lua_lane.h"

static event_ref *test_event(lua_State *L, int argument) {
    if (lua_type(L, argument) != LUA_TUSERDATA || !lua_getmetatable(L, argument)) return NULL;
    registry_push(L, REGISTRY_EVENT);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same ? lua_touserdata(L, argument) : NULL;
}

int event_gone(lua_State *L) {
    if (lane_of(L)->limits.own_handles) return luaL_error(L, "`event` was kept beyond its call; use `clone(event)`");
    return luaL_error(L, "`event` is only there while `process` runs; `clone(event)` keeps a copy");
}

event_ref *event_check(lua_State *L, int argument) {
    event_ref *ref = test_event(L, argument);
    if (!ref) luaL_error(L, "bad argument #%d (event expected, got %s)", argument, value_kind(L, argument));
    if (!ref->batch) event_gone(L);
    return ref;
}

void event_renew(lua_State *L) {
    event_ref *value = lua_newuserdatauv(L, sizeof(event_ref), 0);
    *value = (event_ref){NULL, 0, false};
    registry_push(L, REGISTRY_EVENT);
    lua_setmetatable(L, -2);
    registry_set(L, REGISTRY_EVENT_VALUE);
    lane_of(L)->event_value = value;
}

void meta_renew(lua_State *L) {
    void *value = lua_newuserdatauv(L, 1, 0);
    registry_push(L, REGISTRY_META);
    lua_setmetatable(L, -2);
    registry_set(L, REGISTRY_META_VALUE);
    lane_of(L)->meta_value = value;
}
