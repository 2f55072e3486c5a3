// The pattern engine from the inside: text → items (pattern_parse.c) → program (pattern_compile.c) → search (pattern_search.c) and
// match (pattern_match.c), kept in a cache (pattern_cache.c), offered to Lua (pattern_library.c, pattern_gsub.c)
// and to host functions (pattern_host.c).
//
// A Lua pattern is a sequence without alternatives and without nesting. That makes much of what Lua's matcher does while matching a
// property of the text: which captures are open at an item, whether a back-reference is valid, what can follow a repeat.
// Two things must stay true. Errors are raised when the matcher gets to an item, never before, so a malformed item is an op of its
// own. And nothing that decides early (the first byte, a literal that must occur) may look past such an op.
#ifndef SLUICE_PATTERN_INTERNAL_H
#define SLUICE_PATTERN_INTERNAL_H

#include "sluice_pattern.h"

#include <stdbool.h>
#include <string.h>

/// Lua's limit on nested calls of its matcher; a pattern with fewer items that nest never meets it.
#define SL_DEPTH_MAX 200
/// Steps between two looks at the stop flag.
#define SL_STEPS_PER_LOOK 4096

/// A set of byte values.
typedef struct sl_byte_set {
    uint64_t words[4];
} sl_byte_set;

static inline bool sl_set_has(const sl_byte_set *set, unsigned byte) {
    return (set->words[byte >> 6] >> (byte & 63)) & 1;
}

static inline void sl_set_add(sl_byte_set *set, unsigned byte) {
    set->words[byte >> 6] |= (uint64_t)1 << (byte & 63);
}

/// Why a match cannot go on.
typedef enum sl_fault {
    SL_FAULT_NONE = 0,
    SL_FAULT_ENDS_WITH_ESCAPE,
    SL_FAULT_MISSING_BRACKET,
    SL_FAULT_MISSING_BALANCE,
    SL_FAULT_MISSING_FRONTIER,
    SL_FAULT_CLOSE,
    SL_FAULT_CAPTURE_INDEX,
    SL_FAULT_CAPTURES,
    SL_FAULT_UNFINISHED,
    SL_FAULT_DEPTH,
    SL_FAULT_STEPS,
    SL_FAULT_STOPPED,
} sl_fault;

typedef enum sl_item_kind {
    SL_ITEM_SINGLE,         ///< one byte of `set`, `quantifier` times
    SL_ITEM_OPEN,           ///< `(`
    SL_ITEM_POSITION,       ///< `()`
    SL_ITEM_CLOSE,          ///< `)`
    SL_ITEM_END,            ///< `$` at the end
    SL_ITEM_BALANCE,        ///< `%bxy`
    SL_ITEM_FRONTIER,       ///< `%f[set]`
    SL_ITEM_BACK_REFERENCE, ///< `%1`
    SL_ITEM_FAIL,           ///< a back-reference to a position: never matches
    SL_ITEM_FAULT,          ///< raises `fault`; the last item
    SL_ITEM_DONE,           ///< the end of the pattern; the last item
} sl_item_kind;

/// One item of a pattern's text, and what the compiler finds out about it.
typedef struct sl_item {
    uint8_t kind;
    uint8_t quantifier; ///< 0 or one of ? * + -
    uint8_t open;       ///< SL_ITEM_BALANCE
    uint8_t close;      ///< SL_ITEM_BALANCE
    uint8_t capture;    ///< index of the capture opened, closed or referred to
    uint8_t fault;
    bool next_at_end;   ///< what follows can match at the subject's end
    bool next_certain;  ///< what follows matches anywhere
    int fault_argument;
    int set_index;      ///< of `set` among the program's sets
    int next_index;     ///< of `next` among the program's sets
    sl_byte_set set;    ///< SL_ITEM_SINGLE, SL_ITEM_FRONTIER
    sl_byte_set next;   ///< bytes at which what follows can match
} sl_item;

