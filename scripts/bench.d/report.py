"""The machine, and the tables of medians, ratios and losses."""

import dataclasses
import json
import os
import statistics


def machine():
    """Processor, number of CPUs and the load average of the last minute."""
    model = "unknown processor"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{os.cpu_count()} × {model}, load {os.getloadavg()[0]:.2f}"


def median(measurements, name):
    """Median of one value over the rounds."""
    return statistics.median(getattr(measurement, name) for measurement in measurements)


def cost(measurement, lines):
    """CPU seconds per million events: of those that were sent, or of the datagrams that were received."""
    return measurement.cpu * 1e6 / (measurement.datagrams.received or 1 if measurement.datagrams else lines)


def rows(workload, lines, measured):
    """Table rows of one workload: Sluice first, then its peers with ratios and the figures to reach."""
    costs = {program: [cost(each, lines) for each in measurements] for program, measurements in measured.items()}
    medians = {program: statistics.median(each) for program, each in costs.items()}
    own = medians.get("sluice")
    for program, measurements in measured.items():
        figures, ratio = ["", ""], ""
        if program == "sluice":
            if workload.cpu:
                figures = workload.cpu.text(own, at_least=False)
        elif own:
            ratio = f"{medians[program] / own:.1f}"
            if figure := workload.peers.get(program):
                figures = figure.text(medians[program] / own)
        yield [
            workload.name.upper(), program, f"{medians[program]:.2f}", f"{min(costs[program]):.2f}–{max(costs[program]):.2f}",
            f"{median(measurements, 'wall'):.2f}", f"{max(m.resident_peak for m in measurements):.0f}",
            f"{max(m.anonymous_peak for m in measurements):.0f}", ratio, *figures]
    if workload.anonymous and own:
        peak = max(measurement.anonymous_peak for measurement in measured["sluice"])
        yield [workload.name.upper(), "sluice memory", "", "", "", "", f"{peak:.0f}", "", *workload.anonymous.text(peak, at_least=False)]


def share_row(workload, measured):
    """What the service costs beside the filter on the same work."""
    own, filter_runs = (measured.get(name, {}).get("sluice") for name in (workload.name, workload.compared_with))
    if own and filter_runs:
        share = median(own, "cpu") / median(filter_runs, "cpu")
        yield [workload.name.upper(), "service ÷ filter", "", "", "", "", "", f"{share:.2f}",
               f"≤ {workload.share_max:g} {'yes' if share <= workload.share_max else 'no'}", ""]


@dataclasses.dataclass
class Datagrams:
    """What became of the datagrams of one run."""

    sent: int
    rate: int  # a second, as it came about
    received: int  # lines of the outputs
    counted: int = None  # losses that the program itself has counted; None when it was not asked
    fault: str = None

    @classmethod
    def of(cls, feed, result, expected, counts_losses):
        """Of a run; every datagram that Sluice did not write must be among its counted losses."""
        found = cls(feed.sent, feed.rate_reached, sum(result.lines.values()))
        if found.sent != sum(expected.values()):
            found.fault = f"{found.sent} datagrams were sent instead of {sum(expected.values())}"
        elif counts_losses:
            found.counted = json.loads(result.answer)["inputs"][0].get("datagrams_lost", 0)
            if found.sent != found.received + found.counted:
                found.fault = f"of {found.sent} datagrams {found.received} were written and {found.counted} counted as lost"
        return found

    @property
    def lost(self):
        """Datagrams that are not in the outputs."""
        return self.sent - self.received

    @property
    def text(self):
        """One line for the log."""
        return f"{self.sent:,} sent at {self.rate:,}/s, {self.received:,} received, {self.lost:,} lost"


def datagram_rows(workloads, measured):
    """Rows on what became of datagrams, over all rounds."""
    rows = []
    for workload in workloads:
        for program, measurements in measured.get(workload.name, {}).items():
            runs = [measurement.datagrams for measurement in measurements if measurement.datagrams]
            if not runs:
                continue
            counted = f"{sum(run.counted for run in runs):,}" if all(run.counted is not None for run in runs) else ""
            rows.append([
                workload.name.upper(), program, f"{sum(run.sent for run in runs):,}", f"{statistics.median(run.rate for run in runs):,.0f}",
                f"{sum(run.received for run in runs):,}", f"{sum(run.lost for run in runs):,}", counted,
                f"{sum(run.lost == 0 for run in runs)} of {len(runs)}"])
    return rows


DATAGRAM_HEADINGS = ["", "program", "sent", "a second", "received", "lost", "counted by it", "rounds without loss"]
HEADINGS = ["", "program", "CPU s/M", "range", "wall s", "RSS MiB", "anonymous", "peer ÷ Sluice", "first figure", "second figure"]


def table(all_rows, headings=HEADINGS):
    """The rows in aligned columns."""
    lines = [headings, *all_rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    return "\n".join(
        "  ".join(cell.ljust(width) if column < 2 else cell.rjust(width) for column, (cell, width) in enumerate(zip(line, widths))).rstrip()
        for line in lines)
