// A lane's life: creation, and the loop over events that everything else exists for.
#include "lua_lane.h"

#include <stdlib.h>

// -- creation ---------------------------------------------------------------------------------------------------------

sl_lane *sl_lane_create(const sl_limits *limits, const sl_services *services) {
    sl_lane *lane = calloc(1, sizeof(sl_lane));
    if (!lane) return NULL;
    lane->limits = *limits;
    lane->services = *services;
    lane->next_timer_ns = INT64_MAX;
    lane->event = lane->previous = SL_NO_EVENT;
    lane->loading = &lane->live;
    lane_watch_init(lane);
    lane->L = lua_newstate(lane_allocate, lane);
    if (!lane->L) {
        lane_free_pool(lane);
        free(lane);
        return NULL;
    }
    *(sl_lane **)lua_getextraspace(lane->L) = lane;
    return lane;
}

void sl_lane_destroy(sl_lane *lane) {
    if (!lane) return;
    lane_watch_destroy(lane);
    lua_close(lane->L);
    lane_free_pool(lane);
    lane_free_set(NULL, &lane->live);
    if (lane->staged) lane_free_set(NULL, lane->staged);
    free(lane->staged);
    lane_free_coverage(lane);
    free(lane->undo_slots);
    sl_buffer *buffers[] = {&lane->names,   &lane->scratch, &lane->sorting,  &lane->host_scratch,
                            &lane->message, &lane->chunk,   &lane->traceback};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) sl_buffer_destroy(buffers[i]);
    free(lane);
}

enum { BUFFER_KEPT_MAX = 1 << 20 };

/// What one call made large is given back.
static void shrink_buffers(sl_lane *lane) {
    sl_buffer *buffers[] = {&lane->scratch, &lane->sorting, &lane->host_scratch};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        if (buffers[i]->capacity > BUFFER_KEPT_MAX) sl_buffer_destroy(buffers[i]);
}

bool lane_enter(sl_lane *lane, lua_CFunction function, void *argument, int64_t cpu_ns) {
    lua_State *L = lane->L;
    lane->failure = (sl_failure){.event = SL_NO_EVENT};
    lane->message.length = lane->chunk.length = lane->traceback.length = 0;
    // None of these three allocates.
    lua_pushcfunction(L, lane_message_handler);
    lua_pushcfunction(L, function);
    lua_pushlightuserdata(L, argument);
    lane_watch_begin(lane, cpu_ns);
    int status = lua_pcall(L, 1, 0, -3);
    lane_watch_end(lane);
    if (status != LUA_OK) lane_set_failure(lane, status, lane->message.length > 0);
    lua_settop(L, 0);
    shrink_buffers(lane);
    return status == LUA_OK;
}

bool lane_protect(sl_lane *lane, lua_CFunction function) {
    lane->stop = 0;
    lane->tidies_up = true;
    lua_pushcfunction(lane->L, function);
    bool done = lua_pcall(lane->L, 0, 0, 0) == LUA_OK;
    lane->tidies_up = false;
    lua_settop(lane->L, 0);
    return done;
}

typedef struct pieces {
    const char *text;
    size_t length;
} pieces;

static const char *next_piece(lua_State *L, void *context, size_t *length) {
    enum { PIECE_BYTES = 4096 };
    pieces *rest = context;
    lane_check_time(L);
    const char *piece = rest->text;
    *length = rest->length < PIECE_BYTES ? rest->length : PIECE_BYTES;
    rest->text += *length;
    rest->length -= *length;
    return piece;
}

int lane_load_text(lua_State *L, const char *text, size_t length, const char *chunk) {
    pieces rest = {text, length};
    return lua_load(L, next_piece, &rest, chunk, "t");
}

// -- opening ----------------------------------------------------------------------------------------------------------

typedef struct opening {
    const sl_host_entry *entries;
    uint32_t entry_count;
} opening;

/// The auxiliary library makes the metatable of its large buffers at first use. If memory ran out half way through that, no
/// later large buffer would work in this state, so it is made while a failure still refuses the state.
static void prepare_buffers(lua_State *L) {
    luaL_Buffer buffer;
    luaL_buffinitsize(L, &buffer, LUAL_BUFFERSIZE * 2);
    luaL_pushresultsize(&buffer, 0);
    lua_pop(L, 1);
}

