// `state`: a rule's own table as bytes and back.
//
//     value := 'n' null · 't' true · 'f' false · 'i' int64 · 'd' double · 's' uint32 bytes
//            · 'm' int64 uint32 (timestamp) · '{' (value value)* '}' (table; 'a' or 'o' before it: array, object)
//
// Tables keep number keys and string keys apart, which JSON cannot, so this is a form of its own.
#include "lua_lane.h"

enum { STATE_DEPTH_MAX = 64 };

typedef struct state_writer {
    lua_State *L;
    sl_buffer *to;
    size_t bytes_max;
    int depth;
    const char *path[STATE_DEPTH_MAX];
} state_writer;

/// Raises with the path: `state.a.b holds a function, which is no plain data`.
static int refuse(state_writer *writer, const char *what) {
    luaL_Buffer text;
    luaL_buffinit(writer->L, &text);
    luaL_addstring(&text, "`state");
    for (int i = 0; i < writer->depth && i < STATE_DEPTH_MAX; i++) {
        luaL_addchar(&text, '.');
        luaL_addstring(&text, writer->path[i] ? writer->path[i] : "[…]");
    }
    luaL_addstring(&text, "` ");
    luaL_addstring(&text, what);
    luaL_pushresult(&text);
    return lua_error(writer->L);
}

static void put(state_writer *writer, char tag, const void *bytes, size_t length) {
    if (writer->to->length + length + 1 > writer->bytes_max) refuse(writer, "makes the state larger than `state_limit`");
    sl_buffer_append_byte(writer->to, (uint8_t)tag);
    sl_buffer_append(writer->to, bytes, length);
}

static void write_state(state_writer *writer, int index);

static void write_table(state_writer *writer, int index) {
    lua_State *L = writer->L;
    if (writer->depth == STATE_DEPTH_MAX) refuse(writer, "is nested deeper than 64 levels, or holds itself");
    luaL_checkstack(L, 8, "state");
    if (lua_getmetatable(L, index)) {
        registry_push(L, REGISTRY_ARRAY);
        registry_push(L, REGISTRY_OBJECT);
        if (lua_rawequal(L, -3, -2)) put(writer, 'a', "", 0);
        else if (lua_rawequal(L, -3, -1)) put(writer, 'o', "", 0);
        lua_pop(L, 3);
    }
    put(writer, '{', "", 0);
    int depth = writer->depth++;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        writer->path[depth] = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        write_state(writer, lua_gettop(L) - 1);
        write_state(writer, lua_gettop(L));
    }
    writer->depth = depth;
    put(writer, '}', "", 0);
}

static void write_state(state_writer *writer, int index) {
    lua_State *L = writer->L;
    switch (lua_type(L, index)) {
    case LUA_TLIGHTUSERDATA: put(writer, 'n', "", 0); return;
    case LUA_TBOOLEAN: put(writer, lua_toboolean(L, index) ? 't' : 'f', "", 0); return;
    case LUA_TNUMBER:
        if (lua_isinteger(L, index)) {
            lua_Integer value = lua_tointeger(L, index);
            put(writer, 'i', &value, sizeof value);
        } else {
            lua_Number value = lua_tonumber(L, index);
            put(writer, 'd', &value, sizeof value);
        }
        return;
    case LUA_TSTRING: {
        size_t length;
        const char *text = lua_tolstring(L, index, &length);
        uint32_t size = (uint32_t)length;
        if (length > writer->bytes_max) refuse(writer, "makes the state larger than `state_limit`");
        put(writer, 's', &size, sizeof size);
        if (writer->to->length + length > writer->bytes_max) refuse(writer, "makes the state larger than `state_limit`");
        sl_buffer_append(writer->to, text, length);
        return;
    }
    case LUA_TTABLE: write_table(writer, index); return;
    case LUA_TUSERDATA: {
        timestamp_value *time = value_to_timestamp(L, index);
        if (time) {
            put(writer, 'm', &time->ns, sizeof time->ns);
            sl_buffer_append(writer->to, &time->detail, sizeof time->detail);
            return;
        }
    }
    // fall through
    default: lua_pushfstring(L, "holds a %s, which is no plain data", value_kind(L, index)); refuse(writer, lua_tostring(L, -1));
    }
}

