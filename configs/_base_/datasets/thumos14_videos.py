# THUMOS14's video files instead of features, at videos/<video>.mp4 under the same root, cut into snippets as the
# annotation file says (one per 16 frames at 25 fps, 0.64 s). Of each the frame in the middle is decoded; training takes
# 64 snippets of a video.
_base_ = 'thumos14_i3d.py'
decode = dict(type='DecodeSnippets', clip_len=1, resize=dict(scale=(-1, 256)), crop_size=224)
pack = dict(type='PackUntrimmedInputs')
videos = dict(
    _delete_=True,
    type='UntrimmedVideoDataset',
    data_root={{_base_.data_root}},
    ann_file='annotations.json',
    data_prefix=dict(rgb='videos'))
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        subset='train', pipeline=[dict(type='SampleSnippets', num_snippets=64, mode='strata'), decode, pack], **videos))
val_dataloader = dict(dataset=dict(subset='test', test_mode=True, pipeline=[decode, pack], **videos))
test_dataloader = val_dataloader
auto_scale_lr = dict(base_batch_size=2)
