// Keywords of facilities and severities, and the codes behind them (RFC 5424 section 6.2.1, names as in PRODUCT's list).
#ifndef SLUICE_KEYWORD_H
#define SLUICE_KEYWORD_H

#include <stddef.h>
#include <stdint.h>

/// A keyword as JSON: 16 bytes that can be copied at once.
typedef struct sl_keyword {
    char json[15];       ///< `"authpriv"`; the keyword itself begins at `json + 1`
    uint8_t json_length; ///< with both quotes
} sl_keyword;

_Static_assert(sizeof(sl_keyword) == 16, "a keyword is one vector");

#define SL_FACILITY_COUNT 24
#define SL_SEVERITY_COUNT 8

/// Keyword of a facility's code, NULL when it is not 0...23.
const sl_keyword *sl_facility_keyword(int64_t code);
/// Keyword of a severity's code, NULL when it is not 0...7.
const sl_keyword *sl_severity_keyword(int64_t code);
/// Code of a facility's keyword, -1 for another word.
int sl_facility_code(const char *word, size_t length);
/// Code of a severity's keyword or of `error`, `warn`, `panic`; -1 for another word.
int sl_severity_code(const char *word, size_t length);

#endif
