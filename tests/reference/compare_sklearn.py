#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does xunmix compute what others compute from the same start?

hals            against scikit-learn's NMF(solver="cd", shuffle=False, tol=0)
multiplicative  against scikit-learn's NMF(solver="mu", tol=0)
bpp             against alternating fits by scipy.optimize.nnls, row by row
als             against the nine steps of Uesugi et al. 2021 in NumPy

usage: compare_sklearn.py [--program RUN_REFERENCE] [--folder FOLDER]
RUN_REFERENCE is the compiled run_reference.cpp, by default in the folder $XUNMIX_REFERENCE; FOLDER
keeps the files that are exchanged. Prints two tables, the errors iteration by iteration and the
checks run by run, and ends with 1 where a limit is exceeded.
"""
import argparse
import dataclasses
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from scipy.optimize import nnls
from sklearn.decomposition import non_negative_factorization

SOLVERS = {"hals": "cd", "multiplicative": "mu"}
CHECKPOINTS = {"hals": (1, 5, 20, 100), "multiplicative": (1, 5, 20, 100), "als": (1, 5, 10, 30)}
CHECKPOINTS["bpp"] = CHECKPOINTS["als"]

# Largest relative differences.
ERROR_LIMIT = 1e-4  # |X - C S^T| against the reference
FACTOR_LIMIT = {np.float64: 1e-4, np.float32: 1e-3}  # the last maps and components against its
RISE_LIMIT = 1e-12  # the objective against the previous one; with factors in float its rounding
ROUNDING = 8  # the reported objective against its definition, in units of epsilon |X|^2


@dataclasses.dataclass
class Penalty:
    """scikit-learn's options, and what they are in |X - C S^T|^2 + 2 l1 |F|_1 + l2 |F|^2.

    Its objective is half of that, its weights are multiplied by the size of the other side:
    alpha_W l1_ratio m |W|_1 + alpha_W (1 - l1_ratio) m |W|^2 / 2, and the same with alpha_H and n.
    """

    alpha_maps: float = 0
    alpha_components: float = 0
    l1_ratio: float = 0

    def weights(self, n, m):
        """l1 and l2 of the maps, l1 and l2 of the components."""
        return (
            self.alpha_maps * self.l1_ratio * m,
            self.alpha_maps * (1 - self.l1_ratio) * m,
            self.alpha_components * self.l1_ratio * n,
            self.alpha_components * (1 - self.l1_ratio) * n,
        )


@dataclasses.dataclass
class Case:
    """A scan, its axes that are positions, and a start for it; values that float32 holds."""

    name: str
    scan: np.ndarray
    positions: tuple
    rank: int
    seed: int = 0
    penalty: Penalty = None

    def __post_init__(self):
        channels = [a for a in range(self.scan.ndim) if a not in self.positions]
        self.places = [self.scan.shape[a] for a in self.positions]
        self.channels = [self.scan.shape[a] for a in channels]
        ordered = self.scan.transpose(list(self.positions) + channels)
        self.X = np.ascontiguousarray(ordered.reshape(np.prod(self.places), -1))
        # As scikit-learn's NMF(init="random") draws it.
        rng = np.random.default_rng(self.seed)
        scale = np.sqrt(self.X.mean(dtype=np.float64) / self.rank)
        shape = (sum(self.X.shape), self.rank)
        start = np.abs(scale * rng.standard_normal(shape)).astype(np.float32).astype(np.float64)
        self.C, self.S = np.split(start, [len(self.X)])

    def as_type(self, dtype):
        return dataclasses.replace(self, scan=self.scan.astype(dtype))

    def factor_type(self):
        """What xunmix computes in: counts of 16 bits in float, as they are exact there."""
        return np.float64 if self.scan.dtype == np.float64 else np.float32

    def rounding(self, objective):
        """What the terms of |X|^2 - 2 <X^T C, S> + <C^T C, S^T S> leave uncertain, relatively."""
        squared_norm = np.square(self.X, dtype=np.float64).sum()
        return ROUNDING * np.finfo(self.factor_type()).eps * squared_norm / objective

    def error(self, C, S):
        """|X - C S^T|"""
        return np.linalg.norm(self.X.astype(np.float64) - C.astype(np.float64) @ S.T)

    def objective(self, C, S):
        l1_C, l2_C, l1_S, l2_S = (self.penalty or Penalty()).weights(*self.X.shape)
        penalties = 2 * l1_C * np.abs(C).sum(dtype=np.float64) + l2_C * np.square(C).sum()
        penalties += 2 * l1_S * np.abs(S).sum(dtype=np.float64) + l2_S * np.square(S).sum()
        return self.error(C, S) ** 2 + penalties


# --- Data -----------------------------------------------------------------------------------------


def lattice_pattern(size, rng):
    """Bragg disks on a random lattice under a falling envelope."""
    grid = np.stack(np.mgrid[:size, :size].astype(float), axis=-1) - (size - 1) / 2
    angle = rng.uniform(0, np.pi)
    between = np.deg2rad(rng.choice([60, 75, 90]))
    steps = size * rng.uniform(0.16, 0.24, 2)
    first = steps[0] * np.array([np.cos(angle), np.sin(angle)])
    second = steps[1] * np.array([np.cos(angle + between), np.sin(angle + between)])
    pattern = np.zeros((size, size))
    for i in range(-4, 5):
        for j in range(-4, 5):
            spot = i * first + j * second
            height = np.exp(-(spot @ spot) / (2 * (0.24 * size) ** 2)) * rng.uniform(0.2, 1)
            squared = ((grid - spot) ** 2).sum(axis=-1)
            pattern += height * np.exp(-squared / (2 * (0.03 * size) ** 2))
    return pattern / pattern.sum()


def domain_map(size, rng):
    """An ellipse with a soft edge."""
    y, x = np.mgrid[:size, :size] / size - rng.uniform(0.2, 0.8, (2, 1, 1))
    turn = rng.uniform(0, np.pi)
    u = (x * np.cos(turn) + y * np.sin(turn)) / rng.uniform(0.12, 0.3)
    v = (y * np.cos(turn) - x * np.sin(turn)) / rng.uniform(0.12, 0.3)
    return 1 / (1 + np.exp((np.hypot(u, v) - 1) / 0.1))


def counted_scan(places=20, size=32, domains=6, electrons=3000):
    """4D-STEM: overlapping crystalline domains over a diffuse background, Poisson counts."""
    rng = np.random.default_rng(2022)
    patterns = [lattice_pattern(size, rng) for _ in range(domains)]
    maps = [domain_map(places, rng) for _ in range(domains)]
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    halo = np.exp(-(x**2 + y**2) / (2 * (0.2 * size) ** 2))
    patterns.append(halo / halo.sum())
    maps.append(np.full((places, places), 0.4))
    return rng.poisson(electrons * np.einsum("kyx,kvu->yxvu", maps, patterns)).astype(np.float64)


def planted_scan(n=150, m=120, rank=7):
    """Sparse non-negative factors and a little Gaussian noise, in double and in odd units."""
    rng = np.random.default_rng(7)
    C = np.maximum(rng.standard_normal((n, rank)), 0)
    S = np.maximum(rng.standard_normal((m, rank)), 0) * np.geomspace(1, 10, rank)
    return 1e3 * np.maximum(C @ S.T + 0.05 * rng.standard_normal((n, m)), 0)


def gappy_scan(ny=12, nx=15, energies=200):
    """A spectrum image with few counts; dead positions, dead channels and one hot element."""
    rng = np.random.default_rng(3)
    energy = np.arange(energies)
    centres, widths = rng.uniform(10, energies - 10, (2, 5)), rng.uniform(2, 6, (2, 5, 1))
    lines = np.exp(-((energy - centres[..., None]) ** 2) / (2 * widths**2)).sum(axis=0)
    maps = np.stack([domain_map(max(ny, nx), rng)[:ny, :nx] for _ in lines])
    scan = rng.poisson(0.1 + 4 * np.einsum("kyx,ke->yxe", maps, lines)).astype(np.float64)
    scan[3, 2:9] = scan[11, 14] = 0
    scan[..., :10] = scan[..., 77] = 0
    scan[5, 5, 100] = 900
    return scan


def cases():
    counts, planted, gappy = counted_scan(), planted_scan(), gappy_scan()
    stem = Case("4D-STEM", counts, (0, 1), rank=7)
    yield from (stem.as_type(t) for t in (np.float64, np.float32, np.uint16))
    yield dataclasses.replace(stem, rank=2)
    yield dataclasses.replace(stem, rank=20)
    yield dataclasses.replace(stem, rank=20).as_type(np.uint16)
    last = Case("4D-STEM, positions last", counts.transpose(2, 3, 0, 1).copy(), (2, 3), rank=7)
    yield from (last.as_type(t) for t in (np.float64, np.uint16))
    for rank in (2, 7, 20):
        yield Case("planted", planted, (0,), rank)
    yield Case("planted", planted, (0,), rank=7).as_type(np.float32)
    dead = Case("zero rows and columns", gappy, (0, 1), rank=7)
    yield from (dead.as_type(t) for t in (np.float64, np.float32, np.uint16))
    yield dataclasses.replace(dead, rank=2)
    yield dataclasses.replace(dead, rank=20)
    start = Case("zeros in the start", planted, (0,), rank=7)
    start.C[:, 2] = start.S[::3] = start.C[7] = 0
    yield start


def als_cases():
    """Planted scans have the rank that is asked for: above it clipped least squares is chaotic, a
    start changed in its last digit ends elsewhere within 30 iterations, whoever computes it.
    """
    yield from (case for case in cases() if case.name != "planted")
    for rank in (2, 7, 20):
        yield Case("planted, of that rank", planted_scan(rank=rank), (0,), rank)


def penalised_cases():
    planted, gappy = planted_scan(), gappy_scan()
    for name, penalty in {
        "l1 on maps": Penalty(alpha_maps=20, l1_ratio=1),
        "l1 on components": Penalty(alpha_components=20, l1_ratio=1),
        "l2 on both": Penalty(20, 10, l1_ratio=0),
        "l1 and l2 on both": Penalty(10, 30, l1_ratio=0.3),
        "strong l1 and l2": Penalty(2000, 2000, l1_ratio=0.7),
    }.items():
        yield Case(f"planted, {name}", planted, (0,), rank=7, penalty=penalty)
    mild = Penalty(0.02, 0.01, l1_ratio=0.5)
    dead = Case("zero rows and columns, l1 and l2", gappy, (0, 1), rank=7, penalty=mild)
    yield from (dead.as_type(t) for t in (np.float64, np.float32, np.uint16))


# --- The two sides --------------------------------------------------------------------------------


def by_sklearn(case, algorithm):
    """Yields (iteration, maps, components) at the checkpoints."""
    penalty = case.penalty or Penalty()
    X = case.X if case.X.dtype.kind == "f" else case.X.astype(np.float64)
    W, H = case.C.astype(X.dtype), np.ascontiguousarray(case.S.T, dtype=X.dtype)
    done = 0
    for iteration in CHECKPOINTS[algorithm]:
        # The factors are all there is to go on from; W is changed in place, hence the copies.
        W, H, _ = non_negative_factorization(
            X, W.copy(), H.copy(), case.rank, init="custom", update_H=True,
            solver=SOLVERS[algorithm], shuffle=False, tol=0, max_iter=iteration - done,
            alpha_W=penalty.alpha_maps, alpha_H=penalty.alpha_components,
            l1_ratio=penalty.l1_ratio,
        )  # fmt: skip
        done = iteration
        yield iteration, W, H.T


def clipped_fit(X, F):
    """max(0, argmin |X - F G^T|^2); nothing for columns of zeros."""
    used = F.any(axis=0)
    G = np.zeros((X.shape[1], F.shape[1]))
    G[:, used] = np.linalg.lstsq(F[:, used], X, rcond=None)[0].T
    return np.maximum(G, 0)


def by_nine_steps(case, algorithm):
    """Uesugi et al. 2021: least squares, clipping and components of unit length, in double."""
    X, C = case.X.astype(np.float64), case.C
    for iteration in range(1, max(CHECKPOINTS[algorithm]) + 1):
        S = clipped_fit(X, C)
        length = np.linalg.norm(S, axis=0)
        S = S / np.where(length > 0, length, 1)
        C = clipped_fit(X.T, S)
        if iteration in CHECKPOINTS[algorithm]:
            yield iteration, C, S


def non_negative_fit(X, F):
    """argmin |X - F G^T|^2 for G >= 0."""
    Q, R = np.linalg.qr(F)
    return np.array([nnls(R, column)[0] for column in (Q.T @ X).T])


def by_nnls(case, algorithm):
    """Lawson and Hanson's method for the rows of both factors in turn, maps first, in double."""
    X, S = case.X.astype(np.float64), case.S
    for iteration in range(1, max(CHECKPOINTS[algorithm]) + 1):
        C = non_negative_fit(X.T, S)
        S = non_negative_fit(X, C)
        if iteration in CHECKPOINTS[algorithm]:
            yield iteration, C, S


