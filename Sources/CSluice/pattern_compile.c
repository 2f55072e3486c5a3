// Items into a program: what can follow each repeat, which repeats need no way back, where a match can start.
#include "pattern.h"

#include <lua5.4/lauxlib.h>

/// A pattern on its way to a program.
typedef struct draft {
    sl_item *items; ///< the last one is SL_ITEM_DONE or SL_ITEM_FAULT
    int count;
    int op_count;
    size_t literal_bytes;
    const sl_byte_set **sets; ///< the distinct sets in use
    int set_count;
    bool anchored;
    bool careful; ///< deep enough for "pattern too complex": every item is tried just as Lua does
    bool has_back_reference;
    int level;
    uint32_t unfinished;
    uint32_t positions;
    const sl_byte_set *first; ///< NULL when any byte or none can start a match
    int first_index;
    int lead;     ///< the first item that is no parenthesis
    int literal;  ///< first item of the literal searched for, or -1
    int required; ///< first item of the literal that must occur, or -1
    size_t literal_length;
    size_t required_length;
    size_t required_offset;
    size_t length_min;
    sl_search_kind search;
    bool skips_run;
} draft;

static const sl_byte_set every_byte = {{~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0}};

static int set_size(const sl_byte_set *set) {
    int size = 0;
    for (int i = 0; i < 4; i++) size += __builtin_popcountll(set->words[i]);
    return size;
}

static unsigned set_lowest(const sl_byte_set *set) {
    unsigned i = 0;
    while (set->words[i] == 0) i++;
    return i * 64 + (unsigned)__builtin_ctzll(set->words[i]);
}

static bool sets_meet(const sl_byte_set *a, const sl_byte_set *b) {
    for (int i = 0; i < 4; i++)
        if (a->words[i] & b->words[i]) return true;
    return false;
}

static bool is_every(const sl_byte_set *set) {
    return memcmp(set, &every_byte, sizeof *set) == 0;
}

static bool is_byte(const sl_item *item) {
    return item->kind == SL_ITEM_SINGLE && item->quantifier == 0 && set_size(&item->set) == 1;
}

static bool is_parenthesis(const sl_item *item) {
    return item->kind == SL_ITEM_OPEN || item->kind == SL_ITEM_POSITION || item->kind == SL_ITEM_CLOSE;
}

static bool is_repeat(const sl_item *item) {
    return item->kind == SL_ITEM_SINGLE && item->quantifier != 0 && item->quantifier != '?';
}

/// A repeat that has no way back: after its longest form nothing shorter can lead on, or nothing can fail.
static bool is_whole(const sl_item *item) {
    if (!is_repeat(item)) return false;
    return !sets_meet(&item->set, &item->next) || (item->next_certain && item->quantifier != '-');
}

/// Parses into `items`, or only counts when that is NULL. Returns the number of items with the closing one.
static int parse_items(draft *d, const char *text, size_t length, bool iterates, sl_item *items) {
    sl_pattern_parser parser = {.at = (const uint8_t *)text, .end = (const uint8_t *)text + length};
    d->anchored = !iterates && length > 0 && *text == '^';
    if (d->anchored) parser.at++;
    sl_item single;
    int count = 0;
    for (;;) {
        sl_item *item = items ? items + count : &single;
        sl_pattern_parse(&parser, item);
        count++;
        if (item->kind == SL_ITEM_DONE || item->kind == SL_ITEM_FAULT) break;
    }
    d->level = parser.level;
    d->unfinished = parser.unfinished;
    d->positions = parser.positions;
    return count;
}

/// Finds out whether Lua's matcher could nest too deep, and whether there are back-references.
static void survey(draft *d) {
    int nesting = 1;
    for (int i = 0; i < d->count; i++) {
        const sl_item *item = &d->items[i];
        if (is_parenthesis(item) || item->quantifier) nesting++;
        if (item->kind == SL_ITEM_BACK_REFERENCE) d->has_back_reference = true;
    }
    d->careful = nesting > SL_DEPTH_MAX;
}

/// Bytes at which the items from `item` on can match, from those for the items behind it: `set` and `at_end` in and out.
static void put_before(const sl_item *item, sl_byte_set *set, bool *at_end) {
    switch (item->kind) {
        case SL_ITEM_SINGLE:
            if (item->quantifier == 0 || item->quantifier == '+') {
                *set = item->set;
                *at_end = false;
            } else
                for (int i = 0; i < 4; i++) set->words[i] |= item->set.words[i];
            break;
        case SL_ITEM_FRONTIER: // at the end Lua sees a zero byte
            for (int i = 0; i < 4; i++) set->words[i] &= item->set.words[i];
            *at_end = *at_end && sl_set_has(&item->set, 0);
            break;
        case SL_ITEM_BALANCE:
            memset(set, 0, sizeof *set);
            sl_set_add(set, item->open);
            *at_end = false;
            break;
        case SL_ITEM_END:
            memset(set, 0, sizeof *set);
            *at_end = true;
            break;
        case SL_ITEM_OPEN:
        case SL_ITEM_POSITION:
        case SL_ITEM_CLOSE: break;
        default:
            *set = every_byte;
            *at_end = true;
    }
}

