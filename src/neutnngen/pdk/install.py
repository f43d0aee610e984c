"""Installing a kit's process files into the user's folder: from a folder, an archive or the network, each compared with its SHA-256."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from neutnngen.data.archive import user_folder
from neutnngen.data.checksums import SUMS_FILE, write_sums
from neutnngen.data.transfer import LARGEST, Progress, download, from_first, placed
from neutnngen.errors import ConfigError, DataError, NeutnngenError
from neutnngen.pdk.kits import KIND, available_kits, check_kit, load_kit, require_name, search
from neutnngen.pdk.node import Node, read_node

ARCHIVES = (".tar.gz", ".tgz", ".tar.xz", ".tar", ".zip", ".whl")
Reader = Callable[[str], bytes | None]


@dataclass(frozen=True)
class Installed:
    """A kit that is now in place. folder: where; source: where its files came from; files: their names."""

    name: str
    folder: Path
    state: Literal["installed", "already there"]
    source: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Listed:
    """A kit of this package. where: the folder of its files, or nothing where they are missing; remedy: the line that brings them."""

    name: str
    licence: str
    source: str
    where: str
    remedy: str


@dataclass(frozen=True)
class FileCheck:
    """A file of a kit. state: "ok", "no sum known", "missing" or "differs"."""

    name: str
    path: Path | None
    state: str


@dataclass(frozen=True)
class KitReport:
    """What a look at a kit found. problems: of the kit as a whole, one sentence each."""

    name: str
    licence: str
    files: tuple[FileCheck, ...]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems and all(file.state in ("ok", "no sum known") for file in self.files)


def list_kits() -> list[Listed]:
    """All kits of this package and where their files lie."""
    found = []
    for name in available_kits():
        node = read_node(name)
        places = [search(node, file, None) for file in node.needed()]
        where = str(places[0].parent) if places[0] is not None and all(places) else ""
        found.append(Listed(name, node.licence, node.source, where, _remedy(node)))
    return found


def _remedy(node: Node) -> str:
    if node.package is not None:
        return f"pip install {node.package.requirement}"
    return f"apt-get install {node.debian.package}" if node.debian is not None else f"neutnngen pdk install {node.name}"


def check_files(name: str, folder: Path | None = None) -> KitReport:
    """Compare every file of a kit with its SHA-256, then read the kit and check that its parts agree."""
    require_name(name)
    node = read_node(name)
    files = []
    for file in node.needed():
        path = search(node, file, folder)
        files.append(FileCheck(file, path, "missing" if path is None else _state(node, file, path.read_bytes())))
    try:
        problems = check_kit(load_kit(name, folder))
    except NeutnngenError as error:
        problems = (error.what,)
    return KitReport(name, node.licence, tuple(files), problems)


def _state(node: Node, file: str, content: bytes) -> str:
    if file not in node.sums:
        return "no sum known"
    try:
        return "ok" if content_sum(file, content) == node.sums[file] else "differs"
    except (OSError, EOFError, zlib.error):
        return "differs"


def content_sum(file: str, content: bytes) -> str:
    """SHA-256 of a file's content; of what is packed in it, where its name ends in .gz (packing again may give other bytes)."""
    return hashlib.sha256(gzip.decompress(content) if file.endswith(".gz") else content).hexdigest()


def install_kit(name: str, source: str | None = None, folder: Path | None = None, progress: Progress | None = None) -> Installed:
    """Bring a kit's files into a folder of their own, where every later ``load_kit(name)`` finds them.

    Parameters
    ----------
    source: a folder (searched to its bottom) or an archive (path or address of a .tar.gz, .tar.xz or .zip); None: file by file from the
        address that the kit's description names.
    folder: where the kit's own folder goes; default: $NEUTNNGEN_DATA, else ~/.cache/neutnngen/pdk.
    progress: called with files so far and in all.

    Files may come plain or as .gz, in any subfolder. All of them are compared with their SHA-256 before anything gets its name: the kit is
    there whole or not at all.

    Raises
    ------
    ConfigError: unknown kit; a kit that is not installed this way; a source that is none.
    DataError: a file is missing, damaged or not the one that is known; no network; the folder holds something else.
    """
    require_name(name)
    node = read_node(name)
    if not node.sums:
        line = "it is made at first use" if node.generated else _remedy(node)
        raise ConfigError(
            f"kit {name} is not installed by this command", got=node.source, allowed="kits with known checksums", next_step=line
        )
    target = (user_folder(KIND) if folder is None else folder) / name
    if target.is_dir() and any(target.iterdir()):
        return _in_place(node, target)

    def fill(scratch: Path) -> Installed:
        with _reader(node, source, scratch.parent, progress) as (read, said):
            _write_files(node, read, said, scratch, progress)
        write_sums(scratch, said, "the SHA-256 in the kit's description", None)
        return Installed(name, target, "installed", said, tuple(node.sums))

    try:
        return placed(target, fill, lambda: _in_place(node, target))
    except OSError as problem:
        raise DataError(f"the kit's folder cannot be written: {problem}", got=target, allowed="a folder that you may write to") from None


