// A lane's life: creation, loading of rules, and the loop over events that everything else exists for.
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
    // One more than there are: a rule that did not load has a name as well.
    for (uint32_t i = 0; i <= lane->rule_count && i < RULES_MAX; i++) {
        free(lane->rules[i].name);
        free(lane->rules[i].inputs);
    }
    for (uint32_t i = 0; i < lane->output_count; i++) free((char *)lane->outputs[i].bytes);
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

bool sl_lane_open(sl_lane *lane, const sl_host_entry *entries, uint32_t entry_count, const sl_text *outputs, uint32_t output_count) {
    if (output_count > OUTPUTS_MAX) return false;
    for (uint32_t i = 0; i < output_count; i++) {
        char *name = malloc(outputs[i].length + 1);
        if (!name) return false;
        memcpy(name, outputs[i].bytes, outputs[i].length);
        name[outputs[i].length] = 0;
        lane->outputs[lane->output_count++] = (sl_text){name, outputs[i].length};
    }
    opening request = {entries, entry_count};
    lane->context = CONTEXT_LOAD;
    bool opened = lane_enter(lane, open_protected, &request, lane->limits.load_cpu_ns);
    lane->context = CONTEXT_NONE;
    return opened;
}

// -- loading ----------------------------------------------------------------------------------------------------------

