#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compares xunmix with other programs: same scan, same start, as many threads, by turns.

Every measurement is a process of its own, `trace` for xunmix (trace.cpp) and peers.py for the
others, with clocks that leave out loading. They take turns, so that a machine that is slow for a
while is slow for all; a ratio is the median of the ratios of the turns. Each figure's last line is

    figure: NUMBER what it is

Use through the launcher, benchmarks/peers/run, which builds `trace` and lets BLAS run at its best.
"""
import argparse
import csv
import dataclasses
import os
import pathlib
import subprocess
import sys
import tempfile

import matplotlib
import numpy as np
import sklearn
import threadpoolctl

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402, after the choice of what draws

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build"

# What is compared: where it runs, and with which arguments.
SKLEARN_CD, SKLEARN_MU = ("scikit-learn", "cd"), ("scikit-learn", "mu")
HYPERSPY = ("HyperSpy", "NMF")
HALS, PLAIN_HALS = ("xunmix", "hals"), ("xunmix", "hals, plain")
SKLEARN_KL, KL = ("scikit-learn", "kl"), ("xunmix", "kl")
SKLEARN_PCA, SKLEARN_SVD = ("scikit-learn", "pca"), ("scikit-learn", "svd")
PCA, SVD = ("xunmix", "pca"), ("xunmix", "svd")
XUNMIX = [HALS] + [("xunmix", name) for name in ("bpp", "als", "multiplicative")]
COMMANDS = {
    SKLEARN_CD: [sys.executable, HERE / "peers.py", "sklearn-cd"],
    SKLEARN_MU: [sys.executable, HERE / "peers.py", "sklearn-mu"],
    HYPERSPY: [sys.executable, HERE / "peers.py", "hyperspy"],
    PLAIN_HALS: ["trace", "--algorithm", "hals", "--plain"],
}
COMMANDS |= {program: [sys.executable, HERE / "peers.py", "sklearn-" + program[1]]
             for program in (SKLEARN_PCA, SKLEARN_SVD, SKLEARN_KL)}  # fmt: skip
COMMANDS |= {program: ["trace", "--algorithm", program[1]] for program in (PCA, SVD, KL)}
COMMANDS |= {program: ["trace", "--algorithm", program[1]] for program in XUNMIX}
COLOURS = {"cd": "C0", "hals": "C0", "mu": "C3", "multiplicative": "C3", "als": "C2", "bpp": "C1"}
STYLES = {"scikit-learn": "--", "xunmix": "-"}


@dataclasses.dataclass
class Run:
    """What one process printed."""

    iterations: np.ndarray
    seconds: np.ndarray  # since the start
    errors: np.ndarray  # |X - C S^T| / |X|; of kl the divergence
    loaded_bytes: int  # resident once the scan is loaded
    peak_bytes: int
    scan_bytes: int

    def per_iteration(self):
        """Median; the first, which meets cold memory, is left out."""
        return float(np.median(np.diff(self.seconds)))

    def extra_bytes(self):
        """Peak memory beyond what there was with the scan loaded."""
        return self.peak_bytes - self.loaded_bytes

    def time_to(self, error):
        """Seconds until the error is at most this; infinity where it never is."""
        there = np.flatnonzero(self.errors <= error)
        return float(self.seconds[there[0]]) if len(there) else np.inf


class Bench:
    """The scan, and how things are run on it."""

    def __init__(self, options):
        self.folder, self.threads, self.turns = options.data, options.threads, options.repetitions
        self.output = options.output
        self.trace = os.environ.get("XUNMIX_TRACE", BUILD / "release/benchmarks/peers/trace")
        self.scan = self.folder / "scan_f32.npy"
        if not self.scan.exists():
            self.make_scan()
        self.output.mkdir(parents=True, exist_ok=True)

    def make_scan(self):
        maker = pathlib.Path(os.environ.get("XUNMIX_DATA", "../shared")) / "benchmark/make_scan.py"
        if not maker.exists():
            sys.exit(f"There is no scan in {self.folder} and no {maker} to make it with; give "
                     "the folder with --data, or where benchmark/make_scan.py is with XUNMIX_DATA")
        print("Making the scan, which takes a minute", file=sys.stderr)
        subprocess.run([sys.executable, maker, "big", self.folder], check=True, stdout=sys.stderr)

    def run(self, program, scan, start, iterations, *more):
        """One factorization in a process of its own. start: a Start."""
        command = [self.trace if part == "trace" else part for part in COMMANDS[program]]
        command += [scan, "--start", start.folder, "--rank", start.rank]
        command += ["--iterations", iterations, *more]
        if program[0] == "xunmix":
            command += ["--threads", self.threads]
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(self.threads))
        # Threads that wait asleep, as those of OpenBLAS do: on a busy machine others would keep
        # from work those that they wait for.
        threads["OMP_WAIT_POLICY"] = "passive"
        process = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True,
                                 env=os.environ | threads)
        if process.returncode != 0:
            sys.exit(f"{program[0]} failed: {' '.join(map(str, command))}")
        lines = [line.split(",") for line in process.stdout.splitlines()]
        table = np.array([line for line in lines if len(line) == 3], dtype=float).reshape(-1, 3)
        sizes = {line[0]: int(line[1]) for line in lines if len(line) == 2}
        return Run(*table.T, **sizes)

    def own_survey(self):
        """Seconds of xunmix's survey of the scan."""
        program = pathlib.Path(self.trace).parents[1] / "figure"
        environment = os.environ | {"XUNMIX_BENCHMARK_DATA": str(self.folder)}
        process = subprocess.run([str(program), "survey"], stdout=subprocess.PIPE, text=True,
                                 env=environment)  # fmt: skip
        if process.returncode != 0:
            sys.exit(f"{program} survey failed")
        return float(process.stdout.split("figure: ")[1].split()[0])

    def take_turns(self, tasks, what, value):
        """tasks: {name: function that returns a Run}. The value of each run, as {name: [...]}."""
        values = {name: [] for name in tasks}
        for _ in range(self.turns):
            for name, task in tasks.items():
                values[name].append(value(task()))
        for name, found in values.items():
            print(f"  {name:32} {what}: median {np.median(found):.4f}, "
                  f"from {min(found):.4f} to {max(found):.4f}", flush=True)
        return values


