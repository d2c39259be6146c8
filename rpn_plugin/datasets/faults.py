"""The table of checks of a data set, and the records of what they find. Each check is applied in one place."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ERROR, WARNING = 'error', 'warning'


@dataclass(frozen=True)
class Check:
    """A check of a data set: what is wrong where it fails, and what to do.

    Args:
        severity: ``error`` where training or scoring would be wrong or impossible, else ``warning``.
        meaning: What is wrong.
        remedy: What to do about it.
    """

    severity: str
    meaning: str
    remedy: str


CHECKS: dict[str, Check] = {
    # annotation files
    'annotations-unreadable': Check(ERROR, 'the annotations cannot be read', 'Correct the file, or name its layout.'),
    'duplicated-key': Check(ERROR, 'a JSON object has a key twice, of which only the last would count',
                            'Merge the two entries, or rename one.'),
    'entry-malformed': Check(ERROR, 'the entry of a video is not of the expected form',
                             'Write "labels" as a list of class names and "annotations" as a list of {"label", '
                             '"segment"}.'),
    'video-name': Check(ERROR, 'a video has a name that cannot name a file', 'Rename it, without slashes and control '
                        'characters and in at most 200 bytes.'),
    'subset-empty': Check(ERROR, 'the subset has no video', 'Name one of those that the file has.'),
    'class-unpinned': Check(ERROR, 'the order of the classes is pinned nowhere',
                            'Add "classes": [...] to the file or metainfo=dict(classes=[...]) to the config.'),
    'class-order': Check(ERROR, 'two sources give the classes in different orders',
                         'The order fixes the class indices of checkpoints: make both the same.'),
    'class-spelling': Check(ERROR, 'class names differ only in case, spaces or underscores',
                            'Write each name in one way.'),
    # labels of videos
    'unknown-label': Check(ERROR, 'a label is not one of the classes', 'Correct the label, or add it to the classes.'),
    'unlabelled-video': Check(ERROR, 'a training video has no label',
                              'Label it, or move it out of the training subset.'),
    'no-instance': Check(WARNING, 'a test video has no annotated instance, so that every detection on it is wrong or '
                                  'left out, as the protocol says', 'Annotate it, or choose a video set without it.'),
    'labels-disagree': Check(WARNING, 'the "labels" of a video are not the classes of its annotated segments',
                             'The "labels" are what counts; correct one of the two.'),
    'class-unused': Check(WARNING, 'no video has this class', 'Remove it from the classes, or label its videos.'),
    'class-unseen': Check(ERROR, 'a class of the test videos has no training video, so that it cannot be learned',
                          'Add training videos of it, or leave it out of the test.'),
    # videos that are there twice
    'train-test-overlap': Check(ERROR, 'a video is both trained and tested on', 'Remove it from one of the two.'),
    'duplicated-video': Check(WARNING, 'a video is there twice in one subset', 'Remove one of the two.'),
    # durations and recipe
    'duration-invalid': Check(ERROR, 'a duration is not a positive number of seconds',
                              'Correct it, or leave it out: it is then taken from the features.'),
    'duration-missing': Check(WARNING, 'a video has no duration, so that the recipe cannot be checked against it',
                              'Add "duration" in seconds.'),
    'duration-mismatch': Check(WARNING, 'the number of snippets does not fit the duration',
                               'Extract the features again if they end early, or correct the duration.'),
    'recipe-missing': Check(ERROR, 'fps and stride of the features are stated nowhere',
                            'Add "feature": {"fps": ..., "snippet_stride": ...} to the file or recipe=dict(...) to the '
                            'config.'),
    'recipe-invalid': Check(ERROR, 'the recipe of the features is not of the expected form', 'Correct it.'),
    'recipe-conflict': Check(ERROR, 'file and config state different recipes', 'State it once, or make both the same.'),
    'recipe-contradicted': Check(ERROR, 'the recipe contradicts durations and numbers of snippets, so that every '
                                        'detection would be misplaced in time',
                                 'State the fps and stride at which the features were extracted.'),
    # segments
    'segment-malformed': Check(ERROR, 'a segment is not [start, end] in seconds', 'Correct it.'),
    'segment-not-finite': Check(ERROR, 'a border of a segment is NaN or infinite', 'Correct it.'),
    'segment-reversed': Check(ERROR, 'a segment ends before it starts', 'Exchange its borders.'),
    'segment-empty': Check(WARNING, 'a segment has no length: nobody can find it, and it counts all the same',
                           'Correct it, or leave it as the published set has it.'),
    'segment-duplicated': Check(WARNING, 'an instance is annotated twice: one of the two cannot be found',
                                'Remove one, or leave both as the published set has them.'),
    'segment-outside': Check(WARNING, 'a segment lies outside its video or beyond its features: nobody can find it, '
                                      'and it counts all the same',
                             'Correct it, or leave it as the published set has it.'),
    'segments-unit': Check(ERROR, 'a large share of the segments lies outside the videos, as if times were frames or '
                                  'milliseconds', 'Write segments and durations in seconds.'),
    # feature files
    'features-missing': Check(ERROR, 'a video has no features',
                              'Extract them, correct data_prefix, or leave the videos out with missing="skip".'),
    'features-unreadable': Check(ERROR, 'a feature file cannot be read',
                                 'Extract it again, or leave the video out with missing="skip".'),
    'features-dtype': Check(ERROR, 'features are not floating-point numbers', 'Save them as float16 or float32.'),
    'features-shape': Check(ERROR, 'features are not of shape (T, D)',
                            'Pool whatever else they have, such as crops or space, before saving.'),
    'features-transposed': Check(ERROR, 'features are of shape (D, T)', 'Save them transposed, snippets first.'),
    'features-width': Check(ERROR, 'features have another width D than expected',
                            'Take all files from one network, and set feature_dim to their width.'),
    'features-extra': Check(WARNING, 'features belong to no annotated video', 'Annotate these videos, or ignore this.'),
    'streams-equal': Check(ERROR, 'two streams read the same features', 'Give each stream its own in data_prefix, or '
                                                                        'its own columns.'),
    'streams-swapped': Check(ERROR, 'a stream reads features that are named after another', 'Exchange the two in '
                                                                                            'data_prefix.'),
    'streams-uneven': Check(WARNING, 'the streams of a video differ by a few snippets; they are cut to the shortest',
                            'Nothing, if the extraction of one stream loses a frame or two.'),
    'streams-mismatched': Check(ERROR, 'the streams of a video differ in length by more than max_stream_gap',
                                'Extract the shorter one again, or both with the same stride.'),
    'video-short': Check(WARNING, 'a video has one snippet only: nothing can be localized in it',
                         'Leave it out, or extract it with a smaller stride.'),
    'video-long': Check(WARNING, 'a video is many times longer than the others', 'Make sure that it is one recording.'),
    # feature values
    'values-not-finite': Check(ERROR, 'features hold NaN or infinity', 'Extract these features again.'),
    'values-zero': Check(ERROR, 'features are all zero', 'Extract these features again.'),
    'values-constant': Check(ERROR, 'every snippet of a video is the same', 'Extract these features again.'),
    'values-repeated': Check(WARNING, 'the same snippet is repeated many times, as by a decoder that got stuck or by '
                                      'padding', 'Decode the video again, or cut the padding off.'),
    'values-scale': Check(WARNING, 'the magnitude of the features is far from that of the other videos',
                          'Take all files from one extraction, with one normalization.'),
}


class Fault(ValueError):
    """A fault of a data set that stops whoever reads it.

    Args:
        code: Key of :data:`CHECKS`.
        message: File, video and value, and what was expected.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Finding:
    """A fault of a data set that was found and listed.

    Args:
        code: Key of :data:`CHECKS`.
        message: File, video and value.
        subset: Where; empty for what concerns several subsets.
        videos: Names of those concerned.
        severity: ``error`` or ``warning``; by default the check's.
    """

    code: str
    message: str
    subset: str = ''
    videos: tuple[str, ...] = ()
    severity: str = ''

    def __post_init__(self) -> None:
        object.__setattr__(self, 'severity', self.severity or CHECKS[self.code].severity)


def by_severity(findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Divide findings into errors, which make training or scoring wrong or impossible, and warnings."""
    errors: list[Finding] = []
    warnings: list[Finding] = []
    for finding in findings:
        (errors if finding.severity == ERROR else warnings).append(finding)
    return errors, warnings


def describe_findings(findings: Sequence[Finding], most: int | None = None) -> list[str]:
    """Write one paragraph per kind of finding and subset.

    Args:
        findings: What was found.
        most: Of each kind list so many; None lists all.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        groups.setdefault((finding.code, finding.subset), []).append(finding.message)
    paragraphs = []
    for (code, subset), messages in groups.items():
        where = f', subset {subset}' if subset else ''
        lines = [f'{code} ({len(messages)}{where}): {CHECKS[code].meaning}. {CHECKS[code].remedy}']
        lines += [f'    {message}' for message in messages[:most]]
        if most is not None and len(messages) > most:
            lines.append(f'    and {len(messages) - most} more')
        paragraphs.append('\n'.join(lines))
    return paragraphs
