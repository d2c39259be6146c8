"""Reading of video files: frames at a stated rate, snippets of frames, optical flow."""
from rpn_plugin.datasets.videos.containers import FORMATS, VideoError
from rpn_plugin.datasets.videos.damage import Damage
from rpn_plugin.datasets.videos.optical_flow import FLOW_BOUND, OpticalFlow, flow_to_pixels
from rpn_plugin.datasets.videos.snippet_decoder import SnippetDecoder, clip_offsets
from rpn_plugin.datasets.videos.thumbnails import read_thumbnails
from rpn_plugin.datasets.videos.video_file import Frame, VideoFile, find_videos, resampled_frames

__all__ = ['Damage', 'FLOW_BOUND', 'FORMATS', 'Frame', 'OpticalFlow', 'SnippetDecoder', 'VideoError', 'VideoFile',
           'clip_offsets', 'find_videos', 'flow_to_pixels', 'read_thumbnails', 'resampled_frames']
