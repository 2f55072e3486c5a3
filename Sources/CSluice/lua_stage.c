// A new generation of rules in a living lane: made beside the one that runs, then put in its place between two batches.
//
//     begin ──► stage rule ──► … ──► commit      the old generation is let go
//                   └── fails ──► abandon        the old generation runs on, untouched
//
// Whatever can fail happens before the first pointer of the running generation is changed.
#include "lua_lane.h"

#include <stdlib.h>

static const int staged_places[] = {REGISTRY_STAGED_RULES, REGISTRY_STAGED_OUTPUTS, REGISTRY_GUARD, REGISTRY_CHANGES};

void lane_free_set(lua_State *L, rule_set *set) {
    // One more than there are: a rule that did not load has memory as well.
    for (uint32_t i = 0; i <= set->rule_count && i < RULES_MAX; i++) {
        if (L && set->rules[i].function) luaL_unref(L, LUA_REGISTRYINDEX, set->rules[i].function);
        free(set->rules[i].name);
        free(set->rules[i].inputs);
    }
    for (uint32_t i = 0; L && i < set->timer_count; i++) luaL_unref(L, LUA_REGISTRYINDEX, set->timers[i].function);
    for (uint32_t i = 0; i < set->output_count; i++) free((char *)set->outputs[i].bytes);
}

/// Lets go of what only the making of a generation needs. The places exist, so no memory is needed.
static void clear_places(lua_State *L) {
    for (size_t i = 0; i < sizeof staged_places / sizeof *staged_places; i++) {
        lua_pushboolean(L, 0);
        registry_set(L, staged_places[i]);
    }
}

static int begin_protected(lua_State *L) {
    lua_newtable(L);
    registry_set(L, REGISTRY_STAGED_RULES);
    route_push_outputs(L, lane_of(L)->staged);
    registry_set(L, REGISTRY_STAGED_OUTPUTS);
    lua_newtable(L);
    registry_set(L, REGISTRY_CHANGES);
    return 0;
}

bool sl_lane_stage_begin(sl_lane *lane, const sl_names *names) {
    sl_lane_stage_abandon(lane);
    lane->rule = 0;
    lane->failure = (sl_failure){.kind = SL_FAILURE_MEMORY, .event = SL_NO_EVENT};
    lane->message.length = lane->chunk.length = lane->traceback.length = 0;
    lane->staged = calloc(1, sizeof *lane->staged);
    if (!lane->staged) return false;
    lane->loading = lane->staged;
    lane->staged->inputs = names->inputs;
    lane->staged->input_count = names->input_count;
    if (!lane_name_outputs(lane->staged, names->outputs, names->output_count)) return false;
    lane->context = CONTEXT_LOAD;
    bool begun = lane_enter(lane, begin_protected, NULL, lane->limits.load_cpu_ns);
    lane->context = CONTEXT_NONE;
    return begun;
}

static int take_back(lua_State *L) {
    guard_end(L, false);
    return 0;
}

bool sl_lane_stage(sl_lane *lane, const sl_rule_source *rule) {
    if (load_rule(lane, rule)) return true;
    lane_protect(lane, take_back);
    return false;
}

void sl_lane_stage_abandon(sl_lane *lane) {
    if (!lane->staged) return;
    lane_free_set(lane->L, lane->staged);
    free(lane->staged);
    lane->staged = NULL;
    lane->loading = &lane->live;
    clear_places(lane->L);
}

/// Timers of the new generation get their first time: that of the old one with the same rule and interval, if there is one.
static void set_due_times(const sl_lane *lane, rule_set *staged) {
    bool taken[TIMERS_MAX] = {false};
    for (uint32_t i = 0; i < staged->timer_count; i++) {
        timer *timer = &staged->timers[i];
        timer->due_ns = lane_first_due(lane, timer->interval_ns);
        for (uint32_t j = 0; j < lane->live.timer_count; j++) {
            const struct timer *old = &lane->live.timers[j];
            if (taken[j] || old->interval_ns != timer->interval_ns) continue;
            if (strcmp(lane->live.rules[old->rule].name, staged->rules[timer->rule].name) != 0) continue;
            taken[j] = true;
            timer->due_ns = old->due_ns;
            break;
        }
    }
}

/// What lies at one place of the registry goes to another.
static void move_place(lua_State *L, int from, int to) {
    registry_push(L, from);
    registry_set(L, to);
}

bool sl_lane_stage_commit(sl_lane *lane) {
    if (!lane->staged) return false;
    lane->rule = 0;
    lane->context = CONTEXT_LOAD;
    bool applied = lane_enter(lane, guard_apply, NULL, lane->limits.load_cpu_ns);
    lane->context = CONTEXT_NONE;
    if (!applied) {
        lane_protect(lane, guard_undo);
        sl_lane_stage_abandon(lane);
        return false;
    }
    // From here on nothing can fail.
    set_due_times(lane, lane->staged);
    lane_free_set(lane->L, &lane->live);
    lane->live = *lane->staged;
    free(lane->staged);
    lane->staged = NULL;
    lane->loading = &lane->live;
    move_place(lane->L, REGISTRY_STAGED_RULES, REGISTRY_RULES);
    move_place(lane->L, REGISTRY_STAGED_OUTPUTS, REGISTRY_OUTPUTS);
    clear_places(lane->L);
    // Their texts were keys of the old table of outputs.
    memset(lane->output_keys, 0, sizeof lane->output_keys);
    lane->shutdown_rule = 0;
    lane_find_next_timer(lane);
    return true;
}
