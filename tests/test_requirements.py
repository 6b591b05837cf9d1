"""The lists of packages are what pyproject.toml asks for, whole: every package at one version, with its hashes."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DIRECT = PROJECT["project"]["dependencies"]
GROUPS = PROJECT["dependency-groups"]
MACHINES = [("linux", "x86_64"), ("linux", "aarch64"), ("linux", "armv7l"), ("darwin", "arm64"), ("darwin", "x86_64")]
SYSTEMS = [
    {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.1", "sys_platform": system}
    | {"platform_machine": machine}
    for minor in (11, 12, 13, 14)
    for system, machine in MACHINES
]
ADVICE = "Run .ci/pin."


def read(file):
    """The requirements of a list, each with the hashes that it may have."""
    lines = (ROOT / file).read_text().replace("\\\n", " ").splitlines()
    asked = [line for line in lines if line.strip() and not line.lstrip().startswith(("#", "--"))]
    return [(Requirement(line.split(" --hash")[0]), re.findall(r"--hash=(\S+)", line)) for line in asked]


def versions(file, system):
    """What a list installs on a system."""
    pinned = {}
    for requirement, _ in read(file):
        if requirement.marker is None or requirement.marker.evaluate(system):
            name = canonicalize_name(requirement.name)
            assert name not in pinned, f"{name} is there twice for {system}"
            pinned[name] = str(requirement.specifier)
    return pinned


@pytest.mark.parametrize(
    ("file", "direct"),
    [
        ("requirements.txt", DIRECT),
        ("tests/requirements.txt", [*DIRECT, *GROUPS["tests"]]),
        ("tests/bench/requirements.txt", GROUPS["bench"]),
    ],
)
class TestList:
    def test_what_the_project_asks_for_is_at_the_version_it_says(self, file, direct):
        for system in SYSTEMS:
            pinned = versions(file, system)
            asked = {canonicalize_name(one.name): one for one in map(Requirement, direct)}
            wanted = {
                name: str(one.specifier) if one.marker is None or one.marker.evaluate(system) else None
                for name, one in asked.items()
            }
            assert wanted == {name: pinned.get(name) for name in asked}, ADVICE

    def test_every_package_has_one_version_and_hashes(self, file, direct):
        assert "\n--require-hashes\n" in (ROOT / file).read_text()
        for requirement, hashes in read(file):
            assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), f"{requirement} is not pinned. {ADVICE}"
            assert hashes, f"{requirement} has no hashes. {ADVICE}"
            assert all(re.fullmatch("sha256:[0-9a-f]{64}", value) for value in hashes)

    def test_it_names_no_index_and_no_kernel(self, file, direct):
        """Whoever installs it chooses the index; and pip fails when it compares the release of Debian's kernel."""
        text = (ROOT / file).read_text()
        assert not re.findall(r"^-(?!-require-hashes$).*|\S+://\S+|platform_release", text, flags=re.MULTILINE)


def test_the_neural_voice_is_asked_for_only_where_it_can_be_installed():
    """Elsewhere the installation goes on without it, and espeak-ng speaks."""
    having = {system["platform_machine"] + system["sys_platform"] for system in SYSTEMS
              if "hibari-tts" in versions("requirements.txt", system)}  # fmt: skip
    assert having == {"x86_64linux", "aarch64linux", "arm64darwin"}


def test_the_tests_run_on_what_the_line_runs_on():
    for system in SYSTEMS:
        line, tests = versions("requirements.txt", system), versions("tests/requirements.txt", system)
        assert line == {name: tests.get(name) for name in line}, ADVICE


def test_a_bench_changes_nothing_of_what_the_tests_run_on():
    for system in SYSTEMS:
        tests, bench = versions("tests/requirements.txt", system), versions("tests/bench/requirements.txt", system)
        both = tests.keys() & bench.keys()
        assert {name: tests[name] for name in both} == {name: bench[name] for name in both}, ADVICE
