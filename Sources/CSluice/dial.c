#define _GNU_SOURCE
#include "sluice_dial.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int sl_socket_unsent(int descriptor) {
    int unsent = 0;
    return ioctl(descriptor, SIOCOUTQ, &unsent) == 0 ? unsent : -1;
}

bool sl_is_established(int descriptor) {
    struct tcp_info information;
    socklen_t length = sizeof information;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &information, &length) != 0) return true;
    return information.tcpi_state == TCP_ESTABLISHED;
}

void sl_keep_alive(int descriptor, int idle, int interval, int count) {
    int on = idle > 0;
    setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (!on) return;
    setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

bool sl_is_self_connected(int descriptor) {
    struct sockaddr_storage own, other;
    memset(&own, 0, sizeof own);
    memset(&other, 0, sizeof other);
    socklen_t own_length = sizeof own, other_length = sizeof other;
    if (getsockname(descriptor, (struct sockaddr *)&own, &own_length) != 0) return false;
    if (getpeername(descriptor, (struct sockaddr *)&other, &other_length) != 0) return false;
    if (own.ss_family != AF_INET && own.ss_family != AF_INET6) return false;
    return own_length == other_length && memcmp(&own, &other, own_length) == 0;
}

int sl_socket_error(int descriptor) {
    int error = 0;
    socklen_t length = sizeof error;
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}
