#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does xunmix compute what others compute of diffraction patterns?

listing-s4  against a transcription of Kimoto et al. 2025, Listing S4, line by line, with SciPy's
            map_coordinates for DigitalMicrograph's warp
cluster     against scipy.cluster.hierarchy, all four linkages

usage: compare_diffraction.py [--program RUN_DIFFRACTION]
RUN_DIFFRACTION is the compiled run_diffraction.cpp, by default in the folder $XUNMIX_REFERENCE.
Prints the largest differences and ends with 1 where one exceeds its limit.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from scipy.cluster import hierarchy
from scipy.ndimage import map_coordinates
from scipy.spatial.distance import squareform

LIMIT = 1e-5  # relative to the pattern's largest value; distances relative to theirs
SHAPES = [(64, 64), (63, 63), (48, 80), (81, 40), (33, 50), (128, 96), (8, 8), (9, 21), (50, 50), (77, 64)]


def warp(image, x, y):
    """DigitalMicrograph's: bilinear at column x, row y."""
    return map_coordinates(image, [y, x], order=1, mode="constant", cval=0)


def column_outlier_eraser(polar):
    """polar (angles, radii): entries of at least twice their column's mean become that mean."""
    threshold_factor = 2
    out = polar.copy()
    for i in range(polar.shape[1]):
        column = polar[:, i]
        mean = column.mean()
        out[:, i] = np.where(column < mean * threshold_factor, column, mean)
    return out


def rotational_average_woo(image):
    sampling_factor = 8
    size_y, size_x = image.shape
    size = min(size_x, size_y)
    sampling = int(size / 2 * sampling_factor)
    radii = int(size / 2)
    icol, irow = np.meshgrid(np.arange(radii), np.arange(sampling))
    k = 2 * np.pi / sampling
    polar = warp(image, icol * np.sin(irow * k) + size_x / 2, icol * np.cos(irow * k) + size_y / 2)
    profile = column_outlier_eraser(polar).sum(axis=0) / sampling
    x, y = np.meshgrid(np.arange(size_x), np.arange(size_y))
    iradius = np.hypot(x - size_x / 2, y - size_y / 2)
    # Beyond the last radius the listing says nothing: no bound there.
    return np.interp(iradius, np.arange(radii), profile, right=0)


def no_downward_convex_peak(image):
    average = rotational_average_woo(image)
    average /= average.sum()
    dark = average - image
    return image + np.where(dark > 0, dark, 0)


def random_pattern(shape, rng):
    """Unit sum: a halo, bright spots and dents, noise."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    radius = np.hypot(y - shape[0] / 2, x - shape[1] / 2)
    image = np.exp(-radius / (0.15 * min(shape))) + 0.05
    for _ in range(rng.integers(3, 12)):
        v, u = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
        spot = np.exp(-((y - v) ** 2 + (x - u) ** 2) / rng.uniform(1, 8))
        image = image + rng.uniform(-0.5, 3) * spot
    image = np.maximum(image * rng.uniform(0.7, 1.3, shape), 0)
    return image / image.sum()


def compare_listing(program, folder):
    rng = np.random.default_rng(1)
    worst = 0
    for shape in SHAPES:
        patterns = np.stack([random_pattern(shape, rng) for _ in range(10)])
        np.save(folder / "in.npy", patterns)
        subprocess.run([program, "listing-s4", folder / "in.npy", folder / "out.npy"], check=True)
        for mine, pattern in zip(np.load(folder / "out.npy"), patterns):
            expected = no_downward_convex_peak(pattern)
            assert (expected > pattern).sum() > 10, "the constraint does nothing here"
            worst = max(worst, np.abs(mine - expected).max() / expected.max())
    return worst


def compare_clusters(program, folder):
    rng = np.random.default_rng(2)
    worst = 0
    for count in 2, 3, 10, 40, 100:
        points = rng.normal(size=(count, 3)) + 4 * rng.integers(0, 3, (count, 1))
        distances = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=-1))
        distances = (distances + distances.T) / 2
        np.save(folder / "in.npy", distances)
        for rule in "single", "complete", "average", "ward":
            command = [program, "cluster", folder / "in.npy", rule, folder / "out.npy"]
            printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            mine, expected = np.load(folder / "out.npy"), hierarchy.linkage(squareform(distances), rule)
            assert np.array_equal(mine[:, [0, 1, 3]], expected[:, [0, 1, 3]]), (rule, count)
            worst = max(worst, np.abs(mine[:, 2] / expected[:, 2] - 1).max())
            if count > 2:
                correlation = hierarchy.cophenet(expected, squareform(distances))[0]
                worst = max(worst, abs(float(printed) - correlation))
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    default = pathlib.Path(os.environ.get("XUNMIX_REFERENCE", ".")) / "run_diffraction"
    parser.add_argument("--program", default=default)
    program = parser.parse_args().program
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name, compare in ("Listing S4, 100 patterns", compare_listing), ("clusters", compare_clusters):
            worst = compare(program, pathlib.Path(folder))
            failed |= not worst <= LIMIT
            print(f"{name}: largest relative difference {worst:.2g}, limit {LIMIT:g}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
