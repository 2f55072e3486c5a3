// `clone(event)`: an event of a rule's own.
//
// All its memory is Lua's: a userdata with the records, and two userdata with slots and bytes that it keeps by user values. So
// the memory limit holds for it, the collector knows its size, and nothing needs a finalizer (in which no hook runs). Nested
// values that were read from a clone keep it (`clone_hold`), because they are places in its batch.
#include "lua_lane.h"

typedef struct clone {
    event_ref ref;      // first: a clone is an event
    lua_State *L;
    sl_batch batch;
    sl_event event;
} clone;

enum { VALUE_SLOTS = 1, VALUE_BYTES = 2 };

/// A larger block in place of one that the clone keeps. Raises when memory is out: no frame but C's is on the stack.
static void *grow(void *context, void *block, size_t old_size, size_t size) {
    clone *owner = context;
    if (size <= old_size || block == owner->batch.events) return NULL;
    lua_State *L = owner->L;
    luaL_checkstack(L, 4, "a clone");
    registry_push(L, REGISTRY_CLONES);
    lua_rawgetp(L, -1, owner);
    void *larger = lua_newuserdatauv(L, size, 0);
    memcpy(larger, block, old_size);
    lua_setiuservalue(L, -2, block == owner->batch.slots ? VALUE_SLOTS : VALUE_BYTES);
    lua_pop(L, 2);
    return larger;
}

/// Bytes that the texts and unlisted names of an event need.
static size_t bytes_of(const sl_batch *batch, const sl_event *event) {
    size_t bytes = 0;
    for (uint16_t i = 0; i < event->count; i++) {
        const sl_slot *slot = sl_event_slots(batch, event) + i;
        if (slot->type == SL_STRING || slot->type == SL_NUMBER || slot->type == SL_OBJECT || slot->type == SL_ARRAY) bytes += slot->text.length;
        if (slot->key != SL_KEY_UNLISTED || slot->type == SL_ABSENT) continue;
        size_t length;
        sl_slot_name(batch, slot, &length);
        bytes += length + sizeof(uint32_t);
    }
    return bytes;
}

/// Copies the fields; there is room for all of them.
static void copy_fields(sl_batch *to, const sl_batch *from, const sl_event *event) {
    for (uint16_t i = 0; i < event->count; i++) {
        sl_slot slot = sl_event_slots(from, event)[i];
        if (slot.type == SL_ABSENT) continue;
        if (slot.key == SL_KEY_UNLISTED) {
            size_t length;
            const char *name = sl_slot_name(from, &slot, &length);
            slot.detail = sl_batch_append_name(to, name, length);
        }
        if (slot.type == SL_STRING || slot.type == SL_NUMBER || slot.type == SL_OBJECT || slot.type == SL_ARRAY)
            slot.text.offset = sl_batch_append(to, from->bytes + slot.text.offset, slot.text.length);
        *sl_event_add(to, slot.key) = slot;
    }
}

int event_clone(lua_State *L) {
    event_ref source = *event_check(L, 1);
    lua_settop(L, 1);
    clone *copy = lua_newuserdatauv(L, sizeof *copy, 2);
    memset(copy, 0, sizeof *copy);
    copy->ref = (event_ref){NULL, 0, true};
    copy->L = L;
    registry_push(L, REGISTRY_EVENT);
    lua_setmetatable(L, 2);
    const sl_event *from = source.batch->events + source.event;
    size_t bytes = bytes_of(source.batch, from);
    uint32_t slots = from->count + SL_SPARE_SLOTS;
    if (bytes > EVENT_BYTES_MAX) return luaL_error(L, "an event of %d MiB cannot be cloned", (int)(bytes >> 20));
    sl_batch *batch = &copy->batch;
    batch->slots = lua_newuserdatauv(L, slots * sizeof(sl_slot), 0);
    lua_setiuservalue(L, 2, VALUE_SLOTS);
    batch->bytes = lua_newuserdatauv(L, bytes + SL_PADDING, 0);
    lua_setiuservalue(L, 2, VALUE_BYTES);
    registry_push(L, REGISTRY_CLONES);
    lua_pushvalue(L, 2);
    lua_rawsetp(L, -2, copy);
    lua_settop(L, 2);
    memset(batch->bytes + bytes, 0, SL_PADDING);
    batch->slot_capacity = slots;
    batch->capacity = (uint32_t)bytes;
    batch->events = &copy->event;
    batch->event_capacity = 1;
    batch->bytes_max = EVENT_BYTES_MAX;
    batch->allocate = grow;
    batch->context = copy;
    batch->first = batch->last = SL_NO_EVENT;
    sl_event *event = sl_event_begin(batch, (sl_span){0, 0}, from->received_ns, from->flags);
    copy_fields(batch, source.batch, from);
    sl_event_end(batch);
    event->time_ns = from->time_ns;
    event->format = from->format;
    copy->ref.batch = batch;
    return 1;
}

void clone_hold(lua_State *L, int index) {
    if (lua_type(L, -1) != LUA_TUSERDATA) return;
    lua_pushvalue(L, index);
    lua_setiuservalue(L, -2, 1); // a timestamp has no place for it and needs none
}

void clone_open(lua_State *L) {
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    registry_set(L, REGISTRY_CLONES);
}
