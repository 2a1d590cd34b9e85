"""Pack a plugin into the archive that a shop's own page takes: `python3 integrations/pack.py prestashop`."""

import argparse
import re
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

HERE = Path(__file__).parent
PLUGINS = sorted(path.parent.name for path in HERE.glob("*/cagnotte"))
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The same files make the same archive, whenever it is made."""


def version_of(folder: Path) -> str:
    """Return the version that a plugin's main file names."""
    text = (folder / "cagnotte.php").read_text(encoding="utf-8")
    found = re.search(r"const VERSION = '([^']+)'", text)
    if found is None:
        raise SystemExit(f"{folder / 'cagnotte.php'} names no version.")
    return found[1]


def pack(plugin: str, to: Path) -> Path:
    """Write the archive of a plugin into a folder, with what plugins share as its `lib`."""
    folder = HERE / plugin / "cagnotte"
    archive = to / f"cagnotte-{plugin}-{version_of(folder)}.zip"
    with ZipFile(archive, "w") as out:
        for source, place in ((folder, "cagnotte"), (HERE / "php" / "lib", "cagnotte/lib")):
            for file in sorted(path for path in source.rglob("*") if path.is_file()):
                info = ZipInfo(f"{place}/{file.relative_to(source).as_posix()}", EPOCH)
                info.compress_type = ZIP_DEFLATED
                info.external_attr = 0o644 << 16
                out.writestr(info, file.read_bytes())
    return archive


def main() -> None:
    """Pack one plugin and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plugin", choices=PLUGINS)
    parser.add_argument("--to", type=Path, default=Path.cwd(), help="the folder to write into")
    given = parser.parse_args()
    print(pack(given.plugin, given.to))  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
