"""Grouping, confidences and proposals against plain loops, on flat, short and tied sequences."""
from __future__ import annotations

import math
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpn_plugin.models.postprocessors import CONFIDENCES, TemporalNMS, ThresholdProposals, group_runs
from rpn_plugin.models.postprocessors.proposals import RunStatistics, moving_mean

Run = tuple[int, int]
Sequence = list[float]

eighths = st.integers(0, 8).map(lambda number: number / 8)  # sums and thresholds on this grid are exact
quick = settings(max_examples=120, deadline=None)


@st.composite
def sequences(draw: st.DrawFn) -> list[Sequence]:
    """One sequence of a common length per class, a third of them flat."""
    length, classes = draw(st.integers(1, 12)), draw(st.integers(1, 3))
    columns = [draw(st.lists(eighths, min_size=length, max_size=length)) for _ in range(classes)]
    return [column if draw(st.integers(0, 2)) else [column[0]] * length for column in columns]


def runs_of(flags: list[bool]) -> list[Run]:
    """First and one past the last of every maximal run of True."""
    runs, start = [], None
    for place, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = place
        elif not flag and start is not None:
            runs.append((start, place))
            start = None
    return runs


def inside(values: Sequence, run: Run) -> Sequence:
    return values[run[0]:run[1]]


def outer_mean(values: Sequence, run: Run, inflation: float) -> float:
    """Mean of the snippets outside the run that its inflated span touches."""
    reach = inflation * (run[1] - run[0])
    outside = [value for place, value in enumerate(values)
               if not run[0] <= place < run[1] and place + 1 > run[0] - reach and place < run[1] + reach]
    return fmean(outside) if outside else 0.0


def logit(p: float) -> float:
    """Of a probability that float32 can tell from 0 and 1."""
    p = min(max(p, 2.0**-23), 1 - 2.0**-23)
    return math.log(p / (1 - p))


FORMULAS = {
    'mean': lambda x, run, p, w, a, b: fmean(inside(x, run)),
    'max': lambda x, run, p, w, a, b: max(inside(x, run)),
    'mean+video': lambda x, run, p, w, a, b: fmean(inside(x, run)) + w * p,
    'max+video': lambda x, run, p, w, a, b: max(inside(x, run)) + w * p,
    'max+logit': lambda x, run, p, w, a, b: max(inside(x, run)) + w * logit(p),
    'mean*video': lambda x, run, p, w, a, b: fmean(inside(x, run)) * p**b,
    'outer-inner': lambda x, run, p, w, a, b: fmean(inside(x, run)) - outer_mean(x, run, a),
    'outer-inner+video': lambda x, run, p, w, a, b: fmean(inside(x, run)) - outer_mean(x, run, a) + w * p,
    'outer-inner*video': lambda x, run, p, w, a, b: (fmean(inside(x, run)) - outer_mean(x, run, a)) * p**b,
}
"""Sequence, run, video score, video weight, inflation to confidence."""


@quick
@given(st.integers(1, 2), st.integers(0, 9), st.integers(0, 3), st.data())
def test_runs_are_the_maximal_stretches_above(cuts: int, length: int, classes: int, data: st.DataObject) -> None:
    size = cuts * length * classes
    flags = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    above = np.array(flags, dtype=bool).reshape(cuts, length, classes)
    expected = [(cut, label, *run) for cut in range(cuts) for label in range(classes)
                for run in runs_of(above[cut, :, label].tolist())]
    assert [tuple(run) for run in group_runs(above).tolist()] == expected


@quick
@given(sequences(), st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.0]), st.data())
def test_statistics_of_any_runs_in_any_order(columns: list[Sequence], inflation: float, data: st.DataObject) -> None:
    length = len(columns[0])
    some_runs = st.tuples(st.integers(0, len(columns) - 1), st.integers(0, length - 1), st.integers(1, length)).map(
        lambda run: (0, run[0], run[1], min(run[1] + run[2], length)))
    runs = data.draw(st.lists(some_runs, max_size=6))
    statistics = RunStatistics(np.array(columns).T, np.array(runs, dtype=np.int64).reshape(-1, 4))
    of_runs = [(columns[label], (start, end)) for _, label, start, end in runs]
    assert statistics.mean() == pytest.approx([fmean(inside(*run)) for run in of_runs], abs=1e-12)
    assert statistics.max().tolist() == [max(inside(*run)) for run in of_runs]
    assert statistics.outer_mean(inflation) == pytest.approx([outer_mean(*run, inflation) for run in of_runs],
                                                             abs=1e-12)


