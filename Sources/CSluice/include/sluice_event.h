// The event: one arena of bytes and one array of 16-byte slots for a whole batch.
//
//     sl_batch
//      ├─ bytes:  input bytes land here once; values are (offset, length) into it
//      ├─ events: sl_event, one record each: which slots, which raw bytes, what was decided
//      └─ slots:  sl_slot, one field each
//
//     slot   0        2      3       4               8                          16
//            ├────────┼──────┼───────┼───────────────┼───────────────────────────┤
//            │ key id │ type │ flags │ detail        │ int64 · double · off+len  │
//            └────────┴──────┴───────┴───────────────┴───────────────────────────┘
//
// Offsets and not pointers, so that the arena can grow. Nothing here is reference counted or locked: a batch has one owner.
// Every function that can run out of memory says so in its result and leaves the batch as it was.
#ifndef SLUICE_EVENT_H
#define SLUICE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/// What a slot holds.
enum {
    SL_ABSENT = 0,     ///< deleted: the slot keeps its place so that an iteration can go on
    SL_NULL = 1,
    SL_FALSE = 2,
    SL_TRUE = 3,
    SL_INTEGER = 4,    ///< `integer`
    SL_FLOAT = 5,      ///< `number`, finite
    SL_NUMBER = 6,     ///< JSON number text as it came, `text`
    SL_STRING = 7,     ///< bytes, `text`; JSON escapes inside when SL_ESCAPED is set
    SL_OBJECT = 8,     ///< JSON text of an object, valid apart from bytes that are not UTF-8 inside strings, `text`
    SL_ARRAY = 9,      ///< JSON text of an array, the same
    SL_TIMESTAMP = 10, ///< `integer` is nanoseconds since 1970 UTC; `detail` keeps offset and digits (SL_TIME_*)
    SL_FACILITY = 11,  ///< `integer` is the code 0...23; written as keyword
    SL_SEVERITY = 12,  ///< `integer` is the code 0...7; written as keyword
};

/// Flags of a slot.
enum {
    SL_ESCAPED = 1, ///< SL_STRING: the bytes are the inside of a JSON string literal, valid, with at least one escape
    SL_CLEAN = 2,   ///< SL_STRING: valid UTF-8 without control characters, quotes and backslashes (or valid inside of a literal
                    ///< when SL_ESCAPED is set as well): the JSON encoder copies it
    SL_META = 4,    ///< set by a rule on `meta`: never sent, never listed
    SL_OWNED = 8,   ///< written by a rule
    SL_TIME = 16,   ///< SL_STRING of RFC 3339 text that reads as a timestamp: its time is the event's `time_ns`, offset and
                    ///< digits are the slot's `detail` (set by decoders whose time field is text as it came, such as JSON)
};

/// Key id of a name that is not in the process-wide table: `detail` is the arena offset of a uint32 length and the bytes.
#define SL_KEY_UNLISTED 0xFFFFu
/// Names in the process-wide table at most.
#define SL_KEYS_MAX 16384u
/// Readable and writable bytes that always follow the used part of an arena or buffer.
#define SL_PADDING 64u
/// Slots left free behind each event's last field.
#define SL_SPARE_SLOTS 3u
/// `time_ns` of an event without a timestamp.
#define SL_NO_TIME INT64_MIN
/// Result of functions that return an arena offset when there is no memory or a limit was met.
#define SL_NO_OFFSET UINT32_MAX
/// No event, in chains.
#define SL_NO_EVENT UINT32_MAX

/// `detail` of an SL_TIMESTAMP: digits of the fraction 0...9, offset from UTC in minutes, and how a zero offset was spelled.
#define SL_TIME_DETAIL(digits, offset_minutes, spelling) \
    ((uint32_t)(digits) | ((uint32_t)(uint16_t)(int16_t)(offset_minutes) << 8) | ((uint32_t)(spelling) << 24))
#define SL_TIME_DIGITS(detail) ((detail) & 0xFFu)
#define SL_TIME_OFFSET(detail) ((int16_t)(uint16_t)(((detail) >> 8) & 0xFFFFu))
#define SL_TIME_SPELLING(detail) ((detail) >> 24)
/// A zero offset is written `Z`, `+00:00` or `-00:00`.
enum { SL_TIME_Z = 0, SL_TIME_PLUS_ZERO = 1, SL_TIME_MINUS_ZERO = 2 };

typedef struct sl_span {
    uint32_t offset;
    uint32_t length;
} sl_span;

typedef struct sl_slot {
    uint16_t key;
    uint8_t type;
    uint8_t flags;
    uint32_t detail;
    union {
        int64_t integer;
        double number;
        sl_span text;
    };
} sl_slot;

_Static_assert(sizeof(sl_slot) == 16, "a slot is 16 bytes");

