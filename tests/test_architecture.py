"""What is true of the whole repository: imports go one way, files stay small, and names that misled stay away."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
IVR = ROOT / "ivr"
SERVICES = IVR / "services"
TESTS = ROOT / "tests"

DOMAIN = {"callflow", "models", "services"}
EVERYTHING = {"everything"}

ROOMS: Mapping[str, set[str]] = {
    "callflow": set(),
    "vault": set(),
    "proxies": set(),
    "setting_rules": set(),
    "config": {"proxies", "setting_rules"},
    "logs": set(),
    "limits": set(),
    "forms": {"limits"},
    "metrics": set(),
    "serving": {"metrics", "limits"},
    "echo": {"limits", "proxies"},
    "simulator": set(),
    "write_lock": set(),
    "sqlite": {"write_lock"},
    "db": {"vault", "sqlite"},
    "audio": set(),
    "clients": set(),
    "inserts": {"db"},
    "models": {"callflow", "db"},
    "migrations": {"db", "models"},
    "services": {"callflow", "models", "db", "inserts", "config", "audio"},
    "operations": {"services", "migrations", "metrics", "sqlite"},
    "rehearsal": {"services", "models", "migrations", "db", "config"},
    "voice": {*DOMAIN, "config", "limits", "logs", "metrics"},
    "console": {*DOMAIN, "config", "forms", "proxies"},
    "studio": {"callflow", "services", "models", "console", "forms"},
    "phone": {*DOMAIN, "config", "forms", "proxies", "console", "simulator", "rehearsal"},
    "public": {"callflow", "services", "db", "config", "forms", "proxies"},
    "jobs": {"services", "models", "db", "config", "audio", "clients", "logs"},
    "walk": {*DOMAIN, "db", "config", "audio", "simulator", "rehearsal"},
    "doctor": {
        "services",
        "callflow",
        "migrations",
        "db",
        "config",
        "clients",
        "jobs",
        "echo",
        "setting_rules",
    },
    "create_app": {
        "services",
        "callflow",
        "db",
        "config",
        "proxies",
        "clients",
        "metrics",
        "echo",
        "operations",
        "voice",
        "console",
        "studio",
        "phone",
        "public",
    },
    "demo": {
        "callflow",
        "services",
        "models",
        "migrations",
        "db",
        "config",
        "proxies",
        "audio",
        "simulator",
        "create_app",
    },
    "cli": EVERYTHING,
    "__main__": {"cli"},
}
"""What each room of ivr/ imports, every room below those that it may use; `create_app` is ivr/__init__.py.

The studio's and the phone's pages are the console's guests: they use its signing in. The commands may use everything
above them.
"""

DOMAINS: Mapping[str, set[str]] = {
    "numbers": set(),
    "scripts": set(),
    "calendar": set(),
    "audit": set(),
    "jobs": {"audit"},
    "texts": {"scripts"},
    "line": {"calendar", "scripts", "texts"},
    "inquiry": {"line"},
    "accounts": {"audit", "inquiry", "line", "numbers"},
    "hours": {"audit", "calendar", "inquiry", "jobs", "line", "accounts"},
    "recordings": {"audit", "jobs"},
    "prompts": {"audit", "inquiry", "jobs", "line", "scripts", "accounts", "recordings"},
    "requests": {"audit", "calendar", "inquiry", "jobs", "line", "numbers", "accounts", "recordings", "texts"},
    "calls": {"inquiry", "jobs", "line", "numbers", "hours", "recordings", "prompts", "requests"},
    "keeping": {"audit", "numbers", "recordings", "requests", "calls"},
    "health": {"scripts", "prompts"},
}
"""The same inside ivr/services/: first the modules that all domains need, then the domains, a folder each."""

WITHOUT_EFFECTS = {"time", "socket", "os", "sqlite3", "random", "secrets"}
"""Modules of the standard library that the conversation does without all the same: clocks, chance, input and output."""

LONGEST_FILE = 400
FILES_BESIDE_THE_DOMAINS = 8

CLOSING = {"closing", "contextlib.closing"}
OPENERS = {"Database", "sa.create_engine", "sqlite3.connect"}

RETIRED = (
    *(
        "Deed",
        "DEEDS",
        "deed",
        "deeds",
        "Patience",
        "PATIENCE",
        "PATIENT_TRIES",
        "HOPELESS",
        "patiently",
        "unhurried",
    ),
    *("_hurry_again", "_give_up_on_silence", "settle(", "is_settled", "_settled", "take_back", "_taken_back"),
    *("foretell", "tell_again", "alert_again", "spoken_lines", "worklist", "triage_case", "triage_history"),
    *("phone_triage", "studio_by_phone", "earlier_audio", "demo_week"),
    *("cli_audit", "cli_data", "cli_settings", "cli_staff", "cli_walk"),
)
"""Names that misled, whole ones; what they were called for has names that an engineer would search for."""


def python_files(folder: Path) -> Sequence[Path]:
    return [path for path in sorted(folder.rglob("*.py")) if "versions" not in path.parts]


@cache
def imports(path: Path) -> Sequence[tuple[str, int]]:
    """Every module a file imports, with the line it does so in; of `from a import b`, both `a.b` names."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = "." * node.level + (node.module or "")
            found += [(f"{package}.{alias.name}", node.lineno) for alias in node.names]
    return found


