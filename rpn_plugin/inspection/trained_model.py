"""A trained model with the test videos of its config, for pictures of what it learned."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset, pseudo_collate
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope

from rpn_plugin.config_files import read_config
from rpn_plugin.config_keys import checked_options
from rpn_plugin.deployment import ModelFile


@dataclass(frozen=True)
class TrainedModel:
    """A model and its test videos, which tools draw from.

    Args:
        model: In evaluation mode.
        dataset: Test videos.
        classes: C names.
    """

    model: BaseModel
    dataset: BaseDataset
    classes: tuple[str, ...]

    @classmethod
    def load(cls, config_file: str | Path, checkpoint: str | Path,
             options: Mapping[str, Any] | None = None, allow_partial: bool = False) -> TrainedModel:
        """Build both.

        Args:
            config_file: Config that the model was trained with, or its name.
            checkpoint: Its weights.
            options: Dotted keys that change the config.
            allow_partial: See :meth:`ModelFile.read`.

        Raises:
            FileNotFoundError: If the config, the checkpoint or the data are missing.
            ValueError: If the config names no test videos; as :func:`read_config`, :func:`checked_options`,
                :meth:`ModelFile.read` and :meth:`ModelFile.build`.
        """
        config = read_config(config_file)
        config.merge_from_dict(checked_options(config, options or {}))
        if config.get('test_dataloader') is None:
            raise ValueError(f'{config_file}: has no test videos (test_dataloader) to look at. tools/localize.py draws '
                             f'what is found in any video.')
        init_default_scope(config.default_scope)
        held = ModelFile.read(checkpoint, config, allow_partial=allow_partial)
        return cls(held.build(), DATASETS.build(config.test_dataloader.dataset), held.classes)

    def preprocessed(self, videos: Sequence[str]) -> dict[str, Any]:
        """One batch of test videos as the model takes it; of the first one if none is named.

        Raises:
            ValueError: If there is no such video.
        """
        place = {self.dataset.get_data_info(index)['video_name']: index for index in range(len(self.dataset))}
        for video in videos:
            if video not in place:
                raise ValueError(f'No test video {video!r}; there are {list(place)[:5]} ... {len(place)} in all.')
        batch = pseudo_collate([self.dataset[place[video]] for video in videos or list(place)[:1]])
        return self.model.data_preprocessor(batch)
