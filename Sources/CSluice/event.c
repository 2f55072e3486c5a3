// Batches, names of fields and buffers: the slow paths behind sluice_event.h.
#include "sluice_event.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static void *allocate_with_malloc(void *context, void *block, size_t old_size, size_t size) {
    (void)context;
    (void)old_size;
    if (size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, size);
}

// -- batches --------------------------------------------------------------------------------------------------------

sl_batch *sl_batch_create(uint32_t bytes_max, sl_allocate allocate, void *context) {
    if (!allocate) allocate = allocate_with_malloc;
    sl_batch *batch = allocate(context, NULL, 0, sizeof(sl_batch));
    if (!batch) return NULL;
    memset(batch, 0, sizeof *batch);
    batch->bytes_max = bytes_max;
    batch->allocate = allocate;
    batch->context = context;
    batch->first = batch->last = SL_NO_EVENT;
    return batch;
}

void sl_batch_destroy(sl_batch *batch) {
    if (!batch) return;
    sl_allocate allocate = batch->allocate;
    void *context = batch->context;
    if (batch->bytes) allocate(context, batch->bytes, (size_t)batch->capacity + SL_PADDING, 0);
    if (batch->slots) allocate(context, batch->slots, batch->slot_capacity * sizeof(sl_slot), 0);
    if (batch->events) allocate(context, batch->events, batch->event_capacity * sizeof(sl_event), 0);
    allocate(context, batch, sizeof *batch, 0);
}

void sl_batch_clear(sl_batch *batch) {
    batch->length = 0;
    batch->slot_count = 0;
    batch->event_count = 0;
    batch->first = batch->last = SL_NO_EVENT;
}

bool sl_batch_grow_bytes(sl_batch *batch, size_t more) {
    size_t needed = (size_t)batch->length + more;
    if (needed > batch->bytes_max) return false;
    size_t capacity = batch->capacity ? batch->capacity : 256;
    while (capacity < needed) capacity *= 2;
    if (capacity > batch->bytes_max) capacity = batch->bytes_max;
    size_t old = batch->bytes ? (size_t)batch->capacity + SL_PADDING : 0;
    uint8_t *bytes = batch->allocate(batch->context, batch->bytes, old, capacity + SL_PADDING);
    if (!bytes) return false;
    // Scans read a little past the end; what they read must at least be defined.
    memset(bytes + capacity, 0, SL_PADDING);
    batch->bytes = bytes;
    batch->capacity = (uint32_t)capacity;
    return true;
}

bool sl_batch_grow_slots(sl_batch *batch, uint32_t more) {
    uint64_t needed = (uint64_t)batch->slot_count + more;
    uint64_t capacity = batch->slot_capacity ? batch->slot_capacity : 16;
    while (capacity < needed) capacity *= 2;
    if (capacity > UINT32_MAX / sizeof(sl_slot)) return false;
    sl_slot *slots = batch->allocate(
        batch->context, batch->slots, batch->slot_capacity * sizeof(sl_slot), (size_t)capacity * sizeof(sl_slot));
    if (!slots) return false;
    batch->slots = slots;
    batch->slot_capacity = (uint32_t)capacity;
    return true;
}

bool sl_batch_grow_events(sl_batch *batch) {
    uint32_t capacity = batch->event_capacity ? batch->event_capacity * 2 : 1;
    sl_event *events = batch->allocate(
        batch->context, batch->events, batch->event_capacity * sizeof(sl_event), (size_t)capacity * sizeof(sl_event));
    if (!events) return false;
    batch->events = events;
    batch->event_capacity = capacity;
    return true;
}

bool sl_event_relocate(sl_batch *batch, sl_event *event, uint16_t capacity) {
    if (batch->slot_capacity - batch->slot_count < capacity && !sl_batch_grow_slots(batch, capacity)) return false;
    memcpy(batch->slots + batch->slot_count, batch->slots + event->first, event->count * sizeof(sl_slot));
    event->first = batch->slot_count;
    event->capacity = capacity;
    batch->slot_count += capacity;
    return true;
}

