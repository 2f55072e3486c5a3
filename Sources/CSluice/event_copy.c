// Copies of whole events from batch to batch.
//
// A decoder's texts are mostly parts of the event's raw bytes; in the copy they are parts of the raw bytes again, so a copy is
// hardly larger than the frame it came from.
#include "sluice_event.h"

static bool has_text(uint8_t type) { return type == SL_STRING || type == SL_NUMBER || type == SL_OBJECT || type == SL_ARRAY; }

/// Whether a text lies in the event's raw bytes.
static bool lies_in_raw(const sl_event *event, sl_span text) {
    return text.offset >= event->raw.offset && (uint64_t)text.offset + text.length <= (uint64_t)event->raw.offset + event->raw.length;
}

/// Bytes that the copy needs in the arena.
static size_t bytes_of(const sl_batch *batch, const sl_event *event) {
    // One more, so that an arena without a byte has an address all the same.
    size_t bytes = 1 + (size_t)event->raw.length, length;
    if (event->peer != SL_NO_OFFSET) {
        sl_event_peer(batch, event, &length);
        bytes += sizeof(uint32_t) + length;
    }
    for (uint16_t i = 0; i < event->count; i++) {
        const sl_slot *slot = sl_event_slots(batch, event) + i;
        if (slot->type == SL_ABSENT) continue;
        if (has_text(slot->type) && !lies_in_raw(event, slot->text)) bytes += slot->text.length;
        if (slot->key != SL_KEY_UNLISTED) continue;
        sl_slot_name(batch, slot, &length);
        bytes += sizeof(uint32_t) + length;
    }
    return bytes;
}

const char *sl_event_peer(const sl_batch *batch, const sl_event *event, size_t *length) {
    uint32_t size = 0;
    if (event->peer == SL_NO_OFFSET) {
        *length = 0;
        return NULL;
    }
    memcpy(&size, batch->bytes + event->peer, sizeof size);
    *length = size;
    return (const char *)batch->bytes + event->peer + sizeof size;
}

/// Copies a slot; there is room.
static void copy_slot(sl_batch *to, sl_span raw, const sl_batch *from, const sl_event *event, const sl_slot *slot) {
    sl_slot copy = *slot;
    if (slot->key == SL_KEY_UNLISTED) {
        size_t length;
        const char *name = sl_slot_name(from, slot, &length);
        copy.detail = sl_batch_append_name(to, name, length);
    }
    if (has_text(slot->type)) {
        if (lies_in_raw(event, slot->text)) copy.text.offset = raw.offset + (slot->text.offset - event->raw.offset);
        else if (slot->text.length > 0) copy.text.offset = sl_batch_append(to, from->bytes + slot->text.offset, slot->text.length);
        else copy.text.offset = to->length;
    }
    *sl_event_add(to, slot->key) = copy;
}

sl_event *sl_event_copy(sl_batch *to, const sl_batch *from, const sl_event *event) {
    // All room first, so that a failure leaves the batch as it was.
    if (!sl_batch_reserve(to, bytes_of(from, event))) return NULL;
    uint32_t slots = event->count + SL_SPARE_SLOTS;
    if (to->slot_capacity - to->slot_count < slots && !sl_batch_grow_slots(to, slots)) return NULL;
    if (to->event_count == to->event_capacity && !sl_batch_grow_events(to)) return NULL;
    sl_span raw = {0, event->raw.length};
    if (raw.length > 0) raw.offset = sl_batch_append(to, from->bytes + event->raw.offset, raw.length);
    sl_event *copy = sl_event_begin(to, raw, event->received_ns, event->flags);
    size_t length;
    const char *peer = sl_event_peer(from, event, &length);
    if (peer) copy->peer = sl_batch_append_name(to, peer, length);
    for (uint16_t i = 0; i < event->count; i++) {
        const sl_slot *slot = sl_event_slots(from, event) + i;
        if (slot->type != SL_ABSENT) copy_slot(to, raw, from, event, slot);
    }
    sl_event_end(to);
    copy->time_ns = event->time_ns;
    copy->outputs = event->outputs;
    copy->source = event->source;
    copy->rule = event->rule;
    copy->verdict = event->verdict;
    copy->format = event->format;
    copy->pristine = event->pristine;
    return copy;
}
