// Lua 5.4's patterns on an engine of our own: the same results and the same error messages as Lua's string library, for every
// subject and pattern, but compiled once, several times faster, and with an end: a pattern that would backtrack for ever gives up.
//
// `sl_patterns_open` makes `find`, `match`, `gmatch` and `gsub` for one Lua state. Host functions that have bytes but no Lua string
// use `sl_pattern_get` and `sl_pattern_find`. The compiled patterns of a state live in its cache, in memory of the state's own
// allocator, so a memory limit covers them and closing the state frees them.
#ifndef SLUICE_PATTERN_H
#define SLUICE_PATTERN_H

#include <lua5.4/lua.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

/// What a rule reads when the stop flag ended its pattern.
#ifndef SL_TIME_LIMIT_MESSAGE
#define SL_TIME_LIMIT_MESSAGE "time limit exceeded"
#endif

/// Captures in one pattern at most, as in Lua.
#define SL_PATTERN_CAPTURES_MAX 32
/// `length` of a position capture.
#define SL_POSITION_CAPTURE SIZE_MAX
/// Steps after which one call gives up, on top of `SL_PATTERN_STEPS_PER_BYTE` for every byte of the subject. A step is one item of
/// the pattern tried at one place, or eight bytes or more passed over in one go.
#define SL_PATTERN_STEPS_MAX 5000000
/// Steps allowed for each byte of the subject, so that a long subject alone never exhausts a call.
#define SL_PATTERN_STEPS_PER_BYTE 32

/// A compiled pattern; it belongs to the cache it came from.
typedef struct sl_pattern sl_pattern;
/// The compiled patterns of one Lua state, at most 512 and at most 1 MiB.
typedef struct sl_pattern_cache sl_pattern_cache;

/// How a search ended.
typedef enum sl_outcome {
    SL_NO_MATCH = 0,
    SL_MATCH = 1,
    SL_GAVE_UP = 2,   ///< out of steps
    SL_STOPPED = 3,   ///< the stop flag was up
    SL_MALFORMED = 4, ///< the search reached an item of the pattern that Lua raises an error for
} sl_outcome;

/// One capture: offsets into the subject in bytes from 0; `length` is SL_POSITION_CAPTURE for `()`.
typedef struct sl_capture {
    size_t start;
    size_t length;
} sl_capture;

/// Where a pattern matched, and after SL_GAVE_UP, SL_STOPPED and SL_MALFORMED what `sl_pattern_raise` needs to say so.
typedef struct sl_captures {
    size_t start;           ///< first byte of the match
    size_t end;             ///< one past its last byte
    int count;              ///< captures of the pattern; with 0 Lua's functions return the whole match
    int fault;              ///< for sl_pattern_raise
    int fault_argument;     ///< for sl_pattern_raise
    int64_t steps;          ///< for sl_pattern_raise
    size_t subject_length;  ///< for sl_pattern_raise
    sl_capture capture[SL_PATTERN_CAPTURES_MAX];
} sl_captures;

/// Pushes a table with `find`, `match`, `gmatch` and `gsub` and returns the cache they share, which lives as long as the state.
/// `stop` (or NULL) is read every few thousand steps; when it is not 0 the call raises SL_TIME_LIMIT_MESSAGE. Raises when memory is out.
sl_pattern_cache *sl_patterns_open(lua_State *L, const volatile sig_atomic_t *stop);

/// Sets the steps that one call may take before SL_PATTERN_STEPS_PER_BYTE is added.
void sl_patterns_set_steps_max(sl_pattern_cache *cache, int64_t steps);

/// The compiled pattern of these bytes, valid until the next call with this cache or of one of its functions. Malformed patterns
/// compile as well: like Lua, the search complains when it gets to the malformed part. Raises only when memory is out.
const sl_pattern *sl_pattern_get(lua_State *L, sl_pattern_cache *cache, const char *text, size_t length);

/// Searches from byte offset `init` as `string.match` does. Allocates nothing and raises nothing. Nothing is read outside of the
/// subject, which needs no terminator. A capture that the pattern leaves open is reported as SL_MALFORMED.
sl_outcome sl_pattern_find(const sl_pattern *pattern, const char *subject, size_t length, size_t init, sl_captures *out);

/// Raises the error of a search that ended in SL_GAVE_UP, SL_STOPPED or SL_MALFORMED, in the words of `string.match`.
int sl_pattern_raise(lua_State *L, const sl_pattern *pattern, const sl_captures *captures);

#endif
