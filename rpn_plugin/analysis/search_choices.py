"""The hyper-parameters that a search chooses: what RPN's paper leaves open, and what every other method has."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mmengine.config import Config

from rpn_plugin.analysis.hyper_parameters import Changes, HyperParameter, numbers

HEAD, WEIGHTING, PROPOSALS = 'model.localizer.head', 'model.localizer.weighting', 'model.localizer.proposals'
ALPHA = f'{HEAD}.loss_clu.loss_weight'

_NMS: dict[str, dict[str, Any]] = {
    f'{method} {width:g}': dict(type='TemporalNMS', method=method, **{key: width}) for method, key, width in (
        ('hard', 'threshold', .3), ('hard', 'threshold', .5), ('linear', 'threshold', .3), ('gaussian', 'sigma', .3),
        ('gaussian', 'sigma', .5), ('gaussian', 'sigma', .8))}


def hyper_parameters_of(config: Config) -> dict[str, HyperParameter]:
    """Return the hyper-parameters of an experiment, by name.

    Of RPN they are what its paper leaves open; of any other method, what the config states of rate, length of training,
    dropout, share of pooled snippets, hard negatives, proposals and suppression. Where snippets and prototypes of RPN
    have one length (``embedded_length``), distances lie within its square times four, and other choices make sense than
    where the features set the scale.

    Raises:
        ValueError: If the config is of RPN without similarity weighting, of a second stage, or of no model with a head
            that scores snippets.
    """
    model = config.model
    if 'first_stage' in model:
        raise ValueError(f'{config.filename} is a second stage. Its first stage has seen the labels of all training '
                         f'videos, so that none of them can be held out; choose for the first stage.')
    localizer = model.get('localizer', model)
    if 'head' not in localizer:
        raise ValueError(f'Expected a config of a localizer with a head that scores snippets, but {config.filename} '
                         f'has model.type={model.type!r}.')
    if model.type != 'MultiStreamLocalizer' or localizer.head.type != 'RPNHead':
        found = _of_any_method(config, localizer)
    elif localizer.weighting is None:
        raise ValueError(f'Expected a config with similarity weighting, but {config.filename} has weighting=None.')
    else:
        of_scale = _of_one_length() if localizer.get('embedded_length') else _of_free_length()
        found = [*of_scale, *_of_training(config), *_of_testing()]
    return {hyper_parameter.name: hyper_parameter for hyper_parameter in found}


def _of_any_method(config: Config, localizer: Mapping[str, Any]) -> list[HyperParameter]:
    """Those that methods have in common, as far as the config states them."""
    within = 'model.localizer' if 'localizer' in config.model else 'model'
    optimizer = 'optim_wrapper.optimizer'
    found = [
        numbers('lr', (1e-4, 3e-4, 1e-3, 3e-3), [f'{optimizer}.lr'], kind='training'),
        numbers('weight decay', (0.0, 1e-4, 1e-3, 1e-2), [f'{optimizer}.weight_decay'], kind='training'),
        _standardize(),
    ]
    if 'min_iters' in config.train_cfg:
        found.append(numbers('iterations', (500, 1000, 2000, 4000), ['train_cfg.min_iters'], kind='training'))
    if localizer['head'].get('top_ratio', 1.0) < 1:  # 1 is the mean over the video, another method
        found.append(numbers('share of the highest', (.03125, .0625, .125, .25, .5), [f'{within}.head.top_ratio'],
                             kind='training'))
    if localizer['head'].get('dropout'):
        found.append(numbers('dropout', (.2, .35, .5, .7), [f'{within}.head.dropout'], kind='training'))
    if localizer['head'].get('still'):
        found.append(HyperParameter('hard negatives', {'none': {f'{within}.head.still': None}}, kind='training'))
    if 'proposals' in localizer:
        found += _of_proposals(within)
    return [*found, HyperParameter('NMS', {name: {'model.nms': dict(nms, _delete_=True)} for name, nms in _NMS.items()},
                                   kind='testing')]


def _of_proposals(within: str) -> list[HyperParameter]:
    """Those that all kinds of proposals have, and RPN's own for one's own videos in the place of any other."""
    proposals = f'{within}.proposals'
    several_scales = dict(
        type='ThresholdProposals', thresholds=_steps(.1, .1, .9), confidence='outer-inner*video', video_power=.1,
        scales=[1, 3, 7], _delete_=True)
    return [
        HyperParameter('proposals', {'several scales': {f'{within}.weighting': None, proposals: several_scales}},
                       kind='testing'),
        numbers('p_c', (.002, .01, .05, .1, .25), [f'{proposals}.min_class_score'], kind='testing'),
        HyperParameter('confidence', {name: {f'{proposals}.confidence': name} for name in (
            'mean', 'mean+video', 'max+video', 'outer-inner', 'outer-inner+video', 'outer-inner*video')},
                       kind='testing'),
        numbers('video weight', (.05, .1, .25, .5, 1.0), [f'{proposals}.video_weight'], kind='testing'),
        numbers('inflation', (.1, .25, .5, 1.0), [f'{proposals}.inflation'], kind='testing'),
    ]


def _of_free_length() -> list[HyperParameter]:
    """Those whose sensible values hang on the scale of the features."""
    return [
        numbers('alpha', (.001, .002, .005, .01, .02, .05, .1, .2), [ALPHA], kind='training', further=(.0001, .0003)),
        numbers('prototype gain', (.03, .1, .3, 1.0), ['model.localizer.neck.init_gain'], kind='training',
                further=(3.0, 10.0)),
        numbers('feature length', (4.0, 6.0, 8.0, 12.0), ['model.data_preprocessor.l2_length'], kind='training',
                further=(16.0, 24.0)),
        numbers('epochs', (10, 15, 20, 30, 45, 60), ['train_cfg.max_epochs'], kind='training'),
        numbers('gamma_c', (.05, .1, .25, .4, .6, 1.0), [f'{HEAD}.gamma_c'], kind='scale'),
        numbers('gamma_t', (.001, .002, .005, .01, .02, .04, .07, .12, .2), [f'{WEIGHTING}.gamma_t'], kind='scale'),
    ]


def _of_one_length() -> list[HyperParameter]:
    """Those that take their place where snippets and prototypes have one length."""
    return [
        numbers('alpha', (0.0, .005, .02, .08), [ALPHA], kind='training'),
        numbers('length', (1.5, 3.0, 6.0), ['model.localizer.embedded_length'], kind='training'),
        numbers('share of the nearest', (.03125, .0625, .125, .25), [f'{HEAD}.top_ratio'], kind='training'),
        _standardize(),
        numbers('iterations', (500, 1000, 2000), ['train_cfg.min_iters'], kind='training'),
        numbers('gamma_c', (.125, .25, .5, 1.0, 2.0), [f'{HEAD}.gamma_c'], kind='scale'),
        numbers('coverage', (.8, .9, .95, .975, .99), [f'{WEIGHTING}.coverage'], kind='scale'),
        numbers('p_c', (.0005, .002, .01, .05), [f'{PROPOSALS}.min_class_score'], kind='testing'),
    ]


def _of_training(config: Config) -> list[HyperParameter]:
    """Those of every training."""
    return [
        HyperParameter('E', {str(width): _widths(width) for width in (128, 256, 384, 512)}, kind='training'),
        numbers('kernel', (1, 3, 5), ['model.localizer.embedding.kernel_size'], kind='training'),
        numbers('dropout', (0.0, .2, .35, .5), ['model.localizer.embedding.dropout'], kind='training'),
        HyperParameter('streams', _streams(config), kind='training'),
        numbers('lr', (3e-4, 5e-4, 1e-3, 2e-3), ['optim_wrapper.optimizer.lr'], kind='training'),
        numbers('weight decay', (0.0, .001, .003, .01, .03), ['optim_wrapper.optimizer.weight_decay'], kind='training',
                further=(.1, .3)),
        HyperParameter('attention lr_mult', {f'{rate:g}': {'optim_wrapper.paramwise_cfg': dict(
            custom_keys={'head.attention': dict(lr_mult=rate)})} for rate in (.01, .03, .1, .3, 1.0)}, kind='training'),
        numbers('batch size', (5, 10, 20), ['train_dataloader.batch_size'], kind='training'),
        HyperParameter('share of snippets', {f'{share:g}': _sampling(share) for share in (.15, .25, .5, 1.0)},
                       kind='training'),
    ]


def _of_testing() -> list[HyperParameter]:
    """Those that only testing reads."""
    return [
        numbers('attention power', (0.0, .5, 1.0, 2.0, 4.0), ['model.localizer.attention_power'], kind='testing'),
        HyperParameter('thresholds', {f'{first:g}:{step:g}:{last:g}': {f'{PROPOSALS}.thresholds': _steps(
            first, step, last)} for first, step, last in (
                (.1, .1, .5), (.1, .1, .9), (.05, .05, .95), (.2, .1, .8), (.3, .1, .9))}, kind='testing'),
        HyperParameter('scales', {' '.join(map(str, scales)): {f'{PROPOSALS}.scales': list(scales)} for scales in (
            (1, ), (1, 3), (1, 3, 7), (3, 7), (1, 3, 7, 15))}, kind='testing'),
        HyperParameter('confidence', {name: {f'{PROPOSALS}.confidence': name} for name in (
            'mean+video', 'max+video', 'outer-inner', 'outer-inner+video', 'outer-inner*video')}, kind='testing'),
        numbers('video weight', (.1, .25, .5, 1.0), [f'{PROPOSALS}.video_weight'], kind='testing'),
        numbers('video power', (.05, .1, .2, .4), [f'{PROPOSALS}.video_power'], kind='testing'),
        numbers('inflation', (.1, .25, .5, 1.0), [f'{PROPOSALS}.inflation'], kind='testing'),
        HyperParameter('NMS', {name: {f'model.nms.{key}': value for key, value in nms.items() if key != 'type'}
                               for name, nms in _NMS.items()}, kind='testing'),
    ]


def published_hyper_parameters() -> dict[str, HyperParameter]:
    """Return those that the paper does publish, for curves around its values: p_c, n, k and lambda."""
    hyper_parameters = [
        numbers('p_c', (0.0, .05, .1, .2, .3, .5), [f'{PROPOSALS}.min_class_score'], kind='testing'),
        numbers('n', (0, 1, 2, 4, 8), [f'{WEIGHTING}.num_updates'], kind='testing'),
        numbers('k / T', (.02, .05, .1, .2, .4), [f'{WEIGHTING}.top_ratio'], kind='testing'),
        numbers('lambda', (0.0, .05, .1, .2, .4, .8), [f'{WEIGHTING}.moving_rate'], kind='testing'),
    ]
    return {hyper_parameter.name: hyper_parameter for hyper_parameter in hyper_parameters}


def _standardize() -> HyperParameter:
    return HyperParameter('standardize', {str(standardize): {'model.data_preprocessor.standardize': standardize}
                                          for standardize in (False, True)}, kind='training')


def _steps(first: float, step: float, last: float) -> list[float]:
    return list(np.arange(first, last + step / 2, step).round(3).tolist())


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
