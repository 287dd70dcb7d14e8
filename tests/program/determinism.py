#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does unmix write the same numbers whatever the number of threads, its own and those of OpenBLAS?

usage: determinism.py [--program UNMIX]
Every case runs with --threads, OMP_NUM_THREADS and OPENBLAS_NUM_THREADS at 1, 2 and 3. All arrays
and tables (but for the column of seconds) must be the same, byte for byte. Ends with 1 where one is
not.
"""
import argparse
import csv
import hashlib
import itertools
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

ALGORITHMS = ("als", "mals", "mu", "hals", "bpp", "soft_orthogonal", "ard", "ard_mu", "pca")
STARTS = ("uniform", "positions", "vca", "spa", "signal_subspace", "nndsvd", "nndsvda", "nndsvdar")
THREADS = (1, 2, 3)


def scans():
    g = np.random.default_rng(3)
    mixture = lambda n, m: g.random((n, 4)) ** 4 @ g.random((4, m)) ** 4
    return {
        "spectra.npy": g.poisson(8 * mixture(1200, 400)).reshape(30, 40, 400).astype("u2"),
        "patterns.npy": (mixture(600, 1024) + 0.01 * g.random((600, 1024)))
        .reshape(20, 30, 32, 32)
        .astype("f4"),
        "double.npy": (mixture(500, 150) + 0.01 * g.random((500, 150))).reshape(20, 25, 150),
        "wide.npy": g.poisson(5 * mixture(48, 6000)).reshape(6, 8, 6000).astype("u2"),
    }


def cases():
    """Arguments of unmix, the scan first."""
    fit = ("--rank", "5", "--iterations", "12", "--tolerance", "0")
    for scan, algorithm, noise in itertools.product(
        ("spectra.npy", "patterns.npy", "double.npy", "wide.npy"), ALGORITHMS, ("gaussian", "poisson")
    ):
        yield (scan, *(fit if algorithm != "pca" else fit[:2]), "--algorithm", algorithm, "--noise", noise)
    for scan, start in itertools.product(("spectra.npy", "patterns.npy", "double.npy"), STARTS):
        yield (scan, *fit, "--init", start)
    for beta in ("0.5", "1", "1.5"):
        for algorithm in ("mu", "ard_mu"):
            yield ("spectra.npy", *fit, "--algorithm", algorithm, "--beta", beta)
    constrained = (
        ("--maps", "smooth:0.1,non_negative"),
        ("--maps", "resolution_limit:0.4,non_negative"),
        ("--maps", "sum_to_one"),
        ("--components", "sparse:0.1,non_negative"),
    )
    for constraint in constrained:
        yield ("spectra.npy", *fit, *constraint)
    yield ("patterns.npy", *fit, "--components", "no_downward_convex_peak,non_negative")
    yield ("patterns.npy", *fit, "--cluster", "3")
    yield ("spectra.npy", *fit, "--starts", "6")
    yield ("spectra.npy", *fit, "--starts", "6", "--screening", "4")
    yield ("spectra.npy", *fit, "--despike", "7", "--mask-hot")
    for scan in ("spectra.npy", "patterns.npy"):
        yield ("survey", scan, "--ranks", "2:4", "--starts", "4")
        yield ("survey", scan, "--ranks", "2:3", "--starts", "3", "--exact", "--iterations", "20")
    for scan in ("spectra.npy", "double.npy", "wide.npy"):
        yield ("rank", scan, "--ranks", "1:4", "--starts", "3")


def numbers(folder):
    """A digest of every array and table, without times."""
    out = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".npy":
            out[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif path.suffix == ".csv":
            rows = list(csv.reader(path.read_text().splitlines()))
            kept = [i for i, name in enumerate(rows[0]) if "seconds" not in name]
            text = repr([[row[i] for i in kept] for row in rows])
            out[str(path.relative_to(folder))] = hashlib.sha256(text.encode()).hexdigest()
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--program", default=os.path.join(os.environ.get("XUNMIX_EXAMPLES", "."), "unmix"))
    program = os.path.abspath(parser.parse_args().program)
    count, files, different = 0, 0, []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, scan in scans().items():
            np.save(folder / name, scan)
        for case in cases():
            found = []
            for threads in map(str, THREADS):
                environment = dict(os.environ, OMP_NUM_THREADS=threads, OPENBLAS_NUM_THREADS=threads,
                                   OMP_WAIT_POLICY="passive")
                out = folder / f"out-{count}-{threads}"
                command = [program, *case, "--threads", threads, "--no-pictures", "--output", str(out)]
                run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
                if run.returncode:
                    raise SystemExit(f"{' '.join(command)}\n{run.stdout}{run.stderr}")
                found.append(numbers(out))
                subprocess.run(["rm", "-rf", out])
            count += 1
            files += len(found[0])
            if not found[0]:
                different.append(f"{' '.join(case)}: no numbers")
            for threads, other in zip(THREADS[1:], found[1:]):
                names = [n for n in found[0].keys() | other.keys() if found[0].get(n) != other.get(n)]
                if names:
                    different.append(f"{' '.join(case)}: 1 and {threads} threads differ in {sorted(names)}")
    print(f"{count} cases, {files} arrays and tables each: {len(different)} differences")
    print("\n".join(different))
    return bool(different)


if __name__ == "__main__":
    sys.exit(main())
