// What the parts of the Lua binding share. Private to this target.
#ifndef SLUICE_LUA_LANE_H
#define SLUICE_LUA_LANE_H

#include "sluice_lua.h"
#include "sluice_json_text.h"

#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>
#include <signal.h>
#include <time.h>

enum { RULES_MAX = 1024, OUTPUTS_MAX = 64, KEY_CACHE = 256, NODES_MAX = 4096, TIMERS_MAX = 256, EVENT_BYTES_MAX = 64 << 20 };

/// Fixed places in the registry, so that nothing is looked up by name on the way. Lua's own two come first.
enum {
    REGISTRY_EVENT = LUA_RIDX_LAST + 2, ///< metatable of events (the place before is luaL_ref's)
    REGISTRY_META,
    REGISTRY_NODE,
    REGISTRY_TIMESTAMP,
    REGISTRY_ARRAY,                     ///< metatable that marks a table as an array
    REGISTRY_OBJECT,
    REGISTRY_EVENT_VALUE,               ///< the one event userdata
    REGISTRY_META_VALUE,
    REGISTRY_DROP_VALUE,
    REGISTRY_PASS_VALUE,
    REGISTRY_OUTPUTS,                   ///< output name → index
    REGISTRY_ANCHORS,                   ///< strings that the key caches point to
    REGISTRY_NODES,                     ///< userdata of the nodes of this call by index
    REGISTRY_LIBRARIES,                 ///< master copies of the library tables
    REGISTRY_GLOBALS,                   ///< master copy of a rule's globals
    REGISTRY_RULES,                     ///< environments by rule index + 1
    REGISTRY_CLONES,                    ///< address → clone, weak: finds the userdata whose memory is to grow
    REGISTRY_STAGED_RULES,              ///< environments of the generation that is being made
    REGISTRY_STAGED_OUTPUTS,
    REGISTRY_GUARD,                     ///< a `state` as it was before a rule's new top level ran (lua_guard.c)
    REGISTRY_CHANGES,                   ///< what the new top levels changed in `state`, held back until they are adopted
    REGISTRY_FIXED_COUNT
};

/// The state of an `event`: the lane's current one (owned is NULL) or a clone.
typedef struct event_ref {
    sl_batch *batch;
    uint32_t event;
    bool is_clone;
} event_ref;

typedef struct timestamp_value {
    int64_t ns;
    uint32_t detail;
} timestamp_value;

/// A nested object or array that a rule holds: a path from a field, found anew when the text has moved.
typedef struct node {
    sl_batch *batch;
    uint32_t event;
    int32_t parent;             ///< index of the node it lies in, -1: directly in the event
    bool alive;
    bool is_array;
    uint16_t key;               ///< parent -1: id of the field
    uint32_t name_offset, name_length; ///< name in lane->names: of an unlisted field or a member
    int64_t index;              ///< element in an array parent, from 1; 0 for members
    uint32_t offset, length;    ///< text in the arena, right while `version` is
    uint64_t version;
    int64_t last_index;         ///< last element looked up and where its text begins, for loops from 1 to n
    uint32_t last_offset;
} node;

typedef struct node_ref {
    int32_t node;
    uint64_t serial;
} node_ref;

typedef struct rule {
    uint64_t *inputs;           ///< bit n: it runs for events of input n; NULL for all
    uint32_t input_words;
    int function;               ///< registry reference
    uint8_t api;
    bool time_as_table;
    bool ran;                   ///< since its state was looked at last
    int64_t state_version;
    char *name;
} rule;

typedef struct timer {
    uint16_t rule;
    int function;
    int64_t interval_ns, due_ns;
} timer;

/// One generation: what is swapped as a whole.
typedef struct rule_set {
    rule rules[RULES_MAX];
    uint16_t rule_count;
    timer timers[TIMERS_MAX];
    uint32_t timer_count;
    sl_text outputs[OUTPUTS_MAX];   ///< by bit; of length 0: no output
    uint32_t output_count;
    const sl_text *inputs;          ///< by number; the caller's
    uint32_t input_count;
} rule_set;

typedef struct key_cache_entry {
    const char *text;
    uint16_t key;
} key_cache_entry;

enum { POOL_CLASSES = 32, POOL_STEP = 16, POOL_CHUNK = 64 * 1024 };

