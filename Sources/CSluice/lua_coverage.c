// Which lines of rules run: a line hook, installed for coverage only, and counters outside of Lua's memory.
//
// The time limit uses the same hook of the state: when it has taken its own off, this one is put back (`lane_reset_hook`).
#include "lua_lane.h"

#include <stdlib.h>

enum { CHUNKS_MAX = 4096, LINES_MAX = 1 << 20 };

typedef struct covered {
    uint16_t rule;
    char *chunk;
    uint32_t *counts;       ///< by line - 1
    uint32_t capacity;
} covered;

struct lane_coverage {
    covered chunks[CHUNKS_MAX];
    uint32_t count;
    uint32_t last;          ///< the chunk of the line before, which nearly always is that of the next one
    const char *last_source;
};

static covered *find(lane_coverage *coverage, uint16_t rule, const char *source) {
    if (coverage->last_source == source && coverage->chunks[coverage->last].rule == rule) return &coverage->chunks[coverage->last];
    uint32_t at = 0;
    while (at < coverage->count && (coverage->chunks[at].rule != rule || strcmp(coverage->chunks[at].chunk, source) != 0)) at++;
    if (at == coverage->count) {
        char *chunk = at < CHUNKS_MAX ? strdup(source) : NULL;
        if (!chunk) return NULL;
        coverage->chunks[coverage->count++] = (covered){.rule = rule, .chunk = chunk};
    }
    coverage->last = at;
    coverage->last_source = source;
    return &coverage->chunks[at];
}

static void count_line(lua_State *L, lua_Debug *info) {
    sl_lane *lane = lane_of(L);
    if (!lua_getinfo(L, "S", info) || info->currentline < 1 || info->currentline > LINES_MAX) return;
    covered *chunk = find(lane->coverage, lane->rule, info->source);
    if (!chunk) return;
    uint32_t line = (uint32_t)info->currentline;
    if (line > chunk->capacity) {
        uint32_t capacity = line + 256;
        uint32_t *counts = realloc(chunk->counts, capacity * sizeof *counts);
        if (!counts) return;
        memset(counts + chunk->capacity, 0, (capacity - chunk->capacity) * sizeof *counts);
        chunk->counts = counts;
        chunk->capacity = capacity;
    }
    if (chunk->counts[line - 1] < UINT32_MAX) chunk->counts[line - 1]++;
}

void lane_reset_hook(sl_lane *lane) { lua_sethook(lane->L, lane->coverage ? count_line : NULL, lane->coverage ? LUA_MASKLINE : 0, 0); }

bool sl_lane_cover(sl_lane *lane) {
    if (!lane->coverage) lane->coverage = calloc(1, sizeof *lane->coverage);
    lane_reset_hook(lane);
    return lane->coverage != NULL;
}

void lane_free_coverage(sl_lane *lane) {
    for (uint32_t i = 0; lane->coverage && i < lane->coverage->count; i++) {
        free(lane->coverage->chunks[i].chunk);
        free(lane->coverage->chunks[i].counts);
    }
    free(lane->coverage);
}

bool sl_lane_covered(const sl_lane *lane, uint32_t index, sl_covered *to) {
    if (!lane->coverage || index >= lane->coverage->count) return false;
    const covered *chunk = &lane->coverage->chunks[index];
    *to = (sl_covered){chunk->rule, {chunk->chunk, strlen(chunk->chunk)}, chunk->counts, chunk->capacity};
    return true;
}

// -- lines that could run -----------------------------------------------------------------------------------------------

typedef struct dump_request {
    const sl_text *source;
    sl_buffer *to;
} dump_request;

static int write_dump(lua_State *L, const void *bytes, size_t length, void *to) {
    (void)L;
    if (length > 0) sl_buffer_append(to, bytes, length);
    return 0;
}

static int dump_protected(lua_State *L) {
    dump_request *request = lua_touserdata(L, 1);
    if (lane_load_text(L, request->source->bytes, request->source->length, "=chunk") != LUA_OK) return lua_error(L);
    lua_dump(L, write_dump, request->to, 0);
    return 0;
}

bool sl_lane_dump(sl_lane *lane, const sl_text *source, sl_buffer *to) {
    dump_request request = {source, to};
    to->length = 0;
    return lane_enter(lane, dump_protected, &request, lane->limits.load_cpu_ns);
}
