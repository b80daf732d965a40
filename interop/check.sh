#!/usr/bin/env bash
# Shows that Ligature and real PEFT read each other's adapters and agree on the logits, and that what
# docs/peft-differences.md says of PEFT is true of the installed one. Where there is an npm, compares large tokenizers and chat
# templates, uses the server through OpenAI's client, and checks the Dockerfile of docs/serving.md. Needs Python 3.10 or later with
# venv, a JDK, Maven, and about 1 GB of downloads the first time.
#
#   interop/check.sh [DIRECTORY [OPTION ...]]     keeps what it makes in DIRECTORY; without one, in a directory that it deletes
#
# check.py --help has the options.
#
# PYTHON=/path/to/python uses a Python that has the packages already.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

if [[ -z "${PYTHON:-}" ]]; then
    PYTHON="$here/.venv/bin/python"
    if ! "$PYTHON" -c 'import peft' 2>/dev/null; then
        python3 -m venv "$here/.venv"
        "$PYTHON" -m pip install --quiet -r "$here/requirements.txt"
    fi
fi
if [[ $# -gt 0 ]]; then
    work="$1"
    shift
else
    work="$(mktemp -d)"
    trap 'rm -rf "$work"' EXIT
fi
export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
if [[ $# -eq 0 ]]; then
    "$PYTHON" "$here/check_claims.py"
    "$PYTHON" "$here/check_page.py"
    "$PYTHON" "$here/check_deployment.py"
    if command -v npm >/dev/null; then
        "$PYTHON" "$here/check_clients.py" "$work/clients"
        "$PYTHON" "$here/check_tokenizers.py" "$work/tokenizers"
        "$PYTHON" "$here/check_chat.py" "$work/tokenizers"
    fi
fi
"$PYTHON" "$here/check.py" "$work" "$@"
