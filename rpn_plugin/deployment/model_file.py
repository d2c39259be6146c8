"""A trained model with what it takes to use it: its config, class names and clock beside its weights."""
from __future__ import annotations

import ast
import datetime
import hashlib
import io
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from mmaction.registry import MODELS
from mmengine.config import Config, ConfigDict
from mmengine.logging import MMLogger
from torch import Tensor, nn

from rpn_plugin.datasets import AnnotationFile
from rpn_plugin.deployment.fitting import described_model, differing_weights, first_of, require_fitting
from rpn_plugin.deployment.plain_models import require_plain_model, without_files
from rpn_plugin.files import shown, unsafe_text, written_whole
from rpn_plugin.foreign_files import load_tensors, naming, require_plain_tensor
from rpn_plugin.models.agreement import stated_classes
from rpn_plugin.structures import same_recipe


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Load a checkpoint of weights and plain values; torch's guard stays on, so that no code of the file runs.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds anything else, is damaged, or has no ``state_dict``.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'No checkpoint {path}.')
    with naming(path):
        checkpoint = load_tensors(path)
    if not isinstance(checkpoint, dict) or not isinstance(checkpoint.get('state_dict'), Mapping):
        raise ValueError(f'{path}: expected a checkpoint with a "state_dict", as the runner and '
                         f'tools/deployment/publish_model.py write it.')
    for name, tensor in checkpoint['state_dict'].items():
        with naming(f'{path}: {name}'):
            require_plain_tensor(tensor)
    return checkpoint


def parse_config_text(text: str) -> dict[str, Any]:
    """Read the settings of a config text as a checkpoint holds it, without running it.

    Raises:
        ValueError: If a statement is not the assignment of constants, lists, tuples and ``dict(...)``.
    """
    settings = {}
    for statement in ast.parse(text).body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            raise ValueError(f'line {statement.lineno} is not a plain assignment')
        settings[statement.targets[0].id] = _plain_value(statement.value)
    return settings


def _plain_value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict':
        value: dict[str, Any] = {}
        for argument in node.args:
            value.update(_plain_value(argument))
        for keyword in node.keywords:
            value.update({keyword.arg: _plain_value(keyword.value)} if keyword.arg else _plain_value(keyword.value))
        return value
    if isinstance(node, ast.Dict) and None not in node.keys:
        return {_plain_value(key): _plain_value(value) for key, value in zip(node.keys, node.values) if key}
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_plain_value(item) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    return ast.literal_eval(node)


