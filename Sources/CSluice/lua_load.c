// Loading a rule: its chunk runs in an environment of its own, with the `state` that it takes over.
#include "lua_lane.h"

#include <stdlib.h>

/// Tables of a `state` with more entries than this are handed on without a guard: keeping them would cost what sharing saves.
enum { GUARDED_ENTRIES_MAX = 100000 };

// -- one run of the chunk -------------------------------------------------------------------------------------------------

/// Runs the chunk in a new environment whose `state` is the table on the top; leaves the environment in its place.
static void run_chunk(lua_State *L, const sl_rule_source *source) {
    int state = lua_gettop(L);
    sandbox_push_environment(L, lane_of(L)->rule);
    lua_insert(L, state);
    lua_setfield(L, state, "state");
    if (source->api == SL_API_FLUENT_BIT) fluentbit_prepare(L, source);
    if (lane_load_text(L, source->source.bytes, source->source.length, source->chunk.bytes) != LUA_OK) lua_error(L);
    lua_pushvalue(L, state);
    lua_setupvalue(L, -2, 1);
    lua_call(L, 0, 0);
}

/// The `state_version` in the environment on the top.
static int64_t read_version(lua_State *L) {
    int is_whole;
    lua_pushliteral(L, "state_version");
    lua_rawget(L, -2);
    lua_Integer version = lua_isnil(L, -1) ? 1 : lua_tointegerx(L, -1, &is_whole);
    if (!lua_isnil(L, -1) && (lua_type(L, -1) != LUA_TNUMBER || !is_whole || version < 1))
        luaL_error(L, "`state_version` is a whole number from 1, not %s", lua_type(L, -1) == LUA_TNUMBER ? lua_tostring(L, -1) : value_kind(L, -1));
    lua_pop(L, 1);
    return version;
}

// -- the state that it takes over -----------------------------------------------------------------------------------------

/// The running rule of this name, NULL without.
static const rule *find_live(const sl_lane *lane, const sl_text *name) {
    for (uint16_t i = 0; i < lane->live.rule_count; i++) {
        const rule *rule = &lane->live.rules[i];
        if (strlen(rule->name) == name->length && memcmp(rule->name, name->bytes, name->length) == 0) return rule;
    }
    return NULL;
}

/// Pushes the `state` that was before, or nil; answers its version.
static int64_t push_kept_state(lua_State *L, sl_lane *lane, const sl_rule_source *source) {
    const rule *live = lane->staged ? find_live(lane, &source->name) : NULL;
    if (live) {
        registry_push(L, REGISTRY_RULES);
        lua_rawgeti(L, -1, live - lane->live.rules + 1);
        lua_pushliteral(L, "state");
        lua_rawget(L, -2);
        lua_replace(L, -3);
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TTABLE) return live->state_version;
        // The rule has put something else in its place: there is no state to hand on.
        lua_pop(L, 1);
        lua_pushnil(L);
        return 1;
    }
    if (source->state) state_push(L, source->state, source->state_length);
    else lua_pushnil(L);
    return source->state_version;
}

/// Timers that the first of two runs made.
static void drop_timers(lua_State *L, rule_set *set, uint32_t count) {
    while (set->timer_count > count) luaL_unref(L, LUA_REGISTRYINDEX, set->timers[--set->timer_count].function);
}

/// Puts what the rule's `migrate` makes of the state at `index` in its place.
static void migrate_state(lua_State *L, const sl_rule_source *source, int index, int64_t old_version) {
    rule_set *set = lane_of(L)->loading;
    uint32_t timers = set->timer_count;
    lua_newtable(L);
    run_chunk(L, source);
    int64_t version = read_version(L);
    lua_pushliteral(L, "migrate");
    lua_rawget(L, -2);
    if (lua_type(L, -1) != LUA_TFUNCTION)
        luaL_error(L, "`state_version` is %I and the kept `state` is of version %I: the rule needs `function migrate(old_state, old_version)`",
            (LUAI_UACINT)version, (LUAI_UACINT)old_version);
    lua_pushvalue(L, index);
    lua_pushinteger(L, old_version);
    lua_call(L, 2, 1);
    if (lua_type(L, -1) != LUA_TTABLE) luaL_error(L, "`migrate` returned %s instead of the new state, a table", value_kind(L, -1));
    lua_replace(L, index);
    lua_settop(L, index);
    drop_timers(L, set, timers);
}

// -- loading --------------------------------------------------------------------------------------------------------------

/// Remembers the environment on the top and the function in it.
static void keep_rule(lua_State *L, sl_lane *lane, const sl_rule_source *source) {
    int environment = lua_gettop(L);
    registry_push(L, lane->staged ? REGISTRY_STAGED_RULES : REGISTRY_RULES);
    lua_pushvalue(L, environment);
    lua_rawseti(L, -2, lane->rule + 1);
    lua_pushlstring(L, source->function.bytes, source->function.length);
    lua_rawget(L, environment);
    if (lua_type(L, -1) != LUA_TFUNCTION)
        luaL_error(L, "the rule defines no function `%s` (found %s); write `function %s(%s) … end`", source->function.bytes,
            value_kind(L, -1), source->function.bytes, source->api == SL_API_FLUENT_BIT ? "tag, timestamp, record" : "event, meta");
    // The last thing that can fail: what is referenced is given back with the set.
    lane_rule(lane)->function = luaL_ref(L, LUA_REGISTRYINDEX);
}

static int load_protected(lua_State *L) {
    const sl_rule_source *source = lua_touserdata(L, 1);
    sl_lane *lane = lane_of(L);
    int64_t kept_version = push_kept_state(L, lane, source);
    int state = lua_gettop(L);
    bool is_kept = !lua_isnil(L, state);
    int64_t version = source->source_version ? source->source_version : kept_version;
    bool migrates = is_kept && version != kept_version;
    if (is_kept && lane->staged) guard_begin(L, state, migrates ? LUA_MAXINTEGER : GUARDED_ENTRIES_MAX);
    if (migrates) migrate_state(L, source, state, kept_version);
    if (!is_kept) {
        lua_newtable(L);
        lua_replace(L, state);
    }
    lua_pushvalue(L, state);
    run_chunk(L, source);
    int64_t found = read_version(L);
    if (is_kept && found != version)
        luaL_error(L, "`state_version` is %I and was %I when the rule was checked", (LUAI_UACINT)found, (LUAI_UACINT)version);
    lane_rule(lane)->state_version = found;
    if (is_kept && lane->staged) guard_end(L, true);
    keep_rule(L, lane, source);
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

bool load_rule(sl_lane *lane, const sl_rule_source *source) {
    rule_set *set = lane->loading;
    if (set->rule_count == RULES_MAX) return false;
    lane->rule = set->rule_count;
    rule *rule = &set->rules[lane->rule];
    rule->api = source->api;
    rule->time_as_table = source->time_as_table;
    rule->ran = true;
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
        set->rule_count++;
        return true;
    }
    if (lane->failure.line == 0 && lane->failure.kind == SL_FAILURE_RUNTIME && lane->message.length > 0) {
        lane->failure.kind = SL_FAILURE_SYNTAX;
        read_syntax_position(lane, source);
    }
    return false;
}

bool sl_lane_load(sl_lane *lane, const sl_rule_source *source) {
    bool loaded = load_rule(lane, source);
    lane_find_next_timer(lane);
    return loaded;
}
