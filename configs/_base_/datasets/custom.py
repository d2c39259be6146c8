# Your own videos in data/custom, or in $RPN_CUSTOM_ROOT, as tools/data/convert.py and tools/data/new.py write them.
# Classes and recipe are stated by annotations.json; streams and widths are those of features/<stream>.
_base_ = 'own_videos.py'
from rpn_plugin.datasets import read_data_folder  # noqa: E402  (_base_ first: else the host takes another kind)

data_root = '{{$RPN_CUSTOM_ROOT:data/custom}}'
folder = read_data_folder(data_root)
num_classes, widths = folder.num_classes, folder.widths
streams, in_channels = list(widths), sum(widths.values())
del folder

dataset = dict(data_root=data_root, data_prefix={stream: f'features/{stream}' for stream in streams})
train_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