@dataclass(frozen=True)
class ModelFile:
    """A checkpoint that is understood.

    Args:
        path: Where it was read.
        model: Config of the model, in plain dicts.
        classes: C class names in order.
        recipe: When each feature was seen, see :meth:`SnippetClock.from_recipe`; None if it is stated nowhere.
        state_dict: The weights, with the co-occurrence matrix of every ``CooccurrenceGCN``.
        trusted: Whether the config of the model is one's own. Otherwise it is built only when it is known to be no
            larger than the weights.
        origin: What model the checkpoint itself says it is of, in a few words.
        allow_partial: Take the weights that fit and leave the model's others as they are.
        random_features: Streams whose features came from random weights when it was trained.
    """

    path: str
    model: dict[str, Any]
    classes: tuple[str, ...]
    recipe: dict[str, Any] | None
    state_dict: Mapping[str, Tensor]
    trusted: bool = True
    origin: str = ''
    allow_partial: bool = False
    random_features: tuple[str, ...] = ()

    @classmethod
    def read(cls, checkpoint: str | Path, config: Config | ConfigDict | Mapping[str, Any] | None = None,
             trust: bool = False, allow_partial: bool = False) -> ModelFile:
        """Read a checkpoint, published or as the runner writes it.

        Args:
            checkpoint: Path of the checkpoint.
            config: Config that it was trained with; None takes the one in the checkpoint, which may describe no other
                models than those of ``deployment.plain_models``, and of which no file is opened.
            trust: Take the config in the checkpoint whatever parts it names and files it reads, as one's own.
            allow_partial: Let :meth:`build` take the weights that fit and leave the model's others as they are.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is refused, does not say what is needed, or says something else than the config; if a
                part of the weights is asked for without a config that is one's own.
        """
        content = read_checkpoint(checkpoint)
        meta = content.get('meta') or {}
        if not isinstance(meta, Mapping) or not isinstance(meta.get('dataset_meta') or {}, Mapping):
            raise ValueError(f'{checkpoint}: expected "meta" with "dataset_meta" as dictionaries, but got '
                             f'{shown(meta)}.')
        settings = _plain(config) if config else _settings(meta, checkpoint)
        if not isinstance(settings.get('model'), Mapping):
            raise ValueError(f'{checkpoint}: no config of the model in it; name the config that it was trained with.')
        known = dict(meta.get('dataset_meta') or {})
        trusted = bool(config) or trust
        if allow_partial and not trusted:
            raise ValueError(f'{checkpoint}: a part of the weights is loaded into a model of your own only: name its '
                             f'config (--config), or trust the one in the checkpoint (--trust).')
        if not trusted:
            require_plain_model(settings['model'], str(checkpoint))
            settings['model'] = without_files(settings['model'], content['state_dict'])
        stated = _stated_by_dataset(settings, read_files=trusted)
        classes = _agreed(checkpoint, 'classes', _as_tuple(known.get('classes')), _as_tuple(stated.get('classes')))
        if not classes:
            raise ValueError(f'{checkpoint}: no class names in it, nor in the data of its config. Name them in the '
                             f"dataset's metainfo=dict(classes=[...]).")
        if any(map(unsafe_text, classes)):
            raise ValueError(f'{checkpoint}: expected names of classes, but got {shown(classes)}.')
        recipe = _agreed(checkpoint, 'clock of the features', known.get('recipe'), stated.get('recipe'), same_recipe)
        random = known.get('random_features') or ()
        if not isinstance(random, (list, tuple)) or any(map(unsafe_text, random)):
            raise ValueError(f'{checkpoint}: expected names of streams as "random_features", but got {shown(random)}.')
        return cls(str(checkpoint), settings['model'], classes, recipe, content['state_dict'], trusted,
                   described_checkpoint(meta), allow_partial, tuple(random))

    def build(self) -> nn.Module:
        """The model with these weights, every one of them, in evaluation mode on the CPU.

        Raises:
            ValueError: If the weights are those of another model and a part of them is not allowed, or the config
                describes none, or a part that nobody has imported.
        """
        model = self._built_from_own_config() if self.trusted else self._built_from_description()
        differing = self._compare(model)
        model.load_state_dict({name: value for name, value in self.state_dict.items() if name not in differing},
                              strict=not differing)
        if differing:
            MMLogger.get_current_instance().warning(
                f'{self.path}: loaded in part, the rest stays as the model has it. {first_of(differing)}.')
        return model.eval()

    def _built_from_own_config(self) -> nn.Module:
        try:
            return MODELS.build(ConfigDict(self.model))
        except KeyError as error:
            if 'registry' not in str(error):
                raise
            raise ValueError(f'{self.path}: a part of its model is registered nowhere. Give the config that imports it '
                             f'(--config, with custom_imports). The host says: {error!s:.200}') from error

    def _built_from_description(self) -> nn.Module:
        """Build the model of somebody else, first without memory."""
        try:
            with torch.device('meta'):
                described = MODELS.build(ConfigDict(self.model))
            self._compare(described)
            return MODELS.build(ConfigDict(self.model))
        except Exception as error:  # the constructors of models take the kind of their arguments for granted
            if str(self.path) in str(error):
                raise
            raise ValueError(f'{self.path}: the model that it describes cannot be built ({type(error).__name__}: '
                             f'{error!s:.200}).') from error

    def _compare(self, model: nn.Module) -> dict[str, str]:
        """Return the weights that differ, where that is allowed."""
        for name, number in stated_classes(model).items():
            if number != len(self.classes):
                raise ValueError(f'{self.path}: it is for {len(self.classes)} classes ({", ".join(self.classes[:3])}, '
                                 f'...), but {name} of the config is for {number}. Use the config that it was trained '
                                 f'with.')
        differing = differing_weights(model, self.state_dict)
        if not self.allow_partial:
            require_fitting(self.path, differing, self.origin, described_model(self.model))
        return differing

    def publish(self, stem: str | Path) -> Path:
        """Write ``<stem>_<date>-<hash>.pth``: weights, model config, classes and clock, whole or not at all.

        The name is made as by MMAction2's publisher. What the config reads from files is in the weights already, and
        is left out of the config.

        Raises:
            ValueError: If the clock is unknown, or the weights do not fit.
        """
        if self.recipe is None:
            raise ValueError(f'{self.path}: the clock of its features is stated nowhere. Give the config with its '
                             f'data, or recipe=dict(fps=..., snippet_stride=...).')
        complete = replace(self, model=without_files(self.model, self.state_dict))
        built = complete.build()
        weights = built.state_dict() if self.allow_partial else self.state_dict
        known = dict(classes=list(self.classes), recipe=dict(self.recipe))
        if self.random_features:
            known['random_features'] = list(self.random_features)
        meta = dict(model=complete.model, dataset_meta=known)
        buffer = io.BytesIO()
        torch.save(dict(meta=meta, state_dict={name: value.clone() for name, value in weights.items()}), buffer)
        digest = hashlib.sha256(buffer.getvalue()).hexdigest()[:8]
        stem = Path(stem).with_suffix('') if Path(stem).suffix == '.pth' else Path(stem)
        path = stem.with_name(f'{stem.name}_{datetime.date.today():%Y%m%d}-{digest}.pth')
        with written_whole(path) as temporary:
            temporary.write_bytes(buffer.getvalue())
        return path


