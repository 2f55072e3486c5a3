// The two tables of keywords.
#include "sluice_keyword.h"

#include <string.h>

#define KEYWORD(text) {"\"" text "\"", sizeof(text) + 1}

static const sl_keyword facilities[SL_FACILITY_COUNT] = {
    KEYWORD("kern"),   KEYWORD("user"),   KEYWORD("mail"),     KEYWORD("daemon"), KEYWORD("auth"),   KEYWORD("syslog"),
    KEYWORD("lpr"),    KEYWORD("news"),   KEYWORD("uucp"),     KEYWORD("cron"),   KEYWORD("authpriv"), KEYWORD("ftp"),
    KEYWORD("ntp"),    KEYWORD("audit"),  KEYWORD("alert"),    KEYWORD("clock"),  KEYWORD("local0"), KEYWORD("local1"),
    KEYWORD("local2"), KEYWORD("local3"), KEYWORD("local4"),   KEYWORD("local5"), KEYWORD("local6"), KEYWORD("local7"),
};

static const sl_keyword severities[SL_SEVERITY_COUNT] = {
    KEYWORD("emerg"),   KEYWORD("alert"),  KEYWORD("crit"), KEYWORD("err"),
    KEYWORD("warning"), KEYWORD("notice"), KEYWORD("info"), KEYWORD("debug"),
};

const sl_keyword *sl_facility_keyword(int64_t code) {
    return (uint64_t)code < SL_FACILITY_COUNT ? &facilities[code] : NULL;
}

const sl_keyword *sl_severity_keyword(int64_t code) {
    return (uint64_t)code < SL_SEVERITY_COUNT ? &severities[code] : NULL;
}

static int find(const sl_keyword *keywords, int count, const char *word, size_t length) {
    for (int i = 0; i < count; i++)
        if (keywords[i].json_length == length + 2 && memcmp(keywords[i].json + 1, word, length) == 0) return i;
    return -1;
}

int sl_facility_code(const char *word, size_t length) { return find(facilities, SL_FACILITY_COUNT, word, length); }

int sl_severity_code(const char *word, size_t length) {
    static const struct { sl_keyword word; int code; } aliases[] = {
        {KEYWORD("error"), 3}, {KEYWORD("warn"), 4}, {KEYWORD("panic"), 0}};
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (find(&aliases[i].word, 1, word, length) == 0) return aliases[i].code;
    return find(severities, SL_SEVERITY_COUNT, word, length);
}
