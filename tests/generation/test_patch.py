"""Diffs of models: found by their text, whatever their line numbers say."""

import pytest

from autogen_cli.generation.patch import added_lines, apply_diff, is_diff

MODULE = "import os\n\n\ndef first():\n    return 1\n\n\ndef last():\n    return 2\n"
NEW = "@@ -4,2 +4,5 @@ def first():\n def first():\n     return 1\n+\n+\n+def helper(): ...\n"


@pytest.mark.parametrize(
    ("text", "tag", "expected"),
    [
        (NEW, "", True),
        ("--- a/x.py\n+++ b/x.py\n" + NEW, "", True),
        ("diff --git a/x b/x\nindex 1..2\n" + NEW, "python", True),
        (" a\n+b\n", "diff", True),
        (" a\n+b\n", "patch", True),
        (" a\n+b\n", "", False),
        ("+a\n-b\n", "", True),
        ("-a\n", "diff", False),
        ("x = 1\n+b\n", "diff", False),
        ("", "diff", False),
        ("@property\n", "", False),
    ],
)
def test_is_diff(text: str, tag: str, expected: bool) -> None:
    assert is_diff(text, tag) is expected


OTHER = MODULE.replace("1", "3").replace("2", "4")
WITH_HELPER = MODULE.replace("    return 1\n", "    return 1\n\n\ndef helper(): ...\n")


@pytest.mark.parametrize(
    ("diff", "module"),
    [
        (NEW, WITH_HELPER),
        (NEW.replace("-4,2 +4,5", "-90,2 +90,5"), WITH_HELPER),
        (NEW.replace("@@ -4,2 +4,5 @@ def first():", "@@"), WITH_HELPER),
        ("--- a/pkg/x.py\t2024\n+++ b/pkg/x.py\t2024\n" + NEW, WITH_HELPER),
        ("--- a/x.py\n+++ b/x.py\n" + NEW, WITH_HELPER),
        ("--- a/src/pkg/x.py\n+++ src/pkg/x.py\n" + NEW, WITH_HELPER),
        ("+++ b/other.py\n@@\n-gone\n+new\n+++ b/pkg/x.py\n" + NEW, WITH_HELPER),
        ("+++ b/other.py\n" + NEW, MODULE),
        ("diff --git a/x b/x\nindex 1..2 100644\n" + NEW + "\\ No newline at end of file\n", WITH_HELPER),
        ("@@\n-    return 1   \n+    return 3\n@@\n-    return 2\n+    return 4\n", OTHER),
        ("+def helper(): ...\n", f"{MODULE}\ndef helper(): ..."),
        ("@@\n-    return 9\n+    return 3\n", None),
    ],
)  # fmt: skip
def test_apply_diff(diff: str, module: str | None) -> None:
    assert apply_diff(diff.removesuffix("\n"), MODULE, "pkg/x.py") == module


def test_added_lines() -> None:
    assert added_lines("--- a\n+++ b\n@@\n a\n+b\n-c\n+  d") == "b\n  d"
