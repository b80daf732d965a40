"""Runs the Python program of docs/from-peft.md on the installed PEFT, in a directory that it deletes.

    python interop/check_page.py

Exits with 1 if the program fails, has not learnt what it should, or has not saved the adapter where the page says.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "from-peft.md"


def main() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    with tempfile.TemporaryDirectory() as directory:
        run = subprocess.run([sys.executable, "-c", program], cwd=directory, capture_output=True, text=True)
        saved = pathlib.Path(directory, "adapters", "xor", "adapter_model.safetensors").is_file()
    learnt = "xor [0, 1, 1, 0]" in run.stdout
    right = run.returncode == 0 and learnt and saved
    print(f"{'ok' if right else 'FAILED'}  the Python program of {PAGE.name}")
    if not right:
        raise SystemExit(f"exit code {run.returncode}, learnt {learnt}, saved {saved}\n{run.stdout}{run.stderr}")


if __name__ == "__main__":
    main()