def test_the_outer_region_by_hand() -> None:
    sequence = np.array([[5.0], [7.0], [1.0], [1.0], [1.0], [1.0], [3.0], [9.0]])
    runs = np.array([[0, 0, 2, 6], [0, 0, 0, 8]])  # a quarter of 4 snippets is one on either side; none around all
    assert RunStatistics(sequence, runs).outer_mean(0.25).tolist() == [(7 + 3) / 2, 0]


def test_means_over_a_long_half_precision_video_lose_nothing() -> None:
    sequence = np.random.default_rng(0).random((30_000, 1)).astype(np.float16)
    proposals = ThresholdProposals(thresholds=[0.05], relative=False, confidence='mean', normalize=False)
    borders, _, scores = proposals(sequence, np.ones(1))
    expected = [fmean(sequence[start:end, 0].tolist()) for start, end in borders]
    assert len(expected) > 1000 and scores == pytest.approx(expected, rel=0, abs=1e-9)


@pytest.mark.parametrize('confidence', sorted(CONFIDENCES))
@settings(max_examples=40, deadline=None)
@given(
    columns=sequences(), video_score=st.lists(eighths, min_size=3, max_size=3),
    thresholds=st.lists(eighths, min_size=1, max_size=3), relative=st.booleans(), normalize=st.booleans(),
    min_class_score=eighths, weight=eighths, inflation=st.sampled_from([0.25, 0.5, 2.0]), power=eighths)
def test_proposals_are_the_runs_of_the_likely_classes_with_the_documented_confidence(
        confidence: str, columns: list[Sequence], video_score: Sequence, thresholds: Sequence, relative: bool,
        normalize: bool, min_class_score: float, weight: float, inflation: float, power: float) -> None:
    expected = []
    for label, (column, score) in enumerate(zip(columns, video_score)):
        if score < min_class_score:
            continue
        low, span = min(column), max(column) - min(column)
        scaled = [(value - low) / span if span else 0.0 for value in column] if normalize else column
        for threshold in thresholds:
            cut = low + threshold * span if relative else threshold
            expected += [(label, *run, FORMULAS[confidence](scaled, run, score, weight, inflation, power))
                         for run in runs_of([value >= cut for value in column])]

    proposals = ThresholdProposals(min_class_score, thresholds, relative, confidence, normalize, weight, inflation,
                                   power)
    borders, labels, scores = proposals(np.array(columns).T, np.array(video_score[:len(columns)]))
    found = sorted(zip(labels.tolist(), *borders.T.tolist(), scores.tolist()))
    assert [proposal[:3] for proposal in found] == sorted(proposal[:3] for proposal in expected)
    assert [proposal[3] for proposal in found] == pytest.approx([proposal[3] for proposal in sorted(expected)])


