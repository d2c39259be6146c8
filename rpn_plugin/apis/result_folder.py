"""The folder of a localization run: what belongs to a video is written when it is done, the summary last."""
from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mmaction.structures import ActionDataSample

from rpn_plugin.apis.untrimmed_inputs import StoredFeatures, UntrimmedInput
from rpn_plugin.apis.wtal_inferencer import WTALInferencer
from rpn_plugin.datasets.sidecars import sidecar_path
from rpn_plugin.evaluation.entries import read_entries
from rpn_plugin.evaluation.results_file import as_entries, write_detections, write_detections_csv
from rpn_plugin.files import path_inside, read_json, written_whole
from rpn_plugin.provenance import digest
from rpn_plugin.structures import VideoSegments
from rpn_plugin.visualization import Curves, save_figure, subtitle_cues, write_srt, write_webvtt

SETTINGS = 'settings.json'


class ResultFolder:
    """A folder of detections, subtitles, pictures and curves of many videos.

    ``detections/<video>.json`` is written last of what belongs to a video, with a digest of the settings and of the
    video's files: where it is, the video is done. Results that mean nothing, of features of random weights, say so in
    each of these files but the curves.

    Args:
        folder: Made when the first video is written.
        settings: Everything that the results depend on beside the videos, in plain values.
        min_score: Weakest detection in subtitles and pictures.
    """

    def __init__(self, folder: str | Path, settings: Mapping[str, Any], min_score: float) -> None:
        self.folder = Path(folder)
        self.settings = json.loads(json.dumps(dict(settings, min_score=min_score), default=str))
        self.min_score = min_score
        self.notes: set[str] = set()
        self._begun = False
        self._digest = digest(self.settings)
        self._others = {'subtitles': ('.srt', '.vtt'), 'pictures': ('.png', ), 'curves': ('.npz', )}

    def require_same_settings(self) -> None:
        """Refuse to go on with what was begun with other settings.

        Raises:
            ValueError: Names each setting that differs, with both values.
        """
        path = self.folder / SETTINGS
        if not path.is_file():
            return
        before = read_json(path)
        names = [name for name in sorted({*before, *self.settings}) if before.get(name) != self.settings.get(name)]
        if names:
            raise ValueError(f'{self.folder}: its videos were done with other settings: ' + '; '.join(
                f'{name} {before.get(name)!r}, now {self.settings.get(name)!r}' for name in names) +
                '. Resume with the same, name another folder with --out, or start anew without --resume.')

    def done(self, video: UntrimmedInput) -> VideoSegments | None:
        """Detections of a video if all that belongs to it is there, of the same files and settings; None otherwise."""
        path = self._path('detections', video.name, '.json')
        if not all(self._path(kind, video.name, suffix).is_file() for kind, suffixes in self._others.items()
                   for suffix in suffixes) or not path.is_file():
            return None
        try:
            content = read_json(path)
            if (content.get('settings'), content.get('files')) != (self._digest, identity(video)):
                return None
            self._keep_note(content.get('note'))
            return read_entries(path, video.name, content.get('detections'), scored=True)
        except (ValueError, OSError):  # whatever it is, the video is done again and the file replaced
            return None

    def write(self, inferencer: WTALInferencer, video: UntrimmedInput, sample: ActionDataSample,
              found: VideoSegments) -> list[Exception]:
        """Write all that belongs to a video. What cannot be written hinders nothing else.

        Args:
            inferencer: Which localized it.
            video: Where it comes from.
            sample: As the inferencer gives it.
            found: Its detections, best first.

        Returns:
            Why something could not be written; the video is not marked as done then.

        Raises:
            ValueError: If a score is not finite; nothing is written then.
            OSError: If nothing can be written to the folder.
        """
        entries = as_entries(video.name, found)
        if not self._begun:
            self._write_json(self.folder / SETTINGS, self.settings)
            self._begun = True
        name = video.name
        self._path('detections', name, '.json').unlink(missing_ok=True)
        failed = []
        for write in (self._write_subtitles, self._write_picture, self._write_curves):
            try:
                write(inferencer, sample, found)
            except Exception as error:  # of any library that writes; the others are still tried
                failed.append(error)
        if not failed:
            content = dict(settings=self._digest, files=identity(video), detections=entries, note=sample.note)
            self._keep_note(sample.note)
            self._write_json(self._path('detections', name, '.json'), content)
        return failed

    def finish(self, detections: Mapping[str, VideoSegments]) -> None:
        """Write the detections of all videos as ``detections.json`` and ``detections.csv``, each whole."""
        write_detections(self.folder / 'detections.json', detections)
        write_detections_csv(self.folder / 'detections.csv', detections)
        if self.notes:
            self._write_notes(' '.join(sorted(self.notes)))

    def _keep_note(self, note: Any) -> None:
        if isinstance(note, str) and note:
            self.notes.add(note)

    def _write_notes(self, note: str) -> None:
        """Put a note where ActivityNet's format has room for one, and into a column of the table."""
        path = self.folder / 'detections.json'
        self._write_json(path, {**read_json(path), 'external_data': dict(used=True, details=note)})
        with open(self.folder / 'detections.csv', encoding='utf-8', newline='') as file:
            header, *rows = csv.reader(file)
        with written_whole(self.folder / 'detections.csv') as temporary, \
                open(temporary, 'w', encoding='utf-8', newline='') as file:
            csv.writer(file).writerows([[*header, 'note'], *([*row, note] for row in rows)])

    def _path(self, kind: str, name: str, suffix: str) -> Path:
        return path_inside(self.folder / kind, name, suffix)

    @staticmethod
    def _write_json(path: Path, content: Any) -> None:
        with written_whole(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1), encoding='utf-8')

    def _write_subtitles(self, inferencer: WTALInferencer, sample: ActionDataSample, found: VideoSegments) -> None:
        cues = [(start, end, [sample.note, *lines] if sample.note else lines)
                for start, end, lines in subtitle_cues(found, self.min_score)]
        write_srt(self._path('subtitles', sample.video_name, '.srt'), cues)
        write_webvtt(self._path('subtitles', sample.video_name, '.vtt'), cues)

    def _write_picture(self, inferencer: WTALInferencer, sample: ActionDataSample, found: VideoSegments) -> None:
        shown = int(np.sum(np.asarray(found.scores) >= self.min_score))  # the best come first
        save_figure(inferencer.draw(sample, shown), self._path('pictures', sample.video_name, '.png'))

    def _write_curves(self, inferencer: WTALInferencer, sample: ActionDataSample, found: VideoSegments) -> None:
        labels = tuple(dict.fromkeys(found.labels))
        values = sample.pred_cas.numpy()[:, [inferencer.classes.index(label) for label in labels]]
        curves = Curves(labels, values, sample.clock.start_sec, sample.clock.seconds_per_snippet)
        curves.write(self._path('curves', sample.video_name, '.npz'))


def identity(video: UntrimmedInput) -> list[list[Any]]:
    """Name, size and time of change of the files that a video's features come from, sidecars among them."""
    paths = {Path(features.store.where(features.video)) if isinstance(features, StoredFeatures) else features
             for features in video.streams.values() if not hasattr(features, 'shape')}
    paths |= {sidecar_path(path) for path in paths}
    return sorted([str(path.absolute()), path.stat().st_size, path.stat().st_mtime_ns] for path in paths
                  if path.is_file())
