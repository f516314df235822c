"""What every suite shares: checks with their lines, installing, running programs.

A suite prints one line per check, `PASS name: what` or `FAIL name: why`, and
ends non-zero when one failed. `NOTE` lines inform; a `SKIP` line says that the
machine cannot run a part, which under CI=true counts as a failure.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")
INSTALL_ONLY = os.environ.get("CONFORMANCE_INSTALL_ONLY") == "1"
SKIPPED = 77


class Skip(Exception):
    """The machine lacks what the suite needs, and nothing can be installed about it."""


class Suite:
    """One run of one suite."""

    def __init__(self, name):
        self.name, self.failed, self.passed = name, 0, 0

    def check(self, good, what, why=""):
        """One check; returns `good`. `why` is shown on failure only."""
        if good:
            self.passed += 1
            say(f"PASS {self.name}: {what}")
        else:
            self.failed += 1
            say(f"FAIL {self.name}: {what}{': ' + shorten(why) if why else ''}")
        return bool(good)

    def equal(self, got, want, what):
        return self.check(got == want, what, f"got {got!r}, want {want!r}")

    def note(self, text):
        say(f"NOTE {self.name}: {shorten(text)}")

    def run(self, body, install):
        """Installs, runs `body(self)` and exits with the suite's status; a SIGTERM still cleans up."""
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        try:
            install()
            if INSTALL_ONLY:
                say(f"PASS {self.name}: installed")
                sys.exit(0)
            body(self)
            if not self.passed and not self.failed:
                self.check(False, "run", "no check was made")
        except Skip as reason:
            say(f"SKIP {self.name}: {reason}")
            sys.exit(1 if CI else SKIPPED)
        except SystemExit as end:
            if end.code is None or isinstance(end.code, int):
                raise
            self.check(False, "run", str(end.code))
        except Exception as error:  # a broken driver is a failed check, never a quiet end
            traceback.print_exc(limit=4)
            self.check(False, "run", repr(error))
        sys.exit(1 if self.failed else 0)


def say(text):
    print(text, flush=True)


def shorten(text, limit=600):
    """One line of at most `limit` characters."""
    line = " ".join(str(text).split())
    return line if len(line) <= limit else line[:limit] + " ..."


def need_debs(programs):
    """Installs Debian packages whose program or file is missing: {program or /path: package}."""
    missing = sorted({package for probe, package in programs.items() if not _present(probe)})
    if missing:
        _install_debs(missing)
    wanted = sorted(set(programs.values()))
    versions = program(["dpkg-query", "-W", "-f", "${Package} ${Version}, ", *wanted])[1]
    say(f"USING {versions.strip(', ')}")


def _install_debs(missing):
    _may_install("Debian packages " + " ".join(missing))
    lead = [] if os.geteuid() == 0 else ["sudo", "-n"]
    apt = [*lead, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=600"]
    _quietly([*apt, "update"])
    # --no-remove: a machine's own packages are never traded for ours.
    _quietly([*apt, "install", "-y", "--no-install-recommends", "--no-remove", *missing])


def _present(probe):
    if probe.startswith("/"):
        return any(Path("/").glob(probe[1:]))
    return shutil.which(probe, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is not None


def _may_install(what):
    if CI and not INSTALL_ONLY:
        raise SystemExit(f"missing: {what} (CI=true installs only with --install-only)")
    say(f"INSTALL {what}")


def _quietly(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[-4:])} ended {done.returncode}: {(done.stdout + done.stderr)[-400:]}")


def cache():
    """The directory that survives between runs."""
    base = os.environ.get("CONFORMANCE_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "davenport-conformance"
    )
    os.makedirs(base, exist_ok=True)
    return Path(base)


def need_pip(name, *requirements):
    """A virtual environment holding exactly these requirements; its `bin` directory."""
    home = cache() / f"venv-{name}"
    stamp = home / "requirements.txt"
    wanted = "\n".join(requirements)
    if not stamp.is_file() or stamp.read_text() != wanted:
        _may_install("from PyPI " + " ".join(requirements))
        if importlib.util.find_spec("ensurepip") is None:  # Debian keeps it apart
            _install_debs(["python3-venv"])
        _quietly([sys.executable, "-m", "venv", "--clear", str(home)])
        _quietly([str(home / "bin/pip"), "install", "-q", "--disable-pip-version-check", *requirements])
        stamp.write_text(wanted)
        say(f"USING {', '.join(requirements)}")
    return home / "bin"


def workdir(name):
    """A fresh temporary directory, removed at exit."""
    import atexit

    path = tempfile.mkdtemp(prefix=f"conformance-{name}-")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return Path(path)


def program(command, timeout=120, **options):
    """Runs a program without a terminal; returns its status and its output, both streams together."""
    options.setdefault("stdin", subprocess.DEVNULL)
    if "input" in options:
        options.pop("stdin")
    try:
        done = subprocess.run(
            [str(word) for word in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            **options,
        )
    except subprocess.TimeoutExpired as late:
        return 124, f"no end after {timeout} s: {late.stdout!r}"
    return done.returncode, done.stdout


def end_strays(home):
    """Ends the processes that a session left behind, known by the HOME that only it had."""
    mark = f"HOME={home}".encode()
    for sign in (signal.SIGTERM, signal.SIGKILL):
        strays = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    strays.append(int(entry.name))
                    os.kill(strays[-1], sign)
            except OSError:
                continue  # it ended meanwhile, or is another user's
        if not strays:
            return
        time.sleep(1)


def until(probe, seconds=30, pause=0.25):
    """Calls `probe` until it is true or the time is over; its last value."""
    end = time.monotonic() + seconds
    while True:
        value = probe()
        if value or time.monotonic() > end:
            return value
        time.sleep(pause)