static int load_protected(lua_State *L) {
    const sl_rule_source *source = lua_touserdata(L, 1);
    sl_lane *lane = lane_of(L);
    rule *rule = &lane->rules[lane->rule];
    sandbox_push_environment(L, lane->rule);
    int environment = lua_gettop(L);
    if (source->api == SL_API_FLUENT_BIT) fluentbit_prepare(L, source);
    registry_push(L, REGISTRY_RULES);
    lua_pushvalue(L, environment);
    lua_rawseti(L, -2, lane->rule + 1);
    lua_pop(L, 1);
    if (lane_load_text(L, source->source.bytes, source->source.length, source->chunk.bytes) != LUA_OK) return lua_error(L);
    lua_pushvalue(L, environment);
    lua_setupvalue(L, -2, 1);
    lua_call(L, 0, 0);
    lua_pushlstring(L, source->function.bytes, source->function.length);
    lua_rawget(L, environment);
    if (lua_type(L, -1) != LUA_TFUNCTION)
        return luaL_error(L, "the rule defines no function `%s` (found %s); write `function %s(%s) … end`", source->function.bytes,
            value_kind(L, -1), source->function.bytes, source->api == SL_API_FLUENT_BIT ? "tag, timestamp, record" : "event, meta");
    rule->function = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pushvalue(L, environment);
    rule->environment = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

/// A chunk that does not compile: the position stands in Lua's message only.
static void read_syntax_position(sl_lane *lane, const sl_rule_source *source) {
    const char *text = (const char *)lane->message.bytes, *end = text + lane->message.length;
    const char *display = *source->chunk.bytes == '@' || *source->chunk.bytes == '=' ? source->chunk.bytes + 1 : source->chunk.bytes;
    for (const char *at = text; at < end; at++) {
        if (*at != ':' || at + 1 == end || at[1] < '0' || at[1] > '9') continue;
        const char *name_end = at++;
        uint32_t line = 0;
        while (at < end && *at >= '0' && *at <= '9') line = line * 10 + (uint32_t)(*at++ - '0');
        if (end - at < 2 || at[0] != ':') continue;
        lane->failure.line = line;
        lane->chunk.length = 0;
        sl_buffer_append(&lane->chunk, text, (size_t)(name_end - text));
        memmove(lane->message.bytes, at + 2, (size_t)(end - at - 2));
        lane->message.length = (size_t)(end - at - 2);
        return;
    }
    sl_buffer_append(&lane->chunk, display, strlen(display));
}

static bool copy_inputs(rule *rule, const sl_rule_source *source) {
    free(rule->inputs);
    rule->inputs = NULL;
    rule->input_words = source->input_words;
    if (!source->inputs) return true;
    // At least one word, or a rule for no input would be one for all.
    rule->inputs = calloc(source->input_words + 1, sizeof(uint64_t));
    if (rule->inputs && source->input_words > 0) memcpy(rule->inputs, source->inputs, source->input_words * sizeof(uint64_t));
    return rule->inputs != NULL;
}

bool sl_lane_load(sl_lane *lane, const sl_rule_source *source) {
    if (lane->rule_count == RULES_MAX) return false;
    lane->rule = lane->rule_count;
    rule *rule = &lane->rules[lane->rule];
    rule->api = source->api;
    rule->time_as_table = source->time_as_table;
    free(rule->name);
    rule->name = malloc(source->name.length + 1);
    if (!rule->name) return false;
    memcpy(rule->name, source->name.bytes, source->name.length);
    rule->name[source->name.length] = 0;
    if (!copy_inputs(rule, source)) return false;
    lane->context = CONTEXT_LOAD;
    bool loaded = lane_enter(lane, load_protected, (void *)source, lane->limits.load_cpu_ns);
    lane->context = CONTEXT_NONE;
    if (loaded) {
        lane->rule_count++;
        return true;
    }
    if (lane->failure.line == 0 && lane->failure.kind == SL_FAILURE_RUNTIME && lane->message.length > 0) {
        lane->failure.kind = SL_FAILURE_SYNTAX;
        read_syntax_position(lane, source);
    }
    return false;
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

static void run_due_timers(lua_State *L, sl_lane *lane) {
    lane->emit_tail = lane->previous;
    for (uint32_t i = 0; i < lane->timer_count; i++) {
        timer *timer = &lane->timers[i];
        if (timer->due_ns > lane->clock_ns) continue;
        if (timer->due_ns == INT64_MIN) { // the clock of the data has only now begun
            timer->due_ns = later(lane->clock_ns, timer->interval_ns);
            continue;
        }
        // Before the call, so that a failing timer does not fire for ever.
        timer->due_ns = next_due(timer, lane->clock_ns);
        lane->context = CONTEXT_TIMER;
        lane->rule = timer->rule;
        begin_call(lane);
        lane_restart_time(lane);
        lua_rawgeti(L, LUA_REGISTRYINDEX, timer->function);
        lua_call(L, 0, 0);
        lane->counts.timers_fired++;
        route_commit(lane);
    }
    lane->next_timer_ns = INT64_MAX;
    for (uint32_t i = 0; i < lane->timer_count; i++)
        if (lane->timers[i].due_ns < lane->next_timer_ns) lane->next_timer_ns = lane->timers[i].due_ns;
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
    for (; lane->rule < lane->rule_count; lane->rule++) {
        const rule *rule = &lane->rules[lane->rule];
        if (rule->inputs && !takes_input(rule, lane->batch->events[lane->event].source)) continue;
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
    if (lane->rule_count == 0) {
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
    while (lane->shutdown_rule < lane->rule_count) {
        lane->context = CONTEXT_SHUTDOWN;
        lane->rule = (uint16_t)lane->shutdown_rule++;
        lane->emit_tail = lane->batch->last;
        begin_call(lane);
        lane_restart_time(lane);
        lua_rawgeti(L, LUA_REGISTRYINDEX, lane->rules[lane->rule].environment);
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
    lane->next_timer_ns = INT64_MAX;
    for (uint32_t i = 0; i < lane->timer_count; i++) {
        timer *timer = &lane->timers[i];
        timer->due_ns = follows_data && !is_known ? INT64_MIN : ns + timer->interval_ns;
        if (timer->due_ns < lane->next_timer_ns) lane->next_timer_ns = timer->due_ns;
    }
}

bool sl_lane_knows_clock(const sl_lane *lane) { return lane->clock_known; }

int64_t sl_lane_clock(const sl_lane *lane) { return lane->clock_ns; }

size_t sl_lane_memory(sl_lane *lane, bool collect) {
    if (collect) lua_gc(lane->L, LUA_GCCOLLECT, 0);
    return lane->memory_used;
}
