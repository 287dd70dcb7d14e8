#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What is left of a run of unmix that was killed, had no room, or had a rival?

usage: interruptions.py [--program UNMIX] [--moments N] [--pairs N] [--seed N]

kills       SIGKILL, SIGTERM and SIGINT at N random moments of runs (60 by default), over the results
            of an earlier run: every file is whole, of this run or of the earlier one; after SIGTERM
            and SIGINT either the best result so far is there, or nothing was begun; the next run
            leaves nothing behind but its own files.
full disk   a file system that has room for a part of the results only: an error that names file and
            reason, nothing half-written under a result's name. Needs the right to mount; skipped
            without it. /dev/full for what is printed.
rivals      two runs into one folder at once, N pairs (20 by default): one has the folder, the other
            is refused with the folder's name, and the results are of one run.

Ends with 1 where something is otherwise.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np

RANKS = {"first": 3, "second": 4}  # tell two runs' files apart
failures = []


def check(holds, what):
    if not holds:
        failures.append(what)


def whole_files(folder, where):
    """The rank that each array and table was written by; every file has to be readable."""
    ranks = {}
    for path in sorted(folder.iterdir()):
        try:
            if path.suffix == ".npy":
                ranks[path.name] = np.load(path).shape[0]
            elif path.suffix == ".json":
                ranks[path.name] = json.loads(path.read_text())["options"]["rank"]
            elif path.suffix == ".csv":
                check(path.read_text().endswith("\n"), f"{where}: {path.name} has no end")
            elif path.suffix == ".png":
                check(path.read_bytes().endswith(b"IEND\xaeB`\x82"), f"{where}: {path.name} is cut off")
            else:
                check(path.suffix == ".part", f"{where}: unknown file {path.name}")
        except Exception as error:  # whatever NumPy and json say of half a file
            failures.append(f"{where}: {path.name} cannot be read: {error}")
    return ranks


def agrees(folder, where):
    """The mse that is reported is that of the factors beside it."""
    report = json.loads((folder / "report.json").read_text())
    scan = np.load(folder.parent / "scan.npy").astype(np.float64)
    C, S = (np.load(folder / f"{n}.npy").astype(np.float64) for n in ("maps", "components"))
    model = np.tensordot(C, S, axes=(0, 0))
    mse = ((scan - model) ** 2).mean()
    check(abs(report["mse"] - mse) <= 1e-5 * mse, f"{where}: mse {report['mse']} reported, {mse} found")


def unmix(program, folder, rank, out, *more):
    return [program, "scan.npy", "--rank", str(rank), "--output", out, "--noise", "gaussian", "--threads", "1",
            *map(str, more)]


def kills(program, folder, moments, chance):
    """Runs that are killed somewhere between their beginning and their end."""
    # Half of such a run is iterations, half is writing and drawing.
    command = unmix(program, folder, RANKS["second"], "killed", "--iterations", 200, "--tolerance", 0)
    begin = time.monotonic()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    length = time.monotonic() - begin
    subprocess.run(unmix(program, folder, RANKS["first"], "earlier", "--iterations", 5), cwd=folder, check=True,
                   capture_output=True)
    names = {p.name for p in (folder / "earlier").iterdir()}
    next_run = unmix(program, folder, RANKS["second"], "killed", "--iterations", 5)
    finished = {s: 0 for s in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)}
    for moment in range(moments):
        out = folder / "killed"
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(folder / "earlier", out)
        sent = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)[moment % 3]
        run = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        delay = chance.uniform(0, 1.1 * length)
        time.sleep(delay)
        run.send_signal(sent)
        said = run.communicate(timeout=20)[1]
        where = f"{sent.name} after {delay:.3f} s of {length:.3f} s"
        ranks = whole_files(out, where)
        written = {rank for rank in ranks.values()}
        check(written <= set(RANKS.values()), f"{where}: files of ranks {written}")
        if sent != signal.SIGKILL:
            check(run.returncode in (0, 128 + sent, -sent), f"{where}: ends with {run.returncode}: {said}")
            check(len(written) == 1, f"{where}: files of two runs: {ranks}")
            agrees(out, where)
            check(not any(p.suffix == ".part" for p in out.iterdir()), f"{where}: leaves half a file")
        finished[sent] += written == {RANKS["second"]}
        subprocess.run(next_run, cwd=folder, check=True, capture_output=True)
        left = {p.name for p in out.iterdir()}
        check(left == names, f"{where}: the next run leaves {sorted(left ^ names)}")
        agrees(out, where + ", the next run")
    for sent, count in finished.items():
        print(f"{sent.name}: {moments // 3} moments, {count} times the results of the killed run are there")


