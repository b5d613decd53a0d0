"""Under which licences the packages stand that Byline runs with, as their own metadata say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata

from rag.types import Json

UNKNOWN = "not stated"
_CLASSIFIER = "License :: OSI Approved :: "
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_LONGEST = 60  # characters: some packages put the whole text of their licence where its name belongs


def installed_licenses(root: str = "byline") -> list[Json]:
    """`root` and every installed package that it needs, directly or through another, by name: {"name", "version",
    "license", "needed_by"}. Packages for other systems, and those of extras that are not installed, are left out."""
    found: dict[str, Json] = {}
    waiting = [(root, "")]
    while waiting:
        name, needed_by = waiting.pop(0)
        key = _normalized(name)
        if key in found:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found[key] = {
            "name": distribution.metadata["Name"],
            "version": distribution.version,
            "license": _license(distribution.metadata),
            "needed_by": needed_by,
        }
        waiting += [(needed, distribution.metadata["Name"]) for needed in _needs(distribution)]
    return [found[key] for key in sorted(found)]


def _needs(distribution: metadata.Distribution) -> Iterator[str]:
    """The names in its requirements; of those for an extra too, as what is not installed is passed over anyway."""
    for requirement in distribution.requires or ():
        if name := _NAME.match(requirement):
            yield name[0]


def _license(fields: metadata.PackageMetadata) -> str:
    """The SPDX expression, else the classifiers, else the free text where it is short enough to be a name."""
    for expression in fields.get_all("License-Expression", []):
        return str(expression)
    classifiers = map(str, fields.get_all("Classifier", []))
    named = [one.removeprefix(_CLASSIFIER) for one in classifiers if one.startswith(_CLASSIFIER)]
    if named:
        return "; ".join(named)
    lines = "\n".join(map(str, fields.get_all("License", []))).strip().splitlines()
    return lines[0].strip() if lines and len(lines[0].strip()) <= _LONGEST else UNKNOWN


def _normalized(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()
