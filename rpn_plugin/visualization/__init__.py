"""Pictures, subtitles and pages."""
from rpn_plugin.visualization.curves import Curves
from rpn_plugin.visualization.subtitles import subtitle_cues, write_srt, write_webvtt
from rpn_plugin.visualization.timeline import draw_timeline, save_figure

__all__ = ['Curves', 'draw_timeline', 'save_figure', 'subtitle_cues', 'write_srt', 'write_webvtt']
