// Filling in what the receiver of an event knows; see sluice_fill.h.
#include "sluice_fill.h"

/// Digits of the fraction of a filled time: what RFC 5424 has room for.
#define TIME_DIGITS 6

_Static_assert(SL_KEY_TIMESTAMP == 0 && SL_KEY_HOSTNAME == 1, "one comparison leaves all other names out");

static sl_span named_text(const sl_batch *batch, uint32_t offset) {
    uint32_t length;
    memcpy(&length, batch->bytes + offset, sizeof length);
    return (sl_span){offset + (uint32_t)sizeof length, length};
}

/// Opens a slot at index `at` of an event that has room for it.
static sl_slot *open_slot(const sl_batch *batch, sl_event *event, uint16_t at, uint16_t key, uint8_t type, uint8_t flags) {
    sl_slot *slot = sl_event_slots(batch, event) + at;
    memmove(slot + 1, slot, (size_t)(event->count - at) * sizeof *slot);
    event->count++;
    slot->key = key;
    slot->type = type;
    slot->flags = flags;
    slot->detail = 0;
    return slot;
}

static bool make_room(sl_batch *batch, sl_event *event, uint16_t more) {
    if (event->capacity - event->count >= more) return true;
    uint32_t capacity = (uint32_t)event->count + more + SL_SPARE_SLOTS;
    return capacity <= UINT16_MAX && sl_event_relocate(batch, event, (uint16_t)capacity);
}

/// Looks once for the two fields that may be missing.
static void find_fields(const sl_batch *batch, const sl_event *event, bool *has_time, bool *has_host) {
    const sl_slot *slot = sl_event_slots(batch, event), *end = slot + event->count;
    for (; slot < end; slot++) {
        if (slot->key > SL_KEY_HOSTNAME || slot->type == SL_ABSENT || (slot->flags & SL_META)) continue;
        if (slot->key == SL_KEY_TIMESTAMP) *has_time = true;
        else *has_host = true;
    }
}

/// Index behind the first `timestamp` when that is among the first slots, else 0.
static uint16_t behind_time(const sl_batch *batch, const sl_event *event) {
    const sl_slot *slots = sl_event_slots(batch, event);
    uint16_t count = event->count < 4 ? event->count : 4;
    for (uint16_t i = 0; i < count; i++)
        if (slots[i].key == SL_KEY_TIMESTAMP && !(slots[i].flags & SL_META)) return (uint16_t)(i + 1);
    return 0;
}

static void fill_time(sl_batch *batch, sl_event *event, const sl_filling *filling) {
    sl_slot *slot = open_slot(batch, event, 0, SL_KEY_TIMESTAMP, SL_TIMESTAMP, 0);
    slot->detail = SL_TIME_DETAIL(TIME_DIGITS, filling->offset_minutes, SL_TIME_Z);
    slot->integer = event->received_ns;
    event->time_ns = event->received_ns;
    event->flags |= filling->time_flag;
    event->pristine = 0;
}

bool sl_fill_events(sl_batch *batch, uint32_t first, const sl_sender *sender, const sl_filling *filling) {
    sl_span host = {0, 0}, facts[SL_SENDER_FACTS];
    uint16_t keys[SL_SENDER_FACTS], fact_count = 0;
    bool knows_host = sender->host != SL_NO_OFFSET;
    if (knows_host) host = named_text(batch, sender->host);
    for (uint32_t i = 0; i < SL_SENDER_FACTS; i++) {
        if (sender->facts[i] == SL_NO_OFFSET) continue;
        keys[fact_count] = filling->fact_keys[i];
        facts[fact_count++] = named_text(batch, sender->facts[i]);
    }
    bool is_complete = true;
    for (uint32_t index = first; index < batch->event_count; index++) {
        sl_event *event = batch->events + index;
        event->peer = sender->peer;
        bool has_time = !filling->fills_fields, has_host = has_time;
        if (filling->fills_fields) find_fields(batch, event, &has_time, &has_host);
        if (!knows_host) has_host = true;
        uint16_t more = (uint16_t)(fact_count + !has_time + !has_host);
        if (more == 0) continue;
        if (!make_room(batch, event, more)) {
            is_complete = false;
            continue;
        }
        if (!has_time) fill_time(batch, event, filling);
        if (!has_host) {
            open_slot(batch, event, behind_time(batch, event), SL_KEY_HOSTNAME, SL_STRING, SL_CLEAN)->text = host;
            event->flags |= filling->host_flag;
            event->pristine = 0;
        }
        for (uint16_t i = 0; i < fact_count; i++)
            open_slot(batch, event, event->count, keys[i], SL_STRING, SL_META)->text = facts[i];
    }
    return is_complete;
}

/// Whether a header of zlib ends so: one byte by level of compression. `^` may also be text; then no control follows it.
static bool is_zlib_level(uint8_t level, uint8_t next) {
    return level == 0x01 || level == 0x9C || level == 0xDA || (level == 0x5E && (next < 0x20 || next > 0x7E));
}

uint32_t sl_find_compressed(const sl_batch *batch, uint32_t first) {
    for (uint32_t index = first; index < batch->event_count; index++) {
        sl_span raw = batch->events[index].raw;
        if (raw.length < 4) continue;
        const uint8_t *at = batch->bytes + raw.offset;
        if (at[0] == 'z' && at[1] == 0x78 && is_zlib_level(at[2], at[3])) return index;
    }
    return batch->event_count;
}
