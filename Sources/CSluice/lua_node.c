// Nested values: `event.user.email`, `event.tags[1]`.
//
// A nested value stays the JSON text it came as. Reading finds the member in the text; writing splices the text of the whole
// field and puts the result behind everything else in the arena, so what was not touched keeps its bytes. A node is a handle
// on one object or array: a path from its field, found again when the text has moved, and dead when what it led to was
// replaced.
//
//     event.user ──► node 0 (field `user`)        {"id":1,"geo":{"city":"Rome"}}
//     event.user.geo ──► node 1 (member `geo` of node 0)    └── offset, length
#include "lua_lane.h"

void node_reset(sl_lane *lane) {
    lane->node_count = 0;
    lane->names.length = 0;
}

static sl_slot *root_slot(sl_lane *lane, const node *node) {
    const sl_event *event = node->batch->events + node->event;
    if (node->key != SL_KEY_UNLISTED) return sl_event_find(node->batch, event, node->key);
    return sl_event_find_unlisted(node->batch, event, (const char *)lane->names.bytes + node->name_offset, node->name_length);
}

static const uint8_t *text_of(const node *node) { return node->batch->bytes + node->offset; }

/// Finds the node's text again after a change elsewhere. False when the path leads nowhere any more.
static bool locate(sl_lane *lane, int32_t index) {
    node *at = &lane->nodes[index];
    if (!at->alive) return false;
    if (at->version == lane->node_version) return true;
    sl_span value;
    if (at->parent < 0) {
        const sl_slot *slot = root_slot(lane, at);
        if (!slot || slot->type != (at->is_array ? SL_ARRAY : SL_OBJECT)) return at->alive = false;
        at->offset = slot->text.offset;
        at->length = slot->text.length;
    } else {
        if (!locate(lane, at->parent)) return at->alive = false;
        const node *parent = &lane->nodes[at->parent];
        bool found = at->index > 0 ? sl_json_element(text_of(parent), parent->length, (size_t)at->index - 1, &value)
                                   : sl_json_member(text_of(parent), parent->length, (const char *)lane->names.bytes + at->name_offset, at->name_length, &value);
        if (!found || text_of(parent)[value.offset] != (at->is_array ? '[' : '{')) return at->alive = false;
        at->offset = parent->offset + value.offset;
        at->length = value.length;
    }
    at->version = lane->node_version;
    at->last_index = 0;
    return true;
}

/// Pushes the handle of a new node.
static void new_node(lua_State *L, const node *model, const char *name, size_t length) {
    sl_lane *lane = lane_of(L);
    if (lane->node_count == NODES_MAX) luaL_error(L, "more than %d nested values in use in one call", NODES_MAX);
    int32_t index = lane->node_count;
    // The user value holds the clone that a field was read from: see `clone_hold`.
    node_ref *ref = lua_newuserdatauv(L, sizeof(node_ref), 1);
    ref->node = index;
    ref->serial = lane->serial;
    registry_push(L, REGISTRY_NODE);
    lua_setmetatable(L, -2);
    registry_push(L, REGISTRY_NODES);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, index + 1);
    lua_pop(L, 1);
    // Counted only now that nothing can raise any more.
    node *node = &lane->nodes[index];
    *node = *model;
    node->alive = true;
    node->version = lane->node_version;
    node->last_index = 0;
    node->name_offset = (uint32_t)lane->names.length;
    node->name_length = (uint32_t)length;
    if (length) sl_buffer_append(&lane->names, name, length);
    lane->node_count++;
}

static void push_existing(lua_State *L, int32_t index) {
    registry_push(L, REGISTRY_NODES);
    lua_rawgeti(L, -1, index + 1);
    lua_remove(L, -2);
}

static bool has_name(const sl_lane *lane, const node *node, const char *name, size_t length) {
    return node->name_length == length && memcmp(lane->names.bytes + node->name_offset, name, length) == 0;
}

void node_push_field(lua_State *L, event_ref *ref, uint16_t key, sl_slot *slot) {
    sl_lane *lane = lane_of(L);
    const char *name = NULL;
    size_t length = 0;
    if (key == SL_KEY_UNLISTED) name = sl_slot_name(ref->batch, slot, &length);
    for (int32_t i = 0; i < lane->node_count; i++) {
        const node *at = &lane->nodes[i];
        if (at->alive && at->parent < 0 && at->key == key && at->batch == ref->batch && at->event == ref->event &&
            (key != SL_KEY_UNLISTED || has_name(lane, at, name, length))) {
            push_existing(L, i);
            return;
        }
    }
    node model = {.batch = ref->batch, .event = ref->event, .parent = -1, .key = key, .is_array = slot->type == SL_ARRAY,
                  .offset = slot->text.offset, .length = slot->text.length};
    new_node(L, &model, name, length);
}