static int open_protected(lua_State *L) {
    opening *request = lua_touserdata(L, 1);
    sl_lane *lane = lane_of(L);
    lua_gc(L, LUA_GCGEN, 0, 0);
    prepare_buffers(L);
    lua_pushinteger(L, 0);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_LAST + 1);
    for (int place = REGISTRY_EVENT; place < REGISTRY_FIXED_COUNT; place++) {
        lua_pushboolean(L, 0);
        registry_set(L, place);
    }
    lua_newtable(L);
    registry_set(L, REGISTRY_ANCHORS);
    lua_newtable(L);
    registry_set(L, REGISTRY_NODES);
    lua_newtable(L);
    registry_set(L, REGISTRY_RULES);
    clone_open(L);
    value_open(L);
    timestamp_open(L);
    event_open(L);
    meta_open(L);
    node_open(L);
    sandbox_open(L, lane);
    route_open(L);
    field_open(L);
    host_open(L, request->entries, request->entry_count);
    return 0;
}

bool lane_name_outputs(rule_set *set, const sl_text *outputs, uint32_t count) {
    if (count > OUTPUTS_MAX) return false;
    for (uint32_t i = 0; i < count; i++) {
        char *name = malloc(outputs[i].length + 1);
        if (!name) return false;
        if (outputs[i].length > 0) memcpy(name, outputs[i].bytes, outputs[i].length);
        name[outputs[i].length] = 0;
        set->outputs[set->output_count++] = (sl_text){name, outputs[i].length};
    }
    return true;
}

bool sl_lane_open(sl_lane *lane, const sl_host_entry *entries, uint32_t entry_count, const sl_names *names) {
    lane->live.inputs = names->inputs;
    lane->live.input_count = names->input_count;
    if (!lane_name_outputs(&lane->live, names->outputs, names->output_count)) return false;
    opening request = {entries, entry_count};
    lane->context = CONTEXT_LOAD;
    bool opened = lane_enter(lane, open_protected, &request, lane->limits.load_cpu_ns);
    lane->context = CONTEXT_NONE;
    return opened;
}

// -- running ----------------------------------------------------------------------------------------------------------

static void advance_clock(sl_lane *lane, int64_t ns) {
    if (!lane->clock_follows || ns == SL_NO_TIME) return;
    if (!lane->clock_known || ns > lane->clock_ns) lane->clock_ns = ns;
    lane->clock_known = true;
}

static void begin_call(sl_lane *lane) {
    lane->serial++;
    lane->undo_saved = false;
    lane->emit_first = lane->emit_last = SL_NO_EVENT;
    lane->emit_count = 0;
    lane->undo_event_count = lane->batch->event_count;
    lane->undo_slot_count = lane->batch->slot_count;
    lane->undo_length = lane->batch->length;
    lane->mark = 0;
    if (lane->node_count) node_reset(lane);
}

/// The event behind the last finished one: after timers that may be an event that they emitted.
static void find_next(sl_lane *lane) {
    lane->event = lane->previous == SL_NO_EVENT ? lane->batch->first : lane->batch->events[lane->previous].next;
}

/// Times that the data brings can be at either end of what 64 bits hold.
static int64_t later(int64_t ns, int64_t by) {
    int64_t sum;
    return __builtin_add_overflow(ns, by, &sum) ? INT64_MAX : sum;
}

/// At most once however much time has passed: the first moment behind the clock on the timer's grid.
static int64_t next_due(const timer *timer, int64_t clock_ns) {
    int64_t late;
    if (__builtin_sub_overflow(clock_ns, timer->due_ns, &late)) late = 0;
    return later(clock_ns - late % timer->interval_ns, timer->interval_ns);
}

int64_t lane_first_due(const sl_lane *lane, int64_t interval_ns) {
    // With the clock of the data that first reading is the first event's time.
    return lane->clock_follows && !lane->clock_known ? INT64_MIN : later(lane->clock_ns, interval_ns);
}

void lane_find_next_timer(sl_lane *lane) {
    lane->next_timer_ns = INT64_MAX;
    for (uint32_t i = 0; i < lane->live.timer_count; i++)
        if (lane->live.timers[i].due_ns < lane->next_timer_ns) lane->next_timer_ns = lane->live.timers[i].due_ns;
}

