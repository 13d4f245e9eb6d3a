"""What a benchmark has measured, beside what was aimed at and what somebody else's program takes; as a table and as JSON."""

import dataclasses
import statistics

UNITS = {"s": 1, "ms": 1e3, "us": 1e6}


@dataclasses.dataclass
class Figure:
    name: str
    values: list  # in seconds, or plain numbers
    unit: str = ""  # s, ms, us: what seconds are shown in; otherwise what plain numbers count
    goal: float | None = None  # in that unit
    at_least: bool = False  # the goal is a least, not a most
    peer: str = ""  # the same of another program, in words
    share: float = 0.5  # of the values, so many are at most what is judged: the median, or another percentile
    note: str = ""
    cpu: list = dataclasses.field(default_factory=list)  # the same by CPU time, which other load disturbs less

    def shown(self, value):
        return value * UNITS.get(self.unit, 1)

    def judged(self):
        return self.shown(percentile(self.values, self.share))

    def by_cpu(self):
        return self.shown(percentile(self.cpu, self.share)) if self.cpu else None

    def verdict(self):
        if self.goal is None:
            return ""
        met = self.judged() >= self.goal if self.at_least else self.judged() <= self.goal
        return "met" if met else "MISSED"

    def as_json(self):
        low, high = (self.shown(percentile(self.values, share)) for share in (0, 1))
        return {"name": self.name, "unit": self.unit, "value": self.judged(), "percentile": 100 * self.share,
                "goal": self.goal, "goal_is": "at least" if self.at_least else "at most", "verdict": self.verdict(),
                "min": low, "max": high, "count": len(self.values), "by_cpu_time": self.by_cpu(), "peer": self.peer, "note": self.note}


def percentile(values, share):
    """The median is that of the statistics module; any other the smallest value that so many are not above."""
    if share == 0.5:
        return statistics.median(values)
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def number(value):
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


HEADINGS = ("", "measured", "min .. max", "n", "by CPU", "goal", "", "QEMU")


def row(figure):
    return (figure.name, measured(figure), span(figure), str(len(figure.values)), number(figure.by_cpu()) if figure.cpu else "",
            goal(figure), figure.verdict(), figure.peer)


def with_unit(figure, value):
    return number(value) + (f" {figure.unit}" if figure.unit else "")


def measured(figure):
    return with_unit(figure, figure.judged())


def span(figure):
    low, high = (figure.shown(percentile(figure.values, share)) for share in (0, 1))
    return f"{number(low)} .. {number(high)}"


def goal(figure):
    return "" if figure.goal is None else f"{'>=' if figure.at_least else '<='} {with_unit(figure, figure.goal)}"


def print_table(title, figures):
    rows = [HEADINGS, *map(row, figures)]
    widths = [max(len(line[column]) for line in rows) for column in range(len(HEADINGS))]
    print(f"\n{title}\n")
    for line in rows:
        cells = [text.ljust(width) if column in (0, 6, 7) else text.rjust(width)
                 for column, (text, width) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())
    for figure in figures:
        if figure.note:
            print(f"  {figure.name}: {figure.note}")


def goal_rows(figures):
    """The goals alone, with what was measured: headings first."""
    return [("", "measured", "min .. max", "goal", ""),
            *((figure.name, measured(figure), span(figure), goal(figure), figure.verdict()) for figure in figures)]
