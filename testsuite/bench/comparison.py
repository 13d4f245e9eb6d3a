"""The same works, run in several ways and round after round: medians, spread, and how many times faster one way is."""

import dataclasses
import math
import statistics

import figures


def geometric_mean(values):
    return math.exp(statistics.fmean(map(math.log, values)))


@dataclasses.dataclass
class Comparison:
    title: str
    ways: list
    works: list
    seconds: dict = dataclasses.field(default_factory=dict)  # by (way, work), in the order of the rounds
    instructions: dict = dataclasses.field(default_factory=dict)  # by work; without them the time itself is shown
    goals: list = dataclasses.field(default_factory=list)  # figures.Figure
    short: bool = False  # what it takes is shown in milliseconds

    def add(self, way, work, seconds):
        self.seconds.setdefault((way, work), []).append(seconds)

    def show_part(self, way, part):
        """The part of that way's time is shown behind it; it is no way of its own."""
        if (way, self.works[0]) in self.seconds:
            self.ways = [*self.ways]
            self.ways.insert(self.ways.index(way) + 1, part)

    def has(self, *ways):
        return all(way in self.ways for way in ways)

    def rounds(self):
        return len(next(iter(self.seconds.values())))

    # ---- how many times faster

    def times(self, way, other, work):
        """In each round: the seconds of the other by those of this way."""
        return [theirs / ours for ours, theirs in zip(self.seconds[way, work], self.seconds[other, work])]

    def mean_times(self, way, other, works=None):
        """The geometric mean over works, in each round."""
        by_work = [self.times(way, other, work) for work in works or self.works]
        return [geometric_mean(ratios) for ratios in zip(*by_work)]

    def aim(self, name, way, other, goal, works=None):
        """A goal of the geometric mean over these works, if both ways take part."""
        if self.has(way, other):
            self.goals.append(figures.Figure(name, self.mean_times(way, other, works), "times", goal=goal, at_least=True))

    def aim_of_each(self, name, way, other, goal):
        """A goal of every work: judged by that which is farthest from it."""
        if self.has(way, other):
            worst = min(self.works, key=lambda work: statistics.median(self.times(way, other, work)))
            below = [f"{work} {statistics.median(self.times(way, other, work)):.2f}" for work in self.works
                     if statistics.median(self.times(way, other, work)) < goal]
            self.goals.append(figures.Figure(f"{name} ({worst})", self.times(way, other, worst), "times", goal=goal, at_least=True,
                                             note=f"below it: {', '.join(below)}" if below else ""))

    # ---- tables

    def unit(self):
        if self.instructions:
            return "MIPS, by CPU time"
        return "milliseconds of CPU time" if self.short else "seconds of CPU time"

    def value(self, work, seconds):
        if self.instructions:
            return self.instructions[work] / seconds / 1e6
        return 1e3 * seconds if self.short else seconds

    def shown(self, value):
        return f"{value:.0f}" if self.instructions else f"{value:.1f}" if self.short else f"{value:.2f}"

    def cell(self, way, work):
        """Median, and half of what lies between the best and the worst round, in percent."""
        values = [self.value(work, seconds) for seconds in self.seconds[way, work]]
        middle = statistics.median(values)
        spread = f" ±{50 * (max(values) - min(values)) / middle:.0f}%" if len(values) > 1 else ""
        return self.shown(middle) + spread

    def rows(self, judged, peers):
        """Headings first; behind the ways the judged way's ratio to each of the peers."""
        peers = [peer for peer in peers if self.has(judged, peer)]
        count = ["instructions"] if self.instructions else []
        table = [["", *count, *self.ways, *(f"{judged} / {peer}" for peer in peers)]]
        for work in self.works:
            count = [f"{self.instructions[work]:,}"] if self.instructions else []
            table.append([work, *count, *(self.cell(way, work) for way in self.ways),
                          *(f"{statistics.median(self.times(judged, peer, work)):.2f}" for peer in peers)])
        if len(self.works) > 1:
            table.append(["geometric mean", *([""] if self.instructions else []), *map(self.mean_cell, self.ways),
                          *(f"{statistics.median(self.mean_times(judged, peer)):.2f}" for peer in peers)])
        return table

    def mean_cell(self, way):
        return self.shown(geometric_mean([self.value(work, statistics.median(self.seconds[way, work])) for work in self.works]))

    def as_json(self):
        works = {work: {"instructions": self.instructions.get(work),
                        "seconds": {way: self.seconds[way, work] for way in self.ways},
                        "median_seconds": {way: statistics.median(self.seconds[way, work]) for way in self.ways}}
                 for work in self.works}
        return {"title": self.title, "rounds": self.rounds(), "works": works, "goals": [goal.as_json() for goal in self.goals]}


# ---- how tables are written: rows of texts, the headings first


def as_text(rows):
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(text.ljust(width) if place == 0 else text.rjust(width)
                               for place, (text, width) in enumerate(zip(row, widths))).rstrip() for row in rows)


def as_markdown(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---|" + "--:|" * (len(rows[0]) - 1), *lines[1:]])
