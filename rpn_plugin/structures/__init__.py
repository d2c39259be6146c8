"""Types that every step of the way shares; those of torch are imported when they are first used."""
from typing import TYPE_CHECKING

from rpn_plugin.on_demand import names_on_demand
from rpn_plugin.structures.arrays import to_numpy
from rpn_plugin.structures.seed_values import SeedValues
from rpn_plugin.structures.segments import LONGEST_SEC, Segments, as_segments, clip_segments, pairwise_tiou
from rpn_plugin.structures.snippet_clock import SnippetClock, describe_recipe, same_recipe
from rpn_plugin.structures.subset_statistics import FeatureNames, SubsetStatistics
from rpn_plugin.structures.video_names import VIDEO_SUFFIXES, bare_name, same_video_names, without_video_suffix
from rpn_plugin.structures.video_segments import VideoSegments

if TYPE_CHECKING:
    from rpn_plugin.structures.embedded_video import BACKGROUND, EmbeddedVideo, snippet_labels
    from rpn_plugin.structures.head_output import Attention, HeadOutput
    from rpn_plugin.structures.layouts import Layout, PackedLayout, PaddedLayout, snippets_of_share
    from rpn_plugin.structures.precision import at_least_float32, scale_to_length
    from rpn_plugin.structures.snippet_batch import ONLY_STREAM, SnippetBatch
    from rpn_plugin.structures.stream_statistics import StreamStatistics

__all__ = ['Attention', 'BACKGROUND', 'EmbeddedVideo', 'FeatureNames', 'HeadOutput', 'LONGEST_SEC', 'Layout',
           'ONLY_STREAM', 'PackedLayout', 'PaddedLayout', 'SeedValues', 'Segments', 'SnippetBatch', 'SnippetClock',
           'StreamStatistics', 'SubsetStatistics', 'VIDEO_SUFFIXES', 'VideoSegments', 'as_segments', 'at_least_float32',
           'bare_name', 'clip_segments', 'describe_recipe', 'pairwise_tiou', 'same_recipe', 'same_video_names',
           'scale_to_length', 'snippet_labels', 'snippets_of_share', 'to_numpy', 'without_video_suffix']
__getattr__ = names_on_demand(__name__, dict(
    embedded_video=['BACKGROUND', 'EmbeddedVideo', 'snippet_labels'], head_output=['Attention', 'HeadOutput'],
    layouts=['Layout', 'PackedLayout', 'PaddedLayout', 'snippets_of_share'],
    precision=['at_least_float32', 'scale_to_length'], snippet_batch=['ONLY_STREAM', 'SnippetBatch'],
    stream_statistics=['StreamStatistics']))
