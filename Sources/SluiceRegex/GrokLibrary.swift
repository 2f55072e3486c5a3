/// The patterns that grok references name, by the meaning that these names have everywhere.
///
/// Repeats are possessive or atomic where nothing can be won by giving back, so that lines that do not match fail fast.
package enum GrokLibrary {
    /// All names.
    package static let patterns: [String: String] = Dictionary(
        uniqueKeysWithValues: [text, numbers, network, paths, times, logs].joined().map { ($0.0, $0.1) })

    /// Words and text.
    private static let text: [(String, String)] = [
        ("WORD", #"\b\w+\b"#),
        ("NOTSPACE", #"\S+"#),
        ("SPACE", #"\s*"#),
        ("DATA", #".*?"#),
        ("GREEDYDATA", #".*"#),
        ("QUOTEDSTRING", #"(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"|'[^'\\]*+(?:\\.[^'\\]*+)*+'|`[^`\\]*+(?:\\.[^`\\]*+)*+`)"#),
        ("QS", #"%{QUOTEDSTRING}"#),
        ("USERNAME", #"[A-Za-z0-9._-]+"#),
        ("USER", #"%{USERNAME}"#),
        ("EMAILLOCALPART", #"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"#),
        ("EMAILADDRESS", #"%{EMAILLOCALPART}@%{HOSTNAME}"#),
        ("UUID", #"[A-Fa-f0-9]{8}-(?:[A-Fa-f0-9]{4}-){3}[A-Fa-f0-9]{12}"#),
        ("URN", #"urn:[0-9A-Za-z][0-9A-Za-z-]{0,31}:(?:%[0-9A-Fa-f]{2}|[0-9A-Za-z()+,.:=@;$_!*'/?#-])+"#),
        ("JAVACLASS", #"(?:[A-Za-z$_][\w$]*\.)*[A-Za-z$_][\w$]*"#),
        ("JAVAFILE", #"[\w. -]+"#),
        ("JAVAMETHOD", #"(?:<(?:cl)?init>|[A-Za-z$_][\w$]*)"#),
        (
            "LOGLEVEL",
            #"(?i:trace|debug|info(?:rmation)?|notice|warn(?:ing)?|err(?:or)?|crit(?:ical)?|fatal|severe|alert|emerg(?:ency)?|panic)"#
        ),
    ]

    /// Numbers.
    private static let numbers: [(String, String)] = [
        ("INT", #"[+-]?[0-9]+"#),
        ("POSINT", #"\b[1-9][0-9]*\b"#),
        ("NONNEGINT", #"\b[0-9]+\b"#),
        ("BASE10NUM", #"(?<![0-9.])[+-]?(?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++)"#),
        ("NUMBER", #"%{BASE10NUM}"#),
        ("BASE16NUM", #"(?<![0-9A-Fa-f])[+-]?(?:0x)?[0-9A-Fa-f]+"#),
        ("BASE16FLOAT", #"\b(?<![0-9A-Fa-f.])[+-]?(?:0x)?(?:[0-9A-Fa-f]+(?:\.[0-9A-Fa-f]*)?|\.[0-9A-Fa-f]+)\b"#),
    ]

    /// Addresses and hosts.
    private static let network: [(String, String)] = [
        ("OCTET", #"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"#),
        ("IPV4", #"(?<![0-9])(?:%{OCTET}\.){3}%{OCTET}(?![0-9])"#),
        ("IPV6", ipv6),
        ("IP", #"(?:%{IPV4}|%{IPV6})"#),
        ("HOSTNAME", #"\b[0-9A-Za-z][0-9A-Za-z_-]{0,62}(?:\.[0-9A-Za-z][0-9A-Za-z_-]{0,62})*+\.?(?:\b|$|(?<=\.))"#),
        ("HOST", #"%{HOSTNAME}"#),
        ("IPORHOST", #"(?:%{IP}|%{HOSTNAME})"#),
        ("HOSTPORT", #"%{IPORHOST}:%{POSINT}"#),
        ("CISCOMAC", #"(?:[A-Fa-f0-9]{4}\.){2}[A-Fa-f0-9]{4}"#),
        ("WINDOWSMAC", #"(?:[A-Fa-f0-9]{2}-){5}[A-Fa-f0-9]{2}"#),
        ("COMMONMAC", #"(?:[A-Fa-f0-9]{2}:){5}[A-Fa-f0-9]{2}"#),
        ("MAC", #"(?:%{CISCOMAC}|%{WINDOWSMAC}|%{COMMONMAC})"#),
    ]

    /// Eight groups, any run of them left out once as `::`, the last two also as a dotted quad, a zone behind `%`.
    private static let ipv6: String = {
        let group = "[0-9A-Fa-f]{1,4}"
        var forms = ["(?:\(group):){6}%{IPV4}", "(?:\(group):){7}\(group)"]
        for before in 0...7 {
            // `before` groups, then the gap, then what still fits; the longer reading first.
            let lead = before == 0 ? ":" : "(?:\(group):){\(before)}"
            if before <= 5 { forms.append("\(lead)(?::\(group)){0,\(5 - before)}:%{IPV4}") }
            if before <= 6 { forms.append("\(lead)(?::\(group)){1,\(7 - before)}") }
            forms.append("\(lead):")
        }
        return "(?<![0-9A-Fa-f:])(?:\(forms.joined(separator: "|")))(?:%[0-9A-Za-z]+)?(?![0-9A-Fa-f:])"
    }()

    /// Files and addresses of documents.
    private static let paths: [(String, String)] = [
        ("UNIXPATH", #"(?:/[\w_%!$@:.,+~-]*)+"#),
        ("WINPATH", #"(?:[A-Za-z]:|\\)(?:\\[^\\?*]*)+"#),
        ("PATH", #"(?:%{UNIXPATH}|%{WINPATH})"#),
        ("TTY", #"/dev/(?:pts|tty(?:[pq])?)(?:\w+)?/?(?:[0-9]+)"#),
        ("URIPROTO", #"[A-Za-z][A-Za-z0-9+.-]*"#),
        ("URIHOST", #"%{IPORHOST}(?::%{POSINT})?"#),
        ("URIPATH", #"(?:/[A-Za-z0-9$.+!*'(){},~:;=@#%&_\[\]|\\-]*)+"#),
        ("URIQUERY", #"[A-Za-z0-9$.+!*'|(){},~@#%&/=:;_?\[\]<>-]*"#),
        ("URIPARAM", #"\?%{URIQUERY}"#),
        ("URIPATHPARAM", #"%{URIPATH}(?:%{URIPARAM})?"#),
        ("URI", #"%{URIPROTO}://(?:%{USER}(?::[^@\s]*)?@)?(?:%{URIHOST})?(?:%{URIPATHPARAM})?"#),
    ]

    /// Dates and times.
    private static let times: [(String, String)] = [
        (
            "MONTH",
            #"\b(?:[Jj]an(?:uary)?|[Ff]eb(?:ruary)?|[Mm]ar(?:ch)?|[Aa]pr(?:il)?|[Mm]ay|[Jj]une?|[Jj]uly?|[Aa]ug(?:ust)?|[Ss]ep(?:t(?:ember)?)?|[Oo]ct(?:ober)?|[Nn]ov(?:ember)?|[Dd]ec(?:ember)?)\b"#
        ),
        ("MONTHNUM", #"(?:0?[1-9]|1[0-2])"#),
        ("MONTHNUM2", #"(?:0[1-9]|1[0-2])"#),
        ("MONTHDAY", #"(?:0[1-9]|[12][0-9]|3[01]|[1-9])"#),
        ("DAY", #"(?:Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?)"#),
        ("YEAR", #"(?:[0-9]{2}){1,2}"#),
        ("HOUR", #"(?:2[0-3]|[01]?[0-9])"#),
        ("MINUTE", #"[0-5][0-9]"#),
        ("SECOND", #"(?:[0-5]?[0-9]|60)(?:[:.,][0-9]+)?"#),
        ("TIME", #"(?<![0-9])%{HOUR}:%{MINUTE}(?::%{SECOND})(?![0-9])"#),
        ("DATE_US", #"%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}"#),
        ("DATE_EU", #"%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}"#),
        ("DATE", #"(?:%{DATE_US}|%{DATE_EU})"#),
        ("DATESTAMP", #"%{DATE}[- ]%{TIME}"#),
        ("ISO8601_TIMEZONE", #"(?:Z|[+-]%{HOUR}(?::?%{MINUTE}))"#),
        ("ISO8601_SECOND", #"%{SECOND}"#),
        ("TIMESTAMP_ISO8601", #"%{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?%{ISO8601_TIMEZONE}?"#),
        ("TZ", #"(?:[APMCE][SD]T|UTC|GMT)"#),
        ("DATESTAMP_RFC822", #"%{DAY} %{MONTH} %{MONTHDAY} %{YEAR} %{TIME} %{TZ}"#),
        ("DATESTAMP_RFC2822", #"%{DAY}, %{MONTHDAY} %{MONTH} %{YEAR} %{TIME} %{ISO8601_TIMEZONE}"#),
        ("DATESTAMP_OTHER", #"%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{TZ} %{YEAR}"#),
        ("DATESTAMP_EVENTLOG", #"%{YEAR}%{MONTHNUM2}%{MONTHDAY}%{HOUR}%{MINUTE}%{SECOND}"#),
        ("HTTPDATE", #"%{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} %{INT}"#),
        ("HTTPDERROR_DATE", #"%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{YEAR}"#),
        ("SYSLOGTIMESTAMP", #"%{MONTH} +%{MONTHDAY} %{TIME}"#),
    ]

    /// Whole lines.
    private static let logs: [(String, String)] = [
        ("PROG", #"[\x21-\x5a\x5c\x5e-\x7e]+"#),
        ("SYSLOGPROG", #"%{PROG:program}(?:\[%{POSINT:pid}\])?"#),
        ("SYSLOGHOST", #"%{IPORHOST}"#),
        ("SYSLOGFACILITY", #"<%{NONNEGINT:facility}\.%{NONNEGINT:priority}>"#),
        ("SYSLOGBASE", #"%{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:logsource} %{SYSLOGPROG}:"#),
        ("SYSLOGLINE", #"%{SYSLOGBASE} %{GREEDYDATA:message}"#),
        ("HTTPDUSER", #"(?:[A-Za-z0-9._-]++(?![!#$%&'*+/=?^`{|}~@])|%{EMAILADDRESS}|%{USER})"#),
        (
            "COMMONAPACHELOG",
            #"%{IPORHOST:clientip} %{HTTPDUSER:ident} %{HTTPDUSER:auth} \[%{HTTPDATE:timestamp}\] "(?:%{WORD:verb} %{NOTSPACE:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})" (?:%{NUMBER:response}|-) (?:%{NUMBER:bytes}|-)"#
        ),
        ("COMBINEDAPACHELOG", #"%{COMMONAPACHELOG} %{QS:referrer} %{QS:agent}"#),
        ("HTTPD_COMMONLOG", #"%{COMMONAPACHELOG}"#),
        ("HTTPD_COMBINEDLOG", #"%{COMBINEDAPACHELOG}"#),
    ]
}
