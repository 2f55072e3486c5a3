// An event as bytes that outlive the process: dead letters are kept so, and come back with every type and byte.
//
//     event := version 0x01 · verdict u8 · format u8 · pristine u8 · source u32 · rule u16
//            · time i64 · received i64 · flags u64 · outputs u64
//            · raw bytes · has peer u8 [bytes] · slots u16 slot*
//     slot  := name bytes · type u8 (| 0x80: the text is a part of raw) · flags u8 · detail u32
//            · of texts: bytes, or offset u32 length u32 in raw · of all others: u64
//     bytes := length u32 and as many bytes
//
// Numbers are little-endian. What is read is believed in nothing: sizes are held against what is there, and whatever a reader
// of slots takes for granted (codes of keywords, digits of times, what the encoder copies without looking) is checked here.
#include "sluice_copy.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

enum { PACK_VERSION = 1, PART_OF_RAW = 0x80, FIELDS_MAX = 65000 };

static bool has_text(uint8_t type) { return type == SL_STRING || type == SL_NUMBER || type == SL_OBJECT || type == SL_ARRAY; }

// -- writing ------------------------------------------------------------------------------------------------------------

static void put(sl_buffer *to, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++) sl_buffer_append_byte(to, (uint8_t)(value >> (8 * i)));
}

static void put_bytes(sl_buffer *to, const void *bytes, size_t length) {
    put(to, length, 4);
    if (length > 0) sl_buffer_append(to, bytes, length);
}

static void put_slot(sl_buffer *to, const sl_batch *batch, const sl_event *event, const sl_slot *slot) {
    size_t length;
    const char *name = sl_slot_name(batch, slot, &length);
    put_bytes(to, name, length);
    bool is_text = has_text(slot->type);
    bool in_raw = is_text && slot->text.offset >= event->raw.offset &&
                  (uint64_t)slot->text.offset + slot->text.length <= (uint64_t)event->raw.offset + event->raw.length;
    put(to, (uint64_t)slot->type | (in_raw ? PART_OF_RAW : 0), 1);
    put(to, slot->flags, 1);
    put(to, slot->key == SL_KEY_UNLISTED ? 0 : slot->detail, 4);
    if (in_raw) {
        put(to, slot->text.offset - event->raw.offset, 4);
        put(to, slot->text.length, 4);
    } else if (is_text) put_bytes(to, batch->bytes + slot->text.offset, slot->text.length);
    else put(to, (uint64_t)slot->integer, 8);
}

void sl_event_pack(const sl_batch *batch, const sl_event *event, sl_buffer *to) {
    put(to, PACK_VERSION, 1);
    put(to, event->verdict, 1);
    put(to, event->format, 1);
    put(to, event->pristine, 1);
    put(to, event->source, 4);
    put(to, event->rule, 2);
    put(to, (uint64_t)event->time_ns, 8);
    put(to, (uint64_t)event->received_ns, 8);
    put(to, event->flags, 8);
    put(to, event->outputs, 8);
    put_bytes(to, batch->bytes + event->raw.offset, event->raw.length);
    size_t length;
    const char *peer = sl_event_peer(batch, event, &length);
    put(to, peer != NULL, 1);
    if (peer) put_bytes(to, peer, length);
    uint16_t count = 0;
    for (uint16_t i = 0; i < event->count; i++) count += sl_event_slots(batch, event)[i].type != SL_ABSENT;
    put(to, count, 2);
    for (uint16_t i = 0; i < event->count; i++) {
        const sl_slot *slot = sl_event_slots(batch, event) + i;
        if (slot->type != SL_ABSENT) put_slot(to, batch, event, slot);
    }
}

// -- reading ------------------------------------------------------------------------------------------------------------

typedef struct reader {
    const uint8_t *at, *end;
    bool failed;
} reader;

static uint64_t take(reader *from, size_t size) {
    uint64_t value = 0;
    if ((size_t)(from->end - from->at) < size) {
        from->failed = true;
        return 0;
    }
    for (size_t i = 0; i < size; i++) value |= (uint64_t)from->at[i] << (8 * i);
    from->at += size;
    return value;
}

/// Bytes with their length before them; NULL when they are not all there.
static const uint8_t *take_bytes(reader *from, size_t *length) {
    *length = (size_t)take(from, 4);
    if (from->failed || (size_t)(from->end - from->at) < *length) {
        from->failed = true;
        return NULL;
    }
    const uint8_t *bytes = from->at;
    from->at += *length;
    return bytes;
}

