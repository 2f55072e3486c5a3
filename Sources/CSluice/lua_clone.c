// `clone(event)`: a copy in a batch of its own, which the collector frees.
//
// Its memory comes from the lane's allocator, so that the memory limit holds for it. Nested values that were read from a clone
// keep it (`clone_hold`), because they are places in its batch.
#include "lua_lane.h"

int event_collect(lua_State *L) {
    event_ref *ref = lua_touserdata(L, 1);
    if (ref->is_clone) sl_batch_destroy(ref->batch);
    ref->batch = NULL;
    return 0;
}

int event_clone(lua_State *L) {
    event_ref source = *event_check(L, 1);
    sl_lane *lane = lane_of(L);
    event_ref *copy = lua_newuserdatauv(L, sizeof(event_ref), 0);
    *copy = (event_ref){NULL, 0, true};
    registry_push(L, REGISTRY_EVENT);
    lua_setmetatable(L, -2);
    // From here on the collector frees what there is.
    copy->batch = sl_batch_create(EVENT_BYTES_MAX, lane_allocate, lane);
    const sl_event *from = source.batch->events + source.event;
    if (!copy->batch || !sl_event_begin(copy->batch, (sl_span){0, 0}, from->received_ns, from->flags)) return luaL_error(L, "not enough memory for a clone");
    for (uint16_t i = 0; i < from->count; i++) {
        sl_slot slot = sl_event_slots(source.batch, from)[i];
        if (slot.type == SL_ABSENT) continue;
        bool stored = true;
        if (slot.key == SL_KEY_UNLISTED) {
            size_t length;
            const char *name = sl_slot_name(source.batch, &slot, &length);
            slot.detail = sl_batch_append_name(copy->batch, name, length);
            stored = slot.detail != SL_NO_OFFSET;
        }
        if (slot.type == SL_STRING || slot.type == SL_NUMBER || slot.type == SL_OBJECT || slot.type == SL_ARRAY) {
            slot.text.offset = sl_batch_append(copy->batch, source.batch->bytes + slot.text.offset, slot.text.length);
            stored = stored && slot.text.offset != SL_NO_OFFSET;
        }
        sl_slot *place = stored ? sl_event_add(copy->batch, slot.key) : NULL;
        if (!place) return luaL_error(L, "not enough memory for a clone");
        *place = slot;
    }
    if (!sl_event_end(copy->batch)) return luaL_error(L, "not enough memory for a clone");
    sl_event *event = copy->batch->events;
    event->time_ns = from->time_ns;
    event->format = from->format;
    return 1;
}

void clone_hold(lua_State *L, int index) {
    if (lua_type(L, -1) != LUA_TUSERDATA) return;
    lua_pushvalue(L, index);
    lua_setiuservalue(L, -2, 1); // a timestamp has no place for it and needs none
}
