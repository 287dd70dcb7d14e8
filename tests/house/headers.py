#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Holds the headers against the order of rooms in include/xunmix/README.md.

usage: tests/house/headers.py [--compile] [--compiler g++]
A room includes rooms above it in that table only, methods do not include each other, and core
alone includes xtensor, BLAS and the FFT. No header is longer than 400 lines. With --compile every
header is compiled alone, two at once.
"""
import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2] / "include"
HOUSE = ROOT / "xunmix"
LOOSE = {"xunmix.hpp", "version.hpp"}
METHODS = {"update", "constraint", "loss", "init"}
LONGEST = 400
FOREIGN = re.compile(r"#include <(xtensor|xtensor-blas|xflens|kissfft|cblas)")


def rooms():
    """The rooms in their order, from the table's lines `| room/ | ...`."""
    found = re.findall(r"^\| `([a-z]+)/` \|", (HOUSE / "README.md").read_text(), re.M)
    assert found, "include/xunmix/README.md has no table of rooms"
    return found


def includes(path):
    return re.findall(r"#include <(xunmix/[^>]+)>", path.read_text())


def complaints(headers):
    order = rooms()
    folders = sorted(p.name for p in HOUSE.iterdir() if p.is_dir())
    for name in sorted(set(folders) ^ set(order)):
        yield f"{name}/ is a folder or a line of the table, not both"
    for name in folders:
        if not (HOUSE / name / "README.md").is_file():
            yield f"{name}/ has no README.md"
    for path in headers:
        here = path.relative_to(HOUSE)
        if len(here.parts) == 1:
            if here.name not in LOOSE:
                yield f"{here} belongs in a room"
            continue
        room = here.parts[0]
        if room != "core" and FOREIGN.search(path.read_text()):
            yield f"{here} includes what only core may include"
        lines = path.read_text().count("\n")
        if lines > LONGEST:
            yield f"{here} has {lines} lines, more than {LONGEST}"
        for target in includes(path):
            parts = target.split("/")
            if not (ROOT / target).is_file():
                yield f"{here} includes {target}, which does not exist"
            elif len(parts) > 2 and order.index(parts[1]) > order.index(room):
                yield f"{here} includes {target}, of a room below its own in the table"
            elif {room, parts[1]} <= METHODS and room != parts[1]:
                yield f"{here} includes {target}: methods meet in the user's call alone"


def reaches(path, target, known):
    """Whether a header includes another one, by way of others or not."""
    if path not in known:
        known[path] = False
        known[path] = any(t == target or reaches(ROOT / t, target, known) for t in includes(path))
    return known[path]


def compile_alone(headers, compiler):
    """Errors of headers that do not compile alone. xtensor takes most of the time, so it comes
    precompiled where the header includes it anyway."""
    flags = ["-std=c++20", "-fopenmp", "-DHAVE_CBLAS=1", f"-I{ROOT}", "-I/usr/include/hdf5/serial", "-x", "c++"]
    with tempfile.TemporaryDirectory() as folder:
        ready = pathlib.Path(folder, "xtensor.hpp")
        ready.write_text("#include <xunmix/core/xtensor.hpp>\n")
        extension = ".gch" if "clang" not in compiler else ".pch"
        subprocess.run([compiler, *flags[:-1], "c++-header", str(ready), "-o", f"{ready}{extension}"], check=True)
        known = {}

        def errors(path):
            first = ["-include", str(ready)] if reaches(path, "xunmix/core/xtensor.hpp", known) else []
            name = str(path.relative_to(ROOT))
            run = subprocess.run([compiler, *flags, *first, "-fsyntax-only", "-include", name, "/dev/null"],
                                 capture_output=True, text=True)
            return f"{name} does not compile alone:\n{run.stderr[:2000]}" if run.returncode else None

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            yield from filter(None, pool.map(errors, headers))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--compiler", default="g++")
    args = parser.parse_args()
    headers = sorted(HOUSE.rglob("*.hpp"))
    found = list(complaints(headers))
    if args.compile:
        found += compile_alone(headers, args.compiler)
    print("\n".join(found))
    lengths = sorted(p.read_text().count("\n") for p in headers)
    loose = sum(p.parent == HOUSE for p in headers)
    print(f"{len(headers)} headers, {loose} of them loose; lines: median {lengths[len(lengths) // 2]}, "
          f"longest {lengths[-1]}; complaints: {len(found)}")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