@dataclasses.dataclass
class Start:
    """A folder with start_maps.npy (n, k) and start_components.npy (k, m)."""

    folder: pathlib.Path
    rank: int

    @classmethod
    def of(cls, bench, scan, rank, seed, keep):
        """The scan's own where it has one; else made in the folder `keep`, as scikit-learn's
        NMF(init="random", random_state=seed) draws it."""
        if seed == 0 and rank == 7 and scan == bench.scan:
            return cls(bench.folder, rank)
        x = np.load(scan, mmap_mode="r")
        n, m = x.shape[0] * x.shape[1], x.shape[2] * x.shape[3]
        rng = np.random.RandomState(seed)
        scale = np.sqrt(x.mean(dtype=np.float64) / rank)
        folder = pathlib.Path(tempfile.mkdtemp(dir=keep))
        for name, shape in ("components", (rank, m)), ("maps", (n, rank)):
            values = np.abs(scale * rng.standard_normal(shape)).astype(np.float32)
            np.save(folder / f"start_{name}.npy", values)
        return cls(folder, rank)


def ratio(values, above, below):
    """Median over the turns."""
    return float(np.median(np.divide(values[above], values[below])))


def figure(number, text):
    print(f"figure: {number:.3g} {text}", flush=True)


# --- The figures ----------------------------------------------------------------------------------