typedef struct lane_coverage lane_coverage;

struct sl_lane {
    int64_t clock_ns;
    bool clock_follows, clock_known;
    lua_State *L;
    sl_limits limits;
    sl_services services;

    // Memory: small blocks from chunks by size class, others from malloc; both counted against the limit.
    size_t memory_used;
    void *pool_free[POOL_CLASSES];
    void *pool_chunks;
    char *pool_at, *pool_end;
    uint64_t allocation_count, allocation_fails_at;
    bool allocation_fails_lasting;
    bool tidies_up;                 ///< what is asked for now is not refused

    // Time: a CPU clock timer of the running thread ticks; the handler compares serials.
    volatile sig_atomic_t stop;
    volatile sig_atomic_t in_lua;
    volatile uint64_t watch_serial, watch_seen;
    volatile int32_t ticks, ticks_max;
    bool timer_made;
    int timer_thread, watch_slot;
    timer_t cpu_timer;
    int64_t tick_ns;

    // The run.
    sl_batch *batch;
    uint32_t event, previous;       ///< event that runs next or runs now, and its predecessor in the chain
    uint32_t emit_first, emit_last; ///< chain of events that the running call emitted
    uint32_t emit_count;
    uint32_t emit_tail;             ///< behind which emitted events are chained
    uint16_t rule;                  ///< rule that runs
    uint8_t context;                ///< CONTEXT_…
    uint8_t mark;
    uint64_t serial;                ///< of the call: what was made in another is stale
    uint64_t node_version;
    event_ref *event_value;
    void *meta_value, *drop_value, *pass_value;
    struct sl_pattern_cache *patterns;

    // Undo: the event's record and slots before the running call changed anything.
    bool undo_saved;
    sl_event undo_event;
    sl_slot *undo_slots;
    uint32_t undo_capacity;
    uint32_t undo_event_count, undo_slot_count, undo_length; ///< of the batch when the running call began

    node nodes[NODES_MAX];
    int32_t node_count;
    int32_t written_node;           ///< node whose member is being written, for errors
    sl_buffer names;
    sl_buffer scratch;              ///< JSON text under construction
    sl_buffer sorting;              ///< member names under construction
    sl_buffer host_scratch;
    uint32_t finder;                ///< number of the host function that looks up in a handle

    key_cache_entry keys[KEY_CACHE];
    key_cache_entry output_keys[KEY_CACHE];
    int64_t next_timer_ns;
    rule_set live;                  ///< the generation that runs
    rule_set *staged;               ///< the one that is being made, NULL without
    rule_set *loading;              ///< that into which rules are loaded now
    lane_coverage *coverage;        ///< counters of lines, NULL without
    bool outputs_open;              ///< every output name is known
    lua_Integer changes_made;       ///< places of REGISTRY_CHANGES that a commit has worked off

    sl_failure failure;
    sl_buffer message, chunk, traceback;
    sl_lane_counts counts;
    uint32_t shutdown_rule;
};

/// Where Lua code runs.
enum { CONTEXT_NONE, CONTEXT_LOAD, CONTEXT_EVENT, CONTEXT_TIMER, CONTEXT_SHUTDOWN };

static inline sl_lane *lane_of(lua_State *L) { return *(sl_lane **)lua_getextraspace(L); }

/// The rule that runs or loads.
static inline rule *lane_rule(sl_lane *lane) {
    return (lane->context == CONTEXT_LOAD ? lane->loading : &lane->live)->rules + lane->rule;
}

// lua_lane.c
/// The parser on text, a piece at a time: hooks do not run in it, so the time limit is looked at between pieces.
int lane_load_text(lua_State *L, const char *text, size_t length, const char *chunk);
/// Calls `function` with `argument` under pcall with the lane's limits. True when it returned; else the failure is set.
bool lane_enter(sl_lane *lane, lua_CFunction function, void *argument, int64_t cpu_ns);
/// The same for what tidies up after a failure: leaves the failure as it is, has no limits of time and memory, and is not told why it
/// fails.
bool lane_protect(sl_lane *lane, lua_CFunction function);
/// Copies names of outputs by bit. False without memory or with more than there may be.
bool lane_name_outputs(rule_set *set, const sl_text *outputs, uint32_t count);
/// Gives back a set's memory, and with `L` what its rules hold in the state.
void lane_free_set(lua_State *L, rule_set *set);
/// When a timer that starts now is due first: one interval after the clock's first reading.
int64_t lane_first_due(const sl_lane *lane, int64_t interval_ns);
/// Finds the earliest due time again.
void lane_find_next_timer(sl_lane *lane);