/// `flags`: the data had a name more than once (bit of EventFlags.duplicateKey, which a test holds to it).
#define SL_FLAG_DUPLICATE_KEY (1ull << 25)

/// What became of an event.
enum {
    SL_PENDING = 0,
    SL_ROUTED = 1,      ///< a rule named outputs; `outputs` holds them (with those of `also`)
    SL_DEFAULTED = 2,   ///< went through all rules: the default outputs (with those of `also`)
    SL_DROPPED = 3,     ///< a rule dropped it; `rule` says which (`outputs` may still hold those of `also`)
    SL_DEDUPLICATED = 4,
    SL_THROTTLED = 5,
    SL_SAMPLED = 6,
    SL_FAILED = 7,      ///< a rule raised and its policy is a dead letter; `rule` says which
};

typedef struct sl_event {
    uint32_t first;       ///< index of the first slot
    uint16_t count;       ///< slots in use, SL_ABSENT ones included
    uint16_t capacity;    ///< slots reserved from `first`
    sl_span raw;          ///< the frame's original bytes; length 0 for emitted events
    int64_t time_ns;      ///< the event's own time, SL_NO_TIME without one
    int64_t received_ns;  ///< when it was received
    uint64_t flags;       ///< repairs, EventFlags in Swift
    uint64_t outputs;     ///< bit n = output n
    uint32_t next;        ///< next event in order, or SL_NO_EVENT
    uint32_t source;      ///< index of the input
    uint32_t peer;        ///< arena offset of a uint32 length and the peer's text, or SL_NO_OFFSET
    uint16_t rule;        ///< rule that decided, or the first rule still to run
    uint8_t verdict;
    uint8_t format : 7;   ///< index of the decoder's name in the process-wide list of formats
    /// The JSON encoder may copy `raw` as it stands. Set by a decoder when `raw` is exactly one JSON object, on one line
    /// without raw controls in its strings, valid UTF-8 throughout (`sl_is_one_line_utf8`), not converted from another charset,
    /// and its members are the event's slots; cleared by whoever adds, writes or deletes a field.
    uint8_t pristine : 1;
} sl_event;

_Static_assert(sizeof(sl_event) == 64, "an event is one cache line");

/// Memory as Lua's allocators give it: `size` 0 frees.
typedef void *(*sl_allocate)(void *context, void *block, size_t old_size, size_t size);

typedef struct sl_batch {
    uint8_t *bytes;
    sl_slot *slots;
    sl_event *events;
    uint32_t length, capacity;             ///< bytes used and allocated (without padding)
    uint32_t slot_count, slot_capacity;
    uint32_t event_count, event_capacity;
    uint32_t bytes_max;                    ///< the arena never grows past this many bytes
    uint32_t first, last;                  ///< ends of the chain of events in order, SL_NO_EVENT when empty
    sl_allocate allocate;
    void *context;
} sl_batch;

/// A growing run of bytes on its way out.
typedef struct sl_buffer {
    uint8_t *bytes;
    size_t length, capacity;               ///< without padding
} sl_buffer;

// -- names of fields ------------------------------------------------------------------------------------------------

/// A listed name: its text and the JSON it starts a member with.
typedef struct sl_key {
    const char *text;
    uint32_t length;
    uint32_t json_length;
    const char *json;                      ///< `"name":` escaped, followed by at least SL_PADDING readable bytes
    uint32_t hash;
} sl_key;

/// Ids that are the same in every process, in this order.
enum {
    SL_KEY_TIMESTAMP, SL_KEY_HOSTNAME, SL_KEY_APPNAME, SL_KEY_PROCID, SL_KEY_MSGID, SL_KEY_FACILITY, SL_KEY_SEVERITY,
    SL_KEY_VERSION, SL_KEY_STRUCTURED_DATA, SL_KEY_MESSAGE, SL_KEY_FACILITY_CODE, SL_KEY_SEVERITY_CODE,
    SL_KEY_REMOTE_ADDR, SL_KEY_IDENT, SL_KEY_REMOTE_USER, SL_KEY_REQUEST, SL_KEY_METHOD, SL_KEY_PATH, SL_KEY_PROTOCOL,
    SL_KEY_STATUS, SL_KEY_BYTES, SL_KEY_REFERER, SL_KEY_USER_AGENT, SL_KEY_STREAM, SL_KEY_PARTIAL, SL_KEY_ATTRS,
    SL_KEY_BUILT_IN_COUNT
};

/// Id of a name, added to the table when it is new; SL_KEY_UNLISTED when the table is full or memory is. Any thread.
uint16_t sl_key_intern(const char *text, size_t length);
/// Id of a name, or SL_KEY_UNLISTED when it is not listed. Any thread, no lock.
uint16_t sl_key_find(const char *text, size_t length);
/// The name behind an id below `sl_key_count()`. Any thread; stays valid for ever.
const sl_key *sl_key_at(uint16_t id);
/// Names listed so far.
uint32_t sl_key_count(void);