def iteration(bench, options):
    """Seconds of an iteration, scikit-learn's cd over xunmix's hals."""
    with tempfile.TemporaryDirectory() as keep:
        start = Start.of(bench, bench.scan, options.rank, 0, keep)
        values = bench.take_turns(
            {
                "scikit-learn cd": lambda: bench.run(SKLEARN_CD, bench.scan, start, 7),
                "xunmix hals": lambda: bench.run(HALS, bench.scan, start, 15),
                "xunmix hals, plain": lambda: bench.run(PLAIN_HALS, bench.scan, start, 15),
            },
            "seconds per iteration", Run.per_iteration,
        )  # fmt: skip
    plain = ratio(values, "scikit-learn cd", "xunmix hals, plain")
    figure(ratio(values, "scikit-learn cd", "xunmix hals"),
           f"scikit-learn cd's seconds per iteration over xunmix hals', rank {options.rank} "
           f"({plain:.3g} over those of plain hals, which takes the same steps)")


def pca(bench, options):
    """Seconds of a randomized PCA to rank 20, and of one that is not centred, scikit-learn's over
    xunmix's, which leaves no larger error."""
    start, errors = Start(bench.folder, 20), {}

    def run(program):
        run = bench.run(program, bench.scan, start, 3)
        errors[" ".join(program)] = run.errors[-1]
        return run

    values = bench.take_turns({" ".join(program): lambda program=program: run(program)
                               for program in (SKLEARN_PCA, PCA, SKLEARN_SVD, SVD)},
                              "seconds", Run.per_iteration)  # fmt: skip
    for kind in "pca", "svd":
        theirs, ours = errors["scikit-learn " + kind], errors["xunmix " + kind]
        print(f"  {kind}: error {theirs:.5f} by scikit-learn, {ours:.5f} by xunmix")
        if ours > 1.001 * theirs:
            sys.exit("xunmix's is larger: the seconds cannot be compared")
    svd = ratio(values, "scikit-learn svd", "xunmix svd")
    figure(ratio(values, "scikit-learn pca", "xunmix pca"),
           "scikit-learn's seconds of a randomized PCA to rank 20 over xunmix's "
           f"({svd:.3g} not centred: TruncatedSVD)")


def make_counts(path, shape, rank):
    """Poisson counts, 5 on the mean, of a planted model; float32, seeded."""
    rng = np.random.default_rng(5)
    maps = rng.gamma(0.5, size=(shape[0] * shape[1], rank))
    components = rng.gamma(0.5, size=(rank, shape[2] * shape[3]))
    maps *= 5 / (maps.mean(axis=0) @ components.mean(axis=1))
    counts = np.empty((len(maps), components.shape[1]), np.float32)
    for i in range(0, len(maps), 64):
        counts[i : i + 64] = rng.poisson(maps[i : i + 64] @ components)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, counts.reshape(shape))


def kl(bench, options):
    """Kullback-Leibler by multiplicative updates from a common start, scikit-learn over xunmix:
    seconds per iteration, extra memory, and how far the divergences are apart on the way."""
    rank, points = 8, (1, 5, 20, 100)
    scan = bench.folder / f"counts_{'x'.join(map(str, options.shape))}.npy"
    if not scan.exists():
        make_counts(scan, options.shape, rank)
    runs, memory = {"scikit-learn kl": SKLEARN_KL, "xunmix kl": KL}, {}

    def timed(name, start):
        run = bench.run(runs[name], scan, start, 8)
        memory.setdefault(name, []).append(run.extra_bytes())
        return run

    with tempfile.TemporaryDirectory() as keep:
        start = Start.of(bench, scan, rank, 1, keep)
        theirs = bench.run(SKLEARN_KL, scan, start, points[-1], "--errors", *points)
        ours = bench.run(KL, scan, start, points[-1])
        values = bench.take_turns({name: lambda name=name: timed(name, start) for name in runs},
                                  "seconds per iteration", Run.per_iteration)  # fmt: skip
    apart = {t: abs(ours.errors[t - 1] / theirs.errors[t - 1] - 1) for t in points}
    for t, difference in apart.items():
        print(f"  iteration {t}: divergence {theirs.errors[t - 1]:.8g} by scikit-learn, "
              f"{ours.errors[t - 1]:.8g} by xunmix, relative difference {difference:.1e}")
    for name, extra in memory.items():
        print(f"  {name:32} extra memory: median {np.median(extra) / 1e6:.1f} MB "
              f"(the scan {ours.scan_bytes / 1e6:.0f} MB)")
    share = np.median(memory["xunmix kl"]) / np.median(memory["scikit-learn kl"])
    figure(ratio(values, "scikit-learn kl", "xunmix kl"),
           f"scikit-learn's seconds per iteration over xunmix's, {bench.threads} threads; "
           f"divergences within {max(apart.values()):.1e}; extra memory {share:.3f} of its")