def full_disk(program, folder):
    disk = folder / "disk"
    disk.mkdir()
    tried = 0
    for kib in (16, 40, 64, 100, 160, 240):
        mount = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(disk)]
        if subprocess.run(mount, capture_output=True).returncode:
            print("full disk: not tried, mounting is not allowed here")
            break
        try:
            for more in ((), ("survey",)):
                command = unmix(program, folder, 4, str(disk / "out"), "--iterations", 10)
                if more:
                    command = [program, "survey", "scan.npy", "--ranks", "2:4", "--starts", "2", "--output",
                               str(disk / "out")]
                run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
                where = f"{' '.join(more) or 'run'} on a disk of {kib} KiB"
                tried += 1
                said = run.stderr.strip().splitlines()[-1] if run.stderr.strip() else ""
                check("No space left on device" in run.stderr and str(disk) in run.stderr
                      or run.returncode == 0 and "warning" not in run.stderr, f"{where}: says {said!r}")
                if (disk / "out").exists():
                    for path in (disk / "out").rglob("*"):
                        check(path.suffix != ".part", f"{where}: leaves {path.name}")
                    if not more:
                        whole_files(disk / "out", where)
                shutil.rmtree(disk / "out", ignore_errors=True)
        finally:
            subprocess.run(["umount", disk], check=True)
    print(f"full disk: {tried} runs")
    with open("/dev/full", "w") as full:
        run = subprocess.run(unmix(program, folder, 3, "unread", "--iterations", 5), cwd=folder, stdout=full,
                             stderr=full)
    check((folder / "unread" / "report.json").exists(), f"nothing written where lines cannot be: {run.returncode}")
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run(unmix(program, folder, 3, "unread2", "--iterations", 5), cwd=folder, stdout=writer,
                         stderr=writer)
    os.close(writer)
    check((folder / "unread2" / "montage.png").exists(), f"nothing written into a closed pipe: {run.returncode}")


def rivals(program, folder, pairs, chance):
    refused = 0
    for pair in range(pairs):
        out = folder / "shared"
        shutil.rmtree(out, ignore_errors=True)
        runs = []
        for rank in RANKS.values():
            runs.append(subprocess.Popen(unmix(program, folder, rank, "shared", "--iterations", 40), cwd=folder,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
            time.sleep(chance.uniform(0, 0.05))
        said = [run.communicate(timeout=30)[1] for run in runs]
        codes = [run.returncode for run in runs]
        where = f"pair {pair}"
        ranks = set(whole_files(out, where).values())
        check(len(ranks) == 1, f"{where}: results of ranks {ranks}")
        check(0 in codes, f"{where}: neither run finished: {said}")
        agrees(out, where)
        for code, text in zip(codes, said):
            if code:
                refused += 1
                check("another run" in text and "shared" in text, f"{where}: says {text!r}")
    print(f"rivals: {pairs} pairs, {refused} runs refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--program", default=os.path.join(os.environ.get("XUNMIX_EXAMPLES", "."), "unmix"))
    parser.add_argument("--moments", type=int, default=60)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    chance = random.Random(options.seed)
    g = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        np.save(folder / "scan.npy", (g.random((1024, 4)) @ g.random((4, 300))).reshape(32, 32, 300).astype("f4"))
        kills(program, folder, options.moments, chance)
        full_disk(program, folder)
        rivals(program, folder, options.pairs, chance)
    print(f"{len(failures)} failures")
    print("\n".join(failures))
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
