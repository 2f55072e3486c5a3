// What an input that listens knows of its events and no decoder can: who sent them, and when they came.
#ifndef SLUICE_FILL_H
#define SLUICE_FILL_H

#include "sluice_event.h"

/// Texts about a sender that become `meta` fields.
#define SL_SENDER_FACTS 4

/// What is known of a sender: arena offsets of a uint32 length and the text (`sl_batch_append_name`), SL_NO_OFFSET for what is not known.
typedef struct sl_sender {
    uint32_t peer;                    ///< its address: `meta.peer`
    uint32_t host;                    ///< what a missing `hostname` is filled with
    uint32_t facts[SL_SENDER_FACTS];  ///< `meta` fields, under the keys of `sl_filling`
} sl_sender;

/// What is filled in, and how.
typedef struct sl_filling {
    uint16_t fact_keys[SL_SENDER_FACTS];
    bool fills_fields;                ///< a missing `hostname` and a missing `timestamp` are filled
    int16_t offset_minutes;           ///< offset from UTC that a filled `timestamp` is written with
    uint64_t host_flag;               ///< bits of EventFlags: `hostname` came from the peer,
    uint64_t time_flag;               ///< `timestamp` is the time of receipt
} sl_filling;

/// Fills in the events from index `first` on, all of one sender. A filled `timestamp` becomes the first field, a filled `hostname` the
/// one behind it. False without memory: then some events are as they were.
bool sl_fill_events(sl_batch *batch, uint32_t first, const sl_sender *sender, const sl_filling *filling);

/// Index of the first event from `first` on whose raw bytes are a message that rsyslog has compressed (`z` and a zlib header); the number
/// of events when there is none.
uint32_t sl_find_compressed(const sl_batch *batch, uint32_t first);

#endif
