import Testing

@testable import SluiceRules

@Suite struct URLTests {
    private let call = LibraryBench()

    @Test(arguments: [
        ("http://a/b/c/d;p?q", #"{"scheme":"http","host":"a","path":"/b/c/d;p","query":"q"}"#),
        ("ftp://ftp.is.co.za/rfc/rfc1808.txt", #"{"scheme":"ftp","host":"ftp.is.co.za","path":"/rfc/rfc1808.txt"}"#),
        (
            "ldap://[2001:db8::7]/c=GB?objectClass?one",
            #"{"scheme":"ldap","host":"2001:db8::7","path":"/c=GB","query":"objectClass?one"}"#
        ),
        ("mailto:John.Doe@example.com", #"{"scheme":"mailto","path":"John.Doe@example.com"}"#),
        ("news:comp.infosystems.www.servers.unix", #"{"scheme":"news","path":"comp.infosystems.www.servers.unix"}"#),
        ("tel:+1-816-555-1212", #"{"scheme":"tel","path":"+1-816-555-1212"}"#),
        ("telnet://192.0.2.16:80/", #"{"scheme":"telnet","host":"192.0.2.16","port":80,"path":"/"}"#),
        ("urn:oasis:names:specification", #"{"scheme":"urn","path":"oasis:names:specification"}"#),
        (
            "foo://example.com:8042/over/there?name=ferret#nose",
            #"{"scheme":"foo","host":"example.com","port":8042,"path":"/over/there","query":"name=ferret","fragment":"nose"}"#
        ),
        (
            "HTTPS://User:Pa:ss@Example.COM:443/A%20b?x=1&y=#",
            #"{"scheme":"https","user":"User","password":"Pa:ss","host":"example.com","port":443,"path":"/A%20b","query":"x=1&y=","fragment":""}"#
        ),
        ("//host/path", #"{"host":"host","path":"/path"}"#), ("/only/path", #"{"path":"/only/path"}"#), ("", #"{"path":""}"#),
        ("?q", #"{"path":"","query":"q"}"#), ("#f", #"{"path":"","fragment":"f"}"#), ("./a:b", #"{"path":"./a:b"}"#),
        ("http://host:/", #"{"scheme":"http","host":"host","path":"/"}"#),
        ("file:///etc/hosts", #"{"scheme":"file","host":"","path":"/etc/hosts"}"#),
        ("http://a@b@c/", #"{"scheme":"http","user":"a@b","host":"c","path":"/"}"#),
        ("http://h?x", #"{"scheme":"http","host":"h","path":"","query":"x"}"#),
    ])
    func `a URL comes apart as RFC 3986 says`(_ text: String, _ parts: String) {
        #expect(call("url.parse", .string(text)) == .table(parts))
    }

    @Test(arguments: [
        ("http://h:99999/", "the port is no number from 0 to 65535"), ("http://h:8a/", "the port is no number from 0 to 65535"),
        ("http://[::1/", "`[` has no `]`"), ("http://[::1]x/", "text follows `]`"),
        ("http://[1.2.3.4]/", "`[…]` holds no IPv6 address"),
        ("http://::1/", "the host holds a `:`; write an IPv6 address in brackets"),
        ("http://a b/", "byte 9 is a blank or control character"),
    ])
    func `what is no URL answers nil and the reason`(_ text: String, _ reason: String) {
        #expect(call.all("url.parse", .string(text)) == [nil, .string(reason)])
    }

    @Test func `percent encoding leaves the unreserved characters of RFC 3986`() {
        #expect(call("url.encode", "AZaz09-._~") == "AZaz09-._~")
        #expect(call("url.encode", " /?#[]@!$&'()*+,;=%") == "%20%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%25")
        #expect(call("url.encode", "/a b/ü", "/") == "/a%20b/%C3%BC")
        #expect(call("url.encode", "100%", "%") == "100%25")
        #expect(call("url.encode", .text([0, 0xFF])) == "%00%FF")
    }

    @Test func `decoding takes what it can`() {
        #expect(call("url.decode", "a%20b%2fc") == "a b/c")
        #expect(call("url.decode", "100%") == "100%")
        #expect(call("url.decode", "%zz%4") == "%zz%4")
        #expect(call("url.decode", "a+b") == "a+b")
        #expect(call("url.decode", "%00%ff") == .text([0, 0xFF]))
    }

    @Test func `a query comes apart and together`() {
        #expect(
            call("url.parse_query", "?a=1&b=x+y%26z&c&a=2&=d&&e=f=g")
                == .table(#"{"a":["1","2"],"b":"x y&z","c":"","":"d","e":"f=g"}"#))
        #expect(call("url.parse_query", "") == .table("{}"))
        #expect(call("url.build_query", .table(#"{"a":["1",2],"b":"x y&z","c":true,"d":null}"#)) == "a=1&a=2&b=x%20y%26z&c=true")
        #expect(
            call.failure("url.build_query", .table(#"{"a":{"b":1}}"#))
                == "bad argument #1 to 'url.build_query' (a value is text, number, boolean or list; `a` is a table)")
        #expect(
            call.failure("url.build_query", .table("[1]"))
                == "bad argument #1 to 'url.build_query' (table of names and values expected, got a list)")
    }
}