static void push_nested(lua_State *L, int32_t parent, const char *name, size_t length, int64_t index, uint32_t offset, uint32_t count) {
    sl_lane *lane = lane_of(L);
    for (int32_t i = 0; i < lane->node_count; i++) {
        const node *at = &lane->nodes[i];
        if (at->alive && at->parent == parent && at->index == index && (index > 0 || has_name(lane, at, name, length))) {
            push_existing(L, i);
            return;
        }
    }
    const node *from = &lane->nodes[parent];
    node model = {.batch = from->batch, .event = from->event, .parent = parent, .key = SL_KEY_UNLISTED, .index = index,
                  .is_array = from->batch->bytes[offset] == '[', .offset = offset, .length = count};
    new_node(L, &model, name, length);
}

void node_kill_field(sl_lane *lane, event_ref *ref, uint16_t key, const char *name, size_t length) {
    for (int32_t i = 0; i < lane->node_count; i++) {
        node *at = &lane->nodes[i];
        if (at->parent < 0 && at->key == key && at->batch == ref->batch && at->event == ref->event &&
            (key != SL_KEY_UNLISTED || has_name(lane, at, name, length)))
            at->alive = false;
    }
    lane->node_version++;
}

static void kill_nested(sl_lane *lane, int32_t parent, const char *name, size_t length, int64_t index) {
    for (int32_t i = 0; i < lane->node_count; i++) {
        node *at = &lane->nodes[i];
        if (at->parent == parent && at->index == index && (index > 0 || has_name(lane, at, name, length))) at->alive = false;
    }
}

static node_ref *test_node(lua_State *L, int index) {
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return NULL;
    registry_push(L, REGISTRY_NODE);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same ? lua_touserdata(L, index) : NULL;
}

/// The node behind a handle, located; raises when it is stale.
static int32_t need_node(lua_State *L, const node_ref *ref) {
    sl_lane *lane = lane_of(L);
    if (ref->serial != lane->serial) luaL_error(L, "a nested value of an earlier event was kept; keep `clone(event)` or a copy");
    if (!locate(lane, ref->node)) luaL_error(L, "a nested value is used after what held it was replaced");
    return ref->node;
}

const char *node_text(lua_State *L, int index, size_t *length) {
    const node_ref *ref = test_node(L, index);
    if (!ref) return NULL;
    const node *node = &lane_of(L)->nodes[need_node(L, ref)];
    *length = node->length;
    return (const char *)text_of(node);
}

// -- reading ----------------------------------------------------------------------------------------------------------

static void push_value(lua_State *L, int32_t parent, const char *name, size_t length, int64_t index, uint32_t offset, uint32_t count) {
    const node *from = &lane_of(L)->nodes[parent];
    const char *text = (const char *)from->batch->bytes + offset;
    if (!value_push_scalar(L, text, count)) push_nested(L, parent, name, length, index, offset, count);
}

/// Element `index`, found from the last one looked up when it comes after it: a loop from 1 to n reads the text once.
static bool find_element(node *node, int64_t index, sl_span *value) {
    size_t at = 0;
    int64_t current = 0;
    if (node->last_index > 0 && node->last_index < index) {
        at = node->last_offset;
        current = node->last_index;
    }
    while (sl_json_next_element(text_of(node), node->length, &at, value)) {
        if (++current < index) continue;
        node->last_index = current;
        node->last_offset = (uint32_t)at;
        return true;
    }
    return false;
}

/// The number of an element at `index` of the stack, as Lua takes keys (2.0 is 2); 0 when it is none.
static lua_Integer position_at(lua_State *L, int index) {
    return lua_type(L, index) == LUA_TNUMBER ? lua_tointeger(L, index) : 0;
}

