"""`from autogenlib.x import y`: in real programs of their own, against a provider that answers by what is asked."""

import json
import linecache
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import autogenlib
from autogen_cli.providers.fake import FakeServer, faults
from autogenlib._library import _LIBRARIES
from autogenlib._state import STATE
from tests.conftest import MakeProject

CODE = {
    "totp_generator": 'def totp_generator(secret: str) -> str:\n    """A code."""\n    return secret[-6:]',
    "verify_totp": "def verify_totp(secret: str, code: str) -> bool:\n    return totp_generator(secret) == code",
    "get_highest_score": (
        'def get_highest_score(data: list[dict]) -> dict:\n    return max(data, key=lambda row: row["score"])'
    ),
    "encrypt_text": "def encrypt_text(text: str, password: str) -> str:\n    return text[::-1] + password",
    "decrypt_text": (
        "def decrypt_text(text: str, password: str) -> str:\n    return text.removesuffix(password)[::-1]"
    ),
    "hash_password": "def hash_password(password: str) -> str:\n    return password.upper()",
    "verify_password": (
        "def verify_password(password: str, hashed: str) -> bool:\n    return password.upper() == hashed"
    ),
    "generate_token": "def generate_token(length: int = 16) -> str:\n    return 'x' * length",
}
TOTP = 'from autogenlib.totp import totp_generator\n\nprint(totp_generator("SECRETKEY123"))\n'


