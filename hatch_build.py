"""Puts into the wheel what git does not hold: front-end files, translations, and the schema snapshot when there is one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class RapportBuildHook(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel" or version == "editable":
            return
        sys.path.insert(0, self.root)
        from rapport.launch import assets, translations

        assets.build()
        translations.build()
        if not (Path(self.root) / "rapport" / "launch" / "snapshot.json.gz").exists():
            self.app.display_info("No schema snapshot: the first start will run the migrations. `make wheel` adds one.")
