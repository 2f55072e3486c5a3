#define _GNU_SOURCE
#include "sluice_datagram.h"

#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

// Heads lie one cache line further apart than their size, so that their first lines do not all fall into the same few sets.
#define HEAD_STRIDE (SL_DATAGRAM_HEAD + 64u)

// Credentials, the counter of drops, and a few descriptors that somebody may send: what has no room is dropped by the kernel.
typedef union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(uint32_t)) + CMSG_SPACE(8 * sizeof(int))];
} control;

typedef struct room {
    struct iovec parts[2];
    union {
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } address;
    control control;
} room;

struct sl_receiver {
    int descriptor;
    uint32_t count;
    bool has_addresses;
    bool is_refusing;
    size_t tail_bytes;
    size_t tails_used;      // slots from the first on whose tails may have been touched
    uint8_t *heads;
    uint8_t *tails;         // NULL when a head has room for all
    room *rooms;
    struct mmsghdr *messages;
    sl_datagram *datagrams;
};

static void *map(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

sl_receiver *sl_receiver_create(int descriptor, uint32_t count, size_t bytes_max, bool has_addresses) {
    sl_receiver *receiver = calloc(1, sizeof *receiver);
    if (!receiver) return NULL;
    size_t head_bytes = bytes_max < SL_DATAGRAM_HEAD ? bytes_max : SL_DATAGRAM_HEAD;
    receiver->descriptor = descriptor;
    receiver->count = count;
    receiver->has_addresses = has_addresses;
    receiver->tail_bytes = bytes_max - head_bytes;
    receiver->heads = map((size_t)count * HEAD_STRIDE);
    receiver->rooms = calloc(count, sizeof *receiver->rooms);
    receiver->messages = calloc(count, sizeof *receiver->messages);
    receiver->datagrams = calloc(count, sizeof *receiver->datagrams);
    if (receiver->tail_bytes > 0) receiver->tails = map(count * receiver->tail_bytes);
    if (!receiver->heads || !receiver->rooms || !receiver->messages || !receiver->datagrams
        || (receiver->tail_bytes > 0 && !receiver->tails)) {
        sl_receiver_destroy(receiver);
        errno = ENOMEM;
        return NULL;
    }
    for (uint32_t index = 0; index < count; index++) {
        room *room = receiver->rooms + index;
        struct msghdr *header = &receiver->messages[index].msg_hdr;
        room->parts[0] = (struct iovec){ receiver->heads + (size_t)index * HEAD_STRIDE, head_bytes };
        header->msg_iov = room->parts;
        header->msg_iovlen = 1;
        if (receiver->tails) {
            room->parts[1] = (struct iovec){ receiver->tails + index * receiver->tail_bytes, receiver->tail_bytes };
            header->msg_iovlen = 2;
        }
        if (has_addresses) header->msg_name = &room->address;
        header->msg_control = &room->control;
        receiver->datagrams[index].head = room->parts[0].iov_base;
        receiver->datagrams[index].tail = room->parts[1].iov_base;
    }
    return receiver;
}

void sl_receiver_destroy(sl_receiver *receiver) {
    if (!receiver) return;
    if (receiver->heads) munmap(receiver->heads, (size_t)receiver->count * HEAD_STRIDE);
    if (receiver->tails) munmap(receiver->tails, receiver->count * receiver->tail_bytes);
    free(receiver->rooms);
    free(receiver->messages);
    free(receiver->datagrams);
    free(receiver);
}

// Closes what a sender passed.
static void close_all(const struct cmsghdr *part) {
    size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t index = 0; index < count; index++) {
        int descriptor;
        memcpy(&descriptor, CMSG_DATA(part) + index * sizeof descriptor, sizeof descriptor);
        close(descriptor);
    }
}

// Reads what came beside the bytes of a datagram.
static void read_control(struct msghdr *header, sl_datagram *datagram) {
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level != SOL_SOCKET) continue;
        if (part->cmsg_type == SO_RXQ_OVFL && part->cmsg_len >= CMSG_LEN(sizeof datagram->drops)) {
            memcpy(&datagram->drops, CMSG_DATA(part), sizeof datagram->drops);
            datagram->has_drops = true;
        } else if (part->cmsg_type == SCM_CREDENTIALS && part->cmsg_len >= CMSG_LEN(sizeof(struct ucred))) {
            struct ucred credentials;
            memcpy(&credentials, CMSG_DATA(part), sizeof credentials);
            datagram->process = credentials.pid;
            datagram->user = credentials.uid;
            datagram->group = credentials.gid;
            datagram->has_credentials = true;
        } else if (part->cmsg_type == SCM_RIGHTS) {
            close_all(part);
        }
    }
}

