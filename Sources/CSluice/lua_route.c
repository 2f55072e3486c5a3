// Where an event goes: the decision that a rule returns, `also`, `emit`, timers.
#include "lua_lane.h"

#include <stdlib.h>

/// `a`, `b`, … for messages: the known output names on the stack as one string.
static void push_known_outputs(lua_State *L, sl_lane *lane) {
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    const rule_set *set = &lane->live;
    bool is_first = true;
    for (uint32_t i = 0; i < set->output_count; i++) {
        if (set->outputs[i].length == 0) continue;
        luaL_addstring(&text, is_first ? "`" : ", `");
        luaL_addlstring(&text, set->outputs[i].bytes, set->outputs[i].length);
        luaL_addchar(&text, '`');
        is_first = false;
    }
    luaL_pushresult(&text);
}

/// Gives a new name the next bit and leaves its number in place of the nil on the top; the table of names lies below it.
static void accept_output(lua_State *L, sl_lane *lane, int index, const char *name) {
    rule_set *set = &lane->live;
    if (strcmp(name, "drop") == 0 || strcmp(name, "pass") == 0)
        luaL_error(L, "`%s` is a value and not the name of an output: write `return %s`", name, name);
    if (set->output_count == OUTPUTS_MAX) luaL_error(L, "more than %d outputs", OUTPUTS_MAX);
    size_t length = lua_rawlen(L, index);
    char *copy = malloc(length + 1);
    if (!copy) luaL_error(L, "out of memory for the name of an output");
    memcpy(copy, name, length + 1);
    lua_Integer output = set->output_count;
    // Kept before Lua may raise: the lane frees it.
    set->outputs[set->output_count++] = (sl_text){copy, length};
    lua_pop(L, 1);
    lua_pushvalue(L, index);
    lua_pushinteger(L, output);
    lua_rawset(L, -3);
    lua_pushinteger(L, output);
}

void sl_lane_accept_outputs(sl_lane *lane) { lane->outputs_open = true; }

uint32_t sl_lane_output_count(const sl_lane *lane) { return lane->live.output_count; }

sl_text sl_lane_output(const sl_lane *lane, uint32_t output) { return lane->live.outputs[output]; }

void route_add(lua_State *L, int index, uint64_t *outputs) {
    sl_lane *lane = lane_of(L);
    if (lua_type(L, index) != LUA_TSTRING)
        luaL_error(L, "an output is named by a string, not by a %s", value_kind(L, index));
    const char *name = lua_tostring(L, index);
    key_cache_entry *entry = &lane->output_keys[((uintptr_t)name >> 4) % KEY_CACHE];
    if (entry->text == name) {
        *outputs |= 1ull << entry->key;
        return;
    }
    registry_push(L, REGISTRY_OUTPUTS);
    lua_pushvalue(L, index);
    lua_rawget(L, -2);
    if (lua_type(L, -1) != LUA_TNUMBER && lane->outputs_open) accept_output(L, lane, index, name);
    if (lua_type(L, -1) != LUA_TNUMBER) {
        push_known_outputs(L, lane);
        luaL_error(L, "unknown output `%s`; known: %s", name, lua_tostring(L, -1));
    }
    uint16_t output = (uint16_t)lua_tointeger(L, -1);
    lua_pop(L, 2);
    *outputs |= 1ull << output;
    // A short string with this text is the very object that is a key of the table, so it is never collected.
    if (lua_rawlen(L, index) <= 40) {
        entry->text = name;
        entry->key = output;
    }
}

/// A decision that is none. The failure's place is the function: no line of it runs any more.
static int refuse_result(lua_State *L, const char *what, const char *kind) {
    return luaL_error(L, "%s%s; return nothing, `pass`, `drop` or names of outputs", what, kind);
}

static void add_list(lua_State *L, int index, uint64_t *outputs) {
    lua_Integer count = (lua_Integer)lua_rawlen(L, index);
    if (count == 0) refuse_result(L, "`process` returned an empty table", "");
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, index, i);
        route_add(L, lua_gettop(L), outputs);
        lua_pop(L, 1);
    }
}

