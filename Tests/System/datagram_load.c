// Sends numbered messages of syslog as datagrams, in order, at a rate: `datagram_load udp PORT COUNT RATE BYTES` to 127.0.0.1, or
// `datagram_load unix PATH COUNT RATE BYTES`. With a file behind these, its lines are the messages, as often as COUNT asks, none longer
// than BYTES. RATE 0 is as fast as it goes. Prints how many went out and the rate that came about.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

// The lines of a file, one after the other and round again.
struct lines {
    char *start, *next, *end;
};

static int open_lines(const char *path, struct lines *lines) {
    int file = open(path, O_RDONLY);
    struct stat about;
    if (file < 0 || fstat(file, &about) != 0 || about.st_size == 0) return -1;
    lines->start = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (lines->start == MAP_FAILED) return -1;
    lines->next = lines->start;
    lines->end = lines->start + about.st_size;
    return 0;
}

static struct iovec next_line(struct lines *lines, size_t bytes) {
    if (lines->next == lines->end) lines->next = lines->start;
    char *line = lines->next, *stop = memchr(line, '\n', (size_t)(lines->end - line));
    if (!stop) stop = lines->end;
    lines->next = stop < lines->end ? stop + 1 : stop;
    size_t length = (size_t)(stop - line);
    return (struct iovec){ line, length < bytes ? length : bytes };
}

static struct iovec numbered_message(char *text, long number, size_t bytes) {
    memset(text, 'x', BYTES_MAX);
    size_t length = (size_t)snprintf(text, BYTES_MAX, "<13>Oct 11 22:14:15 web1 load[7]: %ld ", number);
    text[length] = 'x';
    return (struct iovec){ text, length > bytes ? length : bytes };
}

int main(int argc, char **argv) {
    if (argc != 6 && argc != 7) return 2;
    long count = atol(argv[3]);
    double rate = atof(argv[4]);
    size_t bytes = atoi(argv[5]) < BYTES_MAX ? (size_t)atoi(argv[5]) : BYTES_MAX;
    struct lines lines = { 0 };
    if (argc == 7 && open_lines(argv[6], &lines) != 0) {
        perror(argv[6]);
        return 1;
    }
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
            parts[index] = lines.start ? next_line(&lines, bytes) : numbered_message(texts[index], sent + index, bytes);
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
