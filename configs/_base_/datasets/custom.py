# Your own videos, as tools/data/convert.py writes them: subset "train" needs labels only; subset "test" is scored where
# it has segments. Classes and recipe are stated by annotations.json; streams and widths are those of features/<stream>.
_base_ = 'untrimmed_features.py'
from rpn_plugin.datasets import read_data_folder  # noqa: E402  (_base_ first: else the host takes another kind)

data_root = '{{$RPN_CUSTOM_ROOT:data/custom}}'
folder = read_data_folder(data_root)
num_classes, widths = folder.num_classes, folder.widths
streams, in_channels = list(widths), sum(widths.values())
del folder

dataset = dict(
    data_root=data_root,
    ann_file='annotations.json',
    data_prefix={stream: f'features/{stream}' for stream in streams},
    cache_gib=2)
train_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(subset='train', **dataset))
test_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(subset='test', **dataset))
test_evaluator = dict(type='WTALMetric', protocol='activitynet-thumos14')
val_cfg = val_dataloader = val_evaluator = None  # there is nothing to validate on without segments
