#include "generator.h"

static uint64_t next(fuzz_random *random) {
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

unsigned fuzz_below(fuzz_random *random, unsigned limit) {
    return (unsigned)((next(random) >> 32) * limit >> 32);
}

static int one_in(fuzz_random *random, unsigned n) {
    return fuzz_below(random, n) == 0;
}

static void put(fuzz_text *out, int byte) {
    if (out->length < FUZZ_TEXT_MAX) out->bytes[out->length++] = (char)byte;
}

static void put_text(fuzz_text *out, const char *text) {
    while (*text) put(out, *text++);
}

/// A byte that is likely to occur again: few letters, and rarely anything at all.
static int likely_byte(fuzz_random *random) {
    static const char often[] = "aaaabbbcc01.. ,-xA";
    static const char seldom[] = {0,   '\n', '\t', '_', '%', '^', '$',    '(',    ')',    '[',
                                  ']', '*',  '+',  '?', '-', 'Z', '\xe9', '\xff', '\x80', 'f'};
    if (one_in(random, 60)) return (int)fuzz_below(random, 256);
    if (one_in(random, 8)) return (uint8_t)seldom[fuzz_below(random, sizeof seldom)];
    return (uint8_t)often[fuzz_below(random, sizeof often - 1)];
}

static void put_class(fuzz_random *random, fuzz_text *out) {
    static const char classes[] = "acdglpsuwxzACDGLPSUWXZ";
    put(out, '%');
    if (one_in(random, 4)) put(out, likely_byte(random));
    else put(out, classes[fuzz_below(random, sizeof classes - 1)]);
}

static void put_set(fuzz_random *random, fuzz_text *out) {
    put(out, '[');
    if (one_in(random, 3)) put(out, '^');
    if (one_in(random, 6)) put(out, ']');
    if (one_in(random, 8)) put(out, '-');
    for (unsigned n = fuzz_below(random, 4); n > 0; n--) {
        switch (fuzz_below(random, 8)) {
            case 0:
            case 1: put_class(random, out); break;
            case 2: put_text(out, "a-c"); break;
            case 3: put_text(out, "0-9"); break;
            case 4:
                put(out, likely_byte(random));
                put(out, '-');
                put(out, likely_byte(random));
                break;
            default: put(out, likely_byte(random));
        }
    }
    if (one_in(random, 8)) put(out, '-');
    if (!one_in(random, 30)) put(out, ']');
}

static void put_single(fuzz_random *random, fuzz_text *out) {
    switch (fuzz_below(random, 8)) {
        case 0: put(out, '.'); break;
        case 1:
        case 2: put_class(random, out); break;
        case 3: put_set(random, out); break;
        default: put(out, likely_byte(random));
    }
}

/// About two hundred repeats.
static void put_deep(fuzz_random *random, fuzz_text *out) {
    unsigned count = 190 + fuzz_below(random, 20);
    int byte = likely_byte(random), quantifier = "*?-+"[fuzz_below(random, 4)];
    while (count-- > 0) {
        put(out, byte);
        put(out, quantifier);
        if (one_in(random, 20)) put_text(out, one_in(random, 2) ? "()" : "b?");
    }
}

void fuzz_pattern(fuzz_random *random, fuzz_text *out, unsigned quantifiers_max) {
    out->length = 0;
    if (one_in(random, 5)) put(out, '^');
    if (quantifiers_max == FUZZ_DEEP) put_deep(random, out);
    unsigned quantifiers = quantifiers_max == FUZZ_DEEP ? FUZZ_DEEP : 0, open = 0;
    unsigned count = one_in(random, 500) ? 40 + fuzz_below(random, 60) : fuzz_below(random, 8);
    for (unsigned i = 0; i < count; i++) {
        switch (fuzz_below(random, 16)) {
            case 0:
            case 1:
                put(out, '(');
                open++;
                break;
            case 2:
                if (open > 0 || one_in(random, 20)) put(out, ')');
                if (open > 0) open--;
                break;
            case 3: put_text(out, "()"); break;
            case 4:
                put(out, '%');
                put(out, one_in(random, 20) ? '0' + (int)fuzz_below(random, 10) : '1' + (int)fuzz_below(random, 2));
                break;
            case 5:
                if (!one_in(random, 2)) break;
                put_text(out, "%b");
                if (one_in(random, 3)) put_text(out, "ab");
                else if (!one_in(random, 20)) {
                    put(out, likely_byte(random));
                    put(out, likely_byte(random));
                }
                break;
            case 6:
                if (!one_in(random, 2)) break;
                put_text(out, "%f");
                if (!one_in(random, 20)) put_set(random, out);
                break;
            default:
                put_single(random, out);
                if (one_in(random, 2) && quantifiers++ < quantifiers_max) put(out, "*+-?"[fuzz_below(random, 4)]);
        }
    }
    while (open > 0 && !one_in(random, 12)) {
        put(out, ')');
        open--;
    }
    if (one_in(random, 6)) put(out, '$');
    if (one_in(random, 60)) put(out, '%');
}

void fuzz_subject(fuzz_random *random, fuzz_text *out, unsigned length_max) {
    out->length = 0;
    unsigned count = one_in(random, 6) ? fuzz_below(random, length_max) : fuzz_below(random, length_max / 4 + 1);
    while (count > 0) {
        int byte = likely_byte(random);
        unsigned run = one_in(random, 3) ? 1 + fuzz_below(random, 4) : 1;
        for (; run > 0 && count > 0; run--, count--) put(out, byte);
    }
}

void fuzz_replacement(fuzz_random *random, fuzz_text *out) {
    out->length = 0;
    for (unsigned n = fuzz_below(random, 5); n > 0; n--) {
        switch (fuzz_below(random, 6)) {
            case 0: put_text(out, "%0"); break;
            case 1: put_text(out, "%1"); break;
            case 2:
                put(out, '%');
                put(out, one_in(random, 4) ? likely_byte(random) : '%');
                break;
            case 3:
                put(out, '%');
                if (!one_in(random, 8)) put(out, '1' + (int)fuzz_below(random, 4));
                break;
            default: put(out, likely_byte(random));
        }
    }
}
