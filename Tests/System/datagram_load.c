// Sends numbered messages of syslog as datagrams, in order, at a rate: `datagram_load udp PORT COUNT RATE BYTES` to 127.0.0.1, or
// `datagram_load unix PATH COUNT RATE BYTES`. RATE 0 is as fast as it goes. Prints how many went out and the rate that came about.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

enum { BATCH = 32, BYTES_MAX = 2048 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void wait_until(double due) {
    struct timespec time = { (time_t)due, (long)((due - (double)(time_t)due) * 1e9) };
    if (due > now() + 100e-6) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
    while (now() < due) {}
}

static int connected(const char *kind, const char *target) {
    int is_unix = strcmp(kind, "unix") == 0;
    int descriptor = socket(is_unix ? AF_UNIX : AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_un path = { .sun_family = AF_UNIX };
    struct sockaddr_in host = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(target)) };
    host.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    strncpy(path.sun_path, target, sizeof path.sun_path - 1);
    int status = is_unix ? connect(descriptor, (struct sockaddr *)&path, sizeof path)
                         : connect(descriptor, (struct sockaddr *)&host, sizeof host);
    return status == 0 ? descriptor : -1;
}

int main(int argc, char **argv) {
    if (argc != 6) return 2;
    long count = atol(argv[3]);
    double rate = atof(argv[4]);
    int bytes = atoi(argv[5]) < BYTES_MAX ? atoi(argv[5]) : BYTES_MAX;
    int descriptor = connected(argv[1], argv[2]);
    if (descriptor < 0) {
        perror(argv[2]);
        return 1;
    }
    static char texts[BATCH][BYTES_MAX];
    struct mmsghdr messages[BATCH] = { 0 };
    struct iovec parts[BATCH];
    double start = now();
    for (long sent = 0; sent < count;) {
        int batch = count - sent < BATCH ? (int)(count - sent) : BATCH;
        for (int index = 0; index < batch; index++) {
            memset(texts[index], 'x', sizeof texts[index]);
            int length = snprintf(texts[index], BYTES_MAX, "<13>Oct 11 22:14:15 web1 load[7]: %ld ", sent + index);
            texts[index][length] = 'x';
            parts[index] = (struct iovec){ texts[index], (size_t)(length > bytes ? length : bytes) };
            messages[index].msg_hdr.msg_iov = parts + index;
            messages[index].msg_hdr.msg_iovlen = 1;
        }
        for (int done = 0; done < batch;) {
            int more = sendmmsg(descriptor, messages + done, (unsigned)(batch - done), 0);
            if (more < 0 && errno != EINTR) {
                perror("sendmmsg");
                return 1;
            }
            if (more > 0) done += more;
        }
        sent += batch;
        if (rate > 0) wait_until(start + (double)sent / rate);
    }
    printf("%ld %.0f\n", count, (double)count / (now() - start));
    return 0;
}