int sl_receiver_receive(sl_receiver *receiver) {
    for (uint32_t index = 0; index < receiver->count; index++) {
        struct msghdr *header = &receiver->messages[index].msg_hdr;
        header->msg_namelen = receiver->has_addresses ? sizeof receiver->rooms->address : 0;
        header->msg_controllen = sizeof(control);
        header->msg_flags = 0;
    }
    int count;
    // MSG_TRUNC has the kernel tell the length that the datagram had.
    do {
        count = recvmmsg(
            receiver->descriptor, receiver->messages, receiver->count, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC, NULL);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return errno == EAGAIN ? 0 : -errno;
    size_t room_bytes = receiver->rooms->parts[0].iov_len + receiver->tail_bytes;
    for (int index = 0; index < count; index++) {
        struct msghdr *header = &receiver->messages[index].msg_hdr;
        sl_datagram *datagram = receiver->datagrams + index;
        size_t length = receiver->messages[index].msg_len;
        datagram->length = (uint32_t)(length < room_bytes ? length : room_bytes);
        datagram->bytes_cut = (uint32_t)(length - datagram->length);
        datagram->has_drops = false;
        datagram->has_credentials = false;
        datagram->address = header->msg_namelen > 0 ? &receiver->rooms[index].address : NULL;
        if (header->msg_controllen > 0) read_control(header, datagram);
        // Behind the end of a Unix socket that was shut down come empty datagrams of nobody, as many as one asks for.
        if (receiver->is_refusing && !receiver->has_addresses && length == 0 && !datagram->has_credentials) return index;
        if (datagram->length > SL_DATAGRAM_HEAD && receiver->tails_used <= (size_t)index) receiver->tails_used = (size_t)index + 1;
    }
    return count;
}

int sl_receiver_refuse(sl_receiver *receiver) {
    receiver->is_refusing = true;
    if (!receiver->has_addresses) return shutdown(receiver->descriptor, SHUT_RD) == 0 ? 0 : errno;
    struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
    struct sock_fprog program = { .len = 1, .filter = nothing };
    return setsockopt(receiver->descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 ? 0 : errno;
}

const sl_datagram *sl_receiver_datagrams(const sl_receiver *receiver) { return receiver->datagrams; }

void sl_receiver_trim(sl_receiver *receiver) {
    if (receiver->tails_used == 0) return;
    madvise(receiver->tails, receiver->tails_used * receiver->tail_bytes, MADV_DONTNEED);
    receiver->tails_used = 0;
}

static bool is_same_host(const struct sockaddr *left, const struct sockaddr *right) {
    if (left->sa_family != right->sa_family) return false;
    if (left->sa_family == AF_INET) {
        return ((const struct sockaddr_in *)left)->sin_addr.s_addr == ((const struct sockaddr_in *)right)->sin_addr.s_addr;
    }
    return left->sa_family == AF_INET6
           && memcmp(
                  &((const struct sockaddr_in6 *)left)->sin6_addr, &((const struct sockaddr_in6 *)right)->sin6_addr,
                  sizeof(struct in6_addr)) == 0;
}

bool sl_same_sender(const sl_datagram *left, const sl_datagram *right) {
    if (left->address && right->address) return is_same_host(left->address, right->address);
    if (left->address || right->address || left->has_credentials != right->has_credentials) return false;
    return !left->has_credentials
           || (left->process == right->process && left->user == right->user && left->group == right->group);
}

bool sl_socket_drops(int descriptor, uint32_t *drops) {
    uint32_t figures[SK_MEMINFO_VARS] = { 0 };
    socklen_t length = sizeof figures;
    if (getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, figures, &length) != 0) return false;
    if (length <= SK_MEMINFO_DROPS * sizeof *figures) return false;
    *drops = figures[SK_MEMINFO_DROPS];
    return true;
}

int64_t sl_set_receive_buffer(int descriptor, int64_t bytes) {
    int wanted = bytes > INT_MAX / 2 ? INT_MAX / 2 : (int)bytes;
    // The kernel sets twice of what it is asked for, and SO_RCVBUF no more than the limit without saying so.
    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) != 0
        && setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted) != 0)
        return -errno;
    int given = 0;
    socklen_t length = sizeof given;
    if (getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &given, &length) != 0) return -errno;
    return given / 2;
}

static int set_flag(int descriptor, int name) {
    int one = 1;
    return setsockopt(descriptor, SOL_SOCKET, name, &one, sizeof one) == 0 ? 0 : errno;
}

int sl_ask_for_drops(int descriptor) { return set_flag(descriptor, SO_RXQ_OVFL); }

int sl_ask_for_credentials(int descriptor) { return set_flag(descriptor, SO_PASSCRED); }
