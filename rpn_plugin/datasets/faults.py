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
    'class-similar': Check(WARNING, 'class names differ only in punctuation',
                           'Make sure that they are two classes; else write the name in one way.'),
    'subset-spelling': Check(ERROR, 'subset names mean the same and differ in spelling, so that some of the videos are '
                                    'left out', 'Write the name of a subset in one way.'),
    'video-spelling': Check(WARNING, 'names of videos differ only in case', 'Make sure that they are two videos, and '
                            'rename one: many file systems take the names for one.'),
    # labels of videos
    'unknown-label': Check(ERROR, 'a label is not one of the classes', 'Correct the label, or add it to the classes.'),
    'unlabelled-video': Check(ERROR, 'a training video has no label',
                              'Label it, or move it out of the training subset; videos that show none of the classes '
                              'get one of their own, such as "background".'),
    'no-instance': Check(WARNING, 'a test video has no annotated instance, so that every detection on it is wrong or '
                                  'left out, as the protocol says', 'Annotate it, or choose a video set without it.'),
    'labels-disagree': Check(WARNING, 'the "labels" of a video are not the classes of its annotated segments',
                             'The "labels" are what counts; correct one of the two.'),
    'classes-single': Check(WARNING, 'there is one class only, so that a label says nothing and no loss teaches '
                                     'anything',
                            'Add a second class, such as videos of background with a class of their own.'),
    'labels-constant': Check(WARNING, 'every training video has the same labels, so that nothing can be learned',
                             'Add training videos that lack some of the classes.'),
    'class-everywhere': Check(WARNING, 'every training video has this class, so that nothing tells where it is not',
                              'Add training videos without it.'),
    'classes-inseparable': Check(WARNING, 'classes are in exactly the same training videos, so that labels of videos '
                                          'cannot tell them apart',
                                 'Add training videos that have one of them, or make one class of them.'),
    'class-unused': Check(WARNING, 'no video has this class', 'Remove it from the classes, or label its videos.'),
    'class-unseen': Check(ERROR, 'a class of the test videos has no training video, so that it cannot be learned',
                          'Add training videos of it, or leave it out of the test.'),
    'class-untested': Check(WARNING, 'no test video has a class that is trained',
                            'Add test videos of it, or leave it out of the scores.'),
    # videos that are there twice
    'train-test-overlap': Check(ERROR, 'a video is both trained and tested on', 'Remove it from one of the two.'),
    'duplicated-video': Check(WARNING, 'a video is there twice in one subset', 'Remove one of the two.'),
    'near-copy': Check(WARNING, 'the features of two videos of one subset are nearly the same, up to scale',
                       'Remove one of the two, or extract the one again that has the features of the other.'),
    'train-test-near-copy': Check(ERROR, 'the features of a test video are nearly those of a training video, up to '
                                         'scale', 'Remove it from one of the two, or extract its features again.'),
    'train-test-snippets': Check(ERROR, 'many snippets of a test video are trained on, as when one video is a part of '
                                        'the other', 'Remove one of the two, or divide the recordings otherwise.'),
    # durations and recipe
    'duration-invalid': Check(ERROR, 'a duration is not a positive number of seconds',
                              'Correct it, or leave it out: it is then taken from the features.'),
    'duration-implausible': Check(WARNING, 'a duration is far beyond any other, and counts as not stated',
                                  'Write it in seconds, or leave it out: it is then taken from the features.'),
    'fps-invalid': Check(WARNING, 'a frame rate is not a positive number', 'Correct it, or leave it out where the '
                         'recipe states the rate.'),
    'duration-missing': Check(WARNING, 'a video has no duration, so that the recipe cannot be checked against it',
                              'Add "duration" in seconds.'),
    'duration-mismatch': Check(WARNING, 'the number of snippets does not fit the duration',
                               'Extract the features again if they end early, or correct the duration.'),
    'features-half': Check(WARNING, 'a video has half as many snippets as its duration needs',
                           'Extract the features again, with the stride of the others and up to the end.'),
    'video-rate': Check(WARNING, 'the number of snippets of a video is that of another frame rate or stride than the '
                                 'others have', 'Extract the features again with the rate and stride of the others.'),
    'features-exchanged': Check(ERROR, 'features fit the durations of other videos than they are named after',
                                'Give each video its own: compare names, and the order in which they were written.'),
    'recipe-missing': Check(ERROR, 'fps and stride of the features are stated nowhere',
                            'Add "feature": {"fps": ..., "snippet_stride": ...} to the file or recipe=dict(...) to the '
                            'config.'),
    'recipe-invalid': Check(ERROR, 'the recipe of the features is not of the expected form', 'Correct it.'),
    'recipe-conflict': Check(ERROR, 'file and config state different recipes', 'State it once, or make both the same.'),
    'recipe-contradicted': Check(ERROR, 'the recipe contradicts durations and numbers of snippets, so that every '
                                        'detection would be misplaced in time',
                                 'State the fps and stride at which the features were extracted.'),
    'subset-recipe': Check(ERROR, 'training and test features have different recipes',
                           'Extract both with one stride at one frame rate.'),
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
    'segment-unit': Check(ERROR, 'every segment of a video ends far outside it, as if its times were frames or '
                                 'milliseconds', 'Write the segments of this video in seconds.'),
    'segments-early': Check(ERROR, 'all segments lie at the very start of their videos, as if they were in minutes, '
                                   'or the durations in frames', 'Write segments and durations in seconds.'),
    'segments-whole': Check(WARNING, 'in nearly every video one segment covers all of it, so that there is nothing to '
                                     'localize', 'Take the untrimmed videos, or correct the segments.'),
    'segments-shifted': Check(WARNING, 'the features change beside the annotated borders, always by the same time',
                              'Correct the offset of the segments, or of the recipe.'),
    'segments-unrelated': Check(WARNING, 'the features of a video do not change at its annotated borders, unlike those '
                                         'of the others, as if they were of another time or video',
                                'Compare the names and the times of features and segments.'),
    'segment-near-duplicate': Check(WARNING, 'two instances of one class are nearly the same: one of the two cannot be '
                                             'found', 'Remove one, or leave both as the published set has them.'),
    'segment-short': Check(WARNING, 'a segment is shorter than half a snippet: nobody can find it',
                           'Correct it, or extract features with a smaller stride.'),
    'annotations-copied': Check(WARNING, 'two videos have the same segments',
                                'Make sure that they were not copied from one to the other.'),
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
    'streams-alike': Check(ERROR, 'two streams of a video are nearly the same, up to scale',
                           'Give each stream its own features.'),
    'streams-unrelated': Check(WARNING, 'two streams of a video change at different times, unlike those of the others, '
                                        'as if one were shifted or of another video',
                               'Extract both streams of this video again.'),
    'streams-shifted': Check(WARNING, 'one stream is shifted against the other in most videos',
                             'Extract both with the same first frame.'),
    'video-streams-swapped': Check(ERROR, 'the streams of a video are in the place of each other',
                                   'Exchange the two files.'),
    'streams-swapped': Check(ERROR, 'a stream reads features that are named after another', 'Exchange the two in '
                                                                                            'data_prefix.'),
    'subset-streams': Check(ERROR, 'training and test features have different streams', 'Give both the same.'),
    'subset-streams-swapped': Check(ERROR, 'the streams of the test are in the place of each other',
                                    'Exchange the two in its data_prefix.'),
    'subset-width': Check(ERROR, 'training and test features have different widths',
                          'Take both from one network, or choose columns.'),
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
    'values-huge': Check(ERROR, 'features are larger than what is trained with can hold',
                         'Extract these features again, or scale all of them.'),
    'values-doubled': Check(WARNING, 'many snippets equal the one before, as if a lower rate had been filled up',
                            'Extract these features again at the stated stride.'),
    'values-looped': Check(WARNING, 'a video repeats itself', 'Make sure that the recording is not a loop or joined to '
                           'itself, and cut the repetitions off.'),
    'values-normalized': Check(WARNING, 'the snippets of a video are normalized to one length, and those of the others '
                                        'are not, or the other way round', 'Normalize all files, or none.'),
    'values-negative': Check(WARNING, 'features of a video have values below zero, and those of the others have none, '
                                      'or the other way round',
                             'Take all files from one layer, before or after its activation.'),
    'values-frozen': Check(WARNING, 'the features of a video hardly change over time, compared with the others',
                           'Make sure that it is no still picture, and extract its features again.'),
    'values-unordered': Check(WARNING, 'the snippets of a video do not follow each other, unlike those of the others',
                              'Save snippets in the order of time.'),
    'values-spike': Check(WARNING, 'one snippet is many times as large as the others of its video',
                          'Extract these features again.'),
    'values-offset': Check(WARNING, 'the means of a video are far from those of the others',
                           'Take all files from one extraction, and subtract the same mean from all or from none.'),
    'snippets-zero': Check(WARNING, 'snippets are zero, as where frames could not be decoded',
                           'Decode the video again.'),
    'channels-dead': Check(WARNING, 'channels are constant in a video that vary in the others',
                           'Extract these features again.'),
    'channels-constant': Check(WARNING, 'channels are constant in every video, so that they say nothing',
                               'Extract the features again, or leave these channels out.'),
    'video-channels': Check(WARNING, 'the channels of a video are not those of the other videos, as if in another '
                                     'order', 'Take all files from one network.'),
    # features of training against features of the test
    'subset-scale': Check(ERROR, 'training and test features differ in scale', 'Scale both in the same way.'),
    'subset-normalized': Check(ERROR, 'snippets are normalized to one length in one of training and test only',
                               'Normalize both, or none.'),
    'subset-offset': Check(ERROR, 'training and test features lie apart, as if a mean was subtracted in one only',
                           'Subtract the same mean from both, or none.'),
    'subset-negative': Check(ERROR, 'values below zero are in one of training and test only',
                             'Take both from one layer, before or after its activation.'),
    'subset-dead': Check(ERROR, 'channels are constant in one of training and test only',
                         'Extract these features again.'),
    'subset-channels': Check(ERROR, 'the channels of training and test features are not the same, as if in another '
                                    'order', 'Take both from one network, with its channels in one order.'),
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


def summarize_findings(findings: Sequence[Finding], most: int = 3) -> list[str]:
    """Write one line per kind of finding.

    Args:
        findings: What was found.
        most: Of each kind name so many.
    """
    lines = []
    for code, messages in _by_code(findings).items():
        more = f' and {len(messages) - most} more' if len(messages) > most else ''
        lines.append(f'{code} ({len(messages)}), {CHECKS[code].meaning}: {"; ".join(messages[:most])}{more}. '
                     f'{CHECKS[code].remedy}')
    return lines


def count_findings(findings: Sequence[Finding]) -> str:
    """Write how many there are of each kind, as ``values-zero 2, segment-short 1``."""
    return ', '.join(f'{code} {len(messages)}' for code, messages in _by_code(findings).items())


def _by_code(findings: Iterable[Finding]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for finding in findings:
        groups.setdefault(finding.code, []).append(finding.message.removesuffix('.'))
    return groups
