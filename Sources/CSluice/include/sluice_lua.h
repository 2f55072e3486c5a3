// A lane: one Lua state with its limits, its rules and the event it is at.
//
// The one law: no Swift frame is ever jumped over. Lua raises with longjmp, and nearly every function of its API can raise.
// So everything here that Swift calls enters Lua under lua_pcall, and everything of Swift that Lua calls (sl_services)
// answers by value; C raises only after the Swift function has returned.
//
//     Swift ── sl_lane_run ──► pcall ──► for each event, for each rule: process(event, meta)
//                                           │ event.x, event.x = v      C over the slots (lua_event.c, lua_node.c)
//                                           │ string.match              C, own pattern engine (pattern.c)
//                                           │ ip.contains(…)            C trampoline ──► Swift, answer by value (lua_host.c)
//       SL_RUN_FAILED ◄── error at event n ─┘                           the caller applies the policy and runs on
#ifndef SLUICE_LUA_H
#define SLUICE_LUA_H

#include "sluice_event.h"
#include "sluice_host.h"

typedef struct sl_lane sl_lane;

/// Bytes with a length, not owned.
typedef struct sl_text {
    const char *bytes;
    size_t length;
} sl_text;

/// Bounds of a lane.
typedef struct sl_limits {
    size_t memory_bytes;      ///< of the Lua state
    int64_t event_cpu_ns;     ///< CPU time of one event over all rules
    int64_t load_cpu_ns;      ///< CPU time of loading one rule
    uint32_t emits;           ///< events one call may emit
    uint32_t value_bytes;     ///< of one field written by a rule
    bool own_handles;         ///< `event` and `meta` are made anew for each event: keeping one is an error (tests, shadow runs)
} sl_limits;

/// What Swift does for Lua. Every function answers by value and never calls Lua.
typedef struct sl_services {
    void *context;
    /// A host function of the libraries.
    sl_host_function call;
    /// RFC 3339 text to time; false when it is none.
    bool (*parse_time)(const uint8_t *text, size_t length, int64_t *ns, uint32_t *detail);
    /// RFC 3339 text of a time, up to 40 bytes; returns the length.
    size_t (*print_time)(int64_t ns, uint32_t detail, uint8_t *to);
    /// Source text of a module that a rule requires: true with `source` and `chunk` filled, false with the reason in `source`.
    bool (*read_module)(void *context, uint16_t rule, const char *name, size_t length, sl_buffer *source, sl_buffer *chunk);
    /// A line for the log: `print`.
    void (*log)(void *context, uint16_t rule, const uint8_t *text, size_t length);
    const sl_text *formats;   ///< names by sl_event.format
    uint32_t format_count;
    const sl_text *flags;     ///< names by bit of sl_event.flags
    uint32_t flag_count;
} sl_services;

/// What a generation of rules calls by name.
typedef struct sl_names {
    const sl_text *outputs;   ///< at most 64, their index is their bit; one of length 0 is none
    uint32_t output_count;
    const sl_text *inputs;    ///< by sl_event.source; stays the caller's and must stay while the generation does
    uint32_t input_count;
} sl_names;

/// A function that the libraries get: `library.name`, or a global when `library` is empty, or a method of timestamps when
/// it is `timestamp`. Its index in the list is the number that `sl_services.call` receives.
typedef struct sl_host_entry {
    sl_text library, name;
    bool makes_finder;        ///< answers a handle: Lua gets a table whose `__index` asks the finder with it
    bool is_finder;           ///< (handle, key) → value; rules do not see it
} sl_host_entry;

/// What becomes of an event when a rule raises.
enum { SL_ON_ERROR_DEAD_LETTER = 0, SL_ON_ERROR_PASS = 1, SL_ON_ERROR_DROP = 2, SL_ON_ERROR_ROUTE = 3 };

/// How rules of other programs are called.
enum { SL_API_SLUICE = 0, SL_API_FLUENT_BIT = 1 };