// -- batches --------------------------------------------------------------------------------------------------------

/// An empty batch whose memory comes from `allocate` (NULL: malloc). NULL without memory.
sl_batch *sl_batch_create(uint32_t bytes_max, sl_allocate allocate, void *context);
void sl_batch_destroy(sl_batch *batch);
/// Forgets all events and bytes, keeps the memory.
void sl_batch_clear(sl_batch *batch);
/// Slow path of `sl_batch_reserve`.
bool sl_batch_grow_bytes(sl_batch *batch, size_t more);
bool sl_batch_grow_slots(sl_batch *batch, uint32_t more);
bool sl_batch_grow_events(sl_batch *batch);
/// Room to write `slots` of an event anew at the end of the slot array. False without memory.
bool sl_event_relocate(sl_batch *batch, sl_event *event, uint16_t capacity);

/// Makes sure that `more` bytes can be appended without moving the arena. False when a limit or memory does not allow it.
static inline bool sl_batch_reserve(sl_batch *batch, size_t more) {
    return more <= (size_t)(batch->capacity - batch->length) || sl_batch_grow_bytes(batch, more);
}

/// Copies bytes to the arena's end. `bytes` may lie in the arena itself only when the room was reserved before.
static inline uint32_t sl_batch_append(sl_batch *batch, const void *bytes, size_t length) {
    if (!sl_batch_reserve(batch, length)) return SL_NO_OFFSET;
    uint32_t offset = batch->length;
    memcpy(batch->bytes + offset, bytes, length);
    batch->length += (uint32_t)length;
    return offset;
}

/// Starts an event behind the last one; its fields follow by `sl_event_add…`, then `sl_event_end`. NULL without memory.
/// Events are chained in the order in which they begin.
static inline sl_event *sl_event_begin(sl_batch *batch, sl_span raw, int64_t received_ns, uint64_t flags) {
    if (batch->event_count == batch->event_capacity && !sl_batch_grow_events(batch)) return NULL;
    uint32_t index = batch->event_count++;
    sl_event *event = batch->events + index;
    event->first = batch->slot_count;
    event->count = 0;
    event->capacity = 0;
    event->raw = raw;
    event->time_ns = SL_NO_TIME;
    event->received_ns = received_ns;
    event->flags = flags;
    event->outputs = 0;
    event->next = SL_NO_EVENT;
    event->source = 0;
    event->peer = SL_NO_OFFSET;
    event->rule = 0;
    event->verdict = SL_PENDING;
    event->format = 0;
    event->pristine = 0;
    if (batch->last == SL_NO_EVENT) batch->first = index;
    else batch->events[batch->last].next = index;
    batch->last = index;
    return event;
}

/// The event that `sl_event_begin` started last.
static inline sl_event *sl_event_open(sl_batch *batch) { return batch->events + batch->event_count - 1; }

/// A further slot of the event under construction, to be filled in by the caller. NULL without memory or past 65,000 fields.
static inline sl_slot *sl_event_add(sl_batch *batch, uint16_t key) {
    sl_event *event = sl_event_open(batch);
    if (event->count >= 65000) return NULL;
    if (batch->slot_count == batch->slot_capacity && !sl_batch_grow_slots(batch, 1)) return NULL;
    sl_slot *slot = batch->slots + batch->slot_count++;
    event->count++;
    slot->key = key;
    slot->flags = 0;
    slot->detail = 0;
    return slot;
}

static inline bool sl_event_add_text(sl_batch *batch, uint16_t key, uint8_t type, uint8_t flags, uint32_t offset, uint32_t length) {
    sl_slot *slot = sl_event_add(batch, key);
    if (!slot) return false;
    slot->type = type;
    slot->flags = flags;
    slot->text.offset = offset;
    slot->text.length = length;
    return true;
}

/// SL_INTEGER, SL_FACILITY, SL_SEVERITY, and with 0: SL_NULL, SL_TRUE, SL_FALSE.
static inline bool sl_event_add_integer(sl_batch *batch, uint16_t key, uint8_t type, int64_t value) {
    sl_slot *slot = sl_event_add(batch, key);
    if (!slot) return false;
    slot->type = type;
    slot->integer = value;
    return true;
}

/// A timestamp field; `detail` by SL_TIME_DETAIL. Under the name `timestamp` it is the event's time as well.
static inline bool sl_event_add_time(sl_batch *batch, uint16_t key, int64_t ns, uint32_t detail) {
    sl_slot *slot = sl_event_add(batch, key);
    if (!slot) return false;
    slot->type = SL_TIMESTAMP;
    slot->detail = detail;
    slot->integer = ns;
    if (key == SL_KEY_TIMESTAMP) sl_event_open(batch)->time_ns = ns;
    return true;
}