// lua_load.c
/// Loads a rule behind those of `lane->loading`.
bool load_rule(sl_lane *lane, const sl_rule_source *source);

// lua_guard.c
/// Keeps the table at `index`, and all tables in it, as they are. With more than `entries_max` entries nothing is kept.
void guard_begin(lua_State *L, int index, lua_Integer entries_max);
/// Makes the tables again what they were; what had changed is noted for `guard_apply` when `notes`.
void guard_end(lua_State *L, bool notes);
/// Makes the changes noted; on failure those made so far are undone by `guard_undo`.
int guard_apply(lua_State *L);
int guard_undo(lua_State *L);

// lua_state.c
/// Pushes the table that a saved state says; raises when it says none.
void state_push(lua_State *L, const uint8_t *bytes, size_t length);

// lua_time.c
void lane_watch_init(sl_lane *lane);
void lane_watch_destroy(sl_lane *lane);
/// The time of one entry into Lua begins and ends.
void lane_watch_begin(sl_lane *lane, int64_t cpu_ns);
void lane_watch_end(sl_lane *lane);
/// Starts the time of another event.
void lane_restart_time(sl_lane *lane);
/// For loops in C that a rule can make long: raises when the time is up.
static inline void lane_check_time(lua_State *L) {
    if (lane_of(L)->stop) luaL_error(L, "time limit exceeded");
}

// lua_coverage.c
/// The hook of a state that has time: the one that counts lines, or none.
void lane_reset_hook(sl_lane *lane);
void lane_free_coverage(sl_lane *lane);

// lua_memory.c
void *lane_allocate(void *context, void *block, size_t old_size, size_t size);
void lane_free_pool(sl_lane *lane);

// lua_failure.c
int lane_message_handler(lua_State *L);
void lane_note_position(sl_lane *lane);
void lane_set_failure(sl_lane *lane, int status, bool handled);

// lua_handle.c
/// The batch and event behind an argument; raises when it is none or not at hand.
event_ref *event_check(lua_State *L, int argument);
/// Raises because the event behind a handle is not at hand.
int event_gone(lua_State *L);
/// A new `event`, and a new `meta`, for the events from here on.
void event_renew(lua_State *L);
void meta_renew(lua_State *L);

// lua_event.c
void event_open(lua_State *L);
/// Field key for the string at `index`: its id, or SL_KEY_UNLISTED.
uint16_t event_key(lua_State *L, int index, const char **text, size_t *length, bool add);
/// Slot of the name at `index`, or NULL.
sl_slot *event_slot(lua_State *L, event_ref *ref, int index, uint16_t *key);
/// Keeps what the running call is about to change, once.
void event_save(sl_lane *lane, event_ref *ref);
/// Undoes what the running call changed.
void event_undo(sl_lane *lane);
/// With this flag `event_assign` gives no name a meaning of its own, RFC 3339 text as `timestamp` excepted.
enum { ASSIGN_PLAIN = 0x80 };
/// Sets a field to the Lua value at `value`. `name` names it in errors.
void event_assign(lua_State *L, event_ref *ref, uint16_t key, const char *name, size_t length, int value, uint8_t flags);
/// Pushes a slot's value.
void event_push_slot(lua_State *L, event_ref *ref, uint16_t key, sl_slot *slot);
/// A slot to fill in for a name: the last one that has it (others are removed), or a new one at the end. Raises without room.
sl_slot *event_slot_for_write(lua_State *L, event_ref *ref, uint16_t key, const char *name, size_t length, uint8_t flags);
/// Room for more bytes in the ref's arena, which may move; raises at a limit: of a field, of what one call writes, of memory.
void event_reserve(lua_State *L, event_ref *ref, size_t length);
/// Bytes appended to the ref's arena; raises as `event_reserve` does.
uint32_t event_append(lua_State *L, event_ref *ref, const void *bytes, size_t length);