/// One rule to load.
typedef struct sl_rule_source {
    sl_text name;             ///< file name, shown in errors
    sl_text chunk;            ///< Lua chunk name: `@route.lua` or `=-e`
    sl_text source;           ///< text of the chunk
    sl_text function;         ///< the function to call: `process`, or Fluent Bit's `call`
    uint8_t api;              ///< SL_API_…
    bool time_as_table;       ///< Fluent Bit: the timestamp is {sec, nsec}
    const sl_text *environment;   ///< Fluent Bit: name and value in turn, for FLB_ENV
    uint32_t environment_count;   ///< texts in it
    /// Bit n of word n / 64: the rule runs for events of input n and not for those of others; events that timers emitted are
    /// for every rule. NULL: for all.
    const uint64_t *inputs;
    uint32_t input_words;
    /// What `sl_lane_save_state` kept, NULL for none, and the `state_version` of that time. Staging goes by it only when no rule
    /// of this name runs.
    const uint8_t *state;
    size_t state_length;
    int64_t state_version;
    int64_t source_version;   ///< the `state_version` that this source sets, as found when it was checked; 0 unknown
} sl_rule_source;

/// What kind of failure.
enum {
    SL_FAILURE_NONE = 0,
    SL_FAILURE_SYNTAX,        ///< the chunk does not compile
    SL_FAILURE_RUNTIME,       ///< an error was raised
    SL_FAILURE_MEMORY,        ///< the memory limit was met
    SL_FAILURE_TIME,          ///< the time limit was met
    SL_FAILURE_RESULT,        ///< a decision that is none
};

/// A failure: valid until the lane is entered again. Texts are bytes, not necessarily UTF-8.
typedef struct sl_failure {
    uint8_t kind;
    uint16_t rule;            ///< index of the rule that was running
    uint32_t event;           ///< index of the event, SL_NO_EVENT outside of events
    uint32_t line;            ///< 1…, 0 unknown
    sl_text message;          ///< without position
    sl_text chunk;            ///< chunk name of the line, as Lua shows it
    sl_text traceback;        ///< one line a level, innermost first
} sl_failure;

/// Counters of a lane since its creation.
typedef struct sl_lane_counts {
    uint64_t emitted;         ///< events that rules added
    uint64_t failures;
    uint64_t timer_failures;
    uint64_t timers_fired;
} sl_lane_counts;

/// A lane without rules. NULL without memory for the state itself.
sl_lane *sl_lane_create(const sl_limits *limits, const sl_services *services);
/// Runs no Lua code. Batches stay the caller's.
void sl_lane_destroy(sl_lane *lane);

/// Opens the libraries with the host functions.
bool sl_lane_open(sl_lane *lane, const sl_host_entry *entries, uint32_t entry_count, const sl_names *names);

/// Takes every output name as known from here on: a new one becomes the next bit, up to 64. For tests of rules.
void sl_lane_accept_outputs(sl_lane *lane);
/// Names of the outputs so far, by their bit.
uint32_t sl_lane_output_count(const sl_lane *lane);
sl_text sl_lane_output(const sl_lane *lane, uint32_t output);
/// Names of inputs by sl_event.source in place of those that it was opened with; they stay the caller's.
void sl_lane_set_inputs(sl_lane *lane, const sl_text *inputs, uint32_t count);

/// Loads a rule behind those loaded before and runs its top level. False: see `sl_lane_failure`.
///
/// `state` is there when the top level runs. When the source's `state_version` is another than that of the state, the top level
/// runs twice: first with an empty `state` to find `migrate`, then with what that made of the old one.
bool sl_lane_load(sl_lane *lane, const sl_rule_source *rule);

/// Begins a new generation beside the one that runs, which goes on running. One that was begun before is given up.
bool sl_lane_stage_begin(sl_lane *lane, const sl_names *names);
/// Loads a rule of the new generation. It gets the very `state` of the rule of its name; what its top level and `migrate` change
/// in there is held back until the commit (of a state with more than 100,000 entries only `migrate`'s changes are).
/// False: see `sl_lane_failure`; then give the generation up.
bool sl_lane_stage(sl_lane *lane, const sl_rule_source *rule);
/// The new generation takes the place of the old one, between two batches. Timers of the same rule and interval keep their time.
/// False without memory for what the new rules changed in `state`: then the old one runs on, and the new one is given up.
bool sl_lane_stage_commit(sl_lane *lane);
/// Gives the new generation up.
void sl_lane_stage_abandon(sl_lane *lane);