/// Where the parser is, and the captures so far.
typedef struct sl_pattern_parser {
    const uint8_t *at;
    const uint8_t *end;
    int level;           ///< captures opened
    uint32_t unfinished; ///< bit n: capture n is open
    uint32_t positions;  ///< bit n: capture n is a position
} sl_pattern_parser;

/// Reads the next item; after SL_ITEM_FAULT and SL_ITEM_DONE there is none.
void sl_pattern_parse(sl_pattern_parser *parser, sl_item *item);

typedef enum sl_op_kind {
    SL_OP_MATCH,
    SL_OP_BYTE,
    SL_OP_LITERAL,
    SL_OP_ANY,
    SL_OP_SET,
    SL_OP_OPTIONAL,
    SL_OP_RUN_WHOLE, ///< a repeat of which only the longest form can lead on, or none can fail to
    SL_OP_REST,      ///< the same for any byte: the rest of the subject
    SL_OP_RUN,
    SL_OP_RUN_ANY,
    SL_OP_LAZY,
    SL_OP_LAZY_ANY,
    SL_OP_OPEN,
    SL_OP_CLOSE,
    SL_OP_END,
    SL_OP_BALANCE,
    SL_OP_FRONTIER,
    SL_OP_BACK_REFERENCE,
    SL_OP_FAIL,
    SL_OP_FAULT,
} sl_op_kind;

/// Flags of an op.
enum {
    SL_OP_NEXT_AT_END = 1,  ///< what follows can match at the subject's end
    SL_OP_NEXT_IS_BYTE = 2, ///< what follows matches at `byte` only, and not at the end
    SL_OP_AT_LEAST_ONE = 4, ///< the repeat is a `+`
};

/// One step of a program. Sets are looked up in pages of 256 bytes, in which each of eight sets has one bit.
typedef struct sl_op {
    uint8_t kind;
    uint8_t mask;      ///< bit of the own set in `page`
    uint8_t next_mask; ///< bit of the set of what follows in `next_page`
    uint8_t flags;
    uint8_t byte;      ///< SL_OP_BYTE, SL_OP_BALANCE, SL_OP_NEXT_IS_BYTE
    uint8_t close;     ///< SL_OP_BALANCE
    uint8_t capture;
    uint8_t fault;
    union {
        const uint8_t *page;
        const uint8_t *text; ///< SL_OP_LITERAL
    };
    union {
        const uint8_t *next_page;
        size_t length;      ///< SL_OP_LITERAL
        int fault_argument; ///< SL_OP_FAULT
    };
} sl_op;

/// How the places worth a try are found.
typedef enum sl_search_kind {
    SL_SEARCH_EVERY,
    SL_SEARCH_ANCHORED,
    SL_SEARCH_LITERAL, ///< the match starts with `literal`
    SL_SEARCH_RANGES,  ///< the match starts with a byte of `ranges`
    SL_SEARCH_TABLE,   ///< the match starts with a byte of `first_page`
    SL_SEARCH_RUN,     ///< the match starts with one or more bytes of `first_page`, then `literal`, whose first byte is none of them
} sl_search_kind;

/// Ranges of bytes at most that are searched for with vectors.
#define SL_RANGES_MAX 4

/// Ranges of byte values, each repeated sixteen times for vector comparison: byte b is inside when b - low <= span.
typedef struct sl_ranges {
    uint8_t low[SL_RANGES_MAX][16];
    uint8_t span[SL_RANGES_MAX][16];
    int count;
} sl_ranges;

struct sl_pattern {
    const char *text; ///< bytes of a Lua string that the pattern keeps alive
    size_t text_length;
    const sl_op *ops;
    sl_pattern_cache *cache;
    size_t size; ///< bytes of this pattern in the cache
    uint32_t hash;
    uint32_t unfinished; ///< bit n: capture n is never closed
    uint32_t positions;  ///< bit n: capture n is a position
    uint16_t slot;       ///< place in the cache
    uint16_t chain;      ///< next slot with the same hash bucket
    uint8_t captures;
    uint8_t search;
    bool iterates;       ///< compiled for gmatch, where `^` is an ordinary byte
    bool skips_run;      ///< after a failure nothing starts inside of the run of `first_page` bytes either
    uint8_t first_mask;  ///< bit in `first_page`
    const uint8_t *first_page;
    const uint8_t *literal;
    size_t literal_length;
    const uint8_t *required; ///< bytes that every match contains, or NULL
    size_t required_length;
    size_t required_offset; ///< bytes before them at least
    size_t length_min;      ///< bytes of the shortest match
    sl_ranges ranges;
};