def part_of(folder: Path, module: str) -> str:
    """Which room of a package a module is in; what is no room comes from the package itself."""
    name, *_ = module.split(".")
    return name if name and ((folder / name).is_dir() or (folder / f"{name}.py").is_file()) else "__init__"


def edges(folder: Path, package: str) -> Iterator[tuple[str, str, str]]:
    """Who imports whom between the rooms of a package, and where."""
    for path in python_files(folder):
        here = path.relative_to(folder).parts[0].removesuffix(".py")
        for module, line in imports(path):
            if module == package or module.startswith(f"{package}."):
                there = part_of(folder, module.removeprefix(package).removeprefix("."))
                if there != here:
                    yield here, there, f"{path.relative_to(ROOT)}:{line}"


def faults_of_table(table: Mapping[str, set[str]], found: Sequence[tuple[str, str, str]]) -> list[str]:
    """Edges that the table does not have, edges and rooms that are gone, and edges that lead down."""
    rows = list(table)
    allowed = {(here, there) for here, others in table.items() for there in others - EVERYTHING}
    commands = {here for here, others in table.items() if others == EVERYTHING}
    allowed |= {(here, there) for here in commands for there in rows[: rows.index(here)]}
    real = {(here, there) for here, there, _ in found}
    return [
        *(f"{where}: {here} imports {there}" for here, there, where in found if (here, there) not in allowed),
        *(f"{here} imports {there} no more" for here, there in sorted(allowed - real) if here not in commands),
        *(f"{here} stands above {there}" for here, there in allowed if there not in rows[: rows.index(here)]),
    ]


def unclosed(tree: ast.Module) -> Iterator[ast.Call]:
    """What opens a database outside `closing`, in a function (or a class) that closes nothing."""
    for scope in tree.body:
        within = list(ast.walk(scope))
        calls = [node for node in within if isinstance(node, ast.Call)]
        ended = [each for call in calls if ast.unparse(call.func) in CLOSING for each in ast.walk(call)]
        if not any(isinstance(node, ast.Attribute) and node.attr in {"close", "dispose"} for node in within):
            yield from (call for call in calls if ast.unparse(call.func) in OPENERS and call not in ended)


def tell(faults: Sequence[str]) -> None:
    """Fail with all of them, a line each."""
    assert not faults, "\n".join(faults)


def test_imports_between_the_rooms_flow_one_way():
    found = [tuple("create_app" if name == "__init__" else name for name in edge) for edge in edges(IVR, "ivr")]
    tell(faults_of_table(ROOMS, found))
    rooms = {path.relative_to(IVR).parts[0].removesuffix(".py") for path in python_files(IVR)} - {"__init__"}
    assert rooms == set(ROOMS) - {"create_app"}


def test_imports_between_the_domains_flow_one_way():
    tell(faults_of_table(DOMAINS, list(edges(SERVICES, "ivr.services"))))
    domains = {path.relative_to(SERVICES).parts[0].removesuffix(".py") for path in python_files(SERVICES)}
    assert domains - {"__init__"} == set(DOMAINS)


def test_the_services_that_all_domains_need_are_few():
    assert len(list(SERVICES.glob("*.py"))) <= FILES_BESIDE_THE_DOMAINS


def test_nothing_is_imported_relatively():
    files = [*python_files(IVR), *python_files(TESTS)]
    tell([f"{path}:{line}: {module}" for path in files for module, line in imports(path) if module.startswith(".")])


