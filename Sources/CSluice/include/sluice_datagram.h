// Datagrams of one socket, received many at a time into memory that is used again.
//
//     heads │ 1 KiB │ 1 KiB │ 1 KiB │ …    short datagrams lie close together
//     tails │ the rest of each │ …         address space only, until a long datagram comes
//
// Whatever else comes along is taken care of: descriptors that a sender passes are closed, as nobody here wants them.
#ifndef SLUICE_DATAGRAM_H
#define SLUICE_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/// Bytes of a datagram that lie in its head.
#define SL_DATAGRAM_HEAD 1024u

/// A datagram that was received; valid until the next call of `sl_receiver_receive`.
typedef struct sl_datagram {
    const uint8_t *head;
    const uint8_t *tail;               ///< what does not fit into the head
    const void *address;               ///< the sender's `struct sockaddr`; NULL on Unix sockets
    uint32_t length;                   ///< bytes that were kept
    uint32_t bytes_cut;                ///< bytes that there was no room for (MSG_TRUNC)
    uint32_t drops;                    ///< what the socket's counter of drops was when this one was queued (SO_RXQ_OVFL)
    int32_t process;                   ///< trusted, from the kernel (SCM_CREDENTIALS)
    uint32_t user;
    uint32_t group;
    bool has_drops;
    bool has_credentials;
} sl_datagram;

typedef struct sl_receiver sl_receiver;

/// A receiver for a socket that stays the caller's. `count`: datagrams of one call at most; `bytes_max`: bytes kept of each;
/// `has_addresses`: whether the senders' addresses are wanted. NULL with `errno` set.
sl_receiver *sl_receiver_create(int descriptor, uint32_t count, size_t bytes_max, bool has_addresses);
void sl_receiver_destroy(sl_receiver *receiver);

/// Takes what waits in the socket, without waiting. How many datagrams: fewer than asked for mean that no more waited. An error
/// number below 0.
int sl_receiver_receive(sl_receiver *receiver);

/// The datagrams of the last call.
const sl_datagram *sl_receiver_datagrams(const sl_receiver *receiver);

/// The end is near: what is sent from now on is refused (Unix: the sender gets EPIPE) or dropped and counted (UDP), and what waits can
/// still be received. 0 or an error number.
int sl_receiver_refuse(sl_receiver *receiver);

/// Gives memory that long datagrams have used back to the system.
void sl_receiver_trim(sl_receiver *receiver);

/// Copies a datagram to `to`, which has room for it.
static inline void sl_datagram_copy(const sl_datagram *datagram, uint8_t *to) {
    if (datagram->length <= SL_DATAGRAM_HEAD) {
        memcpy(to, datagram->head, datagram->length);
    } else {
        memcpy(to, datagram->head, SL_DATAGRAM_HEAD);
        memcpy(to + SL_DATAGRAM_HEAD, datagram->tail, datagram->length - SL_DATAGRAM_HEAD);
    }
}

/// Whether two datagrams have one sender: the same address, whatever the port; on Unix sockets the same process, user and group.
bool sl_same_sender(const sl_datagram *left, const sl_datagram *right);

/// The socket's counter of drops as it is now (SO_MEMINFO). False when the system does not tell.
bool sl_socket_drops(int descriptor, uint32_t *drops);

/// Sets the receive buffer, past `net.core.rmem_max` when the process may (CAP_NET_ADMIN). What it is afterwards, in the bytes that
/// were asked for and not in those that the kernel reserves for them (twice as many); an error number below 0.
int64_t sl_set_receive_buffer(int descriptor, int64_t bytes);

/// Asks for the counter of drops with each datagram; 0 or an error number.
int sl_ask_for_drops(int descriptor);

/// Asks for the sender's process, user and group with each datagram; 0 or an error number.
int sl_ask_for_credentials(int descriptor);

#endif