def time_to_error(bench, options):
    """Seconds to a relative error from the common start, scikit-learn's cd over xunmix."""
    start = Start(bench.folder, 7)
    program = ("xunmix", options.algorithm)
    until = ["--until", options.error]
    # Which iteration is there, then runs of so many that compute no errors.
    found = bench.run(SKLEARN_CD, bench.scan, start, options.iterations, *until)
    ours = bench.run(program, bench.scan, start, options.iterations, *until)
    for name, there in ("scikit-learn cd", found), (f"xunmix {options.algorithm}", ours):
        if there.errors[-1] > options.error:
            sys.exit(f"{name} is at {there.errors[-1]} after {options.iterations} iterations, and "
                     f"not at {options.error}; give another --error or more --iterations")
        print(f"  {name:32} iteration {len(there.errors)}: {there.errors[-1]:.6f}")
    values = bench.take_turns(
        {
            "scikit-learn cd": lambda: bench.run(SKLEARN_CD, bench.scan, start, len(found.errors)),
            "xunmix": lambda: bench.run(program, bench.scan, start, len(ours.errors)),
        },
        "seconds", lambda run: run.seconds[-1],
    )  # fmt: skip
    figure(ratio(values, "scikit-learn cd", "xunmix"),
           f"scikit-learn cd's seconds to the relative error {options.error:g} over xunmix "
           f"{options.algorithm}'s, rank 7")


SURVEY = {"ranks": range(2, 16), "starts": 20, "iterations": 100}


def survey(bench, options):
    """Uesugi's whole survey, wall time: scikit-learn's cd over xunmix. scikit-learn's is the sum of
    20 starts x 100 iterations at ranks 2 to 15, each rank's seconds per iteration on the straight
    line through those measured at ranks 2, 7 and 15; xunmix runs all of it."""
    measured, ratios = (2, 7, 15), []
    with tempfile.TemporaryDirectory() as keep:
        starts = [Start.of(bench, bench.scan, rank, 0, keep) for rank in measured]
        for _ in range(bench.turns):
            theirs = [bench.run(SKLEARN_CD, bench.scan, s, 5).per_iteration() for s in starts]
            slope, offset = np.polyfit(measured, theirs, 1)
            sweep = sum(offset + slope * rank for rank in SURVEY["ranks"])
            total = SURVEY["starts"] * SURVEY["iterations"] * sweep
            ours = bench.own_survey()
            ratios.append(total / ours)
            per_rank = ", ".join(f"rank {k}: {s:.3f}" for k, s in zip(measured, theirs))
            print(f"  scikit-learn's seconds per iteration at {per_rank}; {total:.0f} s for all; "
                  f"xunmix {ours:.1f} s", flush=True)  # fmt: skip
    figure(np.median(ratios), "scikit-learn cd's seconds for the survey, from measured iterations, "
           "over xunmix's")  # fmt: skip


MEMORY = {
    "xunmix-float32": (HALS, "scan_f32.npy"),
    "xunmix-uint16": (HALS, "scan_u16.npy"),
    "sklearn-float32": (SKLEARN_CD, "scan_f32.npy"),
    "sklearn-uint16": (SKLEARN_CD, "scan_u16.npy"),
    "hyperspy-float32": (HYPERSPY, "scan_f32.npy"),
}