def answer(prompt: str) -> str:
    """The code of every function that the task names; all that the prompt mentions for a whole module."""
    task = prompt.partition("# Task")[2].partition("\n# ")[0]
    asked = re.search(r"`(?:[\w.]+\.)?(\w+)`", task)
    names = [asked[1]] if asked and asked[1] in CODE else [name for name in CODE if re.search(rf"\b{name}\b", prompt)]
    return "```python\n" + "\n\n\n".join(CODE[name] for name in names) + "\n```\n"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    with FakeServer(answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        yield server


class Ran(NamedTuple):
    stdout: str
    stderr: str


type RunProgram = Callable[..., Ran]


@pytest.fixture
def python(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunProgram:
    """Runs a program as a new interpreter would, in this one: no generated module is loaded yet."""

    def run(program: str, cwd: Path, **environment: str) -> Ran:
        forget()
        script = cwd / "program.py"
        script.write_text(program)
        error = ""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(cwd)
            for name, value in environment.items():
                patch.setenv(name, value)
            try:
                runpy.run_path(str(script), run_name="__main__")
            except ImportError as exc:
                error = f"{type(exc).__name__}: {exc}"
        linecache.clearcache()
        return Ran(capsys.readouterr().out, error)

    return run


@pytest.fixture(autouse=True)
def forget_afterwards() -> Iterator[None]:
    yield
    forget()
    autogenlib.set_caching(True)
    STATE.description = None


def forget() -> None:
    _LIBRARIES.clear()
    for name in [
        name for name in sys.modules if name.startswith("autogenlib.") and not name.startswith("autogenlib._")
    ]:
        del sys.modules[name]
        vars(autogenlib).pop(name.split(".")[1], None)


def generated(root: Path) -> Path:
    return root / ".autogen" / "lib" / "autogenlib"


# The examples of autogenlib 0.1.3's README (MIT licence), as they stand there.
EXAMPLES = {
    "quick start": (
        """
# Import a function that doesn't exist yet - it will be automatically generated
from autogenlib.tokens import generate_token

# Use the generated function
token = generate_token(length=32)
print(token)
""",
        "x" * 32,
    ),
    "a second name later": (
        """
from autogenlib.totp import totp_generator

print(totp_generator("SECRETKEY123"))

# Later in your application, you need verification:
from autogenlib.totp import verify_totp
result = verify_totp("SECRETKEY123", "123456")
print(f"Verification result: {result}")
""",
        "KEY123\nVerification result: False",
    ),
    "context": (
        """
# Import a function - AutoGenLib will see how your data is structured
from autogenlib.processor import get_highest_score

# Define your data structure
data = [{"user": "Alice", "score": 95}, {"user": "Bob", "score": 82}]

# The function will work with your data structure without you having to specify details
print(get_highest_score(data))  # Will correctly extract the highest score
""",
        "{'user': 'Alice', 'score': 95}",
    ),
    "several modules": (
        """
# You can use init function to additionally hint the purpose of your library
from autogenlib import init
init("Cryptographic utility library")

# Generate encryption module
from autogenlib.encryption import encrypt_text, decrypt_text
encrypted = encrypt_text("Secret message", "password123")
decrypted = decrypt_text(encrypted, "password123")
print(decrypted)

# Generate hashing module
from autogenlib.hashing import hash_password, verify_password
hashed = hash_password("my_secure_password")
is_valid = verify_password("my_secure_password", hashed)
print(f"Password valid: {is_valid}")
""",
        "Secret message\nPassword valid: True",
    ),
    "caching": (
        """
from autogenlib import init
init("Library for data processing", enable_caching=True)
from autogenlib import init, set_caching
init("Library for data processing")

# Later in your code:
set_caching(True)  # Enable caching
set_caching(False)  # Disable caching
""",
        "",
    ),
    "inspection": (
        """
from autogenlib.totp import totp_generator
import inspect
print(inspect.getsource(totp_generator))
""",
        CODE["totp_generator"],
    ),
}


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_old_librarys_examples_run_unchanged(
    example: str, server: FakeServer, make_project: MakeProject, python: RunProgram
) -> None:
    program, expected = EXAMPLES[example]
    root = make_project({"README.md": ""})
    ran = python(program, root)
    assert ran.stderr == ""
    assert ran.stdout.strip() == expected.strip()


def test_a_module_is_a_file_that_runs_again_without_the_provider(
    server: FakeServer, make_project: MakeProject, python: RunProgram
) -> None:
    root = make_project({"pyproject.toml": ""})
    assert python(TOTP, root).stdout == "KEY123\n"
    assert server.received == 1
    assert "def totp_generator(secret: str)" in (generated(root) / "totp.py").read_text()
    lock = json.loads((root / ".autogen" / "lib" / "autogen.lock").read_text())
    assert list(lock["modules"]) == ["autogenlib.totp"]
    for mode in ("on", "locked"):
        assert python(TOTP, root, AUTOGEN_IMPORTS_MODE=mode).stdout == "KEY123\n"
    assert server.received == 1
    assert not list(generated(root).glob("__pycache__"))


def test_locked_refuses_what_has_changed_and_what_is_missing(
    server: FakeServer, make_project: MakeProject, python: RunProgram
) -> None:
    root = make_project({"pyproject.toml": ""})
    missing = python(TOTP, root, AUTOGEN_IMPORTS_MODE="locked")
    assert "ImportError: autogenlib.totp is not in" in missing.stderr
    python(TOTP, root)
    more = python("from autogenlib.totp import verify_totp", root, AUTOGEN_IMPORTS_MODE="locked")
    assert "ImportError: autogenlib.totp.verify_totp is not in" in more.stderr
    path = generated(root) / "totp.py"
    path.write_text(path.read_text().replace("[-6:]", "[:6]"))
    changed = python(TOTP, root, AUTOGEN_IMPORTS_MODE="locked")
    assert "totp.py is not what autogen.lock says" in changed.stderr
    assert python(TOTP, root).stdout == "SECRET\n"  # the mode `on` takes an edit for the project's own
    assert python(TOTP, root, AUTOGEN_IMPORTS_MODE="locked").stdout == "SECRET\n"
    assert server.received == 1


def test_off_finds_nothing(server: FakeServer, make_project: MakeProject, python: RunProgram) -> None:
    ran = python(TOTP, make_project({"pyproject.toml": ""}), AUTOGEN_IMPORTS_MODE="off")
    assert "ModuleNotFoundError: No module named 'autogenlib.totp'" in ran.stderr
    assert server.received == 0


def test_a_second_name_keeps_the_first_and_its_state(
    server: FakeServer, make_project: MakeProject, python: RunProgram
) -> None:
    root = make_project({"pyproject.toml": ""})
    ran = python(
        "from autogenlib import totp as before\n"
        "from autogenlib.totp import totp_generator\n"
        "before.counter = 7\n"
        "from autogenlib.totp import totp_generator as again, verify_totp\n"
        "import autogenlib.totp\n"
        "print(again is totp_generator, autogenlib.totp.counter, verify_totp('abcdef', 'abcdef'))\n"
        "print(totp_generator.__code__.co_filename == verify_totp.__code__.co_filename)\n"
        "import inspect; print(inspect.getsource(verify_totp).splitlines()[0])\n",
        root,
    )
    assert ran.stderr == ""
    assert ran.stdout == "True 7 True\nTrue\ndef verify_totp(secret: str, code: str) -> bool:\n"


def test_modules_may_lie_in_packages(server: FakeServer, make_project: MakeProject, python: RunProgram) -> None:
    root = make_project({"pyproject.toml": ""})
    program = "from autogenlib.security.totp import totp_generator\nprint(totp_generator('123456'))\n"
    assert python(program, root).stdout == "123456\n"
    assert (generated(root) / "security" / "totp.py").is_file()


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("from autogenlib import AutogenCleint", "cannot import name 'AutogenCleint'"),
        ("import autogenlib._nothing", "No module named 'autogenlib._nothing'"),
    ],
)
def test_a_mistyped_name_of_the_library_costs_nothing(
    program: str, reason: str, server: FakeServer, make_project: MakeProject, python: RunProgram
) -> None:
    ran = python(program, make_project({"pyproject.toml": ""}))
    assert reason in ran.stderr
    assert server.received == 0


