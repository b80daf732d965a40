"""Checks an adapter that executors of Spark have trained together: it is that of ./ligature train, and PEFT loads it.

    python interop/check_spark.py DIRECTORY

Trains an adapter of the demo's base, embedding and head tied, once by `./ligature train` and once by `spark/run --task
train` with two executors in processes of their own; compares the files bit for bit, and the logits with PEFT's. Keeps what it
makes in DIRECTORY. Needs what check.sh needs, and Spark, which Maven downloads (280 MB). Exits with 1 if something differs.
"""

import os
import pathlib
import subprocess
import sys

import torch
from check_adapter import Disagreement, compare
from ligature import ROOT, Ligature

BASE = ROOT / "examples" / "demo" / "base"
OPTIONS = [
    *("--model", BASE, "--steps", 10, "--accumulation", 4, "--batch-size", 2, "--sequence-length", 32),
    *("--target-modules", "q_proj,v_proj,embed_tokens,lm_head", "--ensure-weight-tying", "--r", 4),
    *("--lora-dropout", 0.1, "--max-grad-norm", 1, "--data", ROOT / "runtime" / "src" / "main" / "java"),
]
WEIGHTS = "adapter_model.safetensors"
IDS = torch.tensor([[11, 250, 31, 7, 99, 1200, 5, 64], [3, 3, 17, 2047, 600, 42, 8, 1]])


def main() -> None:
    work = pathlib.Path(sys.argv[1]).resolve()
    work.mkdir(parents=True, exist_ok=True)
    os.environ["OMP_NUM_THREADS"] = "1"
    ligature = Ligature(work)
    here = ligature.train(BASE, *OPTIONS[2:])
    there = ligature.fresh("by-spark")
    line = [ROOT / "spark" / "run", "--task", "train", *OPTIONS, "--output", there]
    environment = {**os.environ, "LIGATURE_SPARK_MASTER": "local-cluster[2,1,1024]"}
    subprocess.run(list(map(str, line)), env=environment, cwd=work, check=True)
    if (here / WEIGHTS).read_bytes() != (there / WEIGHTS).read_bytes():
        raise Disagreement(f"{here / WEIGHTS} and {there / WEIGHTS} differ")
    print("the adapter of two executors is that of one process, bit for bit")
    print("PEFT on it:", compare(ligature.logits(BASE, IDS, there), IDS, BASE, there))


if __name__ == "__main__":
    try:
        main()
    except Disagreement as error:
        sys.exit(str(error))
