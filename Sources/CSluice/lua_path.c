// What a nested value's place is called in errors: `user.tags[2]`.
#include "lua_lane.h"

void node_push_written(lua_State *L) {
    const sl_lane *lane = lane_of(L);
    int32_t path[64], depth = 0;
    for (int32_t i = lane->written_node; i >= 0 && depth < 64; i = lane->nodes[i].parent) path[depth++] = i;
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    while (depth-- > 0) {
        const node *node = &lane->nodes[path[depth]];
        if (node->index > 0) {
            lua_pushfstring(L, "[%I]", (LUAI_UACINT)node->index);
            luaL_addvalue(&text);
            continue;
        }
        if (node->parent >= 0) luaL_addchar(&text, '.');
        if (node->parent < 0 && node->key != SL_KEY_UNLISTED) luaL_addstring(&text, sl_key_at(node->key)->text);
        else luaL_addlstring(&text, (const char *)lane->names.bytes + node->name_offset, node->name_length);
    }
    if (lua_type(L, 2) == LUA_TNUMBER) lua_pushfstring(L, "[%I]", (LUAI_UACINT)lua_tointeger(L, 2));
    else lua_pushfstring(L, ".%s", lua_tostring(L, 2));
    luaL_addvalue(&text);
    luaL_pushresult(&text);
}