uint8_t route_decision(lua_State *L, int first, uint64_t *outputs) {
    sl_lane *lane = lane_of(L);
    int count = lua_gettop(L) - first + 1;
    int type = lua_type(L, first);
    if (count == 1) {
        if (type == LUA_TNIL) return SL_PENDING;
        if (type == LUA_TUSERDATA) {
            void *value = lua_touserdata(L, first);
            if (value == lane->pass_value) return SL_PENDING;
            if (value == lane->drop_value) return SL_DROPPED;
        }
        if (type == LUA_TTABLE) {
            add_list(L, first, outputs);
            return SL_ROUTED;
        }
    }
    for (int index = first; index < first + count; index++) {
        if (lua_type(L, index) == LUA_TSTRING) {
            route_add(L, index, outputs);
            continue;
        }
        if (count == 1) return (uint8_t)refuse_result(L, "`process` returned ", value_kind(L, index));
        return (uint8_t)refuse_result(L, "`process` returned several values and one of them is ", value_kind(L, index));
    }
    return SL_ROUTED;
}

// -- also -------------------------------------------------------------------------------------------------------------

static void need_event(lua_State *L, const char *name) {
    sl_lane *lane = lane_of(L);
    if (lane->context != CONTEXT_EVENT)
        luaL_error(L, "`%s` needs an event: there is none in %s", name,
            lane->context == CONTEXT_TIMER ? "a timer" : lane->context == CONTEXT_LOAD ? "the top level of a rule" : "`shutdown`");
}

static int route_also(lua_State *L) {
    sl_lane *lane = lane_of(L);
    need_event(L, "also");
    int count = lua_gettop(L);
    if (count == 0) return luaL_error(L, "`also` takes names of outputs: also(\"archive\")");
    uint64_t outputs = 0;
    for (int i = 1; i <= count; i++) route_add(L, i, &outputs);
    event_save(lane, lane->event_value);
    lane->batch->events[lane->event].outputs |= outputs;
    return 0;
}

// -- emit -------------------------------------------------------------------------------------------------------------

/// Metadata of the event that is the source: input, peer, receipt; for timers a receipt of now.
static void inherit(sl_lane *lane, sl_event *event) {
    if (lane->context != CONTEXT_EVENT) {
        event->received_ns = lane->clock_ns;
        event->source = UINT32_MAX; // none
        return;
    }
    const sl_event *source = lane->batch->events + lane->event;
    event->received_ns = source->received_ns;
    event->source = source->source;
    event->peer = source->peer;
    event->format = source->format;
}

/// Appends an event to the batch without chaining it.
static uint32_t begin_emitted(lua_State *L, sl_lane *lane) {
    sl_batch *batch = lane->batch;
    uint32_t first = batch->first, last = batch->last;
    // Chained by `route_commit` only when the call succeeds.
    sl_event *event = sl_event_begin(batch, (sl_span){0, 0}, 0, 0);
    if (!event) luaL_error(L, "out of memory for an emitted event");
    if (last != SL_NO_EVENT) batch->events[last].next = SL_NO_EVENT;
    batch->first = first;
    batch->last = last;
    inherit(lane, event);
    return batch->event_count - 1;
}

/// Copies the slots of `from` that `keep` wants to the emitted event at `index`.
static void copy_slots(lua_State *L, sl_lane *lane, const event_ref *from, uint32_t index, bool fields, bool meta) {
    sl_batch *batch = lane->batch;
    event_ref to = {batch, index, false};
    uint16_t count = from->batch->events[from->event].count;
    for (uint16_t i = 0; i < count; i++) {
        const sl_slot *slot = sl_event_slots(from->batch, from->batch->events + from->event) + i;
        if (slot->type == SL_ABSENT || !((slot->flags & SL_META) ? meta : fields)) continue;
        sl_slot copy = *slot;
        bool is_text = slot->type == SL_NUMBER || slot->type == SL_STRING || slot->type == SL_OBJECT || slot->type == SL_ARRAY;
        if (from->batch != batch) {
            if (is_text) copy.text.offset = event_append(L, &to, from->batch->bytes + slot->text.offset, slot->text.length);
            if (slot->key == SL_KEY_UNLISTED) {
                size_t length;
                const char *name = sl_slot_name(from->batch, slot, &length);
                copy.detail = sl_batch_append_name(batch, name, length);
                if (copy.detail == SL_NO_OFFSET) luaL_error(L, "out of memory for an emitted event");
            }
        }
        copy.flags |= SL_OWNED;
        sl_slot *place = sl_event_add(batch, copy.key);
        if (!place) luaL_error(L, "out of memory for an emitted event");
        *place = copy;
    }
}

