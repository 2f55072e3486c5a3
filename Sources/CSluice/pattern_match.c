// The matcher: runs a program at one place of the subject.
//
// It nests as Lua's own does, once for an open choice and never for the length of the subject, and counts the nesting just as Lua
// does, so that "pattern too complex" comes for the same patterns. What it does not do is try what cannot lead on: each choice
// knows the bytes at which the items behind it can match.
#define _GNU_SOURCE
#include "pattern.h"

#include <string.h>

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

static const uint8_t *run(sl_matcher *m, const uint8_t *s, const sl_op *op, int depth);

static const uint8_t *stop(sl_matcher *m, sl_fault fault, int argument) {
    m->fault = (int)fault;
    m->fault_argument = argument;
    return NULL;
}

void sl_matcher_start(sl_matcher *m, const sl_pattern *pattern, const char *subject, size_t length) {
    m->start = (const uint8_t *)subject;
    m->end = m->start + length;
    m->pattern = pattern;
    m->fuel = m->steps = SL_STEPS_PER_LOOK;
    m->steps_max = sl_pattern_cache_steps_max(pattern->cache) + (int64_t)length * SL_PATTERN_STEPS_PER_BYTE;
    m->stop = sl_pattern_cache_stop(pattern->cache);
    m->required_at = NULL;
    m->fault = SL_FAULT_NONE;
}

/// Looks at the limits after SL_STEPS_PER_LOOK steps or more. False ends the search.
__attribute__((noinline)) static bool refuel(sl_matcher *m) {
    m->steps -= m->fuel; // fuel is below zero: what was taken beyond the grant
    m->fuel = 0;
    if (m->stop && *m->stop) return stop(m, SL_FAULT_STOPPED, 0);
    if (m->steps > m->steps_max) return stop(m, SL_FAULT_STEPS, 0);
    m->fuel = SL_STEPS_PER_LOOK;
    m->steps += SL_STEPS_PER_LOOK;
    return true;
}

/// Whether the items behind `op` can match at `s`.
static inline bool leads_on(const sl_matcher *m, const sl_op *op, const uint8_t *s) {
    return LIKELY(s < m->end) ? (op->next_page[*s] & op->next_mask) != 0 : (op->flags & SL_OP_NEXT_AT_END) != 0;
}

/// The end of the bytes of the op's own set from `s` on.
static inline const uint8_t *run_end(const sl_matcher *m, const sl_op *op, const uint8_t *s) {
    const uint8_t *page = op->page;
    uint8_t mask = op->mask;
    while (s < m->end && (page[*s] & mask)) s++;
    return s;
}

/// The last place from `low` on and before `s` at which the items behind `op` can match; `low` when there is none behind it.
static const uint8_t *step_back(const sl_op *op, const uint8_t *low, const uint8_t *s) {
#ifdef __GLIBC__
    if (op->flags & SL_OP_NEXT_IS_BYTE) {
        const uint8_t *found = memrchr(low, op->byte, (size_t)(s - low));
        return found ? found : low;
    }
#endif
    while (--s > low && !(op->next_page[*s] & op->next_mask)) {}
    return s;
}

/// Tries what follows a greedy repeat at `high` and then backwards. At `low` itself it is the caller's turn: `*rest` is then true.
static const uint8_t *try_backwards(
    sl_matcher *m, const sl_op *op, const uint8_t *low, const uint8_t *high, int depth, bool *rest) {
    const uint8_t *s = high;
    *rest = false;
    if (s > low && !leads_on(m, op, s)) s = step_back(op, low, s);
    while (s > low) {
        const uint8_t *end = run(m, s, op + 1, depth + 1);
        if (end || m->fault) return end;
        s = step_back(op, low, s);
    }
    *rest = leads_on(m, op, low);
    return NULL;
}

/// The first place from `s` on, over bytes of the op's set, at which the items behind it can match, or NULL.
static const uint8_t *step_forward(sl_matcher *m, const sl_op *op, const uint8_t *s) {
    const uint8_t *from = s;
    if (op->kind == SL_OP_LAZY_ANY && (op->flags & SL_OP_NEXT_IS_BYTE)) {
        s = memchr(s, op->byte, (size_t)(m->end - s));
        m->fuel -= ((s ? s : m->end) - from) >> 5;
        return s;
    }
    while (!leads_on(m, op, s)) {
        if (s == m->end || (op->kind == SL_OP_LAZY && !(op->page[*s] & op->mask))) return NULL;
        s++;
    }
    m->fuel -= (s - from) >> 3;
    return s;
}

/// Tries what follows a lazy repeat at `s` and then forwards.
static const uint8_t *try_forwards(sl_matcher *m, const sl_op *op, const uint8_t *s, int depth) {
    for (;;) {
        s = step_forward(m, op, s);
        if (!s) return NULL;
        const uint8_t *end = run(m, s, op + 1, depth + 1);
        if (end || m->fault) return end;
        if (s == m->end || (op->kind == SL_OP_LAZY && !(op->page[*s] & op->mask))) return NULL;
        s++;
    }
}

