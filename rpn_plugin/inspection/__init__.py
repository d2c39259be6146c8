"""Looking into a trained model: its networks, their curves over time and their prototypes."""
from rpn_plugin.inspection.curves import curves_of, require_localizer
from rpn_plugin.inspection.prototypes import embedded_videos, prototypes_of
from rpn_plugin.inspection.trained_model import TrainedModel

__all__ = ['TrainedModel', 'curves_of', 'embedded_videos', 'prototypes_of', 'require_localizer']