static int node_index(lua_State *L) {
    int32_t index = need_node(L, lua_touserdata(L, 1));
    node *node = &lane_of(L)->nodes[index];
    sl_span value;
    if (node->is_array) {
        lua_Integer position = position_at(L, 2);
        if (position < 1 || !find_element(node, position, &value)) {
            lua_pushnil(L);
            return 1;
        }
        push_value(L, index, NULL, 0, position, node->offset + value.offset, value.length);
        return 1;
    }
    size_t length;
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tolstring(L, 2, &length) : NULL;
    if (!name || !sl_json_member(text_of(node), node->length, name, length, &value)) lua_pushnil(L);
    else push_value(L, index, name, length, 0, node->offset + value.offset, value.length);
    return 1;
}

static int node_length(lua_State *L) {
    const node *node = &lane_of(L)->nodes[need_node(L, lua_touserdata(L, 1))];
    if (!node->is_array) return luaL_error(L, "an object has no length; count with `pairs`");
    lua_pushinteger(L, (lua_Integer)sl_json_count(text_of(node), node->length));
    return 1;
}

/// Upvalues: node, elements seen, elements when the loop began.
static int next_element(lua_State *L) {
    int32_t index = need_node(L, lua_touserdata(L, lua_upvalueindex(1)));
    node *node = &lane_of(L)->nodes[index];
    lua_Integer position = lua_tointeger(L, lua_upvalueindex(2)) + 1;
    sl_span value;
    if (position > lua_tointeger(L, lua_upvalueindex(3)) || !find_element(node, position, &value)) return 0;
    lua_pushinteger(L, position);
    lua_copy(L, -1, lua_upvalueindex(2));
    push_value(L, index, NULL, 0, position, node->offset + value.offset, value.length);
    return 2;
}

/// Upvalues: node, position in the text as it was when the loop began, that text's offset, its length, the version then,
/// whether names may be there twice. The old text stays in the arena, so members may be changed, deleted and added meanwhile.
static int next_member(lua_State *L) {
    sl_lane *lane = lane_of(L);
    int32_t index = need_node(L, lua_touserdata(L, lua_upvalueindex(1)));
    node *node = &lane->nodes[index];
    size_t at = (size_t)lua_tointeger(L, lua_upvalueindex(2)), length = (size_t)lua_tointeger(L, lua_upvalueindex(4));
    uint32_t offset = (uint32_t)lua_tointeger(L, lua_upvalueindex(3));
    bool changed = (uint64_t)lua_tointeger(L, lua_upvalueindex(5)) != lane->node_version;
    const uint8_t *text = node->batch->bytes + offset;
    sl_span name, value;
    while (sl_json_next_member(text, length, &at, &name, &value)) {
        lane->scratch.length = 0;
        uint8_t *plain = sl_buffer_reserve(&lane->scratch, name.length);
        size_t count = sl_json_unescape(plain, text + name.offset, name.length);
        value.offset += offset;
        if (lua_toboolean(L, lua_upvalueindex(6))) {
            lane_check_time(L);
            size_t behind = at;
            sl_span other, ignored;
            bool is_last = true;
            while (is_last && sl_json_next_member(text, length, &behind, &other, &ignored))
                is_last = !sl_json_equals(text + other.offset, other.length, (const char *)plain, count);
            if (!is_last) continue;
        }
        if (changed) {
            if (!sl_json_member(text_of(node), node->length, (const char *)plain, count, &value)) continue;
            value.offset += node->offset;
        }
        lua_pushinteger(L, (lua_Integer)at);
        lua_replace(L, lua_upvalueindex(2));
        lua_pushlstring(L, (const char *)plain, count);
        push_value(L, index, lua_tostring(L, -1), count, 0, value.offset, value.length);
        return 2;
    }
    return 0;
}

static int node_pairs(lua_State *L) {
    sl_lane *lane = lane_of(L);
    const node *node = &lane->nodes[need_node(L, lua_touserdata(L, 1))];
    lua_settop(L, 1);
    lua_pushinteger(L, 0);
    if (node->is_array) {
        lua_pushinteger(L, (lua_Integer)sl_json_count(text_of(node), node->length));
        lua_pushcclosure(L, next_element, 3);
        return 1;
    }
    lua_pushinteger(L, node->offset);
    lua_pushinteger(L, node->length);
    lua_pushinteger(L, (lua_Integer)lane->node_version);
    lua_pushboolean(L, sl_json_may_repeat(text_of(node), node->length, &lane->scratch));
    lua_pushcclosure(L, next_member, 6);
    return 1;
}

bool node_detach(lua_State *L) {
    size_t length;
    const char *text = node_text(L, -1, &length);
    if (!text) return false;
    if (!value_from_json(L, text, length)) luaL_error(L, "a nested value is nested too deep to become a table");
    lua_remove(L, -2);
    return true;
}

