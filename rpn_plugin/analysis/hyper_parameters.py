"""Hyper-parameters that the paper leaves open, with the choices that a search may make."""
from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mmengine.config import Config

Changes = Mapping[str, Any]
"""Dotted keys of a config and their values, as ``Config.merge_from_dict`` takes them."""

KINDS = ('training', 'scale', 'testing')
"""What another choice costs. ``training``: a training. ``scale`` and ``testing``: a test, since only testing reads it;
``scale`` must be chosen anew for every training, because it multiplies distances whose scale the training decides."""

KEEP = 'as is'
"""Choice of every hyper-parameter that changes nothing."""


@dataclass(frozen=True)
class HyperParameter:
    """One hyper-parameter with its choices.

    Args:
        name: What logs and pictures call it.
        choices: Name of each choice, in order of size where there is one, to the changes that it makes.
        kind: One of :data:`KINDS`.
        further: Choices of numbers beyond the ends of ``choices``, to be tried where an end did best.
    """

    name: str
    choices: Mapping[str, Changes]
    kind: str
    further: Mapping[str, Changes] = field(default_factory=dict)

    @property
    def every_choice(self) -> Mapping[str, Changes]:
        """All choices, the further ones among them, in order of size where there are any."""
        every = {**self.choices, **self.further}
        return {choice: every[choice] for choice in sorted(every, key=float)} if self.further else every

    def beyond(self, choice: str | None) -> list[str]:
        """Return the further choices on the side of a choice that is an end; none for any other."""
        if not self.further or choice is None or choice not in self.choices:
            return []
        values, own = sorted(map(float, self.choices)), float(choice)
        return [further for further in self.further
                if float(further) < values[0] == own or float(further) > values[-1] == own]


Setting = Mapping[str, str]
"""Choice of each hyper-parameter by its name; one that is not there keeps the config's own."""

HEAD, WEIGHTING, PROPOSALS = 'model.localizer.head', 'model.localizer.weighting', 'model.localizer.proposals'
ALPHA = f'{HEAD}.loss_clu.loss_weight'


def hyper_parameters_of(config: Config) -> dict[str, HyperParameter]:
    """Return the hyper-parameters of an experiment with RPN on several streams, by name.

    Where snippets and prototypes have one length (``embedded_length``), distances lie within its square times four, and
    other choices make sense than where the features set the scale.

    Raises:
        ValueError: If the config is of another model.
    """
    if config.model.type != 'MultiStreamLocalizer' or config.model.localizer.head.type != 'RPNHead':
        raise ValueError(f'Expected a config of RPN, a MultiStreamLocalizer with RPNHead, but {config.filename} has '
                         f'model.type={config.model.type!r}.')
    if config.model.localizer.weighting is None:
        raise ValueError(f'Expected a config with similarity weighting, but {config.filename} has weighting=None.')
    of_scale = _of_one_length() if config.model.localizer.get('embedded_length') else _of_free_length()
    hyper_parameters = [*of_scale, *_of_training(config), *_of_testing()]
    return {hyper_parameter.name: hyper_parameter for hyper_parameter in hyper_parameters}


def _of_free_length() -> list[HyperParameter]:
    """Those whose sensible values hang on the scale of the features."""
    return [
        _values('alpha', (.001, .002, .005, .01, .02, .05, .1, .2), [ALPHA], kind='training', further=(.0001, .0003)),
        _values('prototype gain', (.03, .1, .3, 1.0), ['model.localizer.neck.init_gain'], kind='training',
                further=(3.0, 10.0)),
        _values('feature length', (4.0, 6.0, 8.0, 12.0), ['model.data_preprocessor.l2_length'], kind='training',
                further=(16.0, 24.0)),
        _values('epochs', (10, 15, 20, 30, 45, 60), ['train_cfg.max_epochs'], kind='training'),
        _values('gamma_c', (.05, .1, .25, .4, .6, 1.0), [f'{HEAD}.gamma_c'], kind='scale'),
        _values('gamma_t', (.001, .002, .005, .01, .02, .04, .07, .12, .2), [f'{WEIGHTING}.gamma_t'], kind='scale'),
    ]