def memory(bench, options):
    """Peak memory of a process that loads the scan and factorizes it, over the scan's size."""
    values = {}
    for name in options.of or MEMORY:
        program, scan = MEMORY[name]
        run = bench.run(program, bench.folder / scan, Start(bench.folder, 7), 3)
        values[name] = run.peak_bytes / run.scan_bytes
        print(f"  {name:32} {run.peak_bytes / 1e6:.0f} MB, the scan {run.scan_bytes / 1e6:.0f} MB: "
              f"{values[name]:.3f}", flush=True)  # fmt: skip
    (first, number), *others = values.items()
    rest = "; ".join(f"{name} {value:.3g}" for name, value in others)
    figure(number, f"peak memory over the scan's size, {first}" + (rest and f"; {rest}"))


def write_csv(path, rows):
    """rows: dicts with the same keys."""
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"  {path}")


def curves(bench, options):
    """Error against time of every algorithm from several starts: curves.csv, curves.png."""
    programs = [SKLEARN_CD, SKLEARN_MU, *XUNMIX]
    runs = {program: [] for program in programs}
    with tempfile.TemporaryDirectory() as keep:
        for seed in range(options.starts):
            start = Start.of(bench, bench.scan, 7, seed, keep)
            for program in programs:
                more = ["--errors"] if program[0] == "scikit-learn" else []
                run = bench.run(program, bench.scan, start, options.iterations, *more)
                runs[program].append(run)
                print(f"  start {seed}, {' '.join(program)}: {run.errors[-1]:.6f} after "
                      f"{run.seconds[-1]:.2f} s", flush=True)  # fmt: skip
    keys = ("program", "algorithm", "start", "iteration", "seconds", "relative_error")
    rows = [
        dict(zip(keys, (*program, seed, int(number), seconds, error)))
        for program in programs
        for seed, run in enumerate(runs[program])
        for number, seconds, error in zip(run.iterations, run.seconds, run.errors)
    ]
    write_csv(bench.output / "curves.csv", rows)
    draw_curves(bench, runs)
    ratios = []
    for theirs, ours in zip(runs[SKLEARN_CD], runs[HALS]):
        both = max(theirs.errors.min(), ours.errors.min())
        ratios.append(theirs.time_to(both) / ours.time_to(both))
    figure(np.median(ratios), "scikit-learn cd's seconds over xunmix hals' to the lowest error "
           f"that both reach, median over {options.starts} starts")  # fmt: skip


