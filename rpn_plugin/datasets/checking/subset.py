"""The videos of one subset with annotations and features, and the findings about them."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rpn_plugin.datasets.annotations import AnnotationFile
from rpn_plugin.datasets.faults import Fault, Finding
from rpn_plugin.datasets.feature_stores import FeatureHeader, FeatureStore, open_store
from rpn_plugin.structures import SnippetClock, describe_recipe, same_recipe


@dataclass(frozen=True)
class VideoSubset:
    """Videos of one subset as they are on disk.

    Args:
        annotations: Of all subsets of a file.
        name: Which of its videos.
        training: Whether it is trained on; else it is tested on.
        stores: Stream to its features; empty where only annotations are at hand.
        recipe: Of the features, see ``SnippetClock.from_recipe``; None if it is stated nowhere.
        feature_dim: Expected D of every stream; None takes the most common D of each.
        max_stream_gap: The streams of a video may differ by so many snippets.
        skip_missing: Whether videos without usable features are left out instead of refused.
    """

    annotations: AnnotationFile
    name: str
    training: bool
    stores: Mapping[str, FeatureStore] = field(default_factory=dict)
    recipe: Mapping[str, Any] | None = None
    feature_dim: int | None = None
    max_stream_gap: int = 5
    skip_missing: bool = False

    @property
    def videos(self) -> dict[str, Mapping[str, Any]]:
        """Entries by name, in file order; raises ``ValueError`` if there are none."""
        return self.annotations.subset(self.name)


@dataclass
class CheckedSubset:
    """The findings about a subset, and what was read of it.

    Args:
        subset: What was checked.
        findings: What is wrong with it.
        labels: Video to its class indices, without those that are no class.
        durations: Video to its length in seconds, where the file states a usable one.
        headers: Video to the shape of its features per stream, of the videos whose features can be used.
        clocks: Video to when its features were seen, of the same videos if the recipe can be used.
    """

    subset: VideoSubset
    findings: list[Finding] = field(default_factory=list)
    labels: dict[str, list[int]] = field(default_factory=dict)
    durations: dict[str, float] = field(default_factory=dict)
    headers: dict[str, dict[str, FeatureHeader]] = field(default_factory=dict)
    clocks: dict[str, SnippetClock] = field(default_factory=dict)

    def add(self, code: str, message: str, *videos: str, severity: str = '') -> None:
        """Note a finding."""
        self.findings.append(Finding(code, message, self.subset.name, videos, severity))

    def add_fault(self, fault: Fault, *videos: str, severity: str = '') -> None:
        """Note the fault that stopped a reader."""
        self.add(fault.code, str(fault), *videos, severity=severity)

    def found(self, code: str) -> bool:
        """Return whether there is such a finding."""
        return any(finding.code == code for finding in self.findings)

    def where(self, stream: str, video: str) -> str:
        """Return the place of a video's features, for messages."""
        return self.subset.stores[stream].where(video)

    def num_snippets(self, video: str) -> int:
        """Return T of the shortest stream."""
        return min(header.length for header in self.headers[video].values())


def open_stores(annotations: AnnotationFile, places: Mapping[str, str],
                columns: Mapping[str, Sequence[int]]) -> dict[str, FeatureStore]:
    """Open the features of every stream, see :func:`open_store`.

    Args:
        annotations: Name the videos.
        places: Stream to where its features are.
        columns: Stream to the range of its channels, where files hold several.

    Raises:
        ValueError: If there are no features of a known kind in one of the places.
    """
    try:
        return {stream: open_store(where, stream, list(annotations.database), columns.get(stream))
                for stream, where in places.items()}
    except (ValueError, OSError) as error:
        raise Fault('features-unreadable', str(error)) from error


def agreed_recipe(annotations: AnnotationFile, configured: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return the recipe that the config states, else the file, else the layout; None if none does.

    Raises:
        ValueError: If config and file state different ones, or one is not of the expected form. The layout's is only
            the usual one, which the config may correct.
    """
    stated = annotations.recipe
    try:
        for recipe in (configured, stated):
            if recipe is not None:
                describe_recipe(recipe)
        if configured is None or stated is None or stated is annotations.layout.recipe:
            return configured if configured is not None else stated
        if not same_recipe(configured, stated):
            raise Fault('recipe-conflict', f'{annotations.path}: its recipe is {describe_recipe(stated)}, but the '
                                           f"config's is {describe_recipe(configured)}.")
    except Fault:
        raise
    except (ValueError, TypeError, AttributeError) as error:
        raise Fault('recipe-invalid', f'{annotations.path}: {error}') from error
    return configured
