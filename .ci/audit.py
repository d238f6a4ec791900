"""What `make audit` looks at: known vulnerabilities of what is locked, the security lint, licences.

A part that can't be looked at says so, last and in capitals: pip-audit itself says "no known vulnerabilities" when its
service can't be asked about a single package.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

HOUSE = Path(__file__).parent.parent
UV = str(HOUSE / ".ci" / "uv")
ACCEPTED = {
    "CVE-2025-69872": "diskcache unpickles what it stores: our stores hold JSON, and nothing is ever unpickled",
}
STRONG_COPYLEFT = re.compile(r"\bA?GPL|GNU (Affero )?General Public", re.IGNORECASE)
WEAK_COPYLEFT = re.compile(r"LGPL|Lesser", re.IGNORECASE)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=HOUSE, capture_output=True, text=True, check=False)


def vulnerabilities() -> tuple[bool, str]:
    """Whether all is well, and what to say."""
    with tempfile.TemporaryDirectory() as folder:
        locked, report = Path(folder) / "locked.txt", Path(folder) / "report.json"
        export = ("export", "--frozen", "--quiet", "--no-emit-project", "--all-extras", "--output-file", str(locked))
        run(UV, *export).check_returncode()
        ignored = [word for name in ACCEPTED for word in ("--ignore-vuln", name)]
        options = ("--require-hashes", "--disable-pip", "--progress-spinner", "off", "--timeout", "10", *ignored)
        asked = run(
            UV, *["tool", "run", "--quiet", "pip-audit", "-f", "json"], "-r", str(locked), "-o", str(report), *options
        )
        if not report.exists():
            reason = (asked.stderr.strip().splitlines() or ["no answer"])[-1]
            return True, f"VULNERABILITIES WERE NOT CHECKED: {reason[:200]}"
        return verdict(json.loads(report.read_text()))


def verdict(report: Any) -> tuple[bool, str]:
    packages = report["dependencies"]
    found = [
        f"  {package['name']} {package['version']}: {one['id']}, fixed in {', '.join(one['fix_versions']) or 'none'}"
        for package in packages
        for one in package.get("vulns", ())
    ]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if len(skipped) == len(packages):
        return (
            True,
            f"VULNERABILITIES WERE NOT CHECKED: the service knows none of the {len(packages)} packages from here",
        )
    unknown = f"; NOT CHECKED: {', '.join(skipped)}" if skipped else ""
    said = f"{len(packages) - len(skipped)} packages were checked, {len(found)} vulnerabilities found{unknown}"
    return not found, "\n".join([said, *found])


def security_lint() -> tuple[bool, str]:
    asked = run(
        UV,
        "run",
        "--frozen",
        "--quiet",
        "ruff",
        "check",
        "--select",
        "S",
        "--ignore",
        "S603,S607",
        "autogen_cli",
        "autogenlib",
    )
    return asked.returncode == 0, asked.stdout.strip()


def licence(package: Distribution) -> str:
    about = package.metadata
    classifiers = [line.split(" :: ")[-1] for line in about.get_all("Classifier", []) if line.startswith("License ::")]
    text = about.get("License-Expression") or "; ".join(classifiers) or about.get("License") or "unknown"
    return text.strip().splitlines()[0][:60] if text.strip() else "unknown"


def core() -> set[str]:
    """Names of what is installed without any extra."""
    asked = run(UV, *["export", "--frozen", "--quiet", "--no-dev", "--no-emit-project", "--no-hashes", "--no-annotate"])
    return {re.split(r"[=\s;\[]", line)[0].casefold() for line in asked.stdout.splitlines() if "==" in line}


def licences() -> tuple[bool, str]:
    """Of everything in the development environment, which has all extras. The core is free of strong copyleft."""
    held = defaultdict(set)
    for package in distributions():
        held[licence(package)].add(package.name)
    strong = {
        name: text
        for text, names in held.items()
        if STRONG_COPYLEFT.search(text) and not WEAK_COPYLEFT.search(text) and " OR " not in text
        for name in names
    }
    ours = core()
    inside = [name for name in strong if name.casefold() in ours]
    lines = [f"  {len(names):3}  {text}: {', '.join(sorted(names))}" for text, names in sorted(held.items())]
    lines += [f"strong copyleft, by an extra: {name} ({text})" for name, text in strong.items() if name not in inside]
    lines += [f"STRONG COPYLEFT IN THE CORE: {name} ({strong[name]})" for name in inside]
    return not inside, "\n".join(lines)


def main() -> int:
    parts = {"licences": licences(), "security lint": security_lint(), "known vulnerabilities": vulnerabilities()}
    for name, (_, said) in parts.items():
        sys.stdout.write(f"== {name}\n{said}\n")
    for name, reason in ACCEPTED.items():
        sys.stdout.write(f"accepted: {name}: {reason}\n")
    return 0 if all(well for well, _ in parts.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
