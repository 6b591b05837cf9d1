"""Importing the line does nothing but define it: no file is touched, no process started, no hash computed."""

import subprocess
import sys

from ivr.config import ROOT

IMPORT_EVERYTHING = '''
import importlib, os, pkgutil, sys

done = []


def who():
    """The line of ivr's that runs, or nothing while other packages are imported: what they do is not ours."""
    frame = sys._getframe(1)
    while frame:
        if "importlib" in frame.f_code.co_filename:
            return None
        if frame.f_code.co_filename.startswith(FOLDER + os.sep):
            return f"{frame.f_code.co_filename.removeprefix(FOLDER)}:{frame.f_lineno}"
        frame = frame.f_back


def watch(event, arguments):
    if event in EVENTS or event.split(".")[0] in FAMILIES:
        if ours := who():
            done.append(f"{ours}: {event} {arguments}")


def named(name, original):
    def call(*arguments, **options):
        if ours := who():
            done.append(f"{ours}: {name}")
        return original(*arguments, **options)

    return call


FOLDER = sys.argv[1]
FAMILIES = {"socket", "subprocess", "shutil", "tempfile", "sqlite3", "urllib", "smtplib", "http", "glob"}
EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.link", "os.symlink", "os.truncate",
          "os.utime", "os.listdir", "os.scandir", "os.walk", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn",
          "os.system", "os.spawn", "os.kill", "os.putenv", "os.chdir", "time.sleep", "fcntl.flock", "fcntl.lockf"}

import argon2, hashlib, hmac, threading

argon2.PasswordHasher.hash = named("argon2's hash", argon2.PasswordHasher.hash)
for name in ("scrypt", "pbkdf2_hmac", "new", "sha1", "sha256", "sha512", "md5", "blake2b"):
    setattr(hashlib, name, named(name, getattr(hashlib, name)))
hmac.new = named("hmac", hmac.new)
threading.Thread.start = named("a thread's start", threading.Thread.start)
sys.addaudithook(watch)

import ivr

# migrations.env and the versions are run by Alembic, and __main__ is the command itself.
skipped = ("ivr.migrations.", "ivr.__main__")
modules = [one.name for one in pkgutil.walk_packages(ivr.__path__, "ivr.") if not one.name.startswith(skipped)]
for name in modules:
    importlib.import_module(name)
print(len(modules))
print(*done, sep="\\n", end="")
'''


def imported(folder):
    """How many modules a package `ivr` in a folder has, and what importing them did."""
    command = [sys.executable, "-B", "-c", IMPORT_EVERYTHING, str(folder / "ivr")]
    ended = subprocess.run(command, cwd=folder, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    count, *done = ended.stdout.splitlines()
    return int(count), done


def test_importing_every_module_touches_nothing():
    count, done = imported(ROOT)
    assert count == len(set((ROOT / "ivr").rglob("*.py")) - set((ROOT / "ivr" / "migrations").rglob("*.py"))) - 1
    assert done == []


def test_whatever_a_module_did_would_be_seen(tmp_path):
    """The same on a package that does all that is forbidden."""
    (tmp_path / "ivr").mkdir()
    (tmp_path / "ivr" / "__init__.py").write_text("")
    (tmp_path / "ivr" / "busy.py").write_text(
        "import argon2, hashlib, socket, subprocess, tempfile\n"
        "open(__file__).close()\n"
        "open('made', 'w').close()\n"
        "subprocess.run(['true'])\n"
        "socket.socket()\n"
        "tempfile.mkdtemp()\n"
        "hashlib.sha256(b'x')\n"
        "HASH = argon2.PasswordHasher(1, 8, 1).hash('x')\n"
    )
    count, done = imported(tmp_path)
    assert count == 1
    assert {int(one.split(":")[1]) for one in done} == set(range(2, 9)), done