static int node_tostring(lua_State *L) {
    const node *node = &lane_of(L)->nodes[need_node(L, lua_touserdata(L, 1))];
    lua_pushlstring(L, (const char *)text_of(node), node->length);
    return 1;
}

// -- writing ----------------------------------------------------------------------------------------------------------

/// Replaces `[from, to)` of the node's text by what lies in lane->scratch.
static void splice(lua_State *L, int32_t index, uint32_t from, uint32_t to) {
    sl_lane *lane = lane_of(L);
    int32_t root = index;
    while (lane->nodes[root].parent >= 0) root = lane->nodes[root].parent;
    node *at = &lane->nodes[index];
    event_ref ref = {at->batch, at->event, at->batch != lane->batch};
    sl_batch *batch = ref.batch;
    sl_slot *slot = root_slot(lane, &lane->nodes[root]);
    uint32_t old_offset = slot->text.offset, old_length = slot->text.length;
    uint32_t before = at->offset + from - old_offset, after = at->offset + to - old_offset;
    size_t added = lane->scratch.length, length = (size_t)before + added + (old_length - after);
    event_reserve(L, &ref, length);
    event_save(lane, &ref);
    uint32_t offset = batch->length;
    memcpy(batch->bytes + offset, batch->bytes + old_offset, before);
    if (added > 0) memcpy(batch->bytes + offset + before, lane->scratch.bytes, added);
    memcpy(batch->bytes + offset + before + added, batch->bytes + old_offset + after, old_length - after);
    batch->length += (uint32_t)length;
    slot->text.offset = offset;
    slot->text.length = (uint32_t)length;
    slot->flags |= SL_OWNED;
    batch->events[ref.event].pristine = 0;
    lane->node_version++;
    // The one node whose new place is known without looking.
    at->length = at->length - (to - from) + (uint32_t)added;
    at->offset = offset + (at->offset - old_offset);
    at->version = lane->node_version;
    at->last_index = 0;
}

/// Puts the JSON text of the value at `value` into lane->scratch, `separator` before it. Errors name the node's member.
static void write_scratch(lua_State *L, int32_t index, int value, const char *separator) {
    sl_lane *lane = lane_of(L);
    lane->scratch.length = 0;
    lane->written_node = index;
    if (separator) sl_buffer_append(&lane->scratch, separator, strlen(separator));
    value_to_json(L, value, &lane->scratch, NULL, 0);
}

/// Where the members of one name are: how many, and the value of the last.
typedef struct member_place {
    int count;
    sl_span value;
} member_place;

static member_place find_members(const node *node, const char *name, size_t length) {
    member_place place = {0, {0, 0}};
    size_t at = 0;
    sl_span key, value;
    while (sl_json_next_member(text_of(node), node->length, &at, &key, &value)) {
        if (!sl_json_equals(text_of(node) + key.offset, key.length, name, length)) continue;
        place.count++;
        place.value = value;
    }
    return place;
}

/// Takes members of a name out, from the front, until `keep` of them are left; answers where those are. Data can hold a name
/// a hundred thousand times: the text is made anew once for all of them.
static member_place remove_members(lua_State *L, int32_t index, const char *name, size_t length, int keep) {
    sl_lane *lane = lane_of(L);
    const node *node = &lane->nodes[index];
    member_place place = find_members(node, name, length);
    if (place.count <= keep) return place;
    const uint8_t *text = text_of(node);
    size_t at = 0;
    sl_span key, value;
    uint32_t copied = 0, before_end = 0;
    bool any_kept = false;
    lane->scratch.length = 0;
    for (int excess = place.count - keep; excess > 0 && sl_json_next_member(text, node->length, &at, &key, &value);) {
        uint32_t end = value.offset + value.length;
        if (!sl_json_equals(text + key.offset, key.length, name, length)) any_kept = true;
        else {
            excess--;
            // With a member before it goes the comma before it, else the one behind it.
            uint32_t begin = any_kept ? before_end : key.offset - 1;
            sl_buffer_append(&lane->scratch, text + copied, begin - copied);
            copied = end;
            uint32_t next = (uint32_t)sl_json_blanks(text, node->length, end);
            if (!any_kept && next < node->length && text[next] == ',') copied = (uint32_t)sl_json_blanks(text, node->length, next + 1);
        }
        before_end = end;
    }
    sl_buffer_append(&lane->scratch, text + copied, node->length - copied);
    splice(L, index, 0, node->length);
    return find_members(node, name, length);
}

