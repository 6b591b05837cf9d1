"""Programs of the line as processes of their own: as `python -m …` starts them, with the line loaded already.

Loading the line and its libraries takes two seconds of a core, and a whole run starts more than a hundred programs. So
each process of the run keeps one that has loaded them, and every program is forked from it: multiprocessing's fork
server. Those that tests start with `subprocess` load everything themselves, the demo and the Procfile's servers too.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from multiprocessing.connection import wait
from pathlib import Path

LONGEST_SECONDS = 300
"""Until a program that should have ended is taken for one that hangs."""

_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload(["tests.support.loaded"])


class Program:
    """A running `python -m module words`, used like `subprocess.Popen`. Output goes to files, or where ours goes."""

    def __init__(self, module, *words, env, cwd, stdin=None, stdout=None, stderr=None, start_new_session=False):
        files = [stream and stream.name for stream in (stdin, stdout, stderr)]
        self._process = _forking.Process(
            target=_run, args=(module, words, dict(env), str(cwd), files, start_new_session), daemon=False
        )
        self._one_at_a_time = threading.Lock()
        sys.audit("subprocess.Popen", sys.executable, [sys.executable, "-m", module, *words], cwd, env)
        self._process.start()
        self.pid = self._process.pid

    @property
    def returncode(self):
        return self.poll()

    def poll(self):
        """Its exit status, or None while it runs; minus the signal that ended it."""
        with self._one_at_a_time:
            return self._process.exitcode

    def wait(self, timeout=None):
        if not wait([self._process.sentinel], timeout):
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        return self.poll()

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def run_program(module, *words, env, cwd, stdin=""):
    """Run one to its end, like `subprocess.run` with text that is captured."""
    with tempfile.TemporaryDirectory() as folder:
        given, out, err = (Path(folder, name) for name in ("stdin", "stdout", "stderr"))
        given.write_text(stdin)
        with given.open() as stdin_file, out.open("w") as stdout, err.open("w") as stderr:
            program = Program(module, *words, env=env, cwd=cwd, stdin=stdin_file, stdout=stdout, stderr=stderr)
        try:
            status = program.wait(LONGEST_SECONDS)
        finally:
            program.kill()
        return subprocess.CompletedProcess([module, *words], status, out.read_text(), err.read_text())


def _run(module, words, env, cwd, files, start_new_session):
    if start_new_session:
        os.setsid()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    for number, path in enumerate(files):
        if path:
            mode = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND
            opened = os.open(path, mode)
            os.dup2(opened, number)
            os.close(opened)
    sys.stdin = open(0)  # noqa: SIM115  (multiprocessing closed it)
    sys.argv = [module, *words]
    sys.path[0:0] = [cwd]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