def test_the_conversation_uses_the_standard_library_only():
    faults = []
    for path in python_files(IVR / "callflow"):
        for module, line in imports(path):
            top = module.split(".")[0]
            if top not in sys.stdlib_module_names | {"ivr"} or top in WITHOUT_EFFECTS:
                faults.append(f"{path}:{line}: callflow imports {top}")
    tell(faults)


def test_files_stay_small():
    lengths = {path: len(path.read_text().splitlines()) for path in (*python_files(IVR), *python_files(TESTS))}
    tell([f"{path}: {length} lines" for path, length in lengths.items() if length > LONGEST_FILE])


def test_tests_import_no_tests():
    """What several of them need is in tests/support, or a fixture of a conftest."""
    faults = []
    for path in python_files(TESTS):
        for module, line in imports(path):
            if module.split(".")[0] == "tests" and re.search(r"\.(test_\w+|conftest)(\.|$)", module):
                faults.append(f"{path}:{line}: {path.stem} imports {module}")
    tell(faults)


def test_who_opens_a_database_in_a_test_closes_it():
    """From Python 3.13 on, a connection that is left to the garbage fails whatever test runs when it is found."""
    faults = []
    for path in python_files(TESTS):
        for opener in unclosed(ast.parse(path.read_text())):
            faults.append(f"{path}:{opener.lineno}: {ast.unparse(opener.func)} without a close in the same function")
    tell(faults)


def test_names_that_misled_stay_away():
    names = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, RETIRED))})(?:(?<=\()|(?!\w))")
    files = [path for kind in ("py", "html", "js") for folder in (IVR, TESTS) for path in folder.rglob(f"*.{kind}")]
    faults = []
    for path in set(files) - {Path(__file__).resolve()}:
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            faults += [f"{path}:{number}: {name}" for name in names.findall(line)]
    tell(faults)


@pytest.mark.parametrize(
    ("faulty", "told"),
    [
        ({"a": set(), "b": {"a"}}, ["here: b imports c", "here: c imports a"]),
        ({"c": {"a"}, "a": set(), "b": {"a", "c"}}, ["c stands above a"]),
        ({"a": set(), "d": set(), "c": {"a", "d"}, "b": {"a", "c"}}, ["c imports d no more"]),
        ({"a": set(), "c": {"a"}, "b": EVERYTHING}, []),
        ({"a": set(), "b": EVERYTHING, "c": {"a"}}, ["here: b imports c"]),
    ],
)
def test_a_wrong_table_is_told_with_both_names(faulty, told):
    assert faults_of_table(faulty, [("b", "a", "here"), ("b", "c", "here"), ("c", "a", "here")]) == told


def test_web_workers_do_not_load_the_voice():
    """Synthesis and mastering stay out of the processes that answer calls."""
    code = "import ivr, sys; print([m for m in ('av', 'numpy', 'pyttsx3', 'ivr.simulator') if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert loaded.stdout.strip() == "[]"


def test_nothing_is_committed_that_belongs_to_one_machine():
    """A link to an environment was, once: a fresh clone could not be set up."""
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout")
    listed = subprocess.run(["git", "ls-files", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    modes = {line.split("\t")[1]: line.split()[0] for line in listed.splitlines()}
    assert not [path for path, mode in modes.items() if mode not in {"100644", "100755"}]
    visible = {path.split("/")[0] for path in modes if not path.startswith(".")}
    assert visible == {
        *("ivr", "prompts", "tests", "wsgi.py", "requirements.txt", "Procfile", "README.md", "pyproject.toml"),
    }


PROTOCOL = "simulator"
"""The carrier's side of what the line says: the same things, under the protocol's own names."""

ONE_MEANING = {"Engine": "What `worker.FileDriver` makes a driver of."}
"""Classes that are there more than once on purpose, and what each of them is."""


def public_classes() -> Iterator[tuple[str, str, str]]:
    """Each public class of the line's own side: its name, its file, and what it says that it is."""
    for path in sorted(IVR.rglob("*.py")):
        if path.relative_to(IVR).parts[0] != PROTOCOL:
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    yield node.name, path.relative_to(ROOT).as_posix(), ast.get_docstring(node) or ""


def test_no_two_classes_of_one_name_mean_different_things() -> None:
    places: dict[str, list[str]] = {}
    for name, place, words in public_classes():
        if ONE_MEANING.get(name) != words:
            places.setdefault(name, []).append(place)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