/// What a run came to.
enum {
    SL_RUN_DONE = 0,
    SL_RUN_FAILED = 1,        ///< an event failed: its changes by the failing rule are undone; see `sl_lane_failure`
    SL_RUN_TIMER_FAILED = 2,  ///< a timer or `shutdown` failed; run on
};

/// Points the lane at a batch: its events are run in chain order by `sl_lane_run`.
void sl_lane_begin(sl_lane *lane, sl_batch *batch);
/// Runs events until all are done or one fails. After SL_RUN_FAILED set the event's fate by `sl_lane_resolve` and call again.
int sl_lane_run(sl_lane *lane);
/// Decides what becomes of the event that failed (SL_ON_ERROR_…; `outputs` for SL_ON_ERROR_ROUTE).
void sl_lane_resolve(sl_lane *lane, uint8_t policy, uint64_t outputs);
/// Calls all timers that are due; emitted events go to the batch's end, to be run. Call until SL_RUN_DONE.
int sl_lane_run_timers(sl_lane *lane, sl_batch *batch);
/// From a host function while `process` runs: what `event` stands for until the next such call, in a batch of whatever lane.
/// With `batch` NULL nothing.
void sl_lane_show(sl_lane *lane, sl_batch *batch, uint32_t event);
/// Calls each rule's `shutdown`, first all timers that are due; emitted events go to `batch`. Call until SL_RUN_DONE.
int sl_lane_shutdown(sl_lane *lane, sl_batch *batch);

sl_failure sl_lane_failure(const sl_lane *lane);
sl_lane_counts sl_lane_count(const sl_lane *lane);

/// The clock that `time.now`, `every` and others read, in nanoseconds. With `follows_data` it is the latest event time seen,
/// the first of which may lie before `ns` unless `is_known`. Timers of the rules loaded so far start over.
void sl_lane_set_clock(sl_lane *lane, int64_t ns, bool follows_data, bool is_known);
/// Moves the clock of a lane that does not follow the data; it never goes back.
void sl_lane_advance_clock(sl_lane *lane, int64_t ns);
/// When the next timer is due; INT64_MAX without timers, INT64_MIN while the clock of the data has not begun.
int64_t sl_lane_next_timer(const sl_lane *lane);
/// Whether the clock of the data has seen a time.
bool sl_lane_knows_clock(const sl_lane *lane);
int64_t sl_lane_clock(const sl_lane *lane);

/// How often the lines of a chunk ran.
typedef struct sl_covered {
    uint16_t rule;            ///< index of the rule that ran it
    sl_text chunk;            ///< its whole name, as it was loaded: `@route.lua`
    const uint32_t *counts;   ///< by line - 1
    uint32_t count;
} sl_covered;

/// Counts the lines that run from here on: for coverage, at the cost of a call for every line. False without memory.
bool sl_lane_cover(sl_lane *lane);
/// Counts of one chunk after the other; false behind the last.
bool sl_lane_covered(const sl_lane *lane, uint32_t index, sl_covered *to);
/// The compiled form of a text, with its line numbers; false when it does not compile.
bool sl_lane_dump(sl_lane *lane, const sl_text *source, sl_buffer *to);

/// Bytes in use by the Lua state, after a full collection when `collect`.
size_t sl_lane_memory(sl_lane *lane, bool collect);
/// Whether a rule ran since this was asked last.
bool sl_lane_take_ran(sl_lane *lane, uint16_t rule);
/// What a rule's `state_version` said when it was loaded, 1 without.
int64_t sl_lane_state_version(const sl_lane *lane, uint16_t rule);
/// A rule's `state` in the form that loading a rule takes; false with the reason (and the path to what is no plain data)
/// in `to` when it cannot be kept or needs more than `bytes_max`.
bool sl_lane_save_state(sl_lane *lane, uint16_t rule, size_t bytes_max, sl_buffer *to);
/// For tests: the n-th allocation from now on fails (once, or all from there on); 0 switches it off. Answers the number
/// of allocations since the last call.
uint64_t sl_lane_fail_allocation(sl_lane *lane, uint64_t n, bool lasting);

#endif