/// Fills in `next` of every item; returns what can start a match in `first`, and whether an empty rest can.
static bool find_next_sets(draft *d, sl_byte_set *first) {
    bool at_end = true, certain = !d->careful && d->items[d->count - 1].kind == SL_ITEM_DONE;
    *first = every_byte;
    for (int i = d->count - 1; i >= 0; i--) {
        sl_item *item = &d->items[i];
        if (d->careful) {
            *first = every_byte;
            at_end = true;
        }
        item->next = *first;
        item->next_at_end = at_end;
        item->next_certain = certain;
        certain = certain && (item->kind == SL_ITEM_DONE || is_parenthesis(item) || (item->quantifier && item->quantifier != '+'));
        put_before(item, first, &at_end);
    }
    return at_end;
}

static size_t item_length_min(const sl_item *item) {
    if (item->kind == SL_ITEM_BALANCE) return 2;
    return item->kind == SL_ITEM_SINGLE && (item->quantifier == 0 || item->quantifier == '+');
}

/// The number of single bytes from item `i` on, parentheses not counted.
static size_t literal_length_at(const draft *d, int i) {
    size_t length = 0;
    for (; i < d->count; i++) {
        if (is_byte(&d->items[i])) length++;
        else if (!is_parenthesis(&d->items[i])) break;
    }
    return length;
}

/// Finds the longest literal, and the length of the shortest match. Nothing behind a fault is in the items.
static void find_required(draft *d) {
    for (int i = 0; i < d->count; i++) {
        if (is_byte(&d->items[i]) && (i == 0 || !is_byte(&d->items[i - 1]))) {
            size_t length = literal_length_at(d, i);
            if (length > d->required_length) {
                d->required = i;
                d->required_length = length;
                d->required_offset = d->length_min;
            }
        }
        d->length_min += item_length_min(&d->items[i]);
    }
}

/// Ranges of consecutive bytes in a set; `ranges` is filled when they are few enough.
static int count_ranges(const sl_byte_set *set, sl_ranges *ranges) {
    int count = 0;
    for (unsigned c = 0; c < 256; c++) {
        if (!sl_set_has(set, c)) continue;
        unsigned low = c;
        while (c < 255 && sl_set_has(set, c + 1)) c++;
        if (count < SL_RANGES_MAX) {
            memset(ranges->low[count], (int)low, 16);
            memset(ranges->span[count], (int)(c - low), 16);
        }
        count++;
    }
    ranges->count = count;
    return count;
}

/// Chooses how the search finds places to try.
static void plan_search(draft *d, sl_byte_set *first, bool at_end, sl_ranges *ranges) {
    d->literal = d->required = -1;
    d->search = d->anchored ? SL_SEARCH_ANCHORED : SL_SEARCH_EVERY;
    if (d->anchored || d->careful) return;
    while (is_parenthesis(&d->items[d->lead])) d->lead++;
    const sl_item *lead = &d->items[d->lead];
    find_required(d);
    d->skips_run = is_repeat(lead) && !d->has_back_reference;
    if (d->skips_run) d->first = &lead->set;

    int after = d->lead + 1;
    while (after < d->count && is_parenthesis(&d->items[after])) after++;
    if (is_byte(lead)) {
        d->search = SL_SEARCH_LITERAL;
        d->literal = d->lead;
    } else if (d->skips_run && lead->quantifier == '+' && is_whole(lead) && is_byte(&d->items[after])) {
        d->search = SL_SEARCH_RUN;
        d->literal = after;
    } else if (!at_end && !is_every(first)) {
        if (!d->skips_run) d->first = first;
        d->search = count_ranges(first, ranges) <= SL_RANGES_MAX ? SL_SEARCH_RANGES : SL_SEARCH_TABLE;
        // A leading repeat that may be empty starts with other bytes too, which the page of its own set would miss.
        if (d->skips_run && d->search == SL_SEARCH_TABLE && lead->quantifier != '+') d->search = SL_SEARCH_EVERY;
    }
    if (d->literal >= 0) {
        d->literal_length = literal_length_at(d, d->literal);
        d->required = -1;
    }
    if (d->required >= 0 && d->required_length < 2 && d->search == SL_SEARCH_RANGES) d->required = -1;
}