@quick
@given(values=st.lists(eighths, min_size=1, max_size=12), scale=st.sampled_from([1, 3, 5, 31]))
def test_a_moving_mean_is_that_of_the_neighbours_that_there_are(values: Sequence, scale: int) -> None:
    expected = [fmean(values[max(0, place - scale // 2):place + scale // 2 + 1]) for place in range(len(values))]
    assert moving_mean(np.array([values]), scale)[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize('normalize', [True, False])
def test_every_scale_is_cut_by_itself_and_scored_on_the_mean_of_all(normalize: bool) -> None:
    rng, likely = np.random.default_rng(1), np.array([0.9, 0.01, 0.4])
    sequence = rng.random((40, 3)) * [1.0, 1.0, 20.0]
    options = dict(thresholds=[0.3, 0.6], normalize=normalize, confidence='outer-inner*video', video_power=0.1)
    borders, labels, scores = ThresholdProposals(scales=[1, 3, 7], **options)(sequence, likely)
    smoothed = [moving_mean(sequence.T, scale).T for scale in (1, 3, 7)]
    whole = np.mean([(part - part.min(0)) / np.ptp(part, 0) if normalize else part for part in smoothed], axis=0)
    parts = [ThresholdProposals(**options).cut_and_score(part, whole, likely) for part in smoothed]
    for found, expected in zip((borders, labels, scores), zip(*parts)):
        assert found == pytest.approx(np.concatenate(expected), abs=1e-12)
    assert len(parts[2][0]) < len(parts[0][0]), 'a smoother sequence has fewer runs'


@pytest.mark.parametrize('scales', [[], [2], [1, 0], [-3]])
def test_a_scale_without_a_middle_is_refused(scales: list[int]) -> None:
    with pytest.raises(ValueError, match='each an odd number of snippets'):
        ThresholdProposals(scales=scales)


def test_relative_thresholds_follow_the_range_of_the_video_and_absolute_ones_do_not() -> None:
    weak = np.array([[0.01], [0.02], [0.05], [0.04], [0.01]])
    for scale in (1.0, 10.0):
        borders, _, _ = ThresholdProposals(thresholds=[0.5])(scale * weak, np.ones(1))
        assert borders.tolist() == [[2, 4]]
    absolute = ThresholdProposals(thresholds=[0.15], relative=False)
    assert absolute(weak, np.ones(1))[0].tolist() == []
    assert absolute(10 * weak, np.ones(1))[0].tolist() == [[1, 4]]


def test_a_class_at_p_c_is_kept_and_one_below_is_rejected() -> None:
    sequence = np.tile([[0.0], [1.0]], 3)
    for dtype in (np.float32, np.float64):
        scores = np.array([np.nextafter(dtype(0.1), dtype(0)), 0.1, 0.9], dtype=dtype)
        assert ThresholdProposals(min_class_score=0.1)(sequence, scores)[1].tolist() == [1, 2]


@pytest.mark.parametrize('confidence', sorted(CONFIDENCES))
def test_a_flat_sequence_is_one_finite_proposal_or_none(confidence: str) -> None:
    flat = np.full((6, 1), 0.3)
    borders, _, scores = ThresholdProposals(confidence=confidence)(flat, np.ones(1))
    assert borders.tolist() == [[0, 6]] and math.isfinite(scores[0])
    borders, _, _ = ThresholdProposals(confidence=confidence, thresholds=[0.4], relative=False)(flat, np.ones(1))
    assert borders.tolist() == []


@pytest.mark.parametrize('relative', [True, False])
@pytest.mark.parametrize('confidence', sorted(CONFIDENCES))
def test_a_video_without_a_likely_class_gives_well_formed_nothing(confidence: str, relative: bool) -> None:
    proposals = ThresholdProposals(confidence=confidence, thresholds=[0.2, 0.5], relative=relative)
    borders, labels, scores = proposals(np.random.default_rng(0).random((7, 4)), np.full(4, 0.05))
    assert borders.shape == (0, 2) and labels.shape == scores.shape == (0, )
    for method in ('hard', 'gaussian'):
        kept = TemporalNMS(method)(borders.astype(np.float64), labels, scores)
        assert [array.shape for array in kept] == [(0, 2), (0, ), (0, )]


def test_an_unknown_confidence_is_refused_by_the_known_ones() -> None:
    with pytest.raises(ValueError, match="confidence of .*'mean', .*but got 'median'"):
        ThresholdProposals(confidence='median')


def test_no_threshold_is_refused() -> None:
    with pytest.raises(ValueError, match='at least one threshold'):
        ThresholdProposals(thresholds=[])


def test_a_relative_threshold_of_one_finds_the_peak_whatever_the_rounding() -> None:
    borders, _, _ = ThresholdProposals(thresholds=[1.0])(np.array([[0.03], [0.29]]), np.ones(1))
    assert borders.tolist() == [[1, 2]]


def test_scores_of_a_diverged_network_are_an_error_and_not_an_empty_answer() -> None:
    with pytest.raises(ValueError, match='the features are out of range, .* or the network has diverged'):
        ThresholdProposals()(np.array([[np.nan], [0.3]]), np.ones(1))


def test_confidences_may_come_from_another_sequence_than_the_borders() -> None:
    rng = np.random.default_rng(0)
    cut, scored, video_score = rng.random((60, 3)), rng.random((60, 3)), np.array([0.05, 0.4, 1.0])
    propose = ThresholdProposals(thresholds=[0.3, 0.6], confidence='mean+video', video_weight=0.5)
    borders, labels, scores = propose.cut_and_score(cut, scored, video_score)
    own_borders, own_labels, own_scores = propose(cut, video_score)
    assert borders.tolist() == own_borders.tolist() and labels.tolist() == own_labels.tolist()
    for (start, end), label, score in zip(borders.astype(int), labels, scores):
        column = scored[:, label]
        inside = ((column - column.min()) / (column.max() - column.min()))[start:end].mean()
        assert score == pytest.approx(inside + 0.5 * video_score[label])
    assert not np.allclose(scores, own_scores)


def test_classes_at_once_are_the_classes_one_by_one() -> None:
    rng = np.random.default_rng(0)
    sequence, video_score = rng.random((60, 5)), rng.random(5)
    propose = ThresholdProposals(thresholds=[0.3, 0.6])
    borders, labels, scores = propose(sequence, video_score)
    for label in range(5):
        alone = propose(sequence[:, [label]], video_score[[label]])
        mine = labels == label
        assert borders[mine].tolist() == alone[0].tolist() and scores[mine].tolist() == alone[2].tolist()