void sl_event_cancel(sl_batch *batch) {
    uint32_t index = --batch->event_count;
    batch->slot_count = batch->events[index].first;
    if (batch->first == index) {
        batch->first = batch->last = SL_NO_EVENT;
        return;
    }
    // Decoders append, so the predecessor in the chain is nearly always the record before.
    uint32_t before = index - 1;
    if (batch->events[before].next != index)
        for (before = batch->first; batch->events[before].next != index;) before = batch->events[before].next;
    batch->events[before].next = SL_NO_EVENT;
    batch->last = before;
}

uint32_t sl_batch_append_name(sl_batch *batch, const char *name, size_t length) {
    uint32_t size = (uint32_t)length;
    if (length > UINT32_MAX / 2 || !sl_batch_reserve(batch, length + sizeof size)) return SL_NO_OFFSET;
    uint32_t offset = batch->length;
    memcpy(batch->bytes + offset, &size, sizeof size);
    memcpy(batch->bytes + offset + sizeof size, name, length);
    batch->length += (uint32_t)(length + sizeof size);
    return offset;
}

const char *sl_slot_name(const sl_batch *batch, const sl_slot *slot, size_t *length) {
    if (slot->key != SL_KEY_UNLISTED) {
        const sl_key *key = sl_key_at(slot->key);
        *length = key->length;
        return key->text;
    }
    uint32_t size;
    memcpy(&size, batch->bytes + slot->detail, sizeof size);
    *length = size;
    return (const char *)batch->bytes + slot->detail + sizeof size;
}

sl_slot *sl_event_find_unlisted(const sl_batch *batch, const sl_event *event, const char *name, size_t length) {
    sl_slot *first = batch->slots + event->first;
    for (sl_slot *slot = first + event->count; slot-- > first;) {
        if (slot->key != SL_KEY_UNLISTED || slot->type == SL_ABSENT || (slot->flags & SL_META)) continue;
        size_t size;
        const char *text = sl_slot_name(batch, slot, &size);
        if (size == length && memcmp(text, name, length) == 0) return slot;
    }
    return NULL;
}

// -- names of fields ------------------------------------------------------------------------------------------------
//
// One table for the process: readers take no lock. An entry is complete before its id is published in `index`, and an id
// never changes its meaning, so a reader sees either nothing or the whole entry.

#define INDEX_SIZE (SL_KEYS_MAX * 4)

static sl_key keys[SL_KEYS_MAX];
static _Atomic uint32_t key_total;
static _Atomic uint16_t key_index[INDEX_SIZE]; // id + 1, 0 is free
static pthread_mutex_t key_lock = PTHREAD_MUTEX_INITIALIZER;

static uint32_t hash_name(const char *text, size_t length) {
    uint32_t hash = 2166136261u ^ (uint32_t)length;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    return hash ^ (hash >> 15);
}

static uint16_t find_hashed(const char *text, size_t length, uint32_t hash, uint32_t *position) {
    uint32_t at = hash % INDEX_SIZE;
    for (;; at = (at + 1) % INDEX_SIZE) {
        uint16_t id = atomic_load_explicit(&key_index[at], memory_order_acquire);
        if (id == 0) break;
        const sl_key *key = &keys[id - 1];
        if (key->hash == hash && key->length == length && memcmp(key->text, text, length) == 0) return (uint16_t)(id - 1);
    }
    if (position) *position = at;
    return SL_KEY_UNLISTED;
}

/// Fills in an entry: one allocation for the name and for the JSON member start. False without memory.
static bool make_key(sl_key *key, const char *text, size_t length, uint32_t hash) {
    char *memory = malloc(length + 1 + 6 * length + 3 + SL_PADDING);
    if (!memory) return false;
    memcpy(memory, text, length);
    memory[length] = 0;
    char *json = memory + length + 1, *to = json;
    *to++ = '"';
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)text[i];
        if (byte == '"' || byte == '\\') {
            *to++ = '\\';
            *to++ = (char)byte;
        } else if (byte < 0x20 || byte == 0x7F) {
            to += sprintf(to, "\\u%04x", byte);
        } else {
            *to++ = (char)byte;
        }
    }
    *to++ = '"';
    *to++ = ':';
    memset(to, 0, SL_PADDING);
    key->text = memory;
    key->length = (uint32_t)length;
    key->json = json;
    key->json_length = (uint32_t)(to - json);
    key->hash = hash;
    return true;
}

