"""What docs/peft-differences.md says of PEFT, as functions that try it on the installed PEFT.

Each module holds the claims of one section of the page; `registry` collects them, `toys` has the models.
"""

from claims import (  # noqa: F401
    combining,
    files,
    layers,
    matching,
    replacing,
    ties,
    ties_families,
    ties_files,
    ties_training,
)