/// The index of a set among the sets in use; only the latest are compared, so that long patterns don't take quadratic time.
static int set_index(draft *d, const sl_byte_set *set) {
    int oldest = d->set_count > 64 ? d->set_count - 64 : 0;
    for (int i = d->set_count - 1; i >= oldest; i--)
        if (memcmp(d->sets[i], set, sizeof *set) == 0) return i;
    d->sets[d->set_count] = set;
    return d->set_count++;
}

static sl_op_kind single_kind(const sl_item *item) {
    int size = set_size(&item->set);
    switch (item->quantifier) {
        case 0: return size == 1 ? SL_OP_BYTE : size == 256 ? SL_OP_ANY : SL_OP_SET;
        case '?': return SL_OP_OPTIONAL;
        default: break;
    }
    if (is_whole(item)) return size == 256 ? SL_OP_REST : SL_OP_RUN_WHOLE;
    if (item->quantifier == '-') return size == 256 ? SL_OP_LAZY_ANY : SL_OP_LAZY;
    return size == 256 ? SL_OP_RUN_ANY : SL_OP_RUN;
}

/// Counts ops and literal bytes, and numbers the sets in use.
static void measure(draft *d) {
    bool in_literal = false;
    for (int i = 0; i < d->count; i++) {
        sl_item *item = &d->items[i];
        bool byte = is_byte(item);
        if (byte) d->literal_bytes++;
        if (!byte || !in_literal) d->op_count++;
        in_literal = byte;
        item->set_index = item->next_index = -1;
        if (item->kind == SL_ITEM_FRONTIER) item->set_index = set_index(d, &item->set);
        if (item->kind != SL_ITEM_SINGLE) continue;
        sl_op_kind kind = single_kind(item);
        bool has_choice = kind == SL_OP_OPTIONAL || kind == SL_OP_RUN || kind == SL_OP_LAZY;
        if (has_choice || kind == SL_OP_SET || kind == SL_OP_RUN_WHOLE) item->set_index = set_index(d, &item->set);
        if (has_choice || kind == SL_OP_RUN_ANY || kind == SL_OP_LAZY_ANY) item->next_index = set_index(d, &item->next);
    }
    d->first_index = d->first ? set_index(d, d->first) : -1;
    if (d->literal >= 0) d->literal_bytes += d->literal_length;
    if (d->required >= 0) d->literal_bytes += d->required_length;
}

/// The parts of a pattern's memory behind its header.
typedef struct layout {
    sl_op *ops;
    uint8_t *pages;
    uint8_t *literals;
} layout;

static void write_single(const sl_item *item, sl_op *op, const layout *parts) {
    op->kind = (uint8_t)single_kind(item);
    if (item->quantifier == '+') op->flags |= SL_OP_AT_LEAST_ONE;
    if (item->set_index >= 0) {
        op->page = parts->pages + (size_t)(item->set_index / 8) * 256;
        op->mask = (uint8_t)(1 << item->set_index % 8);
    }
    if (item->next_index < 0) return;
    op->next_page = parts->pages + (size_t)(item->next_index / 8) * 256;
    op->next_mask = (uint8_t)(1 << item->next_index % 8);
    if (item->next_at_end) op->flags |= SL_OP_NEXT_AT_END;
    else if (set_size(&item->next) == 1) {
        op->flags |= SL_OP_NEXT_IS_BYTE;
        op->byte = (uint8_t)set_lowest(&item->next);
    }
}

static void write_op(const sl_item *item, sl_op *op, const layout *parts) {
    memset(op, 0, sizeof *op);
    op->capture = item->capture;
    switch (item->kind) {
        case SL_ITEM_SINGLE: write_single(item, op, parts); break;
        case SL_ITEM_POSITION:
        case SL_ITEM_OPEN: op->kind = SL_OP_OPEN; break;
        case SL_ITEM_CLOSE: op->kind = SL_OP_CLOSE; break;
        case SL_ITEM_END: op->kind = SL_OP_END; break;
        case SL_ITEM_BALANCE:
            op->kind = SL_OP_BALANCE;
            op->byte = item->open;
            op->close = item->close;
            break;
        case SL_ITEM_FRONTIER:
            op->kind = SL_OP_FRONTIER;
            op->page = parts->pages + (size_t)(item->set_index / 8) * 256;
            op->mask = (uint8_t)(1 << item->set_index % 8);
            break;
        case SL_ITEM_BACK_REFERENCE: op->kind = SL_OP_BACK_REFERENCE; break;
        case SL_ITEM_FAIL: op->kind = SL_OP_FAIL; break;
        case SL_ITEM_FAULT:
            op->kind = SL_OP_FAULT;
            op->fault = item->fault;
            op->fault_argument = item->fault_argument;
            break;
        default: op->kind = SL_OP_MATCH;
    }
}