def growth(bench, options):
    """Seconds per iteration and peak memory against positions, channels and rank: growth.csv,
    growth.png."""
    shape = np.load(bench.scan, mmap_mode="r").shape
    places, pixels = shape[0] * shape[1], shape[2] * shape[3]
    cases = [("positions", shape[0] // part, shape[2], 7) for part in (8, 4, 2)]
    cases += [("channels", shape[0], shape[2] // part, 7) for part in (8, 4, 2)]
    cases += [("rank", shape[0], shape[2], rank) for rank in (2, 4, 10, 15, 20, 30)]
    cases += [("all", shape[0], shape[2], 7)]
    rows = []
    for varied, lines, side, rank in cases:
        for program, runs in measure_case(bench, lines, side, rank).items():
            rows.append(
                {"program": program[0], "algorithm": program[1], "varied": varied,
                 "positions": lines * shape[1], "channels": side * side, "rank": rank,
                 "seconds_per_iteration": float(np.median([r.per_iteration() for r in runs])),
                 "peak_bytes": int(np.median([r.peak_bytes for r in runs])),
                 "scan_bytes": runs[0].scan_bytes}
            )  # fmt: skip
            print("  " + ", ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    write_csv(bench.output / "growth.csv", rows)
    draw_growth(bench, rows)
    powers = [fitted_power(select(rows, program, "positions")) for program in (HALS, SKLEARN_CD)]
    figure(powers[0], "power of the positions with which xunmix hals' seconds per iteration grow, "
           f"up to {places} positions of {pixels} channels (scikit-learn cd: {powers[1]:.3g})")


def measure_case(bench, lines, side, rank):
    """{program: [Run]} on the first lines of positions and the central square of the detector."""
    x = np.load(bench.scan, mmap_mode="r")
    with tempfile.TemporaryDirectory(dir=bench.output) as keep:
        scan = bench.scan
        if (lines, side) != (x.shape[0], x.shape[2]):
            scan = pathlib.Path(keep) / "scan.npy"
            v, u = (x.shape[2] - side) // 2, (x.shape[3] - side) // 2
            np.save(scan, x[:lines, :, v : v + side, u : u + side])
        start = Start.of(bench, scan, rank, 0, keep)
        runs = {SKLEARN_CD: [], HALS: []}
        for _ in range(bench.turns):
            for program, found in runs.items():
                found.append(bench.run(program, scan, start, 8))
    return runs


def select(rows, program, varied):
    """The rows in which only that differs, as it grows."""
    found = [r for r in rows if r["algorithm"] == program[1] and r["varied"] in (varied, "all")]
    return varied, sorted(found, key=lambda r: r[varied])


def fitted_power(selection):
    varied, rows = selection
    x, y = ([r[key] for r in rows] for key in (varied, "seconds_per_iteration"))
    return np.polyfit(np.log(x), np.log(y), 1)[0]


# --- Pictures -------------------------------------------------------------------------------------


def plain_numbers(axis, values):
    """Ticks at these values, written as plain numbers."""
    axis.set_major_locator(matplotlib.ticker.FixedLocator(values))
    axis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda x, _: f"{x:g}"))
    axis.set_minor_formatter(matplotlib.ticker.NullFormatter())


def draw_curves(bench, runs):
    fig, ax = plt.subplots(figsize=(8, 5.5), layout="constrained")
    for program, found in runs.items():
        for seed, run in enumerate(found):
            ax.loglog(run.seconds, run.errors, STYLES[program[0]], color=COLOURS[program[1]],
                      linewidth=1.2, label=" ".join(program) if seed == 0 else None)  # fmt: skip
    lowest = min(run.errors.min() for found in runs.values() for run in found)
    ax.set_ylim(0.98 * lowest, 1.05)
    ticks = [0.15, 0.18, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1]
    plain_numbers(ax.yaxis, [tick for tick in ticks if tick > 0.98 * lowest])
    ax.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda x, _: f"{x:g}"))
    ax.set_xlabel("seconds, without loading")
    ax.set_ylabel("relative error  |X − C Sᵀ| / |X|")
    shape = " × ".join(map(str, np.load(bench.scan, mmap_mode="r").shape))
    count = len(runs[HALS])
    ax.set_title(f"Scan {shape}, rank 7, {bench.threads} threads; a line for each of {count} "
                 "starts")
    ax.grid(which="both", alpha=0.25)
    ax.legend()
    save(fig, bench.output / "curves.png")


def draw_growth(bench, rows):
    fig, axes = plt.subplots(2, 3, figsize=(11, 6.5), sharey="row", layout="constrained")
    for column, name in enumerate(("positions", "channels", "rank")):
        for program in SKLEARN_CD, HALS:
            varied, found = select(rows, program, name)
            x, label = [r[varied] for r in found], " ".join(program)
            style = {"linestyle": STYLES[program[0]], "marker": "o", "markersize": 4}
            style |= {"label": label, "color": {"cd": "C0", "hals": "C1"}[program[1]]}
            axes[0, column].loglog(x, [r["seconds_per_iteration"] for r in found], **style)
            axes[1, column].loglog(x, [r["peak_bytes"] / 1e6 for r in found], **style)
        scan = [r["scan_bytes"] / 1e6 for r in found]
        axes[1, column].loglog(x, scan, ":", color="0.4", label="the scan alone")
        axes[1, column].set_xlabel(name)
        for ax in axes[:, column]:
            plain_numbers(ax.xaxis, x if name != "rank" else [2, 4, 7, 15, 30])
            ax.grid(which="both", alpha=0.25)
    axes[0, 0].set_ylabel("seconds per iteration")
    axes[1, 0].set_ylabel("peak memory of the process, MB")
    axes[0, 0].legend()
    axes[1, 0].legend()
    full = next(r for r in rows if r["varied"] == "all")
    fig.suptitle(f"{full['positions']} positions, {full['channels']} channels, rank 7 unless "
                 f"varied; float32, {bench.threads} threads")  # fmt: skip
    save(fig, bench.output / "growth.png")


def save(fig, path):
    fig.savefig(path, dpi=130)
    plt.close(fig)
    print(f"  {path}")


# --- The command line -----------------------------------------------------------------------------


def everything(bench, options):
    """All figures, with their defaults."""
    for rank in 7, 20, 30:
        run_figure(bench, "iteration", argparse.Namespace(rank=rank))
    run_figure(bench, "kl", options)
    run_figure(bench, "time-to-error", options)
    run_figure(bench, "survey", options)
    run_figure(bench, "memory", argparse.Namespace(of=None))
    run_figure(bench, "curves", options)
    run_figure(bench, "growth", options)


FIGURES = {"iteration": iteration, "pca": pca, "kl": kl, "time-to-error": time_to_error,
           "survey": survey, "memory": memory, "curves": curves, "growth": growth,
           "all": everything}  # fmt: skip


def run_figure(bench, name, options):
    if name != "all":
        print(f"{name}: {' '.join(FIGURES[name].__doc__.split())}", flush=True)
    FIGURES[name](bench, options)


def print_conditions(bench):
    blas = next((i for i in threadpoolctl.threadpool_info() if i["user_api"] == "blas"), {})
    core = f"{blas.get('internal_api')} {blas.get('version')}, kernels {blas.get('architecture')}"
    print(f"{bench.scan}; {bench.threads} threads; scikit-learn {sklearn.__version__} on {core}")
    if blas.get("internal_api") != "openblas":
        sys.exit("NumPy does not run on OpenBLAS, which is the fast one; install "
                 "libopenblas0-pthread")
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"Others are at work here (load {load:.1f}): trust ratios, and those little")