def described_checkpoint(meta: Mapping[str, Any]) -> str:
    """Return the model that a checkpoint says it is of, in a few words; nothing of the checkpoint is run."""
    try:
        config = meta['model'] if 'model' in meta else parse_config_text(meta.get('cfg') or '').get('model')
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        config = None
    classes = (meta.get('dataset_meta') or {}).get('classes')
    counted = len(classes) if isinstance(classes, (list, tuple)) and classes else None
    return described_model(config if isinstance(config, Mapping) else None, counted)


def _settings(meta: Mapping[str, Any], path: str | Path) -> dict[str, Any]:
    """The config that the checkpoint itself holds."""
    try:
        settings = dict(model=meta['model']) if 'model' in meta else parse_config_text(meta.get('cfg', ''))
    except (ValueError, SyntaxError, TypeError) as error:
        raise ValueError(f'{path}: the config in it is not read, since it is more than plain settings ({error}). Name '
                         f'the config that it was trained with.') from None
    return settings


def _plain(value: Any) -> Any:
    """Configs as plain dicts, lists and values."""
    if isinstance(value, Config):
        value = value.to_dict()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return type(value)(map(_plain, value)) if type(value) in (list, tuple) else value


def _stated_by_dataset(settings: Mapping[str, Any], read_files: bool) -> dict[str, Any]:
    """Classes and recipe from the test data of a config, or from their annotation file where it is there."""
    dataset = (settings.get('test_dataloader') or {}).get('dataset') or {}
    stated = dict(classes=(dataset.get('metainfo') or {}).get('classes'), recipe=dataset.get('recipe'))
    path = Path(dataset.get('data_root') or '', dataset.get('ann_file') or '')
    if read_files and dataset.get('ann_file') and path.exists() and not all(stated.values()):
        annotations = AnnotationFile.read(path, stated['classes'], dataset.get('layout', 'plugin'))
        stated.update(classes=annotations.classes, recipe=stated['recipe'] or annotations.recipe)
    return stated


def _as_tuple(values: Any) -> tuple[Any, ...] | None:
    return tuple(values) if values else None


def _agreed(path: str | Path, what: str, first: Any, second: Any,
            same: Callable[[Any, Any], bool] = operator.eq) -> Any:
    """The one value that is stated, or both if they are the same."""
    if first is not None and second is not None and not same(first, second):
        raise ValueError(f'{path}: the {what} in it and in the config differ: {first} and {second}. Use the config '
                         f'that it was trained with.')
    return first if first is not None else second
