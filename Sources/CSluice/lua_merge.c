// A table written over the JSON text that it was made from: what both say alike keeps its bytes and its place.
//
// Scripts that get a record as a table hand back the whole of it. Writing it anew would sort names, spell numbers another way
// and round integers that no double holds; so members are compared one by one, and only what differs is written.
#include "lua_lane.h"

typedef struct merger {
    lua_State *L;
    const uint8_t *text;        ///< start of the arena: nothing is appended to it meanwhile
    sl_buffer *to;
    const char *what;
    size_t what_length;
    size_t start;               ///< of the text in `to`
    int depth;
} merger;

/// As deep as a field may be: deeper data is written anew, which refuses tables that hold themselves.
enum { MERGE_DEPTH_MAX = 64 };

static void merge_value(merger *merger, sl_span old, int value);

/// Both sides can be made so that merging them takes long or says much.
static void check_size(const merger *merger) {
    const sl_lane *lane = lane_of(merger->L);
    lane_check_time(merger->L);
    size_t length = merger->to->length - merger->start;
    if (length > lane->limits.value_bytes)
        luaL_error(merger->L, "a value of more than %d KiB is longer than a field may be (%d KiB)", (int)(length >> 10), (int)(lane->limits.value_bytes >> 10));
}

static void write_new(merger *merger, int value) {
    check_size(merger);
    value_to_json(merger->L, value, merger->to, merger->what, merger->what_length);
}

/// What the table's keys are: 's' strings only, 'n' 1…n without a hole, 0 neither or nothing.
static char keys_of(lua_State *L, int table) {
    lua_Integer numbers = 0, names = 0;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        lane_check_time(L);
        if (lua_type(L, -2) == LUA_TSTRING) names++;
        else if (lua_isinteger(L, -2)) numbers++;
        else {
            lua_pop(L, 2);
            return 0;
        }
    }
    if (names > 0 && numbers == 0) return 's';
    return numbers > 0 && names == 0 && (lua_Integer)lua_rawlen(L, table) == numbers ? 'n' : 0;
}

static bool is_array_mark(lua_State *L, int table) {
    if (!lua_getmetatable(L, table)) return false;
    registry_push(L, REGISTRY_ARRAY);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

/// Pushes the name that the inside of a literal stands for.
static void push_name(lua_State *L, const uint8_t *text, size_t length) {
    luaL_Buffer buffer;
    char *plain = luaL_buffinitsize(L, &buffer, length);
    luaL_pushresultsize(&buffer, sl_json_unescape((uint8_t *)plain, text, length));
}

static void begin_member(merger *merger, size_t start) {
    if (merger->to->length > start) sl_buffer_append_byte(merger->to, ',');
}

/// Members that the text does not have, in the order of their names.
static void write_added(merger *merger, int table, int known, size_t start) {
    lua_State *L = merger->L;
    lua_newtable(L);
    int names = lua_gettop(L);
    lua_Integer count = 0;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        lane_check_time(L);
        lua_pushvalue(L, -2);
        if (lua_rawget(L, known) == LUA_TNIL) {
            lua_pushvalue(L, -3);
            lua_rawseti(L, names, ++count);
        }
        lua_pop(L, 1);
    }
    if (count > 1) {
        registry_push(L, REGISTRY_LIBRARIES);
        lua_getfield(L, -1, "table");
        lua_getfield(L, -1, "sort");
        lua_pushvalue(L, names);
        lua_call(L, 1, 0);
        lua_pop(L, 2);
    }
    for (lua_Integer i = 1; i <= count; i++) {
        begin_member(merger, start);
        lua_rawgeti(L, names, i);
        write_new(merger, lua_gettop(L));
        sl_buffer_append_byte(merger->to, ':');
        lua_rawget(L, table);
        write_new(merger, lua_gettop(L));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static void merge_object(merger *merger, sl_span old, int table) {
    lua_State *L = merger->L;
    lua_newtable(L);
    int known = lua_gettop(L);
    sl_buffer_append_byte(merger->to, '{');
    size_t start = merger->to->length, at = 0;
    sl_span name, value, last;
    while (sl_json_next_member(merger->text + old.offset, old.length, &at, &name, &value)) {
        check_size(merger);
        const uint8_t *literal = merger->text + old.offset + name.offset;
        push_name(L, literal, name.length);
        size_t length;
        const char *plain = lua_tolstring(L, -1, &length);
        // Of a name that is there twice the last is the member.
        if (sl_json_member(merger->text + old.offset, old.length, plain, length, &last) && last.offset != value.offset) {
            lua_pop(L, 1);
            continue;
        }
        lua_pushvalue(L, -1);
        lua_pushboolean(L, 1);
        lua_rawset(L, known);
        if (lua_rawget(L, table) != LUA_TNIL) {
            begin_member(merger, start);
            sl_buffer_append_byte(merger->to, '"');
            sl_buffer_append(merger->to, literal, name.length);
            sl_buffer_append(merger->to, "\":", 2);
            merge_value(merger, (sl_span){old.offset + value.offset, value.length}, lua_gettop(L));
        }
        lua_pop(L, 1);
    }
    write_added(merger, table, known, start);
    sl_buffer_append_byte(merger->to, '}');
    lua_pop(L, 1);
}

static void merge_array(merger *merger, sl_span old, int table) {
    lua_State *L = merger->L;
    size_t at = 0;
    bool more = true;
    sl_buffer_append_byte(merger->to, '[');
    lua_Integer count = (lua_Integer)lua_rawlen(L, table);
    for (lua_Integer i = 1; i <= count; i++) {
        sl_span value;
        more = more && sl_json_next_element(merger->text + old.offset, old.length, &at, &value);
        if (i > 1) sl_buffer_append_byte(merger->to, ',');
        lua_rawgeti(L, table, i);
        if (more) merge_value(merger, (sl_span){old.offset + value.offset, value.length}, lua_gettop(L));
        else write_new(merger, lua_gettop(L));
        lua_pop(L, 1);
    }
    sl_buffer_append_byte(merger->to, ']');
}

static void merge_value(merger *merger, sl_span old, int value) {
    lua_State *L = merger->L;
    luaL_checkstack(L, 12, "a record");
    check_size(merger);
    const char *text = (const char *)merger->text + old.offset;
    if (lua_type(L, value) == LUA_TTABLE && old.length > 0 && (*text == '{' || *text == '[') && merger->depth < MERGE_DEPTH_MAX) {
        merger->depth++;
        char keys = keys_of(L, value);
        bool is_array = keys == 'n' || (keys == 0 && is_array_mark(L, value));
        if (*text == '{' && keys == 's' && !is_array_mark(L, value)) merge_object(merger, old, value);
        else if (*text == '[' && is_array && (keys == 'n' || lua_rawlen(L, value) == 0)) merge_array(merger, old, value);
        else write_new(merger, value);
        merger->depth--;
        return;
    }
    bool is_same = false;
    if (value_push_scalar(L, text, old.length)) {
        is_same = lua_rawequal(L, -1, value) && (lua_type(L, value) != LUA_TNUMBER || lua_isinteger(L, -1) == lua_isinteger(L, value));
        lua_pop(L, 1);
    }
    if (is_same) sl_buffer_append(merger->to, text, old.length);
    else write_new(merger, value);
}

void merge_json(lua_State *L, const sl_batch *batch, sl_span old, int value, sl_buffer *to, const char *what, size_t what_length) {
    merger merger = {L, batch->bytes, to, what, what_length, to->length, 0};
    merge_value(&merger, old, lua_absindex(L, value));
}
