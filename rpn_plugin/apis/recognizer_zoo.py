"""Recognizers of MMAction2's model zoo by name: installed configs, and weights that are downloaded once."""
from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import torch
from mmengine.fileio import load

from rpn_plugin.command_line import did_you_mean, nearest

INDEX = 'model-index.yml'
FOLDER = 'configs/recognition'
"""The part of the zoo with recognizers of RGB pictures; it has weights of none that reads optical flow."""
_HASH = re.compile(r'-([0-9a-f]{8})\.pth$')
CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class ZooRecognizer:
    """A recognizer of the host's model zoo.

    Args:
        name: In the host's index.
        config: Its config, installed with the host.
        weights: Address of its weights, whose name ends in the first eight characters of their SHA-256.
    """

    name: str
    config: Path
    weights: str

    @property
    def cached(self) -> Path:
        """Where the weights are once they are downloaded: where torch and the host keep theirs."""
        return Path(torch.hub.get_dir()) / 'checkpoints' / Path(urlsplit(self.weights).path).name

    def fetch(self) -> Path:
        """Return the file of the weights, which are downloaded, with progress, unless they are there; and checked.

        Raises:
            ValueError: If the file is not what its name says.
            OSError: If the weights cannot be downloaded; says where they are and where to put them.
        """
        path, expected = self.cached, _hash_of(self.weights)
        if not path.is_file():
            self._download(path, expected)
        found = _sha256(path)
        if not found.startswith(expected):
            raise ValueError(f'{path}: its SHA-256 begins with {found[:8]}, but that of {self.weights} with '
                             f'{expected}. Delete the file; it is downloaded again.')
        return path

    def _download(self, path: Path, expected: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(self.weights, str(path), hash_prefix=expected)
        except (OSError, RuntimeError) as error:  # no network; or torch's word for a download that is damaged
            raise OSError(f'{self.weights} cannot be downloaded ({error}). Put the file to {path} by other means, and '
                          f'run this again.') from error


def find_recognizer(name: str) -> ZooRecognizer:
    """Return a recognizer by its name in the host's index, by an alias there, or by the name of its config.

    Raises:
        FileNotFoundError: If the host is installed without its index.
        ValueError: If there is none of this name; names the nearest.
    """
    known: dict[str, ZooRecognizer] = {}
    short: list[str] = []
    root = _host_folder()
    for recognizer, aliases in _recognizers(root):
        short += aliases
        for word in (recognizer.name, *aliases, recognizer.config.stem):
            known.setdefault(word.lower(), recognizer)
    wanted = Path(name).name.removesuffix('.py').lower()
    if wanted not in known:
        raise ValueError(f'No recognizer {name} in the model zoo of the installed MMAction2'
                         f'{did_you_mean(nearest(wanted, known))} Known are {len(set(known.values()))}, the names of '
                         f'the configs in {root / FOLDER}, and {", ".join(short)}. --config takes any other.')
    return known[wanted]


def _host_folder() -> Path:
    """Return the folder of the host's index: in an installed package where mim looks for it, else that of a checkout.

    Raises:
        FileNotFoundError: If there is none.
    """
    spec = importlib.util.find_spec('mmaction')
    package = Path(next(iter(spec.submodule_search_locations))) if spec and spec.submodule_search_locations else Path()
    places = [package / '.mim', package.parent]
    for place in places:
        if (place / INDEX).is_file():
            return place
    raise FileNotFoundError(f'MMAction2 is installed without its model index; looked for {INDEX} in '
                            f'{" and ".join(map(str, places))}. Name config and weights: --config FILE --checkpoint '
                            f'FILE.')


def _recognizers(root: Path) -> Iterator[tuple[ZooRecognizer, list[str]]]:
    """Read the index: each recognizer with weights and an installed config, and its aliases."""
    for name in load(str(root / INDEX))['Import']:
        if not name.startswith(f'{FOLDER}/') or not (root / name).is_file():
            continue
        for entry in load(str(root / name)).get('Models') or ():
            config, weights = _config_of(root, entry), entry.get('Weights')
            if config and isinstance(weights, str) and weights.startswith('https://') and _HASH.search(weights):
                aliases = entry.get('Alias') or []
                yield (ZooRecognizer(entry['Name'], config, weights),
                       [aliases] if isinstance(aliases, str) else aliases)


def _config_of(root: Path, entry: dict[str, Any]) -> Path | None:
    """Return the config of an entry, whose ending the index leaves out or doubles in places."""
    path = root / (re.sub(r'(\.py)*$', '', str(entry['Config'])) + '.py')
    return path if path.is_file() else None


def _hash_of(address: str) -> str:
    found = _HASH.search(address)
    assert found, 'only recognizers with a hash in the name of their weights are known'
    return found[1]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while part := file.read(CHUNK_BYTES):
            digest.update(part)
    return digest.hexdigest()