static bool is_detail(uint32_t detail) {
    int offset = SL_TIME_OFFSET(detail);
    return SL_TIME_DIGITS(detail) <= 9 && offset > -1440 && offset < 1440 && SL_TIME_SPELLING(detail) <= SL_TIME_MINUS_ZERO;
}

/// What a value's readers take for granted.
static bool is_sound(const sl_slot *slot) {
    switch (slot->type) {
    case SL_NULL: case SL_FALSE: case SL_TRUE: case SL_INTEGER: return true;
    case SL_FLOAT: return isfinite(slot->number);
    case SL_TIMESTAMP: return is_detail(slot->detail);
    case SL_FACILITY: return slot->integer >= 0 && slot->integer < 24;
    case SL_SEVERITY: return slot->integer >= 0 && slot->integer < 8;
    case SL_STRING: return !(slot->flags & SL_TIME) || is_detail(slot->detail);
    default: return false;
    }
}

static bool is_number(const uint8_t *text, size_t length) {
    if (length == 0 || !(*text == '-' || (*text >= '0' && *text <= '9'))) return false;
    for (size_t i = 0; i < length; i++)
        if (!(text[i] >= '0' && text[i] <= '9') && !memchr("+-.eE", text[i], 5)) return false;
    return true;
}

/// Whether bytes are the inside of a JSON string literal: no bare quote, and no escape that JSON does not know.
static bool is_literal(const uint8_t *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"') return false;
        if (text[i] != '\\') continue;
        if (++i == length || !memchr("\"\\/bfnrtu", text[i], 9)) return false;
        if (text[i] != 'u') continue;
        if (length - i < 5) return false;
        for (size_t end = i + 4; i < end;)
            if (!isxdigit(text[++i])) return false;
    }
    return true;
}

/// Whether a text is what its type says, as far as its readers rely on it.
static bool is_sound_text(const sl_slot *slot, const uint8_t *text) {
    uint32_t length = slot->text.length;
    if (slot->type == SL_NUMBER) return is_number(text, length);
    if (slot->type == SL_STRING) return is_sound(slot) && (!(slot->flags & SL_ESCAPED) || is_literal(text, length));
    char open = slot->type == SL_ARRAY ? '[' : '{', close = slot->type == SL_ARRAY ? ']' : '}';
    return length >= 2 && text[0] == open && text[length - 1] == close;
}

/// Whether the encoder may copy a string: see SL_CLEAN.
static bool is_clean(const sl_slot *slot, const uint8_t *text) {
    for (uint32_t i = 0; i < slot->text.length; i++) {
        if (text[i] < 0x20 || text[i] == 0x7F) return false;
        if ((text[i] == '"' || text[i] == '\\') && !(slot->flags & SL_ESCAPED)) return false;
    }
    return sl_is_one_line_utf8(text, slot->text.length);
}

/// A time under a name that this process cannot list: its text in UTC, as `detail` then is the name's place.
static bool write_time(sl_batch *batch, sl_slot *slot) {
    char text[64];
    int64_t rest = slot->integer % 1000000000;
    time_t seconds = (time_t)(slot->integer / 1000000000 - (rest < 0));
    struct tm day;
    if (!gmtime_r(&seconds, &day)) return false;
    size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &day);
    length += (size_t)snprintf(text + length, sizeof text - length, ".%09dZ", (int)(rest < 0 ? rest + 1000000000 : rest));
    slot->type = SL_STRING;
    slot->text = (sl_span){sl_batch_append(batch, text, length), (uint32_t)length};
    return slot->text.offset != SL_NO_OFFSET;
}

/// Gives a slot its key, or its name when the table of names is full.
static bool read_name(sl_batch *batch, sl_slot *slot, const uint8_t *name, size_t length) {
    slot->key = sl_key_intern((const char *)name, length);
    if (slot->key != SL_KEY_UNLISTED) return true;
    if (slot->type == SL_TIMESTAMP && !write_time(batch, slot)) return false;
    slot->flags &= (uint8_t)~SL_TIME;
    slot->detail = sl_batch_append_name(batch, (const char *)name, length);
    return slot->detail != SL_NO_OFFSET;
}