typedef struct state_request {
    uint16_t rule;
    size_t bytes_max;
    sl_buffer *to;
    const uint8_t *at, *end;
} state_request;

static int save_protected(lua_State *L) {
    state_request *request = lua_touserdata(L, 1);
    registry_push(L, REGISTRY_RULES);
    lua_rawgeti(L, -1, request->rule + 1);
    lua_getfield(L, -1, "state");
    state_writer writer = {.L = L, .to = request->to, .bytes_max = request->bytes_max};
    if (lua_type(L, -1) != LUA_TTABLE) refuse(&writer, "is no table any more");
    write_state(&writer, lua_gettop(L));
    return 0;
}

bool sl_lane_save_state(sl_lane *lane, uint16_t rule, size_t bytes_max, sl_buffer *to) {
    state_request request = {.rule = rule, .bytes_max = bytes_max, .to = to};
    to->length = 0;
    if (lane_enter(lane, save_protected, &request, lane->limits.load_cpu_ns)) return true;
    to->length = 0;
    sl_buffer_append(to, lane->message.bytes, lane->message.length);
    return false;
}

static void take(lua_State *L, state_request *request, void *to, size_t length) {
    if ((size_t)(request->end - request->at) < length) luaL_error(L, "the state is cut short");
    memcpy(to, request->at, length);
    request->at += length;
}

static void read_state(lua_State *L, state_request *request, int depth);

static void read_table(lua_State *L, state_request *request, int depth) {
    if (depth > STATE_DEPTH_MAX) luaL_error(L, "the state is nested too deep");
    luaL_checkstack(L, 8, "state");
    lua_newtable(L);
    while (request->at < request->end && *request->at != '}') {
        read_state(L, request, depth + 1);
        read_state(L, request, depth + 1);
        lua_rawset(L, -3);
    }
    uint8_t end;
    take(L, request, &end, 1);
}

static void read_state(lua_State *L, state_request *request, int depth) {
    uint8_t tag;
    take(L, request, &tag, 1);
    lua_Integer integer;
    lua_Number number;
    uint32_t size;
    switch (tag) {
    case 'n': lua_pushlightuserdata(L, NULL); return;
    case 't': case 'f': lua_pushboolean(L, tag == 't'); return;
    case 'i':
        take(L, request, &integer, sizeof integer);
        lua_pushinteger(L, integer);
        return;
    case 'd':
        take(L, request, &number, sizeof number);
        lua_pushnumber(L, number);
        return;
    case 's':
        take(L, request, &size, sizeof size);
        if ((size_t)(request->end - request->at) < size) luaL_error(L, "the state is cut short");
        lua_pushlstring(L, (const char *)request->at, size);
        request->at += size;
        return;
    case 'm':
        take(L, request, &integer, sizeof integer);
        take(L, request, &size, sizeof size);
        value_push_timestamp(L, integer, size);
        return;
    case 'a': case 'o':
        read_state(L, request, depth);
        registry_push(L, tag == 'a' ? REGISTRY_ARRAY : REGISTRY_OBJECT);
        lua_setmetatable(L, -2);
        return;
    case '{': read_table(L, request, depth); return;
    default: luaL_error(L, "the state is damaged");
    }
}

void state_push(lua_State *L, const uint8_t *bytes, size_t length) {
    state_request request = {.at = bytes, .end = bytes + length};
    read_state(L, &request, 0);
    if (request.at != request.end || lua_type(L, -1) != LUA_TTABLE) luaL_error(L, "the state is damaged");
}

bool sl_lane_take_ran(sl_lane *lane, uint16_t rule) {
    bool ran = lane->live.rules[rule].ran;
    lane->live.rules[rule].ran = false;
    return ran;
}

int64_t sl_lane_state_version(const sl_lane *lane, uint16_t rule) { return lane->live.rules[rule].state_version; }
