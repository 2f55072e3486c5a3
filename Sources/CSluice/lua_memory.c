// Memory of a lane: counted, capped, and pooled.
//
// Lua allocates many small blocks. They come from 64 KiB chunks by size class, which is faster than malloc and keeps one
// lane's memory together; larger blocks go to malloc. Both count against the limit. Chunks are given back with the lane.
#include "lua_lane.h"

#include <stdlib.h>

enum { SMALL_MAX = POOL_CLASSES * POOL_STEP };

static inline size_t class_of(size_t size) { return (size - 1) / POOL_STEP; }
static inline size_t class_size(size_t class) { return (class + 1) * POOL_STEP; }

static void *take_small(sl_lane *lane, size_t class) {
    void *block = lane->pool_free[class];
    if (block) {
        memcpy(&lane->pool_free[class], block, sizeof(void *));
        return block;
    }
    size_t size = class_size(class);
    if ((size_t)(lane->pool_end - lane->pool_at) < size) {
        char *chunk = malloc(POOL_CHUNK);
        if (!chunk) return NULL;
        memcpy(chunk, &lane->pool_chunks, sizeof(void *));
        lane->pool_chunks = chunk;
        lane->pool_at = chunk + POOL_STEP;
        lane->pool_end = chunk + POOL_CHUNK;
    }
    block = lane->pool_at;
    lane->pool_at += size;
    return block;
}

static inline void give_small(sl_lane *lane, void *block, size_t class) {
    memcpy(block, &lane->pool_free[class], sizeof(void *));
    lane->pool_free[class] = block;
}

/// The rule and line that ask for what there is no room for: memory errors reach no message handler.
static void *refuse(sl_lane *lane) {
    lane_note_position(lane);
    return NULL;
}

static bool is_told_to_fail(sl_lane *lane) {
    uint64_t count = ++lane->allocation_count;
    if (lane->allocation_fails_at == 0) return false;
    return lane->allocation_fails_lasting ? count >= lane->allocation_fails_at : count == lane->allocation_fails_at;
}

void *lane_allocate(void *context, void *block, size_t old_size, size_t size) {
    sl_lane *lane = context;
    // When there is no block yet, Lua 5.4 passes the kind of object in place of a size.
    if (!block) old_size = 0;
    if (size == 0) {
        if (!block) return NULL;
        lane->memory_used -= old_size;
        if (old_size <= SMALL_MAX) give_small(lane, block, class_of(old_size));
        else free(block);
        return NULL;
    }
    if (size > old_size && !lane->tidies_up) {
        if (lane->memory_used + (size - old_size) > lane->limits.memory_bytes) return refuse(lane);
        if (is_told_to_fail(lane)) return refuse(lane);
    }
    bool was_small = block && old_size <= SMALL_MAX;
    void *result;
    if (size <= SMALL_MAX) {
        if (was_small && class_of(old_size) == class_of(size)) result = block;
        else {
            result = take_small(lane, class_of(size));
            // Lua takes for granted that shrinking never fails; the old block is large enough.
            if (!result) return size <= old_size ? block : refuse(lane);
            if (block) memcpy(result, block, old_size < size ? old_size : size);
            if (was_small) give_small(lane, block, class_of(old_size));
            else if (block) free(block);
        }
    } else if (block && !was_small) {
        result = realloc(block, size);
        if (!result) return size <= old_size ? block : refuse(lane);
    } else {
        result = malloc(size);
        if (!result) return refuse(lane);
        if (block) {
            memcpy(result, block, old_size < size ? old_size : size);
            give_small(lane, block, class_of(old_size));
        }
    }
    lane->memory_used += size - old_size;
    return result;
}

void lane_free_pool(sl_lane *lane) {
    void *chunk = lane->pool_chunks;
    while (chunk) {
        void *next;
        memcpy(&next, chunk, sizeof next);
        free(chunk);
        chunk = next;
    }
    lane->pool_chunks = NULL;
}

uint64_t sl_lane_fail_allocation(sl_lane *lane, uint64_t n, bool lasting) {
    uint64_t count = lane->allocation_count;
    lane->allocation_count = 0;
    lane->allocation_fails_at = n;
    lane->allocation_fails_lasting = lasting;
    return count;
}