// lua_clone.c
void clone_open(lua_State *L);
/// `clone(event)`.
int event_clone(lua_State *L);
/// Makes a nested value on the top keep the clone at `index` that it lies in.
void clone_hold(lua_State *L, int index);

// lua_meta.c
void meta_open(lua_State *L);

// lua_node.c
void node_open(lua_State *L);
/// Pushes the node of a field that holds an object or array.
void node_push_field(lua_State *L, event_ref *ref, uint16_t key, sl_slot *slot);
/// All nodes of a field are given up because it was replaced.
void node_kill_field(sl_lane *lane, event_ref *ref, uint16_t key, const char *name, size_t length);
void node_reset(sl_lane *lane);
/// Turns the nested value on the top into a table of its own; false when it is none.
bool node_detach(lua_State *L);
/// JSON text of the node at `index` of the stack, NULL when it is none.
const char *node_text(lua_State *L, int index, size_t *length);

// lua_path.c
/// Pushes what a failing assignment to a nested value's member (key at stack index 2) is called: `user.tags[2]`.
void node_push_written(lua_State *L);

// lua_timestamp.c
void timestamp_open(lua_State *L);

// lua_json.c
void value_open(lua_State *L);

// lua_value.c
/// Whether the table at `index` carries the mark that lies at a place of the registry.
bool value_is_marked(lua_State *L, int index, int place);
/// Appends JSON text of the Lua value at `index` to `to`; raises and names `what` (NULL: `node_push_written`) when it cannot
/// be said.
void value_to_json(lua_State *L, int index, sl_buffer *to, const char *what, size_t what_length);
/// Pushes the Lua value of JSON text; objects and arrays become tables. False when it is not valid JSON (nothing pushed).
bool value_from_json(lua_State *L, const char *text, size_t length);
/// Pushes the value of a JSON scalar, or false for objects and arrays.
bool value_push_scalar(lua_State *L, const char *text, size_t length);
void value_push_timestamp(lua_State *L, int64_t ns, uint32_t detail);
timestamp_value *value_to_timestamp(lua_State *L, int index);
/// Time of a timestamp, RFC 3339 text or Unix seconds at `index`; false for anything else.
bool value_read_time(lua_State *L, int index, int64_t *ns, uint32_t *detail);
/// `string`, `number`, `function`, … and the names of our own kinds.
const char *value_kind(lua_State *L, int index);

// lua_route.c
void route_open(lua_State *L);
/// Pushes a new table that leads from names of outputs to their bits.
void route_push_outputs(lua_State *L, const rule_set *set);
/// Adds the output named by the string at `index` to `outputs`; raises with the known names.
void route_add(lua_State *L, int index, uint64_t *outputs);
/// Reads what a rule returned from `first` to the top. Answers a verdict (SL_PENDING: on to the next rule).
uint8_t route_decision(lua_State *L, int first, uint64_t *outputs);
/// Events of the running call join the chain.
void route_commit(sl_lane *lane);
/// `emit(event [, output…])`.
int route_emit(lua_State *L);

// lua_host.c
void host_open(lua_State *L, const sl_host_entry *entries, uint32_t count);

// lua_field.c
void field_open(lua_State *L);

// lua_sandbox.c
void sandbox_open(lua_State *L, sl_lane *lane);
/// A new environment for a rule on the top of the stack.
void sandbox_push_environment(lua_State *L, uint16_t rule);

// lua_fluentbit.c
void fluentbit_prepare(lua_State *L, const sl_rule_source *source);
/// Calls the rule's function for the event; answers a verdict as `route_decision`.
uint8_t fluentbit_call(lua_State *L, sl_lane *lane, const rule *rule);

// lua_merge.c
/// Appends JSON text of the table at `value` to `to`: what JSON text `old` says as well keeps its bytes, members their order.
void merge_json(lua_State *L, const sl_batch *batch, sl_span old, int value, sl_buffer *to, const char *what, size_t what_length);

static inline void registry_push(lua_State *L, int place) { lua_rawgeti(L, LUA_REGISTRYINDEX, place); }
static inline void registry_set(lua_State *L, int place) { lua_rawseti(L, LUA_REGISTRYINDEX, place); }

#endif
