"""Which models a checkpoint may describe by itself: known parts with plain arguments, so that nothing of it runs."""
from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from rpn_plugin import models

PARTS: dict[str, type] = {part.__name__: part for part in (
    models.ActionnessHead, models.ActionSelectionHead, models.AttentionContrastLoss, models.AttentionGCN,
    models.AttentionGuideLoss, models.AttentionNormLoss, models.AttentionSelectionLoss,
    models.BackgroundSuppressionHead, models.BoundaryHead, models.BoundaryLocalizer, models.BranchDiversityLoss,
    models.BranchNormLoss, models.ClusterFusion, models.ClusteringLoss, models.CoActivityLoss, models.ComplementaryLoss,
    models.CompletenessLoss, models.CooccurrenceGCN, models.CrossModalHead, models.DistillationLoss,
    models.EvidenceLoss, models.FACHead, models.FeatureConsistencyLoss, models.FeatureMagnitudeLoss,
    models.FullyConnectedPrototypes, models.HybridAttentionHead, models.LearnableLabels, models.MagnitudeOrderLoss,
    models.MultiBranchHead, models.MultiCutProposals, models.MultiStreamLocalizer, models.MutualAttentionLoss,
    models.OneHotLabels, models.OuterInnerLoss, models.ProposalConsistencyLoss, models.ProposalHead,
    models.ProposalLocalizer, models.RandomPrototypes, models.RepresentativeSnippetHead, models.RPNHead,
    models.SigmoidBCELoss, models.SimilarityWeighting, models.SnippetContrastLoss, models.SnippetDataPreprocessor,
    models.SoftmaxBCELoss, models.SparsePoolingHead, models.TakeSequences, models.TemporalConvEmbedding,
    models.TemporalNMS, models.ThreeWayAttentionHead, models.ThresholdProposals, models.TopKMILHead,
    models.UncertaintyGuideLoss, models.UncertaintyHead, models.UntrimmedNetHead, models.VideoClassificationLoss,
    models.WeaklySupervisedLocalizer, models.WordVectorLabels)}
"""Parts that a checkpoint may name. None of their constructors loads a network or calls what it is given, and arguments
that name files are left out by :func:`without_files` before anything is built."""

ACTIVATIONS = frozenset({'ELU', 'GELU', 'HSigmoid', 'HSwish', 'LeakyReLU', 'Mish', 'PReLU', 'ReLU', 'ReLU6', 'Sigmoid',
                         'SiLU', 'Swish', 'Tanh'})
"""Activations of the host that a checkpoint may name, with numbers as arguments."""

LARGEST = 2**20
"""Of the numbers of a config, so that none asks for endless work or memory."""

MOST_NESTED = 12
"""Dicts and lists inside each other; our models have 6."""


def require_plain_model(config: Any, where: str) -> None:
    """Refuse a model's config that a stranger's file may not decide.

    Args:
        config: Of the model, from the file.
        where: The file, for the message.

    Raises:
        ValueError: If it names another part than :data:`PARTS` and :data:`ACTIVATIONS`, gives one an argument that it
            does not have, holds a key that the host acts on (``_scope_`` imports a module), or a
            value that is not a number, text, list or dict. Says which, and what to do.
    """
    fault = _fault(config, 0)
    if fault:
        raise ValueError(f'{where}: refused. Its config {fault}. Name the config that it was trained with, or, if the '
                         f'file is your own or from somebody whom you trust, allow it (--trust, trust=True).')


def _fault(value: Any, depth: int) -> str | None:
    if depth > MOST_NESTED:
        return f'is nested more than {MOST_NESTED} deep'
    if isinstance(value, Mapping):
        return _fault_of_dict(value) or _first(_fault(item, depth + 1) for item in value.values())
    if isinstance(value, (list, tuple)):
        return _first(_fault(item, depth + 1) for item in value)
    if isinstance(value, (int, float)) and not abs(value) <= LARGEST:
        return f'holds the number {value}'
    if value is None or type(value) in (bool, int, float, str):
        return None
    return f'holds a {type(value).__name__}'


def _fault_of_dict(config: Mapping[Any, Any]) -> str | None:
    for key in config:
        if not isinstance(key, str) or (key.startswith('_') and key != '_delete_'):
            return f'holds the key {key!r}, which is no argument of a part'
    if 'type' not in config:
        return None
    name = config['type']
    if isinstance(name, str) and name in ACTIVATIONS:
        return None
    if not isinstance(name, str) or name not in PARTS:
        return f'names {name!r}, which is none of the parts that a checkpoint may name'
    known = {'type', '_delete_', *inspect.signature(PARTS[name]).parameters}
    unknown = sorted(set(config) - known)
    return f'gives {name} the arguments {unknown}, which it does not have' if unknown else None


def _first(faults: Any) -> str | None:
    return next(filter(None, faults), None)


def without_files(config: Any, weights: Mapping[str, Tensor]) -> Any:
    """A model's config that reads no file: matrices and word vectors are in the weights.

    Raises:
        ValueError: If word vectors are named and the weights have none.
    """
    if isinstance(config, Mapping):
        if config.get('type') == 'WordVectorLabels':
            tables = [value for name, value in weights.items() if name.endswith('label_features.table')]
            if not tables or tables[0].ndim != 2:
                raise ValueError('the config names word vectors, but the weights hold no table of them')
            return dict(type='LearnableLabels', channels=tables[0].shape[1])
        return {name: without_files(value, weights) for name, value in config.items()
                if name not in ('cooccurrence', 'init_cfg')}
    return [without_files(value, weights) for value in config] if isinstance(config, list) else config
