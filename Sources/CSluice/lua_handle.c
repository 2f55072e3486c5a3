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

event_ref *event_need(lua_State *L, event_ref *ref) {
    if (!ref->batch && lane_of(L)->limits.own_handles) luaL_error(L, "`event` was kept beyond its call; use `clone(event)`");
    if (!ref->batch) luaL_error(L, "`event` is only there while `process` runs; `clone(event)` keeps a copy");
    return ref;
}

event_ref *event_check(lua_State *L, int argument) {
    event_ref *ref = test_event(L, argument);
    if (!ref) luaL_error(L, "bad argument #%d (event expected, got %s)", argument, value_kind(L, argument));
    return event_need(L, ref);
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