static void run_due_timers(lua_State *L, sl_lane *lane) {
    lane->emit_tail = lane->previous;
    for (uint32_t i = 0; i < lane->live.timer_count; i++) {
        timer *timer = &lane->live.timers[i];
        if (timer->due_ns > lane->clock_ns) continue;
        if (timer->due_ns == INT64_MIN) { // the clock of the data has only now begun
            timer->due_ns = later(lane->clock_ns, timer->interval_ns);
            continue;
        }
        // Before the call, so that a failing timer does not fire for ever.
        timer->due_ns = next_due(timer, lane->clock_ns);
        lane->context = CONTEXT_TIMER;
        lane->rule = timer->rule;
        lane->live.rules[lane->rule].ran = true;
        begin_call(lane);
        lane_restart_time(lane);
        lua_rawgeti(L, LUA_REGISTRYINDEX, timer->function);
        lua_call(L, 0, 0);
        lane->counts.timers_fired++;
        route_commit(lane);
    }
    lane_find_next_timer(lane);
    lane->context = CONTEXT_NONE;
    find_next(lane);
}

static inline uint8_t call_rule(lua_State *L, sl_lane *lane, const rule *rule, uint64_t *outputs) {
    if (rule->api == SL_API_FLUENT_BIT) return fluentbit_call(L, lane, rule);
    int base = lua_gettop(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, rule->function);
    registry_push(L, REGISTRY_EVENT_VALUE);
    registry_push(L, REGISTRY_META_VALUE);
    lua_call(L, 2, LUA_MULTRET);
    uint8_t verdict = SL_PENDING;
    if (lua_gettop(L) > base) verdict = route_decision(L, base + 1, outputs);
    lua_settop(L, base);
    return verdict;
}

/// Whether a rule with a list of inputs has this one in it. What timers emit has no input and is for every rule.
static bool takes_input(const rule *rule, uint32_t source) {
    if (source == UINT32_MAX) return true;
    return source / 64 < rule->input_words && (rule->inputs[source / 64] >> source % 64 & 1);
}

/// All rules from `lane->rule` on for the current event.
static void run_event(lua_State *L, sl_lane *lane) {
    for (; lane->rule < lane->live.rule_count; lane->rule++) {
        rule *rule = &lane->live.rules[lane->rule];
        if (rule->inputs && !takes_input(rule, lane->batch->events[lane->event].source)) continue;
        rule->ran = true;
        begin_call(lane);
        uint64_t outputs = 0;
        uint8_t verdict = call_rule(L, lane, rule, &outputs);
        if (lane->emit_count) route_commit(lane);
        if (verdict == SL_PENDING) continue;
        sl_event *event = lane->batch->events + lane->event;
        if (verdict == SL_DROPPED && lane->mark) verdict = lane->mark;
        event->verdict = verdict;
        event->rule = lane->rule;
        event->outputs |= outputs;
        return;
    }
    lane->batch->events[lane->event].verdict = SL_DEFAULTED;
}

static int run_protected(lua_State *L) {
    sl_lane *lane = lua_touserdata(L, 1);
    // An event that failed under the policy `pass` goes on behind the failing rule: then `rule` is set already.
    while (lane->event != SL_NO_EVENT) {
        sl_event *event = lane->batch->events + lane->event;
        if (event->verdict == SL_PENDING) {
            if (lane->context != CONTEXT_EVENT) {
                // Emitted events say nothing about the time that it is.
                if (event->rule == 0 || event->raw.length > 0) advance_clock(lane, event->time_ns);
                if (lane->clock_ns >= lane->next_timer_ns && (lane->clock_known || !lane->clock_follows)) {
                    run_due_timers(L, lane);
                    continue;
                }
                lane->context = CONTEXT_EVENT;
                lane->rule = event->rule;
                lane->emit_tail = lane->event;
            }
            lane_restart_time(lane);
            if (lane->limits.own_handles) {
                begin_call(lane); // memory for the handles can fail
                event_renew(L);
                meta_renew(L);
            }
            lane->event_value->batch = lane->batch;
            lane->event_value->event = lane->event;
            run_event(L, lane);
            lane->event_value->batch = NULL;
        }
        lane->context = CONTEXT_NONE;
        lane->previous = lane->event;
        lane->event = lane->batch->events[lane->event].next;
    }
    return 0;
}

void sl_lane_begin(sl_lane *lane, sl_batch *batch) {
    lane->batch = batch;
    lane->event = batch->first;
    lane->previous = SL_NO_EVENT;
    lane->context = CONTEXT_NONE;
}

/// Without rules every event goes to the default outputs: Lua is not entered.
static void pass_all(sl_lane *lane) {
    for (; lane->event != SL_NO_EVENT; lane->event = lane->batch->events[lane->event].next) {
        sl_event *event = lane->batch->events + lane->event;
        advance_clock(lane, event->time_ns);
        if (event->verdict == SL_PENDING) event->verdict = SL_DEFAULTED;
    }
}