/// Writes the ops; neighbouring single bytes become one literal.
static void write_ops(const draft *d, layout *parts) {
    sl_op *op = parts->ops;
    for (int i = 0; i < d->count; op++) {
        size_t length = 0;
        const uint8_t *text = parts->literals;
        for (; i < d->count && is_byte(&d->items[i]); i++) parts->literals[length++] = (uint8_t)set_lowest(&d->items[i].set);
        if (length == 0) write_op(&d->items[i++], op, parts);
        else {
            memset(op, 0, sizeof *op);
            op->kind = length == 1 ? SL_OP_BYTE : SL_OP_LITERAL;
            op->byte = text[0];
            op->text = text;
            op->length = length;
            parts->literals += length;
        }
    }
}

/// Copies the single bytes from item `i` on, parentheses left out.
static const uint8_t *write_literal(const draft *d, int i, size_t length, layout *parts) {
    uint8_t *text = parts->literals;
    for (size_t n = 0; n < length; i++)
        if (is_byte(&d->items[i])) text[n++] = (uint8_t)set_lowest(&d->items[i].set);
    parts->literals += length;
    return text;
}

static void write_pages(const draft *d, uint8_t *pages) {
    for (int i = 0; i < d->set_count; i++) {
        uint8_t *page = pages + (size_t)(i / 8) * 256;
        for (unsigned c = 0; c < 256; c++)
            if (sl_set_has(d->sets[i], c)) page[c] |= (uint8_t)(1 << i % 8);
    }
}

/// Allocates the program on top of the stack and writes it.
static sl_pattern *write_pattern(lua_State *L, const draft *d, const sl_ranges *ranges, bool iterates) {
    size_t ops_size = (size_t)d->op_count * sizeof(sl_op);
    size_t pages_size = (size_t)((d->set_count + 7) / 8) * 256;
    size_t size = sizeof(sl_pattern) + ops_size + pages_size + d->literal_bytes;
    sl_pattern *pattern = lua_newuserdatauv(L, size, 1);
    memset(pattern, 0, size);
    layout parts = {.ops = (sl_op *)(pattern + 1)};
    parts.pages = (uint8_t *)parts.ops + ops_size;
    parts.literals = parts.pages + pages_size;
    pattern->size = size;
    pattern->ops = parts.ops;
    pattern->captures = (uint8_t)d->level;
    pattern->unfinished = d->unfinished;
    pattern->positions = d->positions;
    pattern->iterates = iterates;
    pattern->search = (uint8_t)d->search;
    pattern->skips_run = d->skips_run;
    pattern->length_min = d->length_min;
    if (d->first_index >= 0) {
        pattern->first_page = parts.pages + (size_t)(d->first_index / 8) * 256;
        pattern->first_mask = (uint8_t)(1 << d->first_index % 8);
    }
    if (d->search == SL_SEARCH_RANGES) pattern->ranges = *ranges;
    write_pages(d, parts.pages);
    write_ops(d, &parts);
    if (d->literal >= 0) {
        pattern->literal_length = d->literal_length;
        pattern->literal = write_literal(d, d->literal, d->literal_length, &parts);
    }
    if (d->required >= 0) {
        pattern->required_length = d->required_length;
        pattern->required_offset = d->required_offset;
        pattern->required = write_literal(d, d->required, d->required_length, &parts);
    }
    return pattern;
}

sl_pattern *sl_pattern_compile(lua_State *L, int text_index, bool iterates) {
    enum { SMALL = 48 };
    sl_item small_items[SMALL];
    const sl_byte_set *small_sets[2 * SMALL + 1];
    text_index = lua_absindex(L, text_index);
    size_t length;
    const char *text = lua_tolstring(L, text_index, &length);
    draft d = {.items = small_items, .sets = small_sets};
    bool large = length >= SMALL;
    if (large) {
        size_t count = (size_t)parse_items(&d, text, length, iterates, NULL);
        size_t items_size = count * sizeof(sl_item);
        d.items = lua_newuserdatauv(L, items_size + (2 * count + 1) * sizeof *d.sets, 0);
        d.sets = (const sl_byte_set **)(void *)((char *)d.items + items_size);
    }
    d.count = parse_items(&d, text, length, iterates, d.items);
    survey(&d);
    sl_byte_set first;
    sl_ranges ranges;
    bool at_end = find_next_sets(&d, &first);
    plan_search(&d, &first, at_end, &ranges);
    measure(&d);
    sl_pattern *pattern = write_pattern(L, &d, &ranges, iterates);
    if (large) lua_remove(L, -2);
    pattern->text = text;
    pattern->text_length = length;
    lua_pushvalue(L, text_index);
    lua_setiuservalue(L, -2, 1);
    return pattern;
}