static void emit_table(lua_State *L, sl_lane *lane, int table, uint32_t index) {
    // Fields of a table have no order, so they come in the order of their names, as nested objects do.
    event_ref to = {lane->batch, index, false};
    lua_Integer count = 0;
    lua_createtable(L, 8, 0);
    int names = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        lane_check_time(L);
        if (lua_type(L, -2) != LUA_TSTRING) luaL_error(L, "an event's fields have names: found a key that is a %s", value_kind(L, -2));
        lua_pushvalue(L, -2);
        lua_rawseti(L, names, ++count);
    }
    registry_push(L, REGISTRY_LIBRARIES);
    lua_getfield(L, -1, "table");
    lua_getfield(L, -1, "sort");
    lua_pushvalue(L, names);
    lua_call(L, 1, 0);
    lua_pop(L, 2);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, names, i);
        lua_pushvalue(L, -1);
        lua_rawget(L, table);
        const char *name;
        size_t length;
        uint16_t key = event_key(L, lua_gettop(L) - 1, &name, &length, true);
        event_assign(L, &to, key, name, length, lua_gettop(L), 0);
        lua_pop(L, 2);
    }
}

int route_emit(lua_State *L) {
    sl_lane *lane = lane_of(L);
    if (lane->context == CONTEXT_LOAD || lane->context == CONTEXT_NONE)
        return luaL_error(L, "`emit` needs a running pipeline: there is none at the top level of a rule");
    if (lane->emit_count >= lane->limits.emits)
        return luaL_error(L, "`emit` was called more than %d times in one call", (int)lane->limits.emits);
    int top = lua_gettop(L);
    uint64_t outputs = 0;
    for (int i = 2; i <= top; i++) route_add(L, i, &outputs);
    uint32_t index = begin_emitted(L, lane);
    sl_batch *batch = lane->batch;
    if (lua_type(L, 1) == LUA_TTABLE) {
        // The slots go to the end, spare ones first: `event_assign` fills them in.
        if (!sl_event_end(batch)) return luaL_error(L, "out of memory for an emitted event");
        emit_table(L, lane, 1, index);
        if (lane->context == CONTEXT_EVENT) {
            event_ref source = {batch, lane->event, false};
            event_ref to = {batch, index, false};
            uint16_t count = batch->events[lane->event].count;
            for (uint16_t i = 0; i < count; i++) {
                sl_slot slot = sl_event_slots(batch, batch->events + source.event)[i];
                if (slot.type == SL_ABSENT || !(slot.flags & SL_META)) continue;
                sl_slot *place = event_slot_for_write(L, &to, slot.key, NULL, 0, SL_META);
                *place = slot;
            }
        }
    } else {
        event_ref *from = event_check(L, 1);
        event_ref source = *from;
        copy_slots(L, lane, &source, index, true, true);
        batch->events[index].time_ns = source.batch->events[source.event].time_ns;
        batch->events[index].flags = source.batch->events[source.event].flags;
        if (!sl_event_end(batch)) return luaL_error(L, "out of memory for an emitted event");
    }
    sl_event *event = batch->events + index;
    event->rule = (uint16_t)(lane->rule + 1);
    event->outputs = outputs;
    if (outputs) {
        event->verdict = SL_ROUTED;
        event->rule = lane->rule;
    }
    if (lane->emit_last == SL_NO_EVENT) lane->emit_first = index;
    else batch->events[lane->emit_last].next = index;
    lane->emit_last = index;
    lane->emit_count++;
    return 0;
}

void route_commit(sl_lane *lane) {
    if (lane->emit_first == SL_NO_EVENT) return;
    sl_batch *batch = lane->batch;
    uint32_t *link = lane->emit_tail == SL_NO_EVENT ? &batch->first : &batch->events[lane->emit_tail].next;
    batch->events[lane->emit_last].next = *link;
    *link = lane->emit_first;
    if (batch->last == lane->emit_tail || batch->last == SL_NO_EVENT) batch->last = lane->emit_last;
    lane->emit_tail = lane->emit_last;
    lane->counts.emitted += lane->emit_count;
    lane->emit_first = lane->emit_last = SL_NO_EVENT;
    lane->emit_count = 0;
}

