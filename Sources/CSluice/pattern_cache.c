// The compiled patterns of one Lua state. Two ways to find one: by the address of the Lua string, which for the constants of a rule
// is the same at every call, and by its bytes. Addresses are safe keys because a pattern keeps its text's string alive, and it
// leaves both indexes before it goes.
#include "pattern.h"

#include <lua5.4/lauxlib.h>

enum {
    SLOTS = 512,           ///< patterns at most, the oldest goes first
    BUCKETS = 1024,        ///< of the index by bytes
    RECENT = 256,          ///< of the index by address
    PASSING = SLOTS,       ///< slot of a pattern too large to keep
    NO_SLOT = 0xFFFF,
    BYTES_MAX = 1 << 20,   ///< of all patterns
    PATTERN_BYTES_MAX = 1 << 16, ///< of a pattern worth keeping
};

struct sl_pattern_cache {
    const volatile sig_atomic_t *stop;
    int64_t steps_max;
    size_t bytes;
    uint32_t oldest;
    uint32_t count;
    sl_pattern *slots[SLOTS + 1];
    sl_pattern *recent[RECENT];
    uint16_t buckets[BUCKETS];
};

int64_t sl_pattern_cache_steps_max(const sl_pattern_cache *cache) {
    return cache->steps_max;
}

const volatile sig_atomic_t *sl_pattern_cache_stop(const sl_pattern_cache *cache) {
    return cache->stop;
}

void sl_patterns_set_steps_max(sl_pattern_cache *cache, int64_t steps) {
    cache->steps_max = steps;
}

sl_pattern_cache *sl_pattern_cache_make(lua_State *L, const volatile sig_atomic_t *stop) {
    // The registry holds, by the cache's address, the table of its patterns' userdata; the table's last place holds the cache.
    lua_createtable(L, SLOTS + 2, 0);
    sl_pattern_cache *cache = lua_newuserdatauv(L, sizeof *cache, 0);
    memset(cache, 0, sizeof *cache);
    cache->stop = stop;
    cache->steps_max = SL_PATTERN_STEPS_MAX;
    for (int i = 0; i < BUCKETS; i++) cache->buckets[i] = NO_SLOT;
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, SLOTS + 2);
    lua_rotate(L, -2, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, cache);
    return cache;
}

static uint32_t hash_of(const char *text, size_t length, bool iterates) {
    uint64_t hash = 0xcbf29ce484222325u ^ (uint64_t)iterates ^ length;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3u;
    return (uint32_t)(hash ^ hash >> 32);
}

static unsigned recent_index(const char *text) {
    return (unsigned)((uintptr_t)text >> 4) % RECENT;
}

static bool is_text(const sl_pattern *pattern, const char *text, size_t length, bool iterates) {
    return pattern->text_length == length && pattern->iterates == iterates && memcmp(pattern->text, text, length) == 0;
}

const sl_pattern *sl_pattern_recent(const sl_pattern_cache *cache, const char *text, size_t length, bool iterates) {
    const sl_pattern *pattern = cache->recent[recent_index(text)];
    if (!pattern || pattern->text != text || pattern->text_length != length || pattern->iterates != iterates) return NULL;
    return pattern;
}

void sl_pattern_push(lua_State *L, const sl_pattern *pattern) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, pattern->cache);
    lua_rawgeti(L, -1, pattern->slot + 1);
    lua_remove(L, -2);
}

static sl_pattern *find_by_bytes(const sl_pattern_cache *cache, const char *text, size_t length, bool iterates, uint32_t hash) {
    for (unsigned slot = cache->buckets[hash % BUCKETS]; slot != NO_SLOT; slot = cache->slots[slot]->chain) {
        sl_pattern *pattern = cache->slots[slot];
        if (pattern->hash == hash && is_text(pattern, text, length, iterates)) return pattern;
    }
    return NULL;
}

/// Takes the oldest pattern out of the indexes and lets go of it. The table of userdata is on top of the stack.
static void drop_oldest(lua_State *L, sl_pattern_cache *cache) {
    unsigned slot = cache->oldest;
    sl_pattern *pattern = cache->slots[slot];
    uint16_t *link = &cache->buckets[pattern->hash % BUCKETS];
    while (*link != slot) link = &cache->slots[*link]->chain;
    *link = pattern->chain;
    sl_pattern **recent = &cache->recent[recent_index(pattern->text)];
    if (*recent == pattern) *recent = NULL;
    cache->bytes -= pattern->size;
    cache->slots[slot] = NULL;
    cache->oldest = (slot + 1) % SLOTS;
    cache->count--;
    lua_pushnil(L);
    lua_rawseti(L, -2, (lua_Integer)slot + 1);
}

/// Keeps the pattern on top of the stack and pops it. The table has room, so nothing here allocates.
static void keep(lua_State *L, sl_pattern_cache *cache, sl_pattern *pattern) {
    size_t size = pattern->size + pattern->text_length;
    pattern->cache = cache;
    pattern->size = size;
    lua_rawgetp(L, LUA_REGISTRYINDEX, cache);
    if (size > PATTERN_BYTES_MAX) pattern->slot = PASSING;
    else {
        while (cache->count == SLOTS || (cache->count > 0 && cache->bytes + size > BYTES_MAX)) drop_oldest(L, cache);
        pattern->slot = (uint16_t)((cache->oldest + cache->count++) % SLOTS);
        cache->bytes += size;
        uint16_t *bucket = &cache->buckets[pattern->hash % BUCKETS];
        pattern->chain = *bucket;
        *bucket = pattern->slot;
        cache->recent[recent_index(pattern->text)] = pattern;
    }
    cache->slots[pattern->slot] = pattern;
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, (lua_Integer)pattern->slot + 1);
    lua_pop(L, 2);
}

const sl_pattern *sl_pattern_cached(lua_State *L, sl_pattern_cache *cache, int text_index, bool iterates) {
    size_t length;
    const char *text = lua_tolstring(L, text_index, &length);
    // Only a leading `^` makes a difference between gmatch and the others.
    iterates = iterates && length > 0 && *text == '^';
    const sl_pattern *recent = sl_pattern_recent(cache, text, length, iterates);
    if (recent) return recent;
    uint32_t hash = hash_of(text, length, iterates);
    sl_pattern *pattern = find_by_bytes(cache, text, length, iterates, hash);
    if (pattern) {
        // A short string is the same object whenever its bytes are: its text may have lost the place to another, and takes it back.
        if (pattern->text == text) cache->recent[recent_index(text)] = pattern;
        return pattern;
    }
    pattern = sl_pattern_compile(L, text_index, iterates);
    pattern->hash = hash;
    keep(L, cache, pattern);
    return pattern;
}

const sl_pattern *sl_pattern_get(lua_State *L, sl_pattern_cache *cache, const char *text, size_t length) {
    const sl_pattern *pattern = sl_pattern_recent(cache, text, length, false);
    if (pattern) return pattern;
    pattern = find_by_bytes(cache, text, length, false, hash_of(text, length, false));
    if (pattern) return pattern;
    luaL_checkstack(L, 8, NULL);
    lua_pushlstring(L, text, length);
    pattern = sl_pattern_cached(L, cache, -1, false);
    lua_pop(L, 1);
    return pattern;
}
