# DELU (Chen et al., ECCV 2022): CO2-Net with evidence, and the settings of its released code; what it says of ranks is
# taken from its read-me, certain snippets first. A config on it needs default_hooks.progress and states what its data
# decide: streams, head.in_channels (D), head.split (the width of each stream) and head.num_classes (C).
_base_ = 'co2net.py'
guide = dict(loss_weight=0.4 / 3)  # 0.4 times the mean over three attentions, half of CO2-Net's
model = dict(
    head=dict(
        losses=dict(
            loss_guide=guide,
            loss_guide_first=guide,
            loss_guide_second=guide,
            loss_evidence=dict(type='EvidenceLoss', loss_weight=1.3, top_ratio=1 / 9),
            loss_uncertainty_guide=dict(type='UncertaintyGuideLoss', loss_weight=0.4, amplitude=0.7))),
    proposals=dict(
        cuts=[
            dict(thresholds=[]),  # the first sequence is scored, the second is cut
            dict(thresholds=[0.1 + 0.8 / 19 * step for step in range(20)])
        ]))
del guide
