"""A strict reader of the Prometheus text format 0.0.4. What a lenient scraper forgives is a fault here.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""
import re

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
NUMBER = re.compile(r"(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]Inf|NaN)\Z")
HELP = re.compile(r"(?:[^\\\n]|\\[\\n])*\Z")


def parse(text):
    """The values by name and labels: {("name", (("label", "value"), …)): 1.0}. Raises AssertionError at the first fault."""
    assert text.endswith("\n"), "the last line has no end"
    values, kinds, helps, finished = {}, {}, {}, set()
    current = None
    for number, line in enumerate(text[:-1].split("\n"), 1):
        where = f"line {number}: {line!r}"
        assert line and "\r" not in line, where
        if line.startswith("# HELP "):
            name, _, words = line[7:].partition(" ")
            assert NAME.match(name) and words and HELP.match(words), where
            assert name not in helps and name not in kinds, f"{where}: HELP comes twice or behind TYPE"
            helps[name] = words
            finished.add(current)
            current = name
        elif line.startswith("# TYPE "):
            name, _, kind = line[7:].partition(" ")
            assert name == current and name not in kinds, f"{where}: TYPE not behind its HELP"
            assert kind in ("counter", "gauge", "histogram", "summary", "untyped"), where
            kinds[name] = kind
        else:
            assert not line.startswith("#"), where
            name, labels, value = split(line, where)
            assert name == current and name in kinds, f"{where}: not behind its TYPE"
            assert name not in finished, f"{where}: series of one metric are apart"
            key = (name, labels)
            assert key not in values, f"{where}: comes twice"
            values[key] = float(value)
            if kinds[name] == "counter":
                assert name.endswith("_total") and values[key] >= 0, where
    return values


def split(line, where):
    head, _, value = line.rpartition(" ")
    assert NUMBER.match(value), where
    name, brace, rest = head.partition("{")
    assert NAME.match(name), where
    if not brace:
        return name, (), value
    labels, at = [], 0
    while True:
        match = LABEL.match(rest, at)
        assert match, where
        plain = re.sub(r'\\(["\\n])', lambda escape: "\n" if escape[1] == "n" else escape[1], match[2])
        labels.append((match[1], plain))
        at = match.end()
        if rest[at:] == "}":
            break
        assert rest[at:at + 1] == ",", where
        at += 1
    names = [label for label, _ in labels]
    assert len(set(names)) == len(names), where
    return name, tuple(labels), value
