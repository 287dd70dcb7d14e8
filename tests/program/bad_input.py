#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does unmix refuse what it cannot do, before any work, with the rule, the value and the remedy?

usage: bad_input.py [--program UNMIX] [--write]
Runs every line of bad_input.tsv: arguments, a tab, and what unmix has to say of them, letter for
letter (but for the folder of the scans, which is FOLDER there). Each has to end with 1 within five
seconds and to leave no folder. --write puts what unmix says now in the place of what is there, to be
read by somebody. Ends with 1 where a line is not as it says.
"""
import argparse
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

import h5py
import numpy as np

TABLE = pathlib.Path(__file__).with_suffix(".tsv")


def write_scans(folder):
    g = np.random.default_rng(1)
    scan = (g.random((56, 2)) @ g.random((2, 20)) + 0.1).reshape(8, 7, 20).astype("f4")
    changed = lambda place, value: np.where(np.arange(scan.size).reshape(scan.shape) == place, value, scan)
    np.save(folder / "ok.npy", scan)
    np.save(folder / "counts.npy", g.poisson(30 * scan).astype("u2"))
    np.save(folder / "few_counts.npy", g.poisson(0.3 * scan).astype("u2"))
    np.save(folder / "nan.npy", changed(77, np.float32(np.nan)))
    np.save(folder / "inf.npy", changed(78, np.float32(np.inf)))
    np.save(folder / "one_negative.npy", changed(79, np.float32(-3)))
    np.save(folder / "negative.npy", -scan)
    np.save(folder / "zero.npy", 0 * scan)
    np.save(folder / "huge.npy", scan * np.float32(1e30))
    np.save(folder / "tiny.npy", scan * np.float32(1e-30))
    np.save(folder / "image.npy", scan[0])
    np.save(folder / "line.npy", scan[0, 0])
    np.save(folder / "number.npy", scan[0, 0, 0])
    np.save(folder / "empty.npy", scan[:0])
    np.save(folder / "complex.npy", scan.astype("c8"))
    np.save(folder / "words.npy", np.array(["a", "b"]))
    np.save(folder / "patterns.npy", g.random((5, 6, 16, 16)))
    np.save(folder / "tof.npy", g.random((6, 5, 3, 40)))
    np.save(folder / "series.npy", g.random((2, 3, 4, 6, 6)))
    np.save(folder / "single.npy", scan[:1, :1])
    (folder / "text.npy").write_text("energy,counts\n1,2\n")
    (folder / "nothing.npy").write_text("")
    (folder / "cut.npy").write_bytes((folder / "ok.npy").read_bytes()[:400])
    (folder / "header.npy").write_bytes(b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4'" + 110 * b" ")
    (folder / "folder.npy").mkdir()
    (folder / "scan.tif").write_bytes(b"II*\x00")
    (folder / "text.h5").write_text("not HDF5")
    with h5py.File(folder / "two.h5", "w") as f:
        f["a"], f["b"] = scan, scan
        f.create_group("group/inner")
        f["words"] = "some text"
    with h5py.File(folder / "none.h5", "w"):
        pass
    (folder / "cut.h5").write_bytes((folder / "two.h5").read_bytes()[:900])
    (folder / "file").write_text("in the way")


def run(program, folder, arguments):
    """Exit code and what was said."""
    words = [word.replace("FOLDER", str(folder)) for word in shlex.split(arguments)]
    try:
        ended = subprocess.run([program, *words], cwd=folder, capture_output=True, text=True, timeout=5,
                               stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return None, "(still runs after 5 s)"
    said = ended.stderr.strip().replace(str(folder), "FOLDER")
    return ended.returncode, " | ".join(line for line in said.splitlines() if line and not line.startswith("iteration "))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--program", default=os.path.join(os.environ.get("XUNMIX_EXAMPLES", "."), "unmix"))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    lines, failures = [], []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write_scans(folder)
        before = sorted(p.name for p in folder.iterdir())
        for line in TABLE.read_text().splitlines():
            arguments, _, expected = line.partition("\t")
            code, said = run(program, folder, arguments)
            lines.append(f"{arguments}\t{said}")
            left = sorted(p.name for p in folder.iterdir())
            if code == 0 or code is None or code > 127:
                failures.append(f"unmix {arguments}\n    ends with {code}: {said}")
            elif left != before:
                failures.append(f"unmix {arguments}\n    leaves {set(left) - set(before)}")
            elif said != expected and not options.write:
                failures.append(f"unmix {arguments}\n    says      {said}\n    should say {expected}")
    if options.write:
        TABLE.write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} bad inputs: {len(failures)} not as they should be")
    print("\n".join(failures))
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
