"""Checks the Dockerfile and the unit of docs/serving.md by the programs that know them, where they are installed.

    python interop/check_deployment.py

The Dockerfile goes through dockerfilelint, which npm brings; the unit through systemd-analyze, with this checkout in place of
/opt/ligature. Exits with 1 if one of them finds something, or finds nothing in a file that is wrong.
"""

import pathlib
import re
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "serving.md"
LINTER = "dockerfilelint@1.8.0"
INSTALLED = "/opt/ligature"
WRONG_DOCKERFILE = "FROM debian\nRUN apt-get update && apt-get install maven\n"


def snippet(language: str, beginning: str) -> str:
    (found,) = re.findall(rf"```{language}\n({re.escape(beginning)}.*?)```", PAGE.read_text(), re.DOTALL)
    return found


def run(*command) -> tuple:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def lint(text: str, directory: pathlib.Path) -> tuple:
    file = directory / "Dockerfile"
    file.write_text(text)
    return run("npm", "exec", "--yes", "--prefix", directory, "--", LINTER, file)


def verify(text: str, directory: pathlib.Path) -> tuple:
    file = directory / "ligature.service"
    file.write_text(text)
    code, said = run("systemd-analyze", "verify", "--man=no", file)
    return code or int(bool(said.strip())), said  # an unknown name is a warning


def check(what: str, right: tuple, wrong: tuple) -> None:
    found = right[0] == 0 and wrong[0] != 0
    print(f"{'ok' if found else 'FAILED'}  {what} of {PAGE.name}")
    if not found:
        raise SystemExit(right[1] if right[0] else f"Nothing was found in a wrong one:\n{wrong[1]}")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        if shutil.which("npm"):
            dockerfile = snippet("dockerfile", "FROM")
            check("the Dockerfile", lint(dockerfile, directory), lint(WRONG_DOCKERFILE, directory))
        if shutil.which("systemd-analyze"):
            unit = snippet("ini", "[Unit]")
            here = unit.replace(f"ExecStart={INSTALLED}/", f"ExecStart={ROOT}/")
            check("the unit", verify(here, directory), verify(here.replace("LimitNOFILE", "LimitFiles"), directory))


if __name__ == "__main__":
    main()