def _in_place(node: Node, target: Path) -> Installed:
    states = {file: _state(node, file, (target / file).read_bytes()) if (target / file).is_file() else "missing" for file in node.sums}
    wrong = [f"{file} ({state})" for file, state in states.items() if state != "ok"]
    if wrong:
        raise DataError(
            f"the folder of kit {node.name} is there but not whole",
            got=f"{target}: {', '.join(wrong)}",
            allowed="the files with their SHA-256, or no such folder",
            next_step=f"remove the folder and type: neutnngen pdk install {node.name}",
        )
    return Installed(node.name, target, "already there", str(target), tuple(node.sums))


def _write_files(node: Node, read: Reader, said: str, scratch: Path, progress: Progress | None) -> None:
    missing, wrong = [], []
    for number, (file, wanted) in enumerate(node.sums.items(), 1):
        content = read(file)
        if content is None:
            missing.append(file)
            continue
        try:
            plain = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        except (OSError, EOFError, zlib.error) as problem:
            wrong.append(f"{file} ({problem})")
            continue
        found = hashlib.sha256(plain).hexdigest()
        if found != wanted:
            wrong.append(f"{file} ({found[:12]}…, not {wanted[:12]}…)")
        (scratch / file).write_bytes(gzip.compress(plain, mtime=0) if file.endswith(".gz") else plain)
        if progress is not None:
            progress(number, len(node.sums))
    for what, files in (("lacks files of", missing), ("has other or damaged files for", wrong)):
        if files:
            raise DataError(
                f"the source {what} kit {node.name}; nothing was installed",
                got=f"{said}: {', '.join(files)}",
                allowed=f"the files of {node.source}, with the SHA-256 of the kit's description",
                next_step="get that release of the files" if wrong else "name the folder or archive that holds all of them (--from)",
            )


def _spellings(file: str) -> tuple[str, ...]:
    """Names under which a source may have a file: packed or plain."""
    return (file, file.removesuffix(".gz")) if file.endswith(".gz") else (file, f"{file}.gz")


@contextmanager
def _reader(node: Node, source: str | None, beside: Path, progress: Progress | None) -> Iterator[tuple[Reader, str]]:
    """What gives the content of a file by name, and where it comes from."""
    with tempfile.TemporaryDirectory(prefix=".kit.", dir=beside) as name:
        scratch = Path(name)
        if source is None:
            yield _from_base(node, scratch / "part"), _base(node)
            return
        path = Path(source).expanduser()
        if "://" in source:
            path = scratch / source.rstrip("/").rpartition("/")[2]
            _fetch(node, source, path, progress)
        if path.is_dir():
            yield _from_folder(path), source
        elif path.is_file() and path.name.lower().endswith(ARCHIVES):
            yield _from_archive(path, source), source
        else:
            raise ConfigError(
                "the source is no folder and no archive", got=source, allowed=f"a folder, or a file with {', '.join(ARCHIVES)}"
            )


def _base(node: Node) -> str:
    if node.download is None:
        raise ConfigError(
            f"kit {node.name} has no address to download from",
            allowed="a folder or an archive",
            next_step=f"neutnngen pdk install {node.name} --from DIR",
        )
    return node.download.base


def _from_base(node: Node, part: Path) -> Reader:
    base = _base(node).rstrip("/")
    paths = {} if node.download is None else node.download.paths

    def read(file: str) -> bytes:
        _fetch(node, f"{base}/{paths.get(file, file)}", part, None)
        return part.read_bytes()

    return read


def _fetch(node: Node, address: str, part: Path, progress: Progress | None) -> None:
    tried = from_first([address], part.parent, lambda url: download(url, part, progress))
    if tried:
        raise DataError(
            f"kit {node.name} could not be downloaded; nothing was installed",
            got=", ".join(tried),
            allowed=f"a network connection, or your own copy of {node.source}",
            next_step=f"neutnngen pdk install {node.name} --from FOLDER_OR_ARCHIVE",
        )


def _from_folder(folder: Path) -> Reader:
    there: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != SUMS_FILE:
            there.setdefault(path.name, path)

    def read(file: str) -> bytes | None:
        path = next((there[name] for name in _spellings(file) if name in there), None)
        return None if path is None else path.read_bytes()

    return read


def _from_archive(path: Path, said: str) -> Reader:
    """Members are known by the last part of their name and read into memory: none can name a place to be written to."""
    contents: dict[str, bytes] = {}
    try:
        for name, size, read in _members(path):
            if size > LARGEST:
                raise DataError("a file of the archive is too large for a kit", got=f"{size} bytes of {name}", allowed=LARGEST)
            contents.setdefault(name.replace("\\", "/").rpartition("/")[2], read())
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as problem:
        raise DataError(
            f"the archive cannot be unpacked: {problem}; nothing was installed", got=said, allowed=", ".join(ARCHIVES)
        ) from None

    def read_file(file: str) -> bytes | None:
        return next((contents[name] for name in _spellings(file) if name in contents), None)

    return read_file


def _members(path: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    if path.name.lower().endswith((".zip", ".whl")):
        with zipfile.ZipFile(path) as packed:
            for info in packed.infolist():
                if not info.is_dir():
                    yield info.filename, info.file_size, lambda info=info: packed.read(info)  # type: ignore[misc]
        return
    with tarfile.open(path) as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            if stream is not None:
                yield member.name, member.size, stream.read