int sl_lane_run(sl_lane *lane) {
    if (lane->live.rule_count == 0) {
        pass_all(lane);
        return SL_RUN_DONE;
    }
    if (lane_enter(lane, run_protected, lane, lane->limits.event_cpu_ns)) return SL_RUN_DONE;
    lane->event_value->batch = NULL;
    event_undo(lane);
    if (lane->context == CONTEXT_EVENT) return SL_RUN_FAILED;
    lane->context = CONTEXT_NONE;
    find_next(lane);
    lane->counts.timer_failures++;
    return SL_RUN_TIMER_FAILED;
}

static int timers_protected(lua_State *L) {
    run_due_timers(L, lua_touserdata(L, 1));
    return 0;
}

int sl_lane_run_timers(sl_lane *lane, sl_batch *batch) {
    lane->batch = batch;
    lane->previous = batch->last;
    if (lane->clock_ns < lane->next_timer_ns || lane_enter(lane, timers_protected, lane, lane->limits.event_cpu_ns)) return SL_RUN_DONE;
    event_undo(lane);
    lane->context = CONTEXT_NONE;
    lane->counts.timer_failures++;
    return SL_RUN_TIMER_FAILED;
}

void sl_lane_resolve(sl_lane *lane, uint8_t policy, uint64_t outputs) {
    sl_event *event = lane->batch->events + lane->event;
    if (policy == SL_ON_ERROR_PASS) {
        // In the event as well: the caller may go on with another lane that was made in place of this one.
        event->rule = ++lane->rule;
        return;
    }
    event->verdict = policy == SL_ON_ERROR_DROP ? SL_DROPPED : policy == SL_ON_ERROR_ROUTE ? SL_ROUTED : SL_FAILED;
    event->rule = lane->rule;
    if (policy == SL_ON_ERROR_ROUTE) event->outputs |= outputs;
    if (policy == SL_ON_ERROR_DEAD_LETTER) event->outputs = 0;
}

static int shutdown_protected(lua_State *L) {
    sl_lane *lane = lua_touserdata(L, 1);
    while (lane->shutdown_rule < lane->live.rule_count) {
        lane->context = CONTEXT_SHUTDOWN;
        lane->rule = (uint16_t)lane->shutdown_rule++;
        lane->emit_tail = lane->batch->last;
        begin_call(lane);
        lane_restart_time(lane);
        lane->live.rules[lane->rule].ran = true;
        registry_push(L, REGISTRY_RULES);
        lua_rawgeti(L, -1, lane->rule + 1);
        lua_pushliteral(L, "shutdown");
        lua_rawget(L, -2);
        if (lua_type(L, -1) == LUA_TFUNCTION) {
            lua_call(L, 0, 0);
            route_commit(lane);
        }
        lua_settop(L, 1);
    }
    return 0;
}

int sl_lane_shutdown(sl_lane *lane, sl_batch *batch) {
    lane->batch = batch;
    bool done = lane_enter(lane, shutdown_protected, lane, lane->limits.event_cpu_ns);
    if (!done) {
        event_undo(lane);
        lane->counts.timer_failures++;
    }
    lane->context = CONTEXT_NONE;
    return done ? SL_RUN_DONE : SL_RUN_TIMER_FAILED;
}

// -- the rest ---------------------------------------------------------------------------------------------------------

sl_lane_counts sl_lane_count(const sl_lane *lane) { return lane->counts; }

void sl_lane_set_clock(sl_lane *lane, int64_t ns, bool follows_data, bool is_known) {
    lane->clock_ns = ns;
    lane->clock_follows = follows_data;
    lane->clock_known = is_known;
    // Rules were loaded before: their timers count from here, with the clock of the data from its first time on.
    for (uint32_t i = 0; i < lane->live.timer_count; i++)
        lane->live.timers[i].due_ns = lane_first_due(lane, lane->live.timers[i].interval_ns);
    lane_find_next_timer(lane);
}

void sl_lane_advance_clock(sl_lane *lane, int64_t ns) {
    if (ns > lane->clock_ns) lane->clock_ns = ns;
    lane->clock_known = true;
}

int64_t sl_lane_next_timer(const sl_lane *lane) { return lane->next_timer_ns; }

bool sl_lane_knows_clock(const sl_lane *lane) { return lane->clock_known; }

int64_t sl_lane_clock(const sl_lane *lane) { return lane->clock_ns; }

size_t sl_lane_memory(sl_lane *lane, bool collect) {
    if (collect) lua_gc(lane->L, LUA_GCCOLLECT, 0);
    return lane->memory_used;
}