def test_a_failure_says_why_and_leaves_nothing(make_project: MakeProject, python: RunProgram) -> None:
    root = make_project({"pyproject.toml": ""})
    without = python(TOTP, root)
    assert "ImportError: autogenlib.totp.totp_generator was not generated: no provider is configured" in without.stderr
    with FakeServer(["I can't."]) as server:
        rejected = python(TOTP, root, OPENAI_BASE_URL=server.base_url)
        assert "ImportError: autogenlib.totp.totp_generator was not generated: the answer was reject" in rejected.stderr
    with FakeServer([""], faults=faults.status(503)) as server:
        down = python(TOTP, root, OPENAI_BASE_URL=server.base_url, AUTOGEN_LIMITS_RETRIES="0")
        assert "was not generated" in down.stderr
    assert not (root / ".autogen" / "lib" / "autogen.lock").exists()
    assert not list((root / ".autogen").rglob("*.py"))


def test_processes_and_threads_generate_once(server: FakeServer, make_project: MakeProject, python: RunProgram) -> None:
    root = make_project({"pyproject.toml": "", "program.py": TOTP})
    threads = (
        "import threading\n"
        "def work():\n"
        "    from autogenlib.totp import totp_generator\n"
        "    from autogenlib.totp import verify_totp\n"
        "    assert verify_totp('abcdef', 'abcdef')\n"
        "for thread in (many := [threading.Thread(target=work) for _ in range(8)]):\n"
        "    thread.start()\n"
        "for thread in many:\n"
        "    thread.join()\n"
        "print('done')\n"
    )
    (root / "program.py").write_text(threads)
    running = [
        subprocess.Popen(
            [sys.executable, "program.py"], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(8)
    ]
    ended = [process.communicate(timeout=120) for process in running]
    assert ended == [("done\n", "")] * 8
    assert server.received == 2


def test_the_code_on_standard_input_is_evidence(
    server: FakeServer, make_project: MakeProject, python: RunProgram
) -> None:
    root = make_project({"pyproject.toml": ""})
    lines = (
        "import asyncio, linecache\n"
        "source = 'from autogenlib.totp import totp_generator\\nprint(totp_generator(\"notebook cell\"))\\n'\n"
        "linecache.cache['<cell 1>'] = (len(source), None, source.splitlines(True), '<cell 1>')\n"
        "async def main():\n"  # as in a notebook, an event loop is running
        "    exec(compile(source, '<cell 1>', 'exec'), {'__name__': '__main__'})\n"
        "asyncio.run(main())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-"], check=False, input=lines, cwd=root, capture_output=True, text=True, timeout=60
    )
    assert (ran.stdout, ran.stderr) == ("k cell\n", "")
    assert "notebook cell" in server.requests[0].json()["messages"][-1]["content"]