static void assign_member(lua_State *L, int32_t index, int value) {
    sl_lane *lane = lane_of(L);
    if (lua_type(L, 2) != LUA_TSTRING) luaL_error(L, "members of an object have names, not a %s", value_kind(L, 2));
    size_t length;
    const char *name = lua_tolstring(L, 2, &length);
    if (lua_type(L, value) == LUA_TNIL) {
        remove_members(L, index, name, length, 0);
        kill_nested(lane, index, name, length, 0);
        return;
    }
    member_place place = find_members(&lane->nodes[index], name, length);
    if (place.count > 1) {
        // Converting first: what cannot be said must leave everything as it is.
        write_scratch(L, index, value, NULL);
        place = remove_members(L, index, name, length, 1);
    }
    if (place.count == 1) {
        write_scratch(L, index, value, NULL);
        kill_nested(lane, index, name, length, 0);
        splice(L, index, place.value.offset, place.value.offset + place.value.length);
        return;
    }
    const node *node = &lane->nodes[index];
    bool empty = text_of(node)[sl_json_blanks(text_of(node), node->length, 1)] == '}';
    write_scratch(L, index, 2, empty ? NULL : ",");
    sl_buffer_append_byte(&lane->scratch, ':');
    value_to_json(L, value, &lane->scratch, NULL, 0);
    kill_nested(lane, index, name, length, 0);
    splice(L, index, node->length - 1, node->length - 1);
}

static void remove_last(lua_State *L, int32_t index, int64_t count) {
    sl_lane *lane = lane_of(L);
    node *node = &lane->nodes[index];
    sl_span value;
    uint32_t begin = 1;
    size_t at = 0;
    for (int64_t i = 1; i < count && sl_json_next_element(text_of(node), node->length, &at, &value); i++) begin = value.offset + value.length;
    lane->scratch.length = 0;
    kill_nested(lane, index, NULL, 0, count);
    splice(L, index, begin, node->length - 1);
}

static void assign_element(lua_State *L, int32_t index, int value) {
    sl_lane *lane = lane_of(L);
    node *node = &lane->nodes[index];
    int is_whole;
    int64_t position = lua_tointegerx(L, 2, &is_whole), count = (int64_t)sl_json_count(text_of(node), node->length);
    if (lua_type(L, 2) != LUA_TNUMBER) luaL_error(L, "elements of an array have numbers, not a %s", value_kind(L, 2));
    if (!is_whole) luaL_error(L, "elements of an array have whole numbers, not %f", lua_tonumber(L, 2));
    if (lua_type(L, value) == LUA_TNIL) {
        if (position == count && count > 0) remove_last(L, index, count);
        // `table.remove` of an empty array clears element 0.
        else if (position != count + 1 && (position != 0 || count != 0))
            luaL_error(L, "`nil` at element %I of an array of %I would leave a hole; `null` is a value, `table.remove` closes up", (LUAI_UACINT)position, (LUAI_UACINT)count);
        return;
    }
    if (position < 1 || position > count + 1)
        luaL_error(L, "element %I of an array of %I: arrays grow by one at the end", (LUAI_UACINT)position, (LUAI_UACINT)count);
    sl_span place;
    write_scratch(L, index, value, position == count + 1 && count > 0 ? "," : NULL);
    node = &lane->nodes[index];
    if (position == count + 1) {
        splice(L, index, node->length - 1, node->length - 1);
        return;
    }
    kill_nested(lane, index, NULL, 0, position);
    if (sl_json_element(text_of(node), node->length, (size_t)position - 1, &place))
        splice(L, index, place.offset, place.offset + place.length);
}

static int node_newindex(lua_State *L) {
    int32_t index = need_node(L, lua_touserdata(L, 1));
    if (lane_of(L)->nodes[index].is_array) assign_element(L, index, 3);
    else assign_member(L, index, 3);
    return 0;
}

void node_open(lua_State *L) {
    static const luaL_Reg methods[] = {{"__index", node_index}, {"__newindex", node_newindex}, {"__len", node_length},
                                       {"__pairs", node_pairs}, {"__tostring", node_tostring}, {NULL, NULL}};
    lua_createtable(L, 0, 8);
    luaL_setfuncs(L, methods, 0);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushliteral(L, "nested value");
    lua_setfield(L, -2, "__name");
    registry_set(L, REGISTRY_NODE);
}
