// The one law of the Lua binding, broken on purpose: Lua raises by longjmp, and a Swift frame that is jumped over releases
// nothing of what it holds. Beside it the form that keeps the law.
#ifndef LAW_FIXTURE_H
#define LAW_FIXTURE_H

#include <stdbool.h>

/// Raises a Lua error in the state: does not return.
typedef void (*law_raise)(void *state);
/// What Lua calls on the other side. With `raise` it breaks the law by calling it; without, it answers whether to raise.
typedef bool (*law_function)(void *state, law_raise raise);

/// Calls the function `count` times, each in a protected call of a Lua state. Answers how many of them raised; -1 without memory.
int law_break(law_function function, int count);
/// The same, but C raises, and only after the function has returned.
int law_keep(law_function function, int count);

#endif