def read_options():
    common = argparse.ArgumentParser(add_help=False)
    default = pathlib.Path(os.environ.get("XUNMIX_BENCHMARK_DATA", BUILD / "benchmark-data"))
    common.add_argument("--data", type=pathlib.Path, default=default, help="the scan's folder; it "
                        "is made where there is none [$XUNMIX_BENCHMARK_DATA, else "
                        "build/benchmark-data]")  # fmt: skip
    common.add_argument("--output", type=pathlib.Path, default=BUILD / "peers",
                        help="folder for pictures and tables [build/peers]")  # fmt: skip
    common.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    common.add_argument("--repetitions", type=int, default=5)
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="figure", required=True)
    add = {name: commands.add_parser(name, parents=[common], help=function.__doc__)
           for name, function in FIGURES.items()}  # fmt: skip
    add["iteration"].add_argument("--rank", type=int, default=7)
    for name in "kl", "all":
        add[name].add_argument("--shape", type=int, nargs=4, default=(64, 64, 128, 128),
                               help="of the counts [64 64 128 128]")  # fmt: skip
    for name in "time-to-error", "all":
        add[name].add_argument("--error", type=float, default=0.183)
        add[name].add_argument("--algorithm", default="hals", choices=[p[1] for p in XUNMIX])
    add["memory"].add_argument("--of", nargs="+", choices=list(MEMORY),
                               help="the first is the figure")
    for name in "curves", "all":
        add[name].add_argument("--starts", type=int, default=3)
    for name in "time-to-error", "curves", "all":
        add[name].add_argument("--iterations", type=int, default=60, help="at most so many")
    return parser.parse_args()


def main():
    options = read_options()
    bench = Bench(options)
    print_conditions(bench)
    run_figure(bench, options.figure, options)


if __name__ == "__main__":
    main()
