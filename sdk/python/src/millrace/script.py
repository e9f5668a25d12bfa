"""A folder of source as one file.

Guarantee: the same content is the same bytes whenever and by whomever it is packed, so it is only sent once. What a
machine makes stays out; a link is refused, since what it leads to would not travel.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from .problem import Unusable

LEFT_OUT = {
    "__pycache__",
    ".git",
    ".hg",
    ".svn",
    ".venv",
    "venv",
    "node_modules",
    ".ipynb_checkpoints",
    ".pytest_cache",
    ".DS_Store",
}
# As the director takes an archive.
MOST_FILES = 10_000
# The first moment that a zip can name.
EPOCH = (1980, 1, 1, 0, 0, 0)


def packed(folder: Path, archive: Path) -> Path:
    files = _files(folder, folder)
    if not files:
        raise Unusable(f"{folder} holds no file.")
    if len(files) > MOST_FILES:
        raise Unusable(
            f"{folder} holds {len(files)} files, and a script may have {MOST_FILES}. Name a smaller folder."
        )
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            with open(path, "rb") as source, out.open(entry, "w") as target:
                while block := source.read(1024 * 1024):
                    target.write(block)
    return archive


def _files(folder: Path, root: Path) -> list[Path]:
    found = []
    for path in sorted(folder.iterdir()):
        if path.name in LEFT_OUT or path.suffix == ".pyc":
            continue
        if path.is_symlink():
            raise Unusable(f"{path.relative_to(root)} is a link. Put the file itself there.")
        found.extend(_files(path, root) if path.is_dir() else [path])
    return found
