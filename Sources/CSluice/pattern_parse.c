// A pattern's text into items, one at a time. This file follows Lua's reading of a pattern to the letter, odd corners included:
// `[]]`, `[^]]`, `[a-]`, `[%a-z]`, `^*`, a `-` range that ends in an escape.
#include "pattern.h"

#include <ctype.h>

enum { ESCAPE = '%' };

/// The byte at `at`, or the terminator that Lua would find behind the text.
static int byte_at(const sl_pattern_parser *parser, const uint8_t *at) {
    return at < parser->end ? *at : 0;
}

static void set_fault(sl_item *item, sl_fault fault, int argument) {
    item->kind = SL_ITEM_FAULT;
    item->fault = (uint8_t)fault;
    item->fault_argument = argument;
}

/// Adds the bytes of `%class`, in the process's locale as in Lua; for what is no class, the byte itself.
static void add_class(sl_byte_set *set, int class) {
    bool negated = isupper(class) != 0;
    int name = tolower(class);
    if (!memchr("acdglpsuwxz", name, 11)) {
        sl_set_add(set, (unsigned)class);
        return;
    }
    for (int c = 0; c < 256; c++) {
        bool in;
        switch (name) {
            case 'a': in = isalpha(c); break;
            case 'c': in = iscntrl(c); break;
            case 'd': in = isdigit(c); break;
            case 'g': in = isgraph(c); break;
            case 'l': in = islower(c); break;
            case 'p': in = ispunct(c); break;
            case 's': in = isspace(c); break;
            case 'u': in = isupper(c); break;
            case 'w': in = isalnum(c); break;
            case 'x': in = isxdigit(c); break;
            default: in = c == 0; // %z: out of Lua's manual, still in Lua 5.4
        }
        if (in != negated) sl_set_add(set, (unsigned)c);
    }
}

static void complement(sl_byte_set *set) {
    for (int i = 0; i < 4; i++) set->words[i] = ~set->words[i];
}

/// The end of the single-byte class at `at`, or NULL with the item a fault.
static const uint8_t *class_end(const sl_pattern_parser *parser, const uint8_t *at, sl_item *item) {
    switch (*at++) {
        case ESCAPE:
            if (at == parser->end) {
                set_fault(item, SL_FAULT_ENDS_WITH_ESCAPE, 0);
                return NULL;
            }
            return at + 1;
        case '[':
            if (byte_at(parser, at) == '^') at++;
            do {
                if (at == parser->end) {
                    set_fault(item, SL_FAULT_MISSING_BRACKET, 0);
                    return NULL;
                }
                if (*at++ == ESCAPE && at < parser->end) at++;
            } while (byte_at(parser, at) != ']');
            return at + 1;
        default: return at;
    }
}

/// The set of `[...]`: `at` is the opening bracket, `close` the closing one.
static void read_bracket(sl_byte_set *set, const uint8_t *at, const uint8_t *close) {
    bool negated = at[1] == '^';
    if (negated) at++;
    while (++at < close) {
        if (*at == ESCAPE) add_class(set, *++at);
        else if (at[1] == '-' && at + 2 < close) {
            for (int c = at[0]; c <= at[2]; c++) sl_set_add(set, (unsigned)c);
            at += 2;
        } else sl_set_add(set, *at);
    }
    if (negated) complement(set);
}

static void parse_single(sl_pattern_parser *parser, sl_item *item) {
    const uint8_t *at = parser->at;
    const uint8_t *end = class_end(parser, at, item);
    if (!end) return;
    item->kind = SL_ITEM_SINGLE;
    switch (*at) {
        case '.': complement(&item->set); break;
        case ESCAPE: add_class(&item->set, at[1]); break;
        case '[': read_bracket(&item->set, at, end - 1); break;
        default: sl_set_add(&item->set, *at);
    }
    int quantifier = byte_at(parser, end);
    if (quantifier == '*' || quantifier == '+' || quantifier == '-' || quantifier == '?') {
        item->quantifier = (uint8_t)quantifier;
        end++;
    }
    parser->at = end;
}

static void parse_open(sl_pattern_parser *parser, sl_item *item) {
    bool position = byte_at(parser, parser->at + 1) == ')';
    if (parser->level >= SL_PATTERN_CAPTURES_MAX) return set_fault(item, SL_FAULT_CAPTURES, 0);
    item->kind = position ? SL_ITEM_POSITION : SL_ITEM_OPEN;
    item->capture = (uint8_t)parser->level++;
    uint32_t bit = (uint32_t)1 << item->capture;
    if (position) parser->positions |= bit;
    else parser->unfinished |= bit;
    parser->at += position ? 2 : 1;
}

static void parse_close(sl_pattern_parser *parser, sl_item *item) {
    for (int level = parser->level - 1; level >= 0; level--) {
        uint32_t bit = (uint32_t)1 << level;
        if (!(parser->unfinished & bit)) continue;
        parser->unfinished &= ~bit;
        parser->at++;
        item->kind = SL_ITEM_CLOSE;
        item->capture = (uint8_t)level;
        return;
    }
    set_fault(item, SL_FAULT_CLOSE, 0);
}

static void parse_escape(sl_pattern_parser *parser, sl_item *item) {
    const uint8_t *at = parser->at + 2;
    int what = byte_at(parser, parser->at + 1);
    if (what == 'b') {
        if (parser->end - at < 2) return set_fault(item, SL_FAULT_MISSING_BALANCE, 0);
        item->kind = SL_ITEM_BALANCE;
        item->open = at[0];
        item->close = at[1];
        parser->at = at + 2;
    } else if (what == 'f') {
        if (byte_at(parser, at) != '[') return set_fault(item, SL_FAULT_MISSING_FRONTIER, 0);
        const uint8_t *end = class_end(parser, at, item);
        if (!end) return;
        item->kind = SL_ITEM_FRONTIER;
        read_bracket(&item->set, at, end - 1);
        parser->at = end;
    } else if (what >= '0' && what <= '9') {
        int index = what - '1';
        if (index < 0 || index >= parser->level || (parser->unfinished >> index & 1))
            return set_fault(item, SL_FAULT_CAPTURE_INDEX, index + 1);
        // Lua compares the length that stands for "position" with what is left of the subject: there is never enough.
        item->kind = parser->positions >> index & 1 ? SL_ITEM_FAIL : SL_ITEM_BACK_REFERENCE;
        item->capture = (uint8_t)index;
        parser->at = at;
    } else parse_single(parser, item);
}

void sl_pattern_parse(sl_pattern_parser *parser, sl_item *item) {
    memset(item, 0, sizeof *item);
    if (parser->at == parser->end) {
        item->kind = SL_ITEM_DONE;
        return;
    }
    switch (*parser->at) {
        case '(': return parse_open(parser, item);
        case ')': return parse_close(parser, item);
        case ESCAPE: return parse_escape(parser, item);
        case '$':
            if (parser->at + 1 == parser->end) {
                item->kind = SL_ITEM_END;
                parser->at++;
                return;
            }
            return parse_single(parser, item);
        default: return parse_single(parser, item);
    }
}
