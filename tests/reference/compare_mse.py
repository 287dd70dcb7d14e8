#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Is what unmix reports true? NumPy computes it again, from the files that unmix wrote.

mse             mean of (X - C S^T)^2 in double; of weighted data the mean of w_i v_c (X - C S^T)^2,
                where w_i v_c = mean / (mean of position i * mean of channel c)
divergence      of --beta, per element
principal components: variances, and mse of 0, 1, ... components, against NumPy's SVD of the
                (centred, scaled) matrix, 20 scans in float and in double

usage: compare_mse.py [--program UNMIX] [--verbose]
Ends with 1 where a figure is off by more than its limit: 1e-5 for mse and divergence; 1e-4 (float)
or 1e-8 (double) for principal components.
"""
import argparse
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

LIMIT = 1e-5
PCA_LIMIT = {"float32": 1e-4, "float64": 1e-8, "uint16": 1e-4, "uint8": 1e-4}
RANK = 3


def mixture(rng, rows, cols, rank=3):
    return rng.random((rows, rank)) ** 3 @ rng.random((rank, cols)) ** 3


def scans():
    """Name, scan of (24, 30, channels) and its type."""
    g = np.random.default_rng(1)
    m = lambda cols=40: mixture(g, 720, cols)
    beam = np.where(np.arange(40) == 3, 1e6, 1.0)
    return {
        "mixture": (m() + 0.01 * g.random((720, 40)), ("float32", "float64")),
        "counts": (g.poisson(20 * m()), ("uint8", "uint16", "float32", "float64")),
        "few_counts": (g.poisson(0.3 * m()), ("uint8", "uint16")),
        "on_a_background": (g.poisson(1000 + 30 * m()), ("uint16", "float32")),
        "direct_beam": (beam * m(), ("float32", "float64")),
        "counts_of_a_beam": (g.poisson(np.minimum(0.02 * beam, 2e4) * m() + 1), ("uint16",)),
        "step": (np.where(np.arange(40) == 3, 1e6, 1e-6) * m(), ("float32", "float64")),
        "faint": (1e-12 * m(), ("float32", "float64")),
    }


def weights(X, noise):
    if noise != "poisson":
        return np.ones(X.shape)
    rows, cols = X.mean(axis=1), X.mean(axis=0)
    with np.errstate(divide="ignore"):
        return X.mean() * np.outer(np.where(rows > 0, 1 / rows, 0), np.where(cols > 0, 1 / cols, 0))


def divergence(X, Y, beta, factors):
    """2 d(x | y) of Fevotte and Idier 2011, per element: |x - y|^2 for beta = 2, the deviance of
    Poisson counts for beta = 1. Where it is infinite the model counts as a rounding of the data."""
    if beta <= 1:
        least = np.finfo(factors).eps * np.sqrt((X**2).mean())
        Y = np.where(Y < np.finfo(factors).tiny, least, Y)
    if beta == 1:
        d = np.where(X > 0, X * np.log(np.where(X > 0, X, 1) / Y), 0) - X + Y
    elif beta == 0:
        d = X / Y - np.log(X / Y) - 1
    else:
        d = (X**beta + (beta - 1) * Y**beta - beta * X * Y ** (beta - 1)) / (beta * (beta - 1))
    return 2 * d.mean()


class Unmix:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def __call__(self, X, dtype, *arguments):
        """What unmix wrote of X, as (720, channels): report, model, scree."""
        stored = X.astype(dtype)
        np.save(self.folder / "scan.npy", stored.reshape(24, 30, -1))
        out = self.folder / "out"
        command = [self.program, self.folder / "scan.npy", "--no-pictures", "--threads", "1", "--output", out,
                   *map(str, arguments)]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            raise SystemExit(f"{' '.join(map(str, command))}\n{run.stderr}")
        C, S = (np.load(out / f"{name}.npy").astype(np.float64) for name in ("maps", "components"))
        model = C.reshape(C.shape[0], -1).T @ S.reshape(S.shape[0], -1)
        if (out / "mean.npy").exists() and "pca" in arguments:
            model += np.load(out / "mean.npy").astype(np.float64).ravel()
        return stored.astype(np.float64), model, json.loads((out / "report.json").read_text()), out


def off(value, reference, scale=0.0):
    """Relative difference; differences below the rounding of the sums, `scale`, do not count."""
    return max(abs(value - reference) - scale, 0) / max(abs(reference), 1e-300)


def factorizations():
    algorithms = ("als", "mals", "mu", "hals", "bpp", "soft_orthogonal", "ard", "ard_mu")
    for name, (X, types) in scans().items():
        for dtype, algorithm, noise in itertools.product(types, algorithms, ("gaussian", "poisson")):
            yield name, X, dtype, noise, ("--algorithm", algorithm)
        for dtype, algorithm, beta in itertools.product(types, ("mu", "ard_mu"), (0, 1, 1.5)):
            if beta == 0 and np.any(X == 0):
                continue
            yield name, X, dtype, "gaussian", ("--algorithm", algorithm, "--beta", beta)


def check_mse(unmix, verbose):
    failures, count, worst = [], 0, 0.0
    for name, X, dtype, noise, what in factorizations():
        weigh = () if "--beta" in what else ("--noise", noise)
        X, model, report, _ = unmix(X, dtype, "--rank", RANK, "--iterations", 30, "--tolerance", 0,
                                    *weigh, *what)
        W = weights(X, noise)
        reference = (W * (X - model) ** 2).mean()
        found = {"mse": off(report["mse"], reference)}
        if report["mse_is_weighted"] != (noise == "poisson"):
            found["mse_is_weighted"] = np.inf
        if "--beta" in what:
            found["divergence"] = off(report["divergence"], divergence(X, model, what[-1], "f8" if dtype == "float64" else "f4"),
                                      16 * np.finfo("f8").eps * (X ** max(what[-1], 1)).mean())  # the formula's own rounding
        elif "divergence" in report and report["divergence"] is not None:
            found["divergence without --beta"] = np.inf
        count += 1
        worst = max(worst, *found.values())
        line = f"{name:18} {dtype:8} {noise:8} {' '.join(map(str, what)):30} mse {reference:.6g}"
        line += "".join(f"  {key} off {value:.1e}" for key, value in found.items())
        if verbose:
            print(line)
        if not all(value <= LIMIT for value in found.values()):
            failures.append(line)
    return failures, f"{count} factorizations: largest relative difference {worst:.1e} (limit {LIMIT:g})"


def check_pca(unmix, verbose):
    failures, count, worst = [], 0, {"float32": 0.0, "float64": 0.0}
    g = np.random.default_rng(2)
    for k in range(20):
        rank, cols = 2 + k % 4, 12 + 7 * k
        X = 10.0 ** (k % 5 - 1) * (mixture(g, 720, cols, rank) + (10 if k % 3 == 0 else 0))
        if k % 2:
            X = g.poisson(5 * X + 1).astype(float)
        else:
            X += 0.05 * X.std() * g.standard_normal(X.shape)
            X = np.abs(X)
        for dtype, noise, centred in itertools.product(
            ("float32", "float64"), ("gaussian", "poisson"), (True, False)
        ):
            Y, model, report, out = unmix(X, dtype, "--rank", 4, "--algorithm", "pca", "--noise", noise,
                                          *(() if centred else ("--uncentred",)))
            centred = report["centred"]  # not with Poisson scaling
            W = weights(Y, noise)
            w, v = W.sum(axis=1), W.sum(axis=0)
            mean = (w @ Y) / w.sum() if centred else np.zeros(cols)
            scaled = np.sqrt(W) * (Y - mean)
            s = np.linalg.svd(scaled, compute_uv=False)
            left = ((scaled**2).sum() - np.concatenate([[0], np.cumsum(s[:4] ** 2)])) / Y.size
            scree = np.genfromtxt(out / "scree.csv", delimiter=",", skip_header=1)
            variances = s[:4] ** 2 / len(Y)
            found = {
                "mse": max(off(a, b) for a, b in zip(scree[:, 2], left)),
                "variance": max(off(a, b) for a, b in zip(scree[1:, 1], variances)),
                "mse of the files": off(report["mse"], (W * (Y - model) ** 2).mean()) * PCA_LIMIT[dtype] / LIMIT,
            }
            count += 1
            worst[dtype] = max(worst[dtype], *found.values())
            line = f"scan {k:2} 720 x {cols:3} {dtype} {noise:8} {'centred' if centred else 'uncentred':9}"
            line += "".join(f"  {key} off {value:.1e}" for key, value in found.items())
            if verbose:
                print(line)
            if not max(found.values()) <= PCA_LIMIT[dtype]:
                failures.append(line)
    return failures, f"{count} principal component analyses: largest relative difference {worst}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--program", default=os.path.join(os.environ.get("XUNMIX_EXAMPLES", "."), "unmix"))
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        unmix = Unmix(options.program, pathlib.Path(folder))
        for check in (check_mse, check_pca):
            failures, summary = check(unmix, options.verbose)
            print(summary)
            for line in failures:
                print("FAILED", line)
            failed |= bool(failures)
    return failed


if __name__ == "__main__":
    sys.exit(main())