static bool read_text(reader *from, sl_batch *batch, sl_span raw, sl_slot *slot, bool in_raw) {
    if (in_raw) {
        uint64_t offset = take(from, 4), length = take(from, 4);
        if (from->failed || offset + length > raw.length) return false;
        slot->text = (sl_span){raw.offset + (uint32_t)offset, (uint32_t)length};
    } else {
        size_t length;
        const uint8_t *bytes = take_bytes(from, &length);
        if (!bytes) return false;
        slot->text = (sl_span){sl_batch_append(batch, bytes, length), (uint32_t)length};
    }
    const uint8_t *text = batch->bytes + slot->text.offset;
    if (slot->text.offset == SL_NO_OFFSET || !is_sound_text(slot, text)) return false;
    if ((slot->flags & SL_CLEAN) && !is_clean(slot, text)) slot->flags &= (uint8_t)~SL_CLEAN;
    return true;
}

static bool read_slot(reader *from, sl_batch *batch, sl_span raw) {
    size_t length;
    const uint8_t *name = take_bytes(from, &length);
    uint8_t type = (uint8_t)take(from, 1);
    sl_slot slot = {.type = type & (uint8_t)~PART_OF_RAW, .flags = (uint8_t)take(from, 1), .detail = (uint32_t)take(from, 4)};
    if (from->failed || slot.flags > (SL_ESCAPED | SL_CLEAN | SL_META | SL_OWNED | SL_TIME)) return false;
    if (has_text(slot.type)) {
        if (!read_text(from, batch, raw, &slot, type & PART_OF_RAW)) return false;
    } else {
        slot.integer = (int64_t)take(from, 8);
        if (from->failed || type & PART_OF_RAW || !is_sound(&slot)) return false;
    }
    if (!read_name(batch, &slot, name, length)) return false;
    sl_slot *place = sl_event_add(batch, slot.key);
    if (!place) return false;
    *place = slot;
    return true;
}

/// Whether the encoder may copy raw bytes: one JSON object on one line.
static bool may_be_pristine(const sl_batch *batch, sl_span raw) {
    const uint8_t *text = batch->bytes + raw.offset;
    return raw.length >= 2 && text[0] == '{' && text[raw.length - 1] == '}' && sl_is_one_line_utf8(text, raw.length);
}

/// Raw bytes, peer and slots of the event that was begun.
static bool read_parts(reader *from, sl_batch *batch, bool is_pristine) {
    size_t length;
    const uint8_t *bytes = take_bytes(from, &length);
    if (!bytes) return false;
    sl_span raw = {sl_batch_append(batch, bytes, length), (uint32_t)length};
    if (raw.offset == SL_NO_OFFSET) return false;
    sl_event *event = sl_event_open(batch);
    event->raw = raw;
    event->pristine = is_pristine && may_be_pristine(batch, raw);
    if (take(from, 1)) {
        bytes = take_bytes(from, &length);
        if (!bytes) return false;
        event->peer = sl_batch_append_name(batch, (const char *)bytes, length);
        if (event->peer == SL_NO_OFFSET) return false;
    }
    uint64_t count = take(from, 2);
    if (from->failed || count > FIELDS_MAX) return false;
    for (uint64_t i = 0; i < count; i++)
        if (!read_slot(from, batch, raw)) return false;
    return from->at == from->end && sl_event_end(batch);
}

sl_event *sl_event_unpack(sl_batch *batch, const uint8_t *bytes, size_t length) {
    reader from = {.at = bytes, .end = bytes + length};
    if (take(&from, 1) != PACK_VERSION) return NULL;
    uint8_t verdict = (uint8_t)take(&from, 1), format = (uint8_t)take(&from, 1), pristine = (uint8_t)take(&from, 1);
    uint32_t source = (uint32_t)take(&from, 4);
    uint16_t rule = (uint16_t)take(&from, 2);
    int64_t time_ns = (int64_t)take(&from, 8), received_ns = (int64_t)take(&from, 8);
    uint64_t flags = take(&from, 8), outputs = take(&from, 8);
    if (from.failed || verdict > SL_FAILED || format > 127 || pristine > 1) return NULL;
    uint32_t used = batch->length;
    // An arena without a byte has no address.
    if (!sl_batch_reserve(batch, 1)) return NULL;
    sl_event *event = sl_event_begin(batch, (sl_span){0, 0}, received_ns, flags);
    if (!event) return NULL;
    if (!read_parts(&from, batch, pristine)) {
        sl_event_cancel(batch);
        batch->length = used;
        return NULL;
    }
    event->time_ns = time_ns;
    event->outputs = outputs;
    event->source = source;
    event->rule = rule;
    event->verdict = verdict;
    event->format = format & 0x7F;
    return event;
}