def _of_one_length() -> list[HyperParameter]:
    """Those that take their place where snippets and prototypes have one length."""
    return [
        _values('alpha', (0.0, .005, .02, .08), [ALPHA], kind='training'),
        _values('length', (1.5, 3.0, 6.0), ['model.localizer.embedded_length'], kind='training'),
        _values('share of the nearest', (.03125, .0625, .125, .25), [f'{HEAD}.top_ratio'], kind='training'),
        HyperParameter('standardize', {str(standardize): {'model.data_preprocessor.standardize': standardize}
                                       for standardize in (False, True)}, kind='training'),
        _values('iterations', (500, 1000, 2000), ['train_cfg.min_iters'], kind='training'),
        _values('gamma_c', (.125, .25, .5, 1.0, 2.0), [f'{HEAD}.gamma_c'], kind='scale'),
        _values('coverage', (.8, .9, .95, .975, .99), [f'{WEIGHTING}.coverage'], kind='scale'),
        _values('p_c', (.0005, .002, .01, .05), [f'{PROPOSALS}.min_class_score'], kind='testing'),
    ]


def _of_training(config: Config) -> list[HyperParameter]:
    """Those of every training."""
    return [
        HyperParameter('E', {str(width): _widths(width) for width in (128, 256, 384, 512)}, kind='training'),
        _values('kernel', (1, 3, 5), ['model.localizer.embedding.kernel_size'], kind='training'),
        _values('dropout', (0.0, .2, .35, .5), ['model.localizer.embedding.dropout'], kind='training'),
        HyperParameter('streams', _streams(config), kind='training'),
        _values('lr', (3e-4, 5e-4, 1e-3, 2e-3), ['optim_wrapper.optimizer.lr'], kind='training'),
        _values('weight decay', (0.0, .001, .003, .01, .03), ['optim_wrapper.optimizer.weight_decay'], kind='training',
                further=(.1, .3)),
        HyperParameter('attention lr_mult', {f'{rate:g}': {'optim_wrapper.paramwise_cfg': dict(
            custom_keys={'head.attention': dict(lr_mult=rate)})} for rate in (.01, .03, .1, .3, 1.0)}, kind='training'),
        _values('batch size', (5, 10, 20), ['train_dataloader.batch_size'], kind='training'),
        HyperParameter('share of snippets', {f'{share:g}': _sampling(share) for share in (.15, .25, .5, 1.0)},
                       kind='training'),
    ]


def _of_testing() -> list[HyperParameter]:
    """Those that only testing reads."""
    return [
        _values('attention power', (0.0, .5, 1.0, 2.0, 4.0), ['model.localizer.attention_power'], kind='testing'),
        HyperParameter('thresholds', {f'{first:g}:{step:g}:{last:g}': {f'{PROPOSALS}.thresholds': np.arange(
            first, last + step / 2, step).round(3).tolist()} for first, step, last in (
                (.1, .1, .5), (.1, .1, .9), (.05, .05, .95), (.2, .1, .8), (.3, .1, .9))}, kind='testing'),
        HyperParameter('scales', {' '.join(map(str, scales)): {f'{PROPOSALS}.scales': list(scales)} for scales in (
            (1, ), (1, 3), (1, 3, 7), (3, 7), (1, 3, 7, 15))}, kind='testing'),
        HyperParameter('confidence', {name: {f'{PROPOSALS}.confidence': name} for name in (
            'mean+video', 'max+video', 'outer-inner', 'outer-inner+video', 'outer-inner*video')}, kind='testing'),
        _values('video weight', (.1, .25, .5, 1.0), [f'{PROPOSALS}.video_weight'], kind='testing'),
        _values('video power', (.05, .1, .2, .4), [f'{PROPOSALS}.video_power'], kind='testing'),
        _values('inflation', (.1, .25, .5, 1.0), [f'{PROPOSALS}.inflation'], kind='testing'),
        HyperParameter('NMS', {f'{method} {width:g}': {'model.nms.method': method, f'model.nms.{key}': width}
                               for method, key, width in (
                                   ('hard', 'threshold', .3), ('hard', 'threshold', .5), ('linear', 'threshold', .3),
                                   ('gaussian', 'sigma', .3), ('gaussian', 'sigma', .5), ('gaussian', 'sigma', .8))},
                       kind='testing'),
    ]