// -- timers -----------------------------------------------------------------------------------------------------------

/// Nanoseconds of `250ms`, `10s`, `5m`, `1h`, `2d`, or of a number of seconds; 0 when it is none.
static int64_t read_interval(lua_State *L, int index) {
    if (lua_type(L, index) == LUA_TNUMBER) {
        double seconds = lua_tonumber(L, index);
        return seconds > 0 && seconds < 4e9 ? (int64_t)(seconds * 1e9) : 0;
    }
    const char *text = lua_tostring(L, index);
    char *unit;
    double amount = text && *text >= '0' && *text <= '9' ? strtod(text, &unit) : 0;
    if (amount <= 0) return 0;
    static const struct { const char *name; double ns; } units[] = {{"ms", 1e6}, {"s", 1e9}, {"m", 6e10}, {"h", 3.6e12}, {"d", 8.64e13}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(unit, units[i].name) == 0 && amount * units[i].ns < 4e18) return (int64_t)(amount * units[i].ns);
    return 0;
}

static int route_every(lua_State *L) {
    sl_lane *lane = lane_of(L);
    if (lane->context != CONTEXT_LOAD) return luaL_error(L, "`every` is called at the top level of a rule, not while it runs");
    int64_t interval = read_interval(L, 1);
    if (interval <= 0) return luaL_error(L, "`every` takes a duration such as \"10s\" or \"250ms\", and a function");
    luaL_checktype(L, 2, LUA_TFUNCTION);
    rule_set *set = lane->loading;
    if (set->timer_count == TIMERS_MAX) return luaL_error(L, "more than %d timers", TIMERS_MAX);
    lua_settop(L, 2);
    timer *timer = &set->timers[set->timer_count];
    timer->function = luaL_ref(L, LUA_REGISTRYINDEX);
    timer->rule = lane->rule;
    timer->interval_ns = interval;
    timer->due_ns = lane_first_due(lane, interval);
    set->timer_count++;
    return 0;
}

// -- values -----------------------------------------------------------------------------------------------------------

static int call_decision(lua_State *L) {
    const char *name = lua_tostring(L, lua_upvalueindex(1));
    return luaL_error(L, "`%s` is a value and not a function: write `return %s`", name, name);
}

static void push_decision(lua_State *L, const char *name, int place) {
    lua_newuserdatauv(L, 1, 0);
    lua_createtable(L, 0, 3);
    lua_pushstring(L, name);
    lua_pushcclosure(L, call_decision, 1);
    lua_setfield(L, -2, "__call");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    lua_setmetatable(L, -2);
    registry_set(L, place);
}

void route_push_outputs(lua_State *L, const rule_set *set) {
    lua_createtable(L, 0, (int)set->output_count);
    for (uint32_t i = 0; i < set->output_count; i++) {
        if (set->outputs[i].length == 0) continue;
        lua_pushlstring(L, set->outputs[i].bytes, set->outputs[i].length);
        lua_pushinteger(L, i);
        lua_rawset(L, -3);
    }
}

void route_open(lua_State *L) {
    sl_lane *lane = lane_of(L);
    push_decision(L, "drop", REGISTRY_DROP_VALUE);
    push_decision(L, "pass", REGISTRY_PASS_VALUE);
    registry_push(L, REGISTRY_DROP_VALUE);
    registry_push(L, REGISTRY_PASS_VALUE);
    lane->pass_value = lua_touserdata(L, -1);
    lane->drop_value = lua_touserdata(L, -2);
    lua_pop(L, 2);
    route_push_outputs(L, &lane->live);
    registry_set(L, REGISTRY_OUTPUTS);
    registry_push(L, REGISTRY_GLOBALS);
    registry_push(L, REGISTRY_DROP_VALUE);
    lua_setfield(L, -2, "drop");
    registry_push(L, REGISTRY_PASS_VALUE);
    lua_setfield(L, -2, "pass");
    static const luaL_Reg functions[] = {{"also", route_also}, {"emit", route_emit}, {"every", route_every}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    lua_pop(L, 1);
}
