// What went wrong and where: kept in memory that is not Lua's, because Lua's may just have run out.
#include "lua_lane.h"

#include <stdio.h>

enum { LEVELS_MAX = 24, MESSAGE_BYTES_MAX = 4096 };

static void set_text(sl_buffer *buffer, const char *bytes, size_t length) {
    buffer->length = 0;
    sl_buffer_append(buffer, bytes, length);
}

static sl_text text_of(const sl_buffer *buffer) {
    return (sl_text){buffer->bytes ? (const char *)buffer->bytes : "", buffer->length};
}

/// The innermost line of Lua code that runs. Called from the allocator as well: it must leave the stack alone.
void lane_note_position(sl_lane *lane) {
    lua_Debug info;
    lane->failure.line = 0;
    lane->chunk.length = 0;
    for (int level = 0; lua_getstack(lane->L, level, &info); level++) {
        if (!lua_getinfo(lane->L, "Sl", &info) || info.currentline <= 0) continue;
        lane->failure.line = (uint32_t)info.currentline;
        set_text(&lane->chunk, info.short_src, strlen(info.short_src));
        return;
    }
}

/// What `process` returned is at fault and no line of it runs any more: the place is the function.
static void note_function(sl_lane *lane) {
    lua_Debug info;
    lua_rawgeti(lane->L, LUA_REGISTRYINDEX, lane->live.rules[lane->rule].function);
    lua_getinfo(lane->L, ">S", &info);
    lane->failure.line = info.linedefined > 0 ? (uint32_t)info.linedefined : 0;
    set_text(&lane->chunk, info.short_src, strlen(info.short_src));
}

static void note_traceback(sl_lane *lane) {
    char line[256];
    lua_Debug info;
    lane->traceback.length = 0;
    for (int level = 0; level < LEVELS_MAX && lua_getstack(lane->L, level, &info); level++) {
        if (!lua_getinfo(lane->L, "nSl", &info)) continue;
        if (info.currentline <= 0 && !info.name) continue; // our own loop
        if (info.namewhat && strcmp(info.namewhat, "hook") == 0) continue;
        int length = info.currentline > 0 ? snprintf(line, sizeof line, "%s:%d: in ", info.short_src, info.currentline)
                                          : snprintf(line, sizeof line, "[C]: in ");
        sl_buffer_append(&lane->traceback, line, (size_t)length);
        if (info.name) length = snprintf(line, sizeof line, "%s '%.100s'\n", *info.namewhat ? info.namewhat : "function", info.name);
        else if (*info.what == 'm') length = snprintf(line, sizeof line, "main chunk\n");
        else length = snprintf(line, sizeof line, "function <%s:%d>\n", info.short_src, info.linedefined);
        sl_buffer_append(&lane->traceback, line, (size_t)length);
    }
}

/// Takes `chunk:line: ` off the message when it names a level of the stack, and believes it: `error(text, 2)` blames the caller.
static size_t take_position(sl_lane *lane, const char *text, size_t length) {
    const char *end = text + length;
    lua_Debug info;
    for (int level = 0; level < LEVELS_MAX && lua_getstack(lane->L, level, &info); level++) {
        if (!lua_getinfo(lane->L, "Sl", &info)) continue;
        size_t name = strlen(info.short_src);
        if (length < name + 4 || memcmp(text, info.short_src, name) != 0 || text[name] != ':') continue;
        const char *at = text + name + 1;
        uint32_t line = 0;
        while (at < end && *at >= '0' && *at <= '9') line = line * 10 + (uint32_t)(*at++ - '0');
        if (end - at < 2 || at[0] != ':' || at[1] != ' ' || line == 0) continue;
        lane->failure.line = line;
        set_text(&lane->chunk, info.short_src, name);
        return (size_t)(at + 2 - text);
    }
    return 0;
}

/// Runs at the place of the error, before the stack is unwound.
int lane_message_handler(lua_State *L) {
    sl_lane *lane = lane_of(L);
    lane_note_position(lane);
    note_traceback(lane);
    if (lua_type(L, 1) != LUA_TSTRING && lua_type(L, 1) != LUA_TNUMBER) {
        char kind[64];
        int length = snprintf(kind, sizeof kind, "(error object is a %s value)", value_kind(L, 1));
        set_text(&lane->message, kind, (size_t)length);
        // Runs `__tostring` of the rule: if that fails or never ends, the text above stands.
        if (!luaL_getmetafield(L, 1, "__tostring")) return 1;
        lua_pop(L, 1);
    }
    size_t length;
    const char *text = luaL_tolstring(L, 1, &length);
    size_t position = take_position(lane, text, length);
    text += position;
    length -= position;
    // A rule can put megabytes into a message; people read its beginning.
    set_text(&lane->message, text, length > MESSAGE_BYTES_MAX ? MESSAGE_BYTES_MAX : length);
    if (length > MESSAGE_BYTES_MAX) sl_buffer_append(&lane->message, "…", 3);
    return 1;
}

void lane_set_failure(sl_lane *lane, int status, bool handled) {
    sl_failure *failure = &lane->failure;
    failure->kind = lane->stop                ? SL_FAILURE_TIME
                    : status == LUA_ERRMEM    ? SL_FAILURE_MEMORY
                    : status == LUA_ERRSYNTAX ? SL_FAILURE_SYNTAX
                                              : SL_FAILURE_RUNTIME;
    char text[160];
    int length = 0;
    if (failure->kind == SL_FAILURE_TIME)
        length = snprintf(text, sizeof text, "%s took more than %s (%lld ms) of CPU time",
            lane->context == CONTEXT_LOAD ? "loading" : lane->context == CONTEXT_EVENT ? "the event" : "the call",
            lane->context == CONTEXT_LOAD ? "ten times `time_limit`" : "`time_limit`",
            (long long)(lane->ticks_max * lane->tick_ns / 1000000));
    else if (failure->kind == SL_FAILURE_MEMORY)
        length = snprintf(text, sizeof text, "the rules need more than `memory_limit` (%zu KiB)", lane->limits.memory_bytes / 1024);
    else if (!handled && status == LUA_ERRERR)
        length = snprintf(text, sizeof text, "error in error handling");
    if (length > 0) set_text(&lane->message, text, (size_t)length);
    if (failure->kind == SL_FAILURE_MEMORY) lane->traceback.length = 0;
    if (failure->line == 0 && lane->context == CONTEXT_EVENT) note_function(lane);
    failure->rule = lane->rule;
    failure->event = lane->context == CONTEXT_EVENT ? lane->event : SL_NO_EVENT;
    lane->counts.failures++;
}

sl_failure sl_lane_failure(const sl_lane *lane) {
    sl_failure failure = lane->failure;
    failure.message = text_of(&lane->message);
    failure.chunk = text_of(&lane->chunk);
    failure.traceback = text_of(&lane->traceback);
    return failure;
}