/// Pushes the userdata with the program of the pattern text at stack index `text`, and returns it. Raises when memory is out.
sl_pattern *sl_pattern_compile(lua_State *L, int text, bool iterates);

/// One search in one subject.
typedef struct sl_matcher {
    const uint8_t *start;
    const uint8_t *end;
    const sl_pattern *pattern;
    int64_t fuel;                ///< steps until the next look at the stop flag
    int64_t steps;               ///< steps granted so far
    int64_t steps_max;
    const volatile sig_atomic_t *stop;
    const uint8_t *required_at;  ///< where `required` was found, or NULL
    int fault;
    int fault_argument;
    struct {
        const uint8_t *start;
        const uint8_t *end;
    } captures[SL_PATTERN_CAPTURES_MAX];
} sl_matcher;

/// Makes a matcher ready for a subject.
void sl_matcher_start(sl_matcher *m, const sl_pattern *pattern, const char *subject, size_t length);

/// Matches the program at `s`. NULL is no match or, with `fault` set, no further.
const uint8_t *sl_match_at(sl_matcher *m, const uint8_t *s);

/// Finds the first match that starts at or after `s` and does not end at `refused` (or NULL), and gives its end. NULL is no match or,
/// with `fault` set, no further.
const uint8_t *sl_search(sl_matcher *m, const uint8_t *s, const uint8_t *refused, const uint8_t **end);

/// First place of `literal` in the bytes from `s` to `end`, or NULL.
const uint8_t *sl_find_literal(const uint8_t *s, const uint8_t *end, const uint8_t *literal, size_t length);

/// First byte of the ranges, or NULL.
const uint8_t *sl_find_ranges(const sl_ranges *ranges, const uint8_t *s, const uint8_t *end);

/// Raises the error of a matcher.
int sl_matcher_raise(lua_State *L, const sl_matcher *m);

/// Capture `i` of a match: its bytes, or NULL after pushing the integer of a position. Raises for a capture that is not there.
const char *sl_get_capture(
    lua_State *L, const sl_matcher *m, int i, const uint8_t *start, const uint8_t *end, size_t *length);

/// Pushes capture `i` of a match. Raises for a capture that is not there.
void sl_push_capture(lua_State *L, const sl_matcher *m, int i, const uint8_t *start, const uint8_t *end);

/// Pushes all captures, or with none the whole match if it is asked for. Returns how many.
int sl_push_captures(lua_State *L, const sl_matcher *m, bool whole, const uint8_t *start, const uint8_t *end);

/// `gsub`; the cache is its first upvalue.
int sl_pattern_gsub(lua_State *L);

/// The cache's compiled form of the Lua string at stack index `text`; valid until the next call. Raises when memory is out.
const sl_pattern *sl_pattern_cached(lua_State *L, sl_pattern_cache *cache, int text, bool iterates);

/// The cache's compiled form of the string at this address if it was the last one asked for with such an address, or NULL.
const sl_pattern *sl_pattern_recent(const sl_pattern_cache *cache, const char *text, size_t length, bool iterates);

/// Pushes the userdata of a pattern just returned by the cache, to keep it.
void sl_pattern_push(lua_State *L, const sl_pattern *pattern);

/// Makes the cache of a state and pushes its userdata; the registry keeps it.
sl_pattern_cache *sl_pattern_cache_make(lua_State *L, const volatile sig_atomic_t *stop);

/// Limits of the searches with a cache's patterns.
int64_t sl_pattern_cache_steps_max(const sl_pattern_cache *cache);
const volatile sig_atomic_t *sl_pattern_cache_stop(const sl_pattern_cache *cache);

#endif
