# DDG-Net (Tang et al., ICCV 2023): DELU with a graph over a video's snippets in place of the cross-modal gates, and the
# settings of its released code. A config on it needs default_hooks.progress and states what its data decide: streams,
# head.in_channels (D), head.split (the width of each stream) and head.num_classes (C).
_base_ = 'delu.py'
model = dict(
    head=dict(
        graph=dict(threshold=0.8, top_ratio=1 / 10),
        losses=dict(
            loss_consistency=dict(type='FeatureConsistencyLoss', loss_weight=3.2, temperature=0.5),
            loss_complementary=dict(type='ComplementaryLoss'))),
    proposals=dict(
        cuts=[
            dict(thresholds=[]),  # the first sequence is scored, the second is cut, at ten levels as in CO2-Net
            dict(thresholds=[0.1 + 0.8 / 9 * step for step in range(10)])
        ]))
