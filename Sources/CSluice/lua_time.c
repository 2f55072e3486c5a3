// The time limit: no count hook, because one doubles the cost of all Lua code.
//
// A timer on the running thread's CPU clock ticks ten times within the limit. Its signal handler, on that same thread, sees
// whether the lane is still at the same event; after ten ticks it asks Lua to call a hook at the next instruction and at
// every one after it, until the host takes it off again: a `pcall` of the rule catches the first error, and the next
// instruction raises again.
#define _GNU_SOURCE
#include "lua_lane.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LANES_WATCHED = 1024, TICKS = 10 };

// A signal can arrive after its timer was deleted, so it carries a number and not a pointer.
static _Atomic(sl_lane *) watched[LANES_WATCHED];
static pthread_once_t handler_once = PTHREAD_ONCE_INIT;

static int tick_signal(void) { return SIGRTMIN + 5; }

static void stop_hook(lua_State *L, lua_Debug *info) {
    (void)info;
    lane_check_time(L);
}

static void on_tick(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)context;
    int slot = info->si_value.sival_int;
    if (slot < 0 || slot >= LANES_WATCHED) return;
    sl_lane *lane = atomic_load(&watched[slot]);
    if (!lane || !lane->in_lua || lane->timer_thread != (int)syscall(SYS_gettid)) return;
    if (lane->watch_seen != lane->watch_serial) {
        lane->watch_seen = lane->watch_serial;
        lane->ticks = 0;
        return;
    }
    if (++lane->ticks < lane->ticks_max) return;
    lane->stop = 1;
    lua_sethook(lane->L, stop_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
}

static void install_handler(void) {
    struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    sigaction(tick_signal(), &action, NULL);
}

static void delete_timer(sl_lane *lane) {
    if (!lane->timer_made) return;
    timer_delete(lane->cpu_timer);
    lane->timer_made = false;
}

/// A lane may be entered from one thread and later from another: the timer follows.
static void follow_thread(sl_lane *lane) {
    int thread = (int)syscall(SYS_gettid);
    if (lane->timer_made && lane->timer_thread == thread) return;
    delete_timer(lane);
    if (lane->watch_slot < 0) {
        for (int slot = 0; slot < LANES_WATCHED && lane->watch_slot < 0; slot++) {
            sl_lane *expected = NULL;
            if (atomic_compare_exchange_strong(&watched[slot], &expected, lane)) lane->watch_slot = slot;
        }
        if (lane->watch_slot < 0) return;
    }
    lane->timer_thread = thread;
    // Thread pools, such as the one below Swift's tasks, block all signals in their threads.
    sigset_t tick;
    sigemptyset(&tick);
    sigaddset(&tick, tick_signal());
    pthread_sigmask(SIG_UNBLOCK, &tick, NULL);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = tick_signal()};
    event.sigev_value.sival_int = lane->watch_slot;
    event._sigev_un._tid = thread;
    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &lane->cpu_timer) != 0) return;
    lane->timer_made = true;
    struct itimerspec period = {.it_interval = {lane->tick_ns / 1000000000, lane->tick_ns % 1000000000}};
    period.it_value = period.it_interval;
    timer_settime(lane->cpu_timer, 0, &period, NULL);
}

void lane_watch_begin(sl_lane *lane, int64_t cpu_ns) {
    pthread_once(&handler_once, install_handler);
    follow_thread(lane);
    int64_t ticks = (cpu_ns + lane->tick_ns - 1) / lane->tick_ns;
    lane->ticks_max = ticks < 1 ? 1 : ticks > INT32_MAX ? INT32_MAX : (int32_t)ticks;
    lane->stop = 0;
    lane->watch_serial++;
    atomic_signal_fence(memory_order_seq_cst);
    lane->in_lua = 1;
}

void lane_watch_end(sl_lane *lane) {
    lane->in_lua = 0;
    atomic_signal_fence(memory_order_seq_cst);
    if (lane->stop) lane_reset_hook(lane);
}

void lane_restart_time(sl_lane *lane) {
    lane->watch_serial++;
    if (!lane->stop) return;
    // The limit was met between the end of one event and the start of the next.
    lane->in_lua = 0;
    atomic_signal_fence(memory_order_seq_cst);
    lane_reset_hook(lane);
    lane->stop = 0;
    atomic_signal_fence(memory_order_seq_cst);
    lane->in_lua = 1;
}

void lane_watch_init(sl_lane *lane) {
    lane->watch_slot = -1;
    lane->tick_ns = lane->limits.event_cpu_ns / TICKS;
    if (lane->tick_ns < 1000000) lane->tick_ns = 1000000;
}

void lane_watch_destroy(sl_lane *lane) {
    delete_timer(lane);
    if (lane->watch_slot >= 0) atomic_store(&watched[lane->watch_slot], NULL);
}
