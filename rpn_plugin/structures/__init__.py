"""Types that every step of the way shares."""
from rpn_plugin.structures.arrays import Array, same_kind, to_numpy
from rpn_plugin.structures.head_output import HeadOutput
from rpn_plugin.structures.precision import at_least_float32
from rpn_plugin.structures.segments import as_segments, clip_segments, pairwise_tiou
from rpn_plugin.structures.snippet_batch import SnippetBatch, SnippetLayout
from rpn_plugin.structures.snippet_clock import SnippetClock, describe_recipe, same_recipe
from rpn_plugin.structures.spread import Spread
from rpn_plugin.structures.video_segments import VideoSegments

__all__ = ['Array', 'HeadOutput', 'SnippetBatch', 'SnippetClock', 'SnippetLayout', 'Spread', 'VideoSegments',
           'as_segments', 'at_least_float32', 'clip_segments', 'describe_recipe', 'pairwise_tiou', 'same_kind',
           'same_recipe', 'to_numpy']
