// What connections ask of their sockets beyond the C library's functions.
#ifndef SLUICE_DIAL_H
#define SLUICE_DIAL_H

#include <stdbool.h>
#include <stdint.h>

/// Bytes that were sent and that the peer's TCP has not acknowledged, or (Unix) that the peer has not read; -1 with `errno` set.
int sl_socket_unsent(int descriptor);

/// Whether a TCP connection is whole: established, neither side has begun to end it. True for sockets that are not TCP.
bool sl_is_established(int descriptor);

/// Probes the peer of a TCP connection that has been idle for `idle` seconds, every `interval` seconds, `count` times; `idle` 0: never.
void sl_keep_alive(int descriptor, int idle, int interval, int count);

/// Whether a TCP socket was connected to itself, as can happen when nobody listens on a port of the range for outgoing connections.
bool sl_is_self_connected(int descriptor);

/// The error that a socket holds, which is taken from it; 0 for none.
int sl_socket_error(int descriptor);

#endif