def by_xunmix(case, algorithm, program, folder):
    """The lines "iteration objective mse" as rows, and the last maps and components."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "scan.npy", case.scan)
    np.save(folder / "start_maps.npy", case.C.T.reshape(-1, *case.places).copy())
    np.save(folder / "start_components.npy", case.S.T.reshape(-1, *case.channels).copy())
    command = [program, folder / "scan.npy", ",".join(map(str, case.positions))]
    command += [folder / "start_maps.npy", folder / "start_components.npy", algorithm]
    command += [str(max(CHECKPOINTS[algorithm])), folder]
    if case.penalty:
        command += [f"{weight:.17g}" for weight in case.penalty.weights(*case.X.shape)]
    # Threads that wait asleep: small scans would be slow on busy machines otherwise.
    environment = os.environ | {"OMP_WAIT_POLICY": "passive"}
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    history = np.array([[float(x) for x in line.split()] for line in run.stdout.splitlines()])
    maps = np.load(folder / "maps.npy").reshape(case.rank, -1).T
    components = np.load(folder / "components.npy").reshape(case.rank, -1).T
    return history, maps, components


# --- The comparison -------------------------------------------------------------------------------


class Tables:
    """Rows of both tables; what is beyond a limit gets a mark."""

    def __init__(self):
        self.errors, self.checks, self.failures = [], [], 0

    def value(self, x, limit):
        beyond = not x <= limit  # NaN is beyond, too
        self.failures += beyond
        return f"{x:.1e}{' !' if beyond else '  '}"

    def print(self):
        headings = "data set", "algorithm", "type", "rank"
        show(headings + ("iteration", "reference", "xunmix", "difference  "), self.errors)
        print()
        show(headings + ("maps  ", "components  ", "rise  ", "report  "), self.checks)


def show(headings, rows):
    widths = [max(map(len, column)) for column in zip(headings, *rows)]
    for row in (headings, ["-" * width for width in widths], *rows):
        cells = [x.ljust(w) if i < 3 else x.rjust(w) for i, (x, w) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())


def relative(x, reference):
    """|x - reference| / |reference|, in double."""
    reference = np.asarray(reference, dtype=np.float64)
    return np.linalg.norm(x - reference) / np.linalg.norm(reference)


def compare(case, algorithm, reference, program, folder, tables):
    kind = case.factor_type()
    title = [case.name, algorithm, str(case.scan.dtype), str(case.rank)]
    history, maps, components = by_xunmix(case, algorithm, program, folder)
    for iteration, C, S in reference(case, algorithm):
        number, _, mse = history[iteration - 1]
        assert number == iteration, f"line {iteration} is of iteration {number:g}"
        wanted, found = case.error(C, S), np.sqrt(mse * case.X.size)
        difference = tables.value(relative(found, wanted), ERROR_LIMIT)
        tables.errors.append(title + [str(iteration), f"{wanted:.8g}", f"{found:.8g}", difference])
    objective = history[:, 1]
    rise = (np.diff(objective) / objective[:-1]).max(initial=0)
    report = relative(objective[-1], case.objective(maps, components))
    rounding = case.rounding(objective[-1])
    may_rise = RISE_LIMIT if kind == np.float64 else rounding
    tables.checks.append(
        title
        + [tables.value(relative(maps, C), FACTOR_LIMIT[kind])]
        + [tables.value(relative(components, S), FACTOR_LIMIT[kind])]
        + [tables.value(rise, may_rise if algorithm != "als" else np.inf)]
        + [tables.value(report, rounding)]
    )


def compare_all(program, folder):
    tables = Tables()
    for number, case in enumerate([*cases(), *penalised_cases()]):
        for algorithm in SOLVERS:
            compare(case, algorithm, by_sklearn, program, folder / f"{number}", tables)
    for number, case in enumerate(cases()):
        compare(case, "bpp", by_nnls, program, folder / f"bpp{number}", tables)
    for number, case in enumerate(als_cases()):
        compare(case, "als", by_nine_steps, program, folder / f"als{number}", tables)
    return tables


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    built = pathlib.Path(os.environ.get("XUNMIX_REFERENCE", "")) / "run_reference"
    parser.add_argument("--program", type=pathlib.Path, default=built, help="run_reference")
    parser.add_argument("--folder", type=pathlib.Path, help="for the files exchanged, kept")
    options = parser.parse_args()
    if not options.program.is_file():
        parser.error(f"there is no program {options.program}; give it with --program")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or pathlib.Path(temporary)
        tables = compare_all(options.program.resolve(), folder)
    tables.print()
    print(f"\n{tables.failures} of the values above are beyond their limits (marked !)")
    return 1 if tables.failures else 0


if __name__ == "__main__":
    sys.exit(main())