/// Ends the event under construction: leaves spare slots behind it.
static inline bool sl_event_end(sl_batch *batch) {
    sl_event *event = sl_event_open(batch);
    if (batch->slot_capacity - batch->slot_count < SL_SPARE_SLOTS && !sl_batch_grow_slots(batch, SL_SPARE_SLOTS)) return false;
    batch->slot_count += SL_SPARE_SLOTS;
    event->capacity = (uint16_t)(event->count + SL_SPARE_SLOTS);
    return true;
}

/// Takes the event that was begun last out again (strict decoders that refuse a frame half way). Only before any later event.
void sl_event_cancel(sl_batch *batch);

/// Fields only of the open event are given up, the event stays open (a decoder that starts over).
static inline void sl_event_restart(sl_batch *batch) {
    sl_event *event = sl_event_open(batch);
    batch->slot_count = event->first;
    event->count = 0;
    event->time_ns = SL_NO_TIME;
}

static inline sl_slot *sl_event_slots(const sl_batch *batch, const sl_event *event) { return batch->slots + event->first; }

/// The last slot with this listed key that is neither deleted nor meta, or NULL.
static inline sl_slot *sl_event_find(const sl_batch *batch, const sl_event *event, uint16_t key) {
    sl_slot *first = batch->slots + event->first;
    for (sl_slot *slot = first + event->count; slot-- > first;)
        if (slot->key == key && slot->type != SL_ABSENT && !(slot->flags & SL_META)) return slot;
    return NULL;
}

/// The same by text, for names that are not listed.
sl_slot *sl_event_find_unlisted(const sl_batch *batch, const sl_event *event, const char *name, size_t length);

/// Text of a slot's name; its length goes to `length`.
const char *sl_slot_name(const sl_batch *batch, const sl_slot *slot, size_t *length);

/// Puts an unlisted name into the arena; the offset is the slot's `detail`. SL_NO_OFFSET without memory.
uint32_t sl_batch_append_name(sl_batch *batch, const char *name, size_t length);

// -- whole events -----------------------------------------------------------------------------------------------------

/// Text of the peer and its length, NULL without one.
const char *sl_event_peer(const sl_batch *batch, const sl_event *event, size_t *length);

/// Appends a copy of an event of another batch, with everything that its record says. NULL without memory; then `to` is as
/// it was.
sl_event *sl_event_copy(sl_batch *to, const sl_batch *from, const sl_event *event);

/// Appends an event's bytes in a form of its own (event_pack.c), from which any process can make it again: names are text.
/// `source`, `outputs`, `rule` and `format` stay the numbers that they are here.
void sl_event_pack(const sl_batch *batch, const sl_event *event, sl_buffer *to);

/// Appends the event that `sl_event_pack` wrote. NULL without memory and for any other bytes; then the batch holds the same
/// events as before.
sl_event *sl_event_unpack(sl_batch *batch, const uint8_t *bytes, size_t length);

// -- bytes on their way out -------------------------------------------------------------------------------------------

/// Slow path of `sl_buffer_reserve`; ends the process when memory is out.
void sl_buffer_grow(sl_buffer *buffer, size_t more);
void sl_buffer_destroy(sl_buffer *buffer);

/// A pointer to `more` (+ SL_PADDING) writable bytes behind the used ones.
static inline uint8_t *sl_buffer_reserve(sl_buffer *buffer, size_t more) {
    if (buffer->capacity - buffer->length < more || !buffer->bytes) sl_buffer_grow(buffer, more);
    return buffer->bytes + buffer->length;
}

static inline void sl_buffer_append(sl_buffer *buffer, const void *bytes, size_t length) {
    uint8_t *to = sl_buffer_reserve(buffer, length);
    memcpy(to, bytes, length);
    buffer->length += length;
}

static inline void sl_buffer_append_byte(sl_buffer *buffer, uint8_t byte) {
    *sl_buffer_reserve(buffer, 1) = byte;
    buffer->length++;
}

// -- numbers ----------------------------------------------------------------------------------------------------------

/// Shortest decimal text that reads back as the same double, always with a point or an exponent; up to 32 bytes, returns the length.
size_t sl_print_double(char *to, double value);
/// Decimal text of an integer; up to 20 bytes, returns the length.
size_t sl_print_integer(char *to, int64_t value);
/// Value of valid JSON number text: 1 integer (exact in 64 bits) to `integer`, 0 float to `number` (integers beyond 64 bits too).
int sl_parse_number(const char *text, size_t length, int64_t *integer, double *number);

#endif
