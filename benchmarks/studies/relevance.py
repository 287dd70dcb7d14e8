#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""How many components ard keeps of ten, against the dose: draws the rows "diode" of relevance.csv.

usage: relevance.py RELEVANCE.csv PICTURE.png

A dot for each number of components, its area how many seeds keep so many; a line through the means.
"""
import collections
import csv
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402, after the choice of what draws

TRUTH = 3


def read_rows(path):
    """{orthogonality: [(dose, [kept number of each seed])]}"""
    rows = collections.defaultdict(list)
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            if row["scan"] == "diode":
                kept = [int(number) for number in row["kept"].split()]
                rows[float(row["orthogonality"])].append((float(row["dose"]), kept))
    return rows


def draw(rows, path):
    fig, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
    ax.axhline(TRUTH, color="0.6", linewidth=1)
    for place, (orthogonality, found) in enumerate(sorted(rows.items())):
        shift = 1.1 ** (place - (len(rows) - 1) / 2)  # beside each other
        doses = [dose * shift for dose, _ in found]
        means = [sum(kept) / len(kept) for _, kept in found]
        (line,) = ax.semilogx(doses, means, label=f"orthogonality {orthogonality:g}")
        for dose, (_, kept) in zip(doses, found):
            for number, seeds in collections.Counter(kept).items():
                ax.scatter(dose, number, 120 * seeds / len(kept), color=line.get_color(), alpha=0.6)
    ticks = sorted({dose for found in rows.values() for dose, _ in found})
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.yaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
    ax.set_ylim(bottom=0)
    ax.set_xlabel("counts a position")
    ax.set_ylabel("components kept of 10")
    ax.set_title(f"ard on the simulated silicon diode, which has {TRUTH}")
    ax.legend()
    fig.savefig(path, dpi=130)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    rows = read_rows(sys.argv[1])
    if not rows:
        sys.exit(f"there is no row of the diode in {sys.argv[1]}; study_relevance prints them")
    draw(rows, sys.argv[2])


if __name__ == "__main__":
    main()
