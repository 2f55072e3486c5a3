// Debian keeps Lua's headers in a folder of their own, so no include path is needed.
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>
#include <lua5.4/lauxlib.h>
