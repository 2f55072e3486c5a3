// The call from Lua to a host library: values in, values out, no Lua in sight.
//
// The C trampoline (which may raise) converts Lua's arguments to `sl_value`s, calls the one `sl_host_function` of the lane and
// pushes what came back. The Swift side never sees a Lua state and never raises: a failure is an answer like any other.
//
// Arguments point into memory of the caller and end with the call. Texts of results lie in `scratch`, which is cleared before
// each call and may move while it grows: hence offsets and not pointers.
#ifndef SLUICE_HOST_H
#define SLUICE_HOST_H

#include "sluice_event.h"

/// What a value holds.
enum {
    SL_VALUE_NIL,
    SL_VALUE_FALSE,
    SL_VALUE_TRUE,
    SL_VALUE_INTEGER,   ///< `integer`
    SL_VALUE_FLOAT,     ///< `number`
    SL_VALUE_STRING,    ///< any bytes, `text`
    SL_VALUE_JSON,      ///< JSON text of an object or array <-> Lua table, `text`; bytes that are not UTF-8 may stand inside its strings
    SL_VALUE_NULL,      ///< the `null` of events
    SL_VALUE_TIMESTAMP, ///< `integer` is nanoseconds since 1970 UTC, `detail` as SL_TIME_DETAIL
    SL_VALUE_OTHER,     ///< an argument of a kind that has no value here, e.g. a function
};

typedef struct sl_value {
    uint8_t type;
    uint32_t detail; ///< SL_TIME_DETAIL of a timestamp
    union {
        int64_t integer;
        double number;
        struct {
            const uint8_t *bytes;
            size_t length;
        } text;
    };
} sl_value;

/// One call. The caller fills in `arguments`, `argument_count`, `scratch`, `rule` and clears the rest.
typedef struct sl_host_call {
    const sl_value *arguments;
    int32_t argument_count;
    sl_value results[8];
    int32_t result_count; ///< text results: bytes lie in scratch; `.text.bytes` is `(const uint8_t *)(uintptr_t)offset` into it
    sl_buffer *scratch;   ///< cleared before each call, reused
    int32_t failed;       ///< `results[0]` is the error text
    uint8_t mark;         ///< 0, or SL_DEDUPLICATED / SL_THROTTLED / SL_SAMPLED: what dedup/throttle/sample just said of this event
    uint16_t rule;        ///< index of the calling rule
    int64_t now;          ///< the pipeline's clock in nanoseconds since 1970 UTC
} sl_host_call;

/// Carries out host function `function` (its index among the registered ones). Never raises, never keeps a pointer.
typedef void (*sl_host_function)(void *context, uint32_t function, sl_host_call *call);

#endif