static uint16_t add_key(const char *text, size_t length, uint32_t hash) {
    uint32_t position, total = atomic_load_explicit(&key_total, memory_order_relaxed);
    uint16_t id = find_hashed(text, length, hash, &position);
    if (id != SL_KEY_UNLISTED || total == SL_KEYS_MAX || !make_key(&keys[total], text, length, hash)) return id;
    atomic_store_explicit(&key_index[position], (uint16_t)(total + 1), memory_order_release);
    atomic_store_explicit(&key_total, total + 1, memory_order_release);
    return (uint16_t)total;
}

/// The built-in names must have their ids before anybody asks, so the table is filled when the program is loaded.
__attribute__((constructor)) static void add_built_in_keys(void) {
    static const char *const names[SL_KEY_BUILT_IN_COUNT] = {
        "timestamp", "hostname", "appname", "procid", "msgid", "facility", "severity", "version", "structured_data",
        "message", "facility_code", "severity_code", "remote_addr", "ident", "remote_user", "request", "method", "path",
        "protocol", "status", "bytes", "referer", "user_agent", "stream", "partial", "attrs"};
    for (size_t i = 0; i < SL_KEY_BUILT_IN_COUNT; i++) {
        size_t length = strlen(names[i]);
        if (add_key(names[i], length, hash_name(names[i], length)) != i) abort();
    }
}

/// Names longer than this are never listed: a table of 16,384 of them must stay small.
#define KEY_BYTES_MAX 256

uint16_t sl_key_find(const char *text, size_t length) {
    return length > KEY_BYTES_MAX ? SL_KEY_UNLISTED : find_hashed(text, length, hash_name(text, length), NULL);
}

/// JSON keys are copied to outputs as they stand in the table, so a listed name is valid UTF-8.
static bool is_valid_utf8(const char *text, size_t length) {
    const uint8_t *at = (const uint8_t *)text, *end = at + length;
    while (at < end) {
        uint8_t lead = *at++;
        if (lead < 0x80) continue;
        int more = lead >= 0xC2 && lead < 0xE0 ? 1 : lead >= 0xE0 && lead < 0xF0 ? 2 : lead >= 0xF0 && lead < 0xF5 ? 3 : -1;
        if (more < 0 || end - at < more) return false;
        uint8_t low = 0x80, high = 0xBF;
        if (lead == 0xE0) low = 0xA0;
        if (lead == 0xED) high = 0x9F;
        if (lead == 0xF0) low = 0x90;
        if (lead == 0xF4) high = 0x8F;
        for (; more-- > 0; low = 0x80, high = 0xBF)
            if (*at < low || *at > high) return false;
            else at++;
    }
    return true;
}

uint16_t sl_key_intern(const char *text, size_t length) {
    if (length > KEY_BYTES_MAX) return SL_KEY_UNLISTED;
    uint32_t hash = hash_name(text, length);
    uint16_t id = find_hashed(text, length, hash, NULL);
    if (id != SL_KEY_UNLISTED) return id;
    if (atomic_load_explicit(&key_total, memory_order_relaxed) == SL_KEYS_MAX || !is_valid_utf8(text, length))
        return SL_KEY_UNLISTED;
    pthread_mutex_lock(&key_lock);
    id = add_key(text, length, hash);
    pthread_mutex_unlock(&key_lock);
    return id;
}

const sl_key *sl_key_at(uint16_t id) { return &keys[id]; }

uint32_t sl_key_count(void) { return atomic_load_explicit(&key_total, memory_order_acquire); }

// -- bytes on their way out -------------------------------------------------------------------------------------------

void sl_buffer_grow(sl_buffer *buffer, size_t more) {
    size_t capacity = buffer->capacity ? buffer->capacity * 2 : 4096;
    while (capacity - buffer->length < more) capacity *= 2;
    uint8_t *bytes = realloc(buffer->bytes, capacity + SL_PADDING);
    if (!bytes) {
        fprintf(stderr, "sluice: out of memory for an output buffer of %zu bytes\n", capacity);
        abort();
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
}

void sl_buffer_destroy(sl_buffer *buffer) {
    free(buffer->bytes);
    memset(buffer, 0, sizeof *buffer);
}