def published_hyper_parameters() -> dict[str, HyperParameter]:
    """Return those that the paper does publish, for curves around its values: p_c, n, k and lambda."""
    hyper_parameters = [
        _values('p_c', (0.0, .05, .1, .2, .3, .5), [f'{PROPOSALS}.min_class_score'], kind='testing'),
        _values('n', (0, 1, 2, 4, 8), [f'{WEIGHTING}.num_updates'], kind='testing'),
        _values('k / T', (.02, .05, .1, .2, .4), [f'{WEIGHTING}.top_ratio'], kind='testing'),
        _values('lambda', (0.0, .05, .1, .2, .4, .8), [f'{WEIGHTING}.moving_rate'], kind='testing'),
    ]
    return {hyper_parameter.name: hyper_parameter for hyper_parameter in hyper_parameters}


def apply(config: Config, changes: Iterable[Changes]) -> Config:
    """Return a copy of the config with changes."""
    config = copy.deepcopy(config)
    for change in changes:
        config.merge_from_dict(copy.deepcopy(dict(change)))
    return config


def changes_of(hyper_parameters: Mapping[str, HyperParameter], setting: Setting) -> list[Changes]:
    """Return what a setting changes, in the order of the hyper-parameters.

    Raises:
        KeyError: If it names an unknown hyper-parameter or choice.
    """
    unknown = set(setting) - set(hyper_parameters)
    if unknown:
        raise KeyError(f'Unknown hyper-parameters {sorted(unknown)}; known are {sorted(hyper_parameters)}.')
    return [hyper_parameter.every_choice[setting[name]] for name, hyper_parameter in hyper_parameters.items()
            if setting.get(name, KEEP) != KEEP]


def other_choices(config: Config, hyper_parameter: HyperParameter) -> list[str]:
    """Return the choices that are not the config's own already."""
    own = config.to_dict()
    return [choice for choice, changes in hyper_parameter.choices.items()
            if apply(config, [changes]).to_dict() != own]


def value_of(config: Config, hyper_parameter: HyperParameter) -> Any:
    """Return the value that the config gives to a hyper-parameter.

    Raises:
        KeyError: If the config leaves it to a default.
    """
    value: Any = config
    for part in next(iter(next(iter(hyper_parameter.choices.values())))).split('.'):
        value = value[part]
    return value


def _values(name: str, values: Iterable[float], keys: Sequence[str], kind: str,
            further: Iterable[float] = ()) -> HyperParameter:
    choices, beyond = ({f'{value:g}': dict.fromkeys(keys, value) for value in some} for some in (values, further))
    return HyperParameter(name, choices, kind, beyond)


def _widths(width: int) -> Changes:
    return {'model.localizer.embedding.channels': [width], 'model.localizer.neck.channels': [width, width],
            f'{HEAD}.in_channels': width}


def _streams(config: Config) -> Mapping[str, Changes]:
    """A network per stream, one on all of them side by side, or both of that."""
    stated = config.model.localizer.embedding.in_channels
    widths = config.get('widths') or dict.fromkeys(config.train_dataloader.dataset.data_prefix, stated)
    single: dict[str, dict[str, Any]] = {stream: {} if width == stated else dict(embedding=dict(in_channels=width))
                                         for stream, width in widths.items()}
    together = dict(both=dict(streams=list(widths), embedding=dict(in_channels=sum(widths.values()))))
    return {'each': {'model.streams': dict(single, _delete_=True)},
            'together': {'model.streams': dict(together, _delete_=True)},
            'each and together': {'model.streams': dict(single, **together, _delete_=True)}}


def _sampling(share: float) -> Changes:
    sample = [dict(type='SampleSnippets', num_snippets=share, mode='strata')] if share < 1 else []
    return {'train_dataloader.dataset.pipeline': [dict(type='LoadSnippets'), *sample, dict(type='PackUntrimmedInputs')]}
