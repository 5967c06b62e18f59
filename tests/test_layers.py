"""Dependencies point one way; this test is what enforces it."""

import ast
from pathlib import Path

import pytest

import solarnet_assets

ROOT = Path(solarnet_assets.__file__).parent
DOMAIN = ("imagery", "solar", "steel", "parking", "mobility", "social", "nowcast")
BELOW = (*DOMAIN, "sql", "storage", "sources", "reports", "world", "evaluation")


def imports(package: str) -> set[tuple[str, str]]:
    """Return (file, imported module) of every import below a package, those inside functions included."""
    found = set()
    for file in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file} uses a relative import"
                names = [node.module or ""] + [f"{node.module}.{a.name}" for a in node.names]
            found |= {(file.relative_to(ROOT).as_posix(), name) for name in names}
    return found


def reaching(package: str, *targets: str) -> list[tuple[str, str]]:
    return sorted(i for i in imports(package) if any(i[1] == t or i[1].startswith(f"{t}.") for t in targets))


@pytest.mark.parametrize("package", BELOW)
def test_only_defs_imports_dagster(package):
    assert imports(package), f"{package} has no imports: is the path right?"
    assert reaching(package, "dagster") == []


@pytest.mark.parametrize("package", DOMAIN)
def test_domain_packages_do_not_import_each_other(package):
    others = [f"solarnet_assets.{p}" for p in DOMAIN if p not in (package, "imagery")]
    assert reaching(package, *others, "solarnet_assets.defs", "solarnet_assets.sql") == []


@pytest.mark.parametrize("package", [*DOMAIN, "sql", "storage", "reports", "defs"])
def test_nothing_that_recognises_knows_the_simulated_country(package):
    assert reaching(package, "solarnet_assets.world") == []


def test_the_simulated_country_shares_no_code_with_what_it_tests():
    others = [f"solarnet_assets.{p}" for p in (*DOMAIN, "sql", "storage", "sources", "reports", "evaluation", "defs")]
    assert reaching("world", *others) == []


def test_only_the_evaluation_reads_the_truth():
    readers = [f.relative_to(ROOT).parts[0] for f in ROOT.rglob("*.py") if "evaluation_truth" in f.read_text()]
    assert set(readers) <= {"evaluation", "storage", "defs"}
