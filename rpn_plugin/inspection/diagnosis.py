"""What went wrong in a training, in words: from the training videos and their labels, never from a segment."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from rpn_plugin.datasets.checking.labels import MORE_VIDEOS, reason_for_no_signal
from rpn_plugin.models import ClusteringLoss, SimilarityWeighting, ThresholdProposals
from rpn_plugin.models.interfaces import Inputs, Network
from rpn_plugin.models.localizers.base_localizer import BaseLocalizer
from rpn_plugin.structures import HeadOutput, to_numpy

LABELLED = 'labelled classes of the training videos'
FEW_SNIPPETS = 2.0  # effective number of snippets that a weight may shrink to before it is said
HALF = 0.5


def effective_number(weight: np.ndarray) -> float:
    """The number of snippets that weights cover: the exponential of their entropy.

    >>> effective_number(np.array([1.0, 1.0, 0.0, 0.0]))
    2.0

    Args:
        weight: (T,), not negative; need not sum to 1.
    """
    share = weight[weight > 0] / max(weight.sum(), np.finfo(float).tiny)
    return float(np.exp(-(share * np.log(share)).sum())) if len(share) else 0.0


@dataclass
class NetworkMeasures:
    """What is measured of one network, a value for each video or each of its labelled classes.

    Args:
        attended: CAS of a labelled class under the attention, less its mean over the video.
        attention_covers: Effective number of snippets under the attention of a video.
        weight_covers: Effective number of snippets under the similarity weights of a labelled class.
        snippets: T of the video of each.
        against: Whether the snippets with the largest CAS of a labelled class are farther from its prototype than the
            mean snippet of the video.
        scores: p_c of a labelled class.
        unlikely: p_c of the classes that a video does not have, the largest of each video.
    """

    attended: list[float] = field(default_factory=list)
    attention_covers: list[float] = field(default_factory=list)
    weight_covers: list[float] = field(default_factory=list)
    snippets: list[int] = field(default_factory=list)
    against: list[bool] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    unlikely: list[float] = field(default_factory=list)


def measure(network: Network, output: HeadOutput, labels: Sequence[Sequence[int]], into: NetworkMeasures) -> None:
    """Add the measures of a batch of training videos.

    Args:
        network: That gave the output.
        output: In evaluation mode.
        labels: Class indices of each video.
        into: Where to.
    """
    layout = output.embedded.layout
    weighting = getattr(network, 'weighting', None)
    phi = weighting(output) if isinstance(weighting, SimilarityWeighting) else None
    parts = {name: layout.split(tensor) for name, tensor in dict(
        cas=output.cas, attention=output.attention, similarity=output.similarity, phi=phi).items()
        if tensor is not None}
    for video, classes in enumerate(labels):
        of_video = {name: to_numpy(split[video].double()) for name, split in parts.items()}
        score = to_numpy(output.video_score[video].double())
        absent = np.setdiff1d(np.arange(len(score)), classes)
        if len(absent):
            into.unlikely.append(float(score[absent].max()))
        if 'attention' in of_video:
            into.attention_covers.append(effective_number(of_video['attention']))
            into.snippets.append(len(of_video['cas']))
        for label in classes:
            into.scores.append(float(score[label]))
            _measure_class({name: value if value.ndim == 1 else value[:, label] for name, value in of_video.items()},
                           into)


def _measure_class(of_class: Mapping[str, np.ndarray], into: NetworkMeasures) -> None:
    cas = of_class['cas']
    if 'attention' in of_class:
        share = of_class['attention'] / max(of_class['attention'].sum(), np.finfo(float).tiny)
        into.attended.append(float(share @ cas - cas.mean()))
    if 'phi' in of_class:
        into.weight_covers.append(effective_number(of_class['phi'] / np.maximum(cas, np.finfo(np.float32).tiny)))
    if 'similarity' in of_class:
        best = np.argsort(-cas, kind='stable')[:max(1, len(cas) // 8)]
        into.against.append(bool(of_class['similarity'][best].mean() < of_class['similarity'].mean()))


def findings(network: Network, measures: NetworkMeasures) -> list[str]:
    """Say what stands in the way of localization, and what to change; nothing where nothing does."""
    said = []
    away = float(np.mean(np.array(measures.attended) < 0)) if measures.attended else 0.0
    if away > HALF:
        said.append(f'attention weighs on snippets that look less like their classes than the rest of the video, for '
                    f'{away:.0%} of the {LABELLED}: it has locked on background. Slow it (optim_wrapper.paramwise_cfg, '
                    f'custom_keys head.attention lr_mult=0.1), give the head a top_ratio, or train longer.')
    covers = float(np.median(measures.attention_covers)) if measures.attention_covers else np.inf
    if covers < FEW_SNIPPETS and np.median(measures.snippets) > 4 * FEW_SNIPPETS:
        said.append(f'attention covers {covers:.1f} of the {np.median(measures.snippets):.0f} snippets of a video: it '
                    f'sees single snippets, not actions. Slow it, as above, or raise dropout.')
    said += _of_weighting(measures)
    said += _of_rejection(network, measures)
    if measures.unlikely and np.mean(measures.scores) < np.mean(measures.unlikely):
        said.append(f'the videos are not classified: p_c is {np.mean(measures.scores):.2f} for their own classes and '
                    f'{np.mean(measures.unlikely):.2f} for the likeliest other one. Train longer (train_cfg), raise '
                    f'lr, or check labels and features with tools/data/check_dataset.py.')
    return said


def _of_weighting(measures: NetworkMeasures) -> list[str]:
    said = []
    if measures.weight_covers and np.median(measures.weight_covers) < FEW_SNIPPETS:
        said.append(f'similarity weighting sharpens to {np.median(measures.weight_covers):.1f} snippets: it finds '
                    f'peaks, not actions. Lower weighting.gamma_t, or give it coverage=0.95 in place of a gamma_t.')
    against = float(np.mean(measures.against)) if measures.against and measures.weight_covers else 0.0
    if against > HALF / 2:
        said.append(f'similarity weighting works against the classifier for {against:.0%} of the {LABELLED}: snippets '
                    f'with the largest CAS are farther from the prototype than others, so that compact classes, its '
                    f'premise, are not given. Give the localizer embedded_length=3, raise alpha '
                    f'(head.loss_clu.loss_weight), or set weighting=None.')
    return said


def _of_rejection(network: Network, measures: NetworkMeasures) -> list[str]:
    proposals = getattr(network, 'proposals', None)
    if not isinstance(proposals, ThresholdProposals) or not measures.scores:
        return []
    rejected = float(np.mean(np.array(measures.scores) < proposals.min_class_score))
    if rejected <= 0.1:
        return []
    return [f'p_c = {proposals.min_class_score:g} rejects {rejected:.0%} of the {LABELLED}; in a video of several '
            f'classes each gets its share of 1. Lower proposals.min_class_score; '
            f'{np.quantile(measures.scores, 0.05):.1g} would keep 95 % of them.']


def of_labels(network: Any, labels: Sequence[Sequence[int]], classes: Sequence[str]) -> list[str]:
    """Say that labels teach nothing, or for which classes a clustering loss that skips several labels never fires."""
    same = reason_for_no_signal(labels, classes)
    if same:
        return [f'nothing was learned: {same}, so that the same answer is right for every video. {MORE_VIDEOS}']
    losses = getattr(getattr(network, 'head', None), 'losses', {})
    if not any(isinstance(loss, ClusteringLoss) and loss.loss_weight and loss.multi_label == 'skip'
               for loss in losses.values()):
        return []
    single = {video[0] for video in map(list, labels) if len(video) == 1}
    never = [name for label, name in enumerate(classes) if label not in single and any(label in video
                                                                                      for video in labels)]
    if not single:
        return ['L_clu never fires: no training video has exactly one label' + (
            ', so nothing makes the classes compact. Give the localizer embedded_length=3, which does.'
            if getattr(network, 'embedded_length', None) is None else
            '. Nothing has to be changed: embedded_length makes the classes compact without it.')]
    return [f'L_clu never fires for {", ".join(never)}: every training video of these has other labels, too.'] \
        if never else []


@torch.no_grad()
def diagnose(model: BaseLocalizer, batches: Iterable[tuple[Inputs, Sequence[Sequence[int]]]],
             classes: Sequence[str]) -> dict[str, list[str]]:
    """Run a model over training videos and say what stands in the way of localization.

    Args:
        model: In evaluation mode.
        batches: Preprocessed inputs, and the class indices of each video.
        classes: C names.

    Returns:
        Network to its findings, a sentence or two each; none where all is well.
    """
    measures = {name: NetworkMeasures() for name in model.networks}
    every: list[Sequence[int]] = []
    for inputs, labels in batches:
        every += labels
        for name, output in model.score(inputs).items():
            measure(model.networks[name], output, labels, measures[name])
    return {name: [*findings(network, measures[name]), *of_labels(network, every, classes)]
            for name, network in model.networks.items()}
