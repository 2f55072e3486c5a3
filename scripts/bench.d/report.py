"""The machine, and the table of medians and ratios."""

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


def rows(workload, lines, measured):
    """Table rows of one workload: Sluice first, then its peers with ratios and the figures to reach."""
    own = median(measured["sluice"], "cpu") if measured.get("sluice") else None
    for program, measurements in measured.items():
        cpu = median(measurements, "cpu")
        all_cpu = [measurement.cpu * 1e6 / lines for measurement in measurements]
        figures, ratio = ["", ""], ""
        if program == "sluice":
            if workload.cpu:
                figures = workload.cpu.text(cpu * 1e6 / lines, at_least=False)
        elif own:
            ratio = f"{cpu / own:.1f}"
            if figure := workload.peers.get(program):
                figures = figure.text(cpu / own)
        yield [
            workload.name.upper(), program, f"{cpu * 1e6 / lines:.2f}", f"{min(all_cpu):.2f}–{max(all_cpu):.2f}",
            f"{median(measurements, 'wall'):.2f}", f"{max(m.resident_peak for m in measurements):.0f}",
            f"{max(m.anonymous_peak for m in measurements):.0f}", ratio, *figures]
    if workload.anonymous and own:
        peak = max(measurement.anonymous_peak for measurement in measured["sluice"])
        yield [workload.name.upper(), "sluice memory", "", "", "", "", f"{peak:.0f}", "", *workload.anonymous.text(peak, at_least=False)]


HEADINGS = ["", "program", "CPU s/M", "range", "wall s", "RSS MiB", "anonymous", "peer ÷ Sluice", "first figure", "second figure"]


def table(all_rows):
    """The rows in aligned columns."""
    lines = [HEADINGS, *all_rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) if column < 2 else cell.rjust(width) for column, (cell, width) in enumerate(zip(line, widths))).rstrip()
        for line in lines)
