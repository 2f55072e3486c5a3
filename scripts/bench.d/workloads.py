"""The workloads: inputs, outputs, how Sluice runs them, and the figures to reach."""

import dataclasses
import os
import socket

import feeds
import measure

HERE = os.path.dirname(os.path.abspath(__file__))


@dataclasses.dataclass
class Figure:
    """A figure to reach: peer ÷ Sluice at least this much, or at most this much when there is no peer."""

    first: float
    second: float

    def text(self, value, at_least=True):
        """The two columns, each with whether it is reached."""
        sign = "≥" if at_least else "≤"
        reached = [value >= figure if at_least else value <= figure for figure in (self.first, self.second)]
        return [f"{sign} {figure:g} {'yes' if yes else 'no'}" for figure, yes in zip((self.first, self.second), reached)]


@dataclasses.dataclass
class Workload:
    """One workload; `figures` by peer, `expected` lines by output from the manifest's counts."""

    name: str
    title: str
    input: str
    sluice: list  # arguments of `sluice filter`
    expected: callable
    routes: tuple = ("stdout",)  # names of the outputs
    verified_as: str = None  # the workload whose rule says what is right, when not its own
    peers: dict = dataclasses.field(default_factory=dict)  # peer -> Figure or None
    cpu: Figure = None  # CPU seconds per million events
    anonymous: Figure = None  # MiB
    service: str = None  # configuration of `sluice run`, in place of the filter
    comes_by: str = "file"  # what carries the input to a daemon: `file`, `tcp`, or `udp`
    rate: int = None  # datagrams a second
    compared_with: str = None  # the workload of the filter that does the same
    share_max: float = None  # the most that its CPU may be of the filter's

    def outputs(self, folder):
        """Output files by name; the only output of a workload without routes is `stdout`."""
        return {name: os.path.join(folder, (self.name if name == "stdout" else name) + ".json") for name in self.routes}

    def sluice_command(self, program, source, folder):
        """Sluice as the filter: files in, files out; or as the service that is sent the lines."""
        outputs = self.outputs(folder)
        if self.service:
            return self.service_command(program, source, folder)
        arguments = [argument.format(rules=os.path.join(HERE, "rules"), **outputs) for argument in self.sluice]
        return measure.Command([program, "filter", *arguments, source], outputs, folder=folder,
                               stdout=outputs.get("stdout", os.path.join(folder, "stdout")))

    def service_command(self, program, source, folder):
        """Sluice as the service, from an empty data folder. What it has counted is asked for in the end."""
        data, outputs, feed = measure.fresh(folder, "data"), self.outputs(folder), self.feed(source, folder)
        configuration = os.path.join(folder, "sluice.yaml")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(self.service.format(
                source=source, port=feed.port if feed else None, data=data, rules=os.path.join(HERE, "rules"), **outputs))
        return measure.Command([program, "run", "-c", configuration], outputs, folder=folder, daemon=True, feed=feed,
                               question=[program, "status", "-c", configuration, "--format", "json"])

    def feed(self, source, folder):
        """What sends the input to a daemon; None when it reads the file."""
        if self.comes_by == "tcp":
            return feeds.ConnectionFeed(feeds.free_port(), source)
        if self.comes_by == "udp":
            return feeds.DatagramFeed(feeds.free_port(socket.SOCK_DGRAM), source, measure.count_lines(source), self.rate, folder)
        return None


ROUTES = ("auth", "errors", "main")
ROUTE_ARGUMENTS = ["-f", "rfc3164", "-o", "json", "--to", "auth={auth}", "--to", "errors={errors}", "--to", "main={main}"]
# Both programs listen on both sockets and may have 16 MiB of datagrams in the kernel.
RECEIVER = """data_dir: {data}
inputs:
  net: {{ type: syslog, listen: ["tcp://127.0.0.1:{port}", "udp://127.0.0.1:{port}"], format: rfc3164, receive_buffer: 16MiB }}
outputs:
  main: {{ type: file, path: {stdout} }}
"""
ROUTER = """data_dir: {data}
inputs:
  log: {{ type: file, include: ["{source}"], format: rfc3164 }}
rules: ["{rules}/w2.lua"]
outputs:
  auth: {{ type: file, path: {auth} }}
  errors: {{ type: file, path: {errors} }}
  main: {{ type: file, path: {main} }}
default_outputs: [main]
"""
RECORDER = """data_dir: {data}
inputs:
  log: {{ type: file, include: ["{source}"], format: json }}
rules: ["{rules}/w3.lua"]
outputs:
  main: {{ type: file, path: {stdout} }}
"""
WORKLOADS = [
    Workload(
        "w1", "parse: RFC 3164 to JSON lines", "rfc3164.log", ["-f", "rfc3164", "-o", "json"],
        lambda counts: {"stdout": counts["lines"]},
        peers={"syslog-ng": Figure(13, 20), "rsyslog": None}),
    Workload(
        "w2", "route: a typical rule, three outputs", "rfc3164.log", [*ROUTE_ARGUMENTS, "{rules}/w2.lua"],
        lambda counts: {name: counts[name] for name in ROUTES}, routes=ROUTES,
        peers={"rsyslog": Figure(5, 9), "syslog-ng": Figure(7, 13)}, anonymous=Figure(60, 32)),
    Workload(
        "w2-field", "the same with the `field` library", "rfc3164.log", [*ROUTE_ARGUMENTS, "{rules}/w2-field.lua"],
        lambda counts: {name: counts[name] for name in ROUTES}, routes=ROUTES, verified_as="w2"),
    Workload(
        "w2-run", "W2 by the service, from the file to three files", "rfc3164.log", [],
        lambda counts: {name: counts[name] for name in ROUTES}, routes=ROUTES, verified_as="w2", service=ROUTER,
        compared_with="w2", share_max=1.15),
    Workload(
        "w3", "JSON: mask, rename, delete, add", "app.ndjson", ["-f", "json", "-o", "json", "{rules}/w3.lua"],
        lambda counts: {"stdout": counts["lines"] - counts["dropped_debug"]},
        peers={"rsyslog": Figure(8, 15), "syslog-ng": None}),
    Workload(
        "w3-run", "W3 by the service, from file to file", "app.ndjson", [],
        lambda counts: {"stdout": counts["lines"] - counts["dropped_debug"]}, verified_as="w3", service=RECORDER,
        compared_with="w3", share_max=1.15),
    Workload(
        "w4", "network: RFC 3164 over one TCP connection to JSON lines", "rfc3164.log", [],
        lambda counts: {"stdout": counts["lines"]}, verified_as="w1", peers={"rsyslog": Figure(3, 6)}, service=RECEIVER, comes_by="tcp"),
    Workload(
        "w4-udp-200", "the same as 200,000 datagrams a second", "rfc3164.log", [],
        lambda counts: {"stdout": counts["lines"]}, verified_as="w1", peers={"rsyslog": Figure(1, 1)}, service=RECEIVER, comes_by="udp",
        rate=200_000),
    Workload(
        "w4-udp-300", "the same as 300,000 datagrams a second", "rfc3164.log", [],
        lambda counts: {"stdout": counts["lines"]}, verified_as="w1", peers={"rsyslog": Figure(1, 1)}, service=RECEIVER, comes_by="udp",
        rate=300_000),
    Workload(
        "w5", "access log to typed JSON", "access.log", ["-f", "combined", "-o", "json"],
        lambda counts: {"stdout": counts["lines"]}, cpu=Figure(1.0, 0.6)),
]
