"""MessagePack values by chance, and what Sluice makes of each, said with python3-msgpack."""
import base64
import contextlib
import datetime
import functools
import importlib
import os
import pathlib
import random
import struct
import sys
import tempfile

from network_kit import peers

PACKAGES = ["python3-fluent-logger", "python3-msgpack"]


@functools.cache
def libraries():
    """The folder of Debian's Python packages, unpacked and not installed."""
    found = peers.Peers(os.path.join(tempfile.gettempdir(), "sluice-fluent"), PACKAGES)
    found.prepare()
    return pathlib.Path(found.modules("usr/lib/python3/dist-packages"))


@functools.cache
def messagepack():
    """The module `msgpack`; another Python than Debian's takes the part of it that is written in Python."""
    folder = str(libraries())
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module("msgpack")


# -- values ------------------------------------------------------------------------------------------------------------


def event_time(ns):
    """EventTime, the protocol's extension type 0."""
    return messagepack().ExtType(0, struct.pack(">II", ns // 10**9, ns % 10**9))


def text_of_time(ns):
    """A time as Sluice prints one that came as MessagePack."""
    seconds, fraction = divmod(ns, 10**9)
    text = (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)).isoformat()
    if fraction:
        digits = 3 if fraction % 10**6 == 0 else 6 if fraction % 10**3 == 0 else 9
        text += f".{fraction:09}"[:digits + 1]
    return text + "Z"


class Pairs(list):
    """A map as its names and values: a name may be anything, and come twice."""


def unpack(data):
    """What python3-msgpack reads in some bytes, with maps as pairs and bytes that are no UTF-8 kept."""
    return messagepack().unpackb(
        data, raw=False, unicode_errors="surrogateescape", strict_map_key=False, object_pairs_hook=Pairs, timestamp=0)


def extension_time(value):
    """Nanoseconds since 1970 of an extension that is a time Sluice can hold; None for others."""
    msgpack = messagepack()
    if isinstance(value, msgpack.Timestamp):
        ns = value.seconds * 10**9 + value.nanoseconds
        return ns if -2**63 < ns < 2**63 else None
    if value.code == 0 and len(value.data) == 8:
        seconds, fraction = struct.unpack(">II", value.data)
        return seconds * 10**9 + fraction if fraction < 10**9 else None
    return None


def readable(data):
    """Text that an output of JSON makes of bytes."""
    return data.decode("utf-8", "replace")


def as_json(value):
    """What a JSON output writes of a value, and whether the event is flagged because something in it is not what came."""
    msgpack = messagepack()
    if isinstance(value, Pairs):
        odd = False
        members = {}
        for name, member in value:
            text, is_odd_name = as_json(name)
            members[name_of(name, text)], is_odd = as_json(member)
            odd = odd or is_odd or is_odd_name
        return members, odd
    if isinstance(value, list):
        items = [as_json(item) for item in value]
        return [item for item, _ in items], any(is_odd for _, is_odd in items)
    if isinstance(value, str):
        return readable(value.encode("utf-8", "surrogateescape")), False
    if isinstance(value, bytes):
        return readable(value), False
    if isinstance(value, float) and value - value != 0:
        return ("NaN" if value != value else "Infinity" if value > 0 else "-Infinity"), True
    if isinstance(value, (msgpack.ExtType, msgpack.Timestamp)):
        ns = extension_time(value)
        if ns is not None:
            return text_of_time(ns), False
        # Only the form of 12 bytes says times that 64 bits of nanoseconds do not hold.
        data = struct.pack(">Iq", value.nanoseconds, value.seconds) if isinstance(value, msgpack.Timestamp) else value.data
        return base64.b64encode(data).decode(), True
    return value, False


def name_of(name, text):
    """The name that a map's key of any type becomes."""
    if isinstance(name, (str, bytes)):
        return text
    if name is None:
        return "null"
    if isinstance(name, bool):
        return "true" if name else "false"
    return text_of_float(text) if isinstance(text, float) else str(text)


def text_of_float(value):
    """A double as Sluice prints it: the fewest digits that read back, and as a float."""
    texts = (f"{value:.{digits}g}" for digits in range(1 if abs(value) < 2.2250738585072014e-308 else 15, 18))
    text = next(text for text in texts if float(text) == value).replace("e-0", "e-").replace("e+0", "e+")
    return text if set(text) & set(".e") else text + ".0"


def as_packed(value):
    """What a `forward` output sends of a value that came as MessagePack."""
    msgpack = messagepack()
    if isinstance(value, Pairs):
        return Pairs((name_of(name, as_packed(name)), as_packed(member)) for name, member in value)
    if isinstance(value, list):
        return [as_packed(item) for item in value]
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogateescape")
        return value if data.decode("utf-8", "ignore").encode() == data else data
    if isinstance(value, bytes):
        with contextlib.suppress(UnicodeDecodeError):
            return value.decode()
        return value
    if isinstance(value, (float, msgpack.ExtType, msgpack.Timestamp)):
        return as_json(value)[0]
    return value


# -- values by chance --------------------------------------------------------------------------------------------------


class Chance:
    """Random values as MessagePack, also in forms that are longer than need be, as python3-msgpack would never write them."""

    LENGTHS = [0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257]
    LONG = [65535, 65536]
    INTEGERS = sorted({sign * (1 << bits) + more for bits in (0, 4, 5, 7, 8, 15, 16, 31, 32, 53, 63) for sign in (1, -1)
                       for more in (-1, 0, 1)} | {(1 << 64) - 1, (1 << 64) - 2})
    FLOATS = [0.0, -0.0, 1.0, -1.5, 0.1, 1e-7, 1e15, 1e16, 1e17, 1e22, 123456789.125, 5e-324, 2.2250738585072014e-308,
              1.7976931348623157e308, float("inf"), float("-inf"), float("nan"), 3.141592653589793, 2.0**53, -2.0**63, 2.0**64]

    def __init__(self, seed):
        self.random = random.Random(seed)

    def length(self):
        return self.random.choice(self.LENGTHS) if self.random.random() < 0.998 else self.random.choice(self.LONG)

    def integer(self):
        value = self.random.choice(self.INTEGERS) if self.random.random() < 0.8 else self.random.randrange(-(1 << 63), 1 << 64)
        value = max(-(1 << 63), min((1 << 64) - 1, value))
        forms = [form for form, low, high in (("cc", 0, 8), ("cd", 0, 16), ("ce", 0, 32), ("cf", 0, 64)) if 0 <= value < 1 << high]
        forms += [form for form, bits in (("d0", 8), ("d1", 16), ("d2", 32), ("d3", 64)) if -(1 << bits - 1) <= value < 1 << bits - 1]
        if -32 <= value < 128:
            return struct.pack("b", value)
        form = self.random.choice(forms)
        return bytes.fromhex(form) + value.to_bytes(1 << int(form[1], 16) % 4, "big", signed=form[0] == "d")

    def floating(self):
        if self.random.random() < 0.3:
            return b"\xca" + self.random.randbytes(4)
        value = self.random.choice(self.FLOATS) if self.random.random() < 0.6 else struct.unpack(">d", self.random.randbytes(8))[0]
        return b"\xcb" + struct.pack(">d", value)

    def head(self, length, forms):
        """A head of any form that can say the length: `forms` are (first byte, bits), the first one the length's own bits in that byte."""
        first, bits = self.random.choice([(first, bits) for first, bits in forms if length < 1 << bits])
        if bits < 8:
            return bytes([first | length])
        return bytes([first]) + length.to_bytes(bits // 8, "big")

    def characters(self, length):
        """So many bytes of text, whole characters or not."""
        manner = self.random.random()
        if manner < 0.5:
            return bytes(self.random.choices(b"abcdefghijklmnopqrstuvwxyzABC 0123456789{}[]:,/._-", k=length))
        if manner < 0.7:
            return "".join(self.random.choices("\"\\\n\0\x1f\x7fa\u00e9\u2028\ufffd\U0001f600", k=length)).encode()
        if manner < 0.85:
            text = "".join(map(chr, self.random.choices(range(0x20, 0xD800), k=length // 3 + 1)))
            return text.encode()
        pieces = [b"\xff", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"ok", b"\x80",
                  b"\xc3\xa9"]
        return b"".join(self.random.choices(pieces, k=length // 2 + 1))

    def text(self, data=None):
        data = self.characters(self.length()) if data is None else data
        return self.head(len(data), [(0xA0, 5), (0xD9, 8), (0xDA, 16), (0xDB, 32)]) + data

    def binary(self):
        data = self.random.randbytes(self.length()) if self.random.random() < 0.5 else self.characters(self.length())
        return self.head(len(data), [(0xC4, 8), (0xC5, 16), (0xC6, 32)]) + data

    def extension(self):
        manner = self.random.random()
        fraction = self.random.choice([0, 1, 999_999_999, 500_000_000, 120_000, self.random.randrange(10**9)])
        seconds = self.random.choice([0, 1, 1_700_000_000, (1 << 31) - 1, 1 << 31, (1 << 32) - 1])
        if manner < 0.4:
            return self.random.choice([b"\xd7\0", b"\xc7\x08\0"]) + struct.pack(">II", seconds, fraction)
        if manner < 0.5:
            return b"\xd6\xff" + struct.pack(">I", seconds)
        if manner < 0.6:
            return b"\xd7\xff" + struct.pack(">Q", fraction << 34 | seconds)
        if manner < 0.7:
            far = self.random.choice([-1, -(1 << 33), 1 << 33, 9_223_372_036, 9_223_372_037, -9_223_372_037, 1 << 40, -(1 << 62)])
            return b"\xc7\x0c\xff" + struct.pack(">Iq", fraction, far)
        data = self.random.randbytes(self.random.choice([1, 2, 4, 8, 16, 3, 0, 5, 200, 300]))
        fixed = {1: 0xD4, 2: 0xD5, 4: 0xD6, 8: 0xD7, 16: 0xD8}
        kind = bytes([self.random.choice([1, 5, 42, 127])])
        if len(data) in fixed and self.random.random() < 0.5:
            return bytes([fixed[len(data)]]) + kind + data
        return self.head(len(data), [(0xC7, 8), (0xC8, 16), (0xC9, 32)]) + kind + data

    def scalar(self):
        makers = [self.integer, self.integer, self.floating, self.text, self.text, self.binary, self.extension,
                  lambda: self.random.choice([b"\xc0", b"\xc2", b"\xc3"])]
        return self.random.choice(makers)()

    def name(self):
        """A map's key: mostly text, one of many; also other scalars."""
        if self.random.random() < 0.9:
            word = self.random.choice(["field", "a.b ", "n\u00e4me", "x" * 40])
            return self.text(f"{word}{self.random.randrange(20_000)}".encode())
        return self.scalar()

    def value(self, depth=0):
        if depth < 6 and self.random.random() < 0.25:
            return self.map(depth + 1) if self.random.random() < 0.5 else self.array(depth + 1)
        return self.scalar()

    def count(self, depth):
        return self.random.choice([0, 1, 2, 3, 15, 16, 17]) if depth < 2 or self.random.random() < 0.02 else self.random.randrange(4)

    def array(self, depth):
        count = self.count(depth)
        return self.head(count, [(0x90, 4), (0xDC, 16), (0xDD, 32)]) + b"".join(self.value(depth) for _ in range(count))

    def map(self, depth=1, names=None):
        count = self.count(depth)
        members = {}
        while len(members) < count:
            name = self.name()
            members.setdefault(name_of(unpack(name), as_json(unpack(name))[0]), name + self.value(depth))
        members.pop("timestamp", None)
        return self.head(len(members), [(0x80, 4), (0xDE, 16), (0xDF, 32)]) + b"".join(members.values())
