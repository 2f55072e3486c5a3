// `meta`: what is known about an event and is not sent. Read-only facts, and strings that rules set for output templates.
#include "lua_lane.h"

static event_ref *current(lua_State *L) {
    sl_lane *lane = lane_of(L);
    if (lane->limits.own_handles && lua_touserdata(L, 1) != lane->meta_value)
        luaL_error(L, "`meta` was kept beyond its call; copy what is needed of it");
    if (!lane->event_value->batch) luaL_error(L, "`meta` is only there while `process` runs");
    return lane->event_value;
}

static bool is(const char *name, size_t length, const char *known) { return strlen(known) == length && memcmp(name, known, length) == 0; }

static void push_name(lua_State *L, const sl_text *names, uint32_t count, uint32_t index) {
    if (index < count) lua_pushlstring(L, names[index].bytes, names[index].length);
    else lua_pushnil(L);
}

/// The names of the flags that are set, also as keys: `meta.flags.no_pri`.
static void push_flags(lua_State *L, const sl_lane *lane, uint64_t flags) {
    lua_newtable(L);
    lua_Integer count = 0;
    for (uint32_t bit = 0; bit < lane->services.flag_count; bit++) {
        if (!(flags >> bit & 1)) continue;
        const sl_text *name = &lane->services.flags[bit];
        lua_pushlstring(L, name->bytes, name->length);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, ++count);
        lua_pushboolean(L, 1);
        lua_rawset(L, -3);
    }
}

static void push_peer(lua_State *L, const sl_batch *batch, const sl_event *event) {
    if (event->peer == SL_NO_OFFSET) {
        lua_pushnil(L);
        return;
    }
    uint32_t length;
    memcpy(&length, batch->bytes + event->peer, sizeof length);
    lua_pushlstring(L, (const char *)batch->bytes + event->peer + sizeof length, length);
}

/// Pushes a fact; false when the name is none.
static bool push_fact(lua_State *L, const char *name, size_t length) {
    const sl_lane *lane = lane_of(L);
    const event_ref *ref = current(L);
    const sl_event *event = ref->batch->events + ref->event;
    if (is(name, length, "input")) push_name(L, lane->live.inputs, lane->live.input_count, event->source);
    else if (is(name, length, "peer")) push_peer(L, ref->batch, event);
    else if (is(name, length, "received")) value_push_timestamp(L, event->received_ns, SL_TIME_DETAIL(9, 0, SL_TIME_Z));
    else if (is(name, length, "raw")) {
        if (event->raw.length > 0) lua_pushlstring(L, (const char *)ref->batch->bytes + event->raw.offset, event->raw.length);
        else lua_pushnil(L);
    } else if (is(name, length, "format")) push_name(L, lane->services.formats, lane->services.format_count, event->format);
    else if (is(name, length, "flags")) push_flags(L, lane, event->flags);
    else return false;
    return true;
}

static sl_slot *find(event_ref *ref, uint16_t key) {
    const sl_event *event = ref->batch->events + ref->event;
    sl_slot *first = sl_event_slots(ref->batch, event);
    for (sl_slot *slot = first + event->count; slot-- > first;)
        if (slot->key == key && (slot->flags & SL_META) && slot->type != SL_ABSENT) return slot;
    return NULL;
}

static int meta_index(lua_State *L) {
    const char *name;
    size_t length;
    if (lua_type(L, 2) != LUA_TSTRING) return luaL_error(L, "`meta[…]` takes a string, not a %s", value_kind(L, 2));
    name = lua_tolstring(L, 2, &length);
    if (push_fact(L, name, length)) return 1;
    uint16_t key = event_key(L, 2, &name, &length, false);
    sl_slot *slot = key == SL_KEY_UNLISTED ? NULL : find(current(L), key);
    if (slot) event_push_slot(L, current(L), key, slot);
    else lua_pushnil(L);
    return 1;
}

static int meta_newindex(lua_State *L) {
    if (lua_type(L, 2) != LUA_TSTRING) return luaL_error(L, "`meta[…]` takes a string, not a %s", value_kind(L, 2));
    size_t length;
    const char *name = lua_tolstring(L, 2, &length);
    static const char *const facts[] = {"input", "peer", "received", "raw", "format", "flags"};
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        if (is(name, length, facts[i])) return luaL_error(L, "`meta.%s` is read-only", name);
    int type = lua_type(L, 3);
    if (type != LUA_TNIL && type != LUA_TSTRING)
        return luaL_error(L, "`meta.%s` takes a string, not a %s", name, value_kind(L, 3));
    uint16_t key = event_key(L, 2, &name, &length, true);
    if (key == SL_KEY_UNLISTED) return luaL_error(L, "`meta.%s`: the table of names is full (%d)", name, (int)SL_KEYS_MAX);
    event_assign(L, current(L), key, name, length, 3, SL_META);
    return 0;
}

static int meta_tostring(lua_State *L) {
    lua_pushliteral(L, "meta");
    return 1;
}

void sl_lane_set_inputs(sl_lane *lane, const sl_text *inputs, uint32_t count) {
    lane->live.inputs = inputs;
    lane->live.input_count = count;
}

void sl_lane_show(sl_lane *lane, sl_batch *batch, uint32_t event) {
    lane->event_value->batch = batch;
    lane->event_value->event = event;
}

void meta_open(lua_State *L) {
    static const luaL_Reg methods[] = {{"__index", meta_index}, {"__newindex", meta_newindex}, {"__tostring", meta_tostring}, {NULL, NULL}};
    lua_createtable(L, 0, 6);
    luaL_setfuncs(L, methods, 0);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushliteral(L, "meta");
    lua_setfield(L, -2, "__name");
    registry_set(L, REGISTRY_META);
    meta_renew(L);
}
