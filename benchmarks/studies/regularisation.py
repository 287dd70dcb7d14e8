#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Fig. S1 of Kimoto 2025: does scikit-learn's regularisation remove dark spots?

usage: regularisation.py FOLDER

For every scan_*.npy in the folder, as study_supplement writes them: scikit-learn's NMF with four
components, init "random", coordinate descent, tol 1e-4, at most 3000 iterations, without
regularisation and with alpha_W = alpha_H = 0.1, as in the paper. Prints the largest dark-peak
weight of a component, the closing by a disk of radius 3 less the pattern over the pattern's sum, as
study_supplement does of ours; here by scipy.ndimage.
"""
import pathlib
import sys

import numpy as np
from scipy import ndimage
from sklearn.decomposition import NMF


def dark_weight(pattern, radius=3):
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disk = y * y + x * x <= radius * radius
    dilated = ndimage.grey_dilation(pattern, footprint=disk, mode="constant", cval=-np.inf)
    closed = ndimage.grey_erosion(dilated, footprint=disk, mode="constant", cval=np.inf)
    return (closed - pattern).sum() / np.abs(pattern).sum()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    scans = sorted(pathlib.Path(sys.argv[1]).glob("scan_*.npy"))
    if not scans:
        sys.exit(f"there is no scan_*.npy in {sys.argv[1]}; study_supplement writes them")
    print("S1,scan,alpha,mse,dark weight")
    for path in scans:
        scan = np.load(path)
        X = scan.reshape(scan.shape[0] * scan.shape[1], -1).astype(np.float64)
        for alpha in 0, 0.1:
            model = NMF(4, init="random", solver="cd", tol=1e-4, max_iter=3000, random_state=0,
                        alpha_W=alpha, alpha_H=alpha)  # fmt: skip
            maps = model.fit_transform(X)
            mse = np.mean(np.square(X - maps @ model.components_))
            weights = [dark_weight(c.reshape(scan.shape[2:])) for c in model.components_]
            print(f"S1,{path.stem},{alpha},{mse:.6f},{max(weights):.4f}", flush=True)


if __name__ == "__main__":
    main()
