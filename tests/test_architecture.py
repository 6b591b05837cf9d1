"""The one direction of imports: each room may use only what stands left of it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {
    "callflow": set(),
    "config": set(),
    "vault": set(),
    "db": {"vault"},
    "logs": set(),
    "forms": set(),
    "audio": {"config"},
    "clients": {"config"},
    "models": {"callflow", "db"},
    "migrations": {"db", "models"},
    "services": {"callflow", "models", "db", "config", "audio"},
    "voice": {"callflow", "models", "services", "config", "metrics"},
    "console": {"callflow", "models", "services", "db", "config", "metrics", "forms"},
    "studio": {"callflow", "models", "services", "console", "forms"},
    "phone": {"callflow", "models", "services", "config", "console", "simulator", "rehearsal", "forms"},
    "metrics": set(),
    "serving": {"metrics"},
    "jobs": {"services", "clients", "models", "db", "config", "audio"},
    "operations": {"services", "db", "migrations", "metrics"},
    "simulator": set(),
    "demo": {"config", "db", "migrations", "services", "simulator"},
    "walk": {"callflow", "models", "services", "db", "config", "audio", "simulator", "rehearsal"},
    "rehearsal": {"config", "db", "migrations", "models", "services"},
}
WIRES = {
    "__init__",
    "__main__",
    "cli",
    "cli_audit",
    "cli_data",
    "cli_settings",
    "cli_staff",
    "cli_walk",
    "demo_week",
    "doctor",
}
PACKAGES = {"callflow": "the standard library only"}


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def imports(path: Path):
    """Every module a file imports, with the line it does so in."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield "." * node.level, node.lineno
            elif node.module == "ivr":
                yield from ((f"ivr.{alias.name}", node.lineno) for alias in node.names)
            elif node.module:
                yield node.module, node.lineno


def files():
    return [path for path in sorted((ROOT / "ivr").rglob("*.py")) if "versions" not in path.parts]


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_flow_one_way(path):
    room = path.relative_to(ROOT / "ivr").parts[0].removesuffix(".py")
    if room in WIRES:
        return
    for module, lineno in imports(path):
        assert not module.startswith("."), f"{path}:{lineno} imports relatively"
        if module.split(".")[0] == "ivr":
            other = room_of(module)
            assert other == room or other in ROOMS[room], f"{path}:{lineno}: {room} imports {other}"


@pytest.mark.parametrize("path", sorted((ROOT / "ivr" / "callflow").glob("*.py")), ids=lambda path: path.name)
def test_the_conversation_uses_the_standard_library_only(path):
    import sys

    for module, lineno in imports(path):
        top = module.split(".")[0]
        assert top in sys.stdlib_module_names | {"ivr"}, f"{path}:{lineno}: callflow imports {top}"
        assert top not in {"time", "socket", "os", "sqlite3", "random", "secrets"}, f"{path}:{lineno}: {top} is I/O"


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_stay_small(path):
    assert len(path.read_text().splitlines()) <= 400


def test_web_workers_do_not_load_the_voice():
    """Synthesis and mastering stay out of the processes that answer calls."""
    import subprocess
    import sys

    code = "import ivr, sys; print([m for m in ('av', 'numpy', 'pyttsx3', 'ivr.simulator') if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert loaded.stdout.strip() == "[]"