/// The end of the balanced text at `s`, or NULL.
static const uint8_t *balance_end(sl_matcher *m, const sl_op *op, const uint8_t *s) {
    if (s == m->end || *s != op->byte) return NULL;
    const uint8_t *from = s, *end = NULL;
    size_t open = 1;
    while (++s < m->end) {
        if (*s == op->close) {
            if (--open == 0) {
                end = s + 1;
                break;
            }
        } else if (*s == op->byte) open++;
    }
    m->fuel -= (s - from) >> 4;
    return end;
}

static bool is_at_frontier(const sl_matcher *m, const sl_op *op, const uint8_t *s) {
    uint8_t before = s == m->start ? 0 : s[-1];
    uint8_t here = s == m->end ? 0 : *s;
    return !(op->page[before] & op->mask) && (op->page[here] & op->mask);
}

/// Whether `length` bytes of the subject at `s` equal `text`.
static inline bool has_text(sl_matcher *m, const uint8_t *s, const uint8_t *text, size_t length) {
    if ((size_t)(m->end - s) < length) return false;
    m->fuel -= (int64_t)(length >> 5);
    return memcmp(s, text, length) == 0;
}

/// The less frequent items without a choice: where they end, or NULL.
static const uint8_t *take(sl_matcher *m, const sl_op *op, const uint8_t *s) {
    switch ((sl_op_kind)op->kind) {
        case SL_OP_ANY: return s == m->end ? NULL : s + 1;
        case SL_OP_END: return s == m->end ? s : NULL;
        case SL_OP_BALANCE: return balance_end(m, op, s);
        case SL_OP_FRONTIER: return is_at_frontier(m, op, s) ? s : NULL;
        case SL_OP_BACK_REFERENCE: {
            const uint8_t *text = m->captures[op->capture].start;
            size_t length = (size_t)(m->captures[op->capture].end - text);
            return has_text(m, s, text, length) ? s + length : NULL;
        }
        case SL_OP_FAULT: return stop(m, (sl_fault)op->fault, op->fault_argument);
        default: return NULL; // SL_OP_FAIL
    }
}

/// Runs the ops from `op` on. `continue` goes on to the next op, `deeper` as well, one level of Lua's nesting down.
static const uint8_t *run(sl_matcher *m, const uint8_t *s, const sl_op *op, int depth) {
    const sl_op *first = op;
    const uint8_t *r;
    bool rest;
    if (UNLIKELY(--m->fuel < 0) && !refuel(m)) return NULL;
    if (UNLIKELY(depth > SL_DEPTH_MAX)) return stop(m, SL_FAULT_DEPTH, 0);
    for (;; op++) {
        switch ((sl_op_kind)op->kind) {
            case SL_OP_MATCH: m->fuel -= op - first; return s;
            case SL_OP_BYTE:
                if (s == m->end || *s != op->byte) goto failed;
                s++;
                continue;
            case SL_OP_LITERAL:
                if (s == m->end || *s != op->byte || !has_text(m, s, op->text, op->length)) goto failed;
                s += op->length;
                continue;
            case SL_OP_SET:
                if (s == m->end || !(op->page[*s] & op->mask)) goto failed;
                s++;
                continue;
            case SL_OP_OPTIONAL:
                if (s == m->end || !(op->page[*s] & op->mask)) continue;
                if (!leads_on(m, op, s)) {
                    s++;
                    goto deeper;
                }
                if (!leads_on(m, op, s + 1)) continue;
                r = run(m, s + 1, op + 1, depth + 1);
                if (r || m->fault) return r;
                continue;
            case SL_OP_RUN_WHOLE:
            case SL_OP_REST:
            case SL_OP_RUN:
            case SL_OP_RUN_ANY:
                r = op->kind == SL_OP_REST || op->kind == SL_OP_RUN_ANY ? m->end : run_end(m, op, s);
                if (r == s) {
                    if (op->flags & SL_OP_AT_LEAST_ONE) goto failed;
                    continue;
                }
                m->fuel -= (r - s) >> 3;
                if (op->kind <= SL_OP_REST) {
                    s = r;
                    goto deeper;
                }
                s += (op->flags & SL_OP_AT_LEAST_ONE) != 0;
                r = try_backwards(m, op, s, r, depth, &rest);
                if (r || m->fault) return r;
                if (!rest) goto failed;
                goto deeper;
            case SL_OP_LAZY:
            case SL_OP_LAZY_ANY:
                if (s == m->end || (op->kind == SL_OP_LAZY && !(op->page[*s] & op->mask))) continue;
                r = try_forwards(m, op, s, depth);
                if (r || m->fault) return r;
                goto failed;
            case SL_OP_OPEN: m->captures[op->capture].start = s; goto deeper;
            case SL_OP_CLOSE: m->captures[op->capture].end = s; goto deeper;
            default:
                s = take(m, op, s);
                if (!s) goto failed;
                continue;
        }
    deeper:
        if (UNLIKELY(++depth > SL_DEPTH_MAX)) return stop(m, SL_FAULT_DEPTH, 0);
    }
failed:
    m->fuel -= op - first;
    return NULL;
}

const uint8_t *sl_match_at(sl_matcher *m, const uint8_t *s) {
    return run(m, s, m->pattern->ops, 1);
}
