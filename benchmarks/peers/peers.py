#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""One factorization by another program, traced: the lines that `trace` prints of xunmix.

usage: peers.py PROGRAM SCAN.npy [--start FOLDER] [--rank K] [--iterations N]
                [--errors [N ...] | --until E]
PROGRAM is one of
  sklearn-cd   scikit-learn's NMF, coordinate descent, from the start
  sklearn-mu   scikit-learn's NMF, multiplicative updates, from the start
  sklearn-kl   the same with beta_loss="kullback-leibler"; its divergence is the error
  sklearn-pca, sklearn-svd
               scikit-learn's PCA and TruncatedSVD to the rank, randomized with two power
               iterations and ten more directions, as often as iterations; no start
  hyperspy     HyperSpy's decomposition(algorithm="NMF") at the rank, from a random start; it calls
               scikit-learn's coordinate descent, whose seconds these are

The clock runs in scikit-learn's two updates only: loading, checks of the input and whatever this
script does in between are left out. Errors, where asked for, are computed between the updates, off
the clock. Positions are the rows of X, so the maps are scikit-learn's W, which it updates first.
"""
import argparse
import pathlib
import time
import warnings

import numpy as np
from sklearn.decomposition import NMF, PCA, TruncatedSVD, _nmf
from sklearn.exceptions import ConvergenceWarning


class Reached(Exception):
    """The relative error asked for."""


class Trace:
    """Stands in for scikit-learn's update functions; prints a line after each pair of calls."""

    def __init__(self, X, errors, until):
        self.X, self.errors, self.until = X, [] if until > 0 else errors, until
        self.seconds, self.calls = 0.0, 0
        if self.errors is not None:
            self.squared_norm = sum(np.square(row, dtype=np.float64).sum() for row in X)

    def watch(self, name, factors):
        """Times that function. factors: W and H^T from the last call's arguments and result."""
        update = getattr(_nmf, name)

        def timed(*arguments, **options):
            started = time.perf_counter()
            result = update(*arguments, **options)
            self.seconds += time.perf_counter() - started
            self.calls += 1
            if self.calls % 2 == 0:
                self.finish(*factors(arguments, result))
            return result

        setattr(_nmf, name, timed)

    def finish(self, W, Ht):
        wanted = self.errors is not None and (not self.errors or self.calls // 2 in self.errors)
        error = self.error(W, Ht) if wanted else np.nan
        print(f"{self.calls // 2},{self.seconds:.6f},{error:.8f}", flush=True)
        if error <= self.until:
            raise Reached

    def error(self, W, Ht):
        """|X - W H| / |X|, expanded; sums in double."""
        W64, Ht64 = W.astype(np.float64), Ht.astype(np.float64)
        square = self.squared_norm - 2 * np.sum(W64 * (self.X @ Ht))
        square += np.sum((W64.T @ W64) * (Ht64.T @ Ht64))
        return np.sqrt(max(square, 0) / self.squared_norm)


class DivergenceTrace(Trace):
    """The same, with the Kullback-Leibler divergence as the error."""

    def error(self, W, Ht):
        """sum X log(X / W H) - X + W H, some rows at a time; in double."""
        H, total = Ht.T.astype(np.float64), 0.0
        for i in range(0, len(self.X), 64):
            x, y = self.X[i : i + 64].astype(np.float64), W[i : i + 64].astype(np.float64) @ H
            total += np.sum(y - x) + np.sum(x * np.log(np.where(x > 0, x, 1) / y))
        return total


def run_sklearn(X, options):
    # scikit-learn computes in double unless it is given float32, and wants all of one type.
    kind = np.float32 if X.dtype == np.float32 else np.float64
    W = np.load(options.start / "start_maps.npy").astype(kind)
    H = np.load(options.start / "start_components.npy").astype(kind)
    solver = options.program.removeprefix("sklearn-")
    loss = "kullback-leibler" if solver == "kl" else "frobenius"
    model = NMF(len(H), init="custom", solver=solver.replace("kl", "mu"), beta_loss=loss, tol=0,
                max_iter=options.iterations)  # fmt: skip
    model.fit_transform(X, W=W, H=H)


def run_decomposition(X, options):
    kind = np.float32 if X.dtype == np.float32 else np.float64
    X = X.astype(kind, copy=False)
    squared_norm = sum(np.square(row, dtype=np.float64).sum() for row in X)
    seconds = 0.0
    for i in range(options.iterations):
        if options.program == "sklearn-pca":
            model = PCA(options.rank, svd_solver="randomized", iterated_power=2,
                        n_oversamples=10, random_state=i)  # fmt: skip
        else:
            model = TruncatedSVD(options.rank, n_iter=2, n_oversamples=10, random_state=i)
        started = time.perf_counter()
        model.fit_transform(X)
        seconds += time.perf_counter() - started
        whole = squared_norm
        if options.program == "sklearn-pca":
            whole -= len(X) * np.square(model.mean_, dtype=np.float64).sum()
        rest = whole - np.square(model.singular_values_, dtype=np.float64).sum()
        print(f"{i + 1},{seconds:.6f},{np.sqrt(rest / whole):.8f}", flush=True)


def run_hyperspy(scan, options):
    import hyperspy.api as hs  # takes seconds

    hs.preferences.General.show_progressbar = False
    hs.signals.Signal2D(scan).decomposition(
        algorithm="NMF", output_dimension=options.rank, print_info=False,
        init="random", random_state=0, max_iter=options.iterations, tol=0,
    )  # fmt: skip


def memory(key):
    """A line of the process's status, bytes: VmRSS is its memory now, VmHWM the highest so far."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"the system does not tell {key} in /proc/self/status")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", choices=("sklearn-cd", "sklearn-mu", "sklearn-kl",
                                            "sklearn-pca", "sklearn-svd", "hyperspy"))
    parser.add_argument("scan", type=pathlib.Path)
    parser.add_argument("--start", type=pathlib.Path,
                        help="folder: start_maps.npy (n, k), start_components.npy (k, m)")
    parser.add_argument("--rank", type=int, default=7,
                        help="of hyperspy, pca and svd; else the start's")
    parser.add_argument("--iterations", type=int, default=20, help="at most so many")
    parser.add_argument("--errors", type=int, nargs="*", metavar="N", help="compute them, of "
                        "these iterations or of all; else they are nan")  # fmt: skip
    parser.add_argument("--until", type=float, default=0, help="stop at this relative error")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # all iterations were asked for
    scan = np.load(options.scan)
    X = scan.reshape(scan.shape[0] * scan.shape[1], -1)
    print(f"loaded_bytes,{memory('VmRSS')}")
    kind = DivergenceTrace if options.program == "sklearn-kl" else Trace
    trace = kind(X, options.errors, options.until)
    # Both calls of an iteration are of this one: W from (X, W, Ht), then Ht from (X.T, Ht, W).
    trace.watch("_update_coordinate_descent", lambda given, _: (given[2], given[1]))
    trace.watch("_multiplicative_update_w", None)
    trace.watch("_multiplicative_update_h", lambda given, H: (given[1], H.T))
    try:
        if options.program == "hyperspy":
            run_hyperspy(scan, options)
        elif options.program in ("sklearn-pca", "sklearn-svd"):
            run_decomposition(X, options)
        else:
            run_sklearn(X, options)
    except Reached:
        pass
    print(f"peak_bytes,{memory('VmHWM')}\nscan_bytes,{scan.nbytes}")


if __name__ == "__main__":
    main()
