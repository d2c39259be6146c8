"""Pictures, subtitles and pages."""
from rpn_plugin.visualization.curves import Curves
from rpn_plugin.visualization.html_report import ReportVideo, write_report
from rpn_plugin.visualization.subtitles import subtitle_cues, write_srt, write_webvtt
from rpn_plugin.visualization.timeline import draw_timeline, save_figure
from rpn_plugin.visualization.wtal_visualizer import WTALVisualizer

__all__ = ['Curves', 'ReportVideo', 'WTALVisualizer', 'draw_timeline', 'save_figure', 'subtitle_cues', 'write_report',
           'write_srt', 'write_webvtt']
