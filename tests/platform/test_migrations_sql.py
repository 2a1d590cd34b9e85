"""The SQL of migrations does not stop those who work meanwhile."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

ROOT = Path(__file__).parents[2]

BEFORE_THE_FIRST_RELEASE = {("payouts", "0002_batches_fix_their_debtor")}
"""Nobody runs a release that these could break. Nothing is added here any more."""


def later_migrations() -> list[tuple[str, str]]:
    """Our migrations but for each app's first, which only makes tables that nobody uses yet."""
    ours = {
        config.label for config in apps.get_app_configs() if config.name.startswith("cagnotte.")
    }
    disk = MigrationLoader(connection=None).disk_migrations
    later = {key for key, found in disk.items() if key[0] in ours and not found.initial}
    return sorted(later - BEFORE_THE_FIRST_RELEASE)


def found_by_squawk(path: Path) -> list[str]:
    """Return what is wrong with a file of SQL, as "rule, line: sentence"."""
    squawk = Path(sys.executable).with_name("squawk")
    done = subprocess.run(
        [squawk, "--config", ROOT / ".squawk.toml", "--reporter", "json", path],
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout or "[]")
    assert found or done.returncode == 0, done.stderr
    return [f"{one['rule_name']}, line {one['line'] + 1}: {one['message']}" for one in found]


@pytest.mark.django_db
@pytest.mark.parametrize(("app", "name"), later_migrations())
def test_a_migration_takes_no_long_lock_and_breaks_no_release_before_it(
    app: str, name: str, tmp_path: Path
) -> None:
    """What squawk finds in the SQL; the rules left out stand in .squawk.toml with their reasons."""
    shown = StringIO()
    call_command("sqlmigrate", app, name, stdout=shown, no_color=True)
    path = tmp_path / f"{app}_{name}.sql"
    path.write_text(shown.getvalue(), encoding="utf-8")
    found = found_by_squawk(path)
    assert found == [], "\n".join(found)


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("CREATE INDEX slow ON ledger_entry (amount_minor)", "require-concurrent-index-creation"),
        ("ALTER TABLE rewards_lot ADD COLUMN note text NOT NULL", "adding-required-field"),
        ("ALTER TABLE rewards_lot ALTER COLUMN bucket TYPE bigint", "changing-column-type"),
        ("ALTER TABLE rewards_lot RENAME COLUMN bucket TO shard", "renaming-column"),
        ("ALTER TABLE rewards_lot DROP COLUMN origin", "ban-drop-column"),
        (
            "ALTER TABLE rewards_lot ADD CONSTRAINT above CHECK (amount_minor > 0)",
            "constraint-missing-not-valid",
        ),
        (
            "ALTER TABLE rewards_lot ADD FOREIGN KEY (wallet_id) REFERENCES identity_wallet (id)",
            "adding-foreign-key-constraint",
        ),
    ],
)
def test_what_would_stop_the_others_is_seen(statement: str, rule: str, tmp_path: Path) -> None:
    """So that the silence above means something."""
    path = tmp_path / "careless.sql"
    path.write_text(f"BEGIN;\n{statement};\nCOMMIT;\n", encoding="utf-8")
    assert rule in [one.partition(",")[0] for one in found_by_squawk(path)]
