"""Padded videos give what packed ones give."""
from __future__ import annotations

import pytest
import torch

from rpn_plugin.apis import PaddedNetwork
from rpn_plugin.models.localizers import WeaklySupervisedLocalizer
from tiny_model import build_model, model_config

LENGTHS = [9, 1, 14, 3]


def both(kernel_size: int) -> tuple[dict, dict]:
    """Outputs of the packed model and of the padded network, on the same videos; NaN lies beyond their ends."""
    model = build_model(model_config(kernel_size=kernel_size)).double()
    generator = torch.Generator().manual_seed(0)
    videos = {stream: [torch.randn(length, 4, dtype=torch.float64, generator=generator) for length in LENGTHS]
              for stream in ('rgb', 'flow')}
    network = PaddedNetwork(model)
    padded = [torch.nn.utils.rnn.pad_sequence(videos[stream], batch_first=True, padding_value=float('nan'))
              for stream in network.streams]
    with torch.no_grad():
        packed = model(**model.data_preprocessor(dict(inputs=videos)), mode='tensor')
        found = dict(zip(network.output_names, network(torch.tensor(LENGTHS), *padded)))
    return packed, found


@pytest.mark.parametrize('kernel_size', [1, 3, 5])
def test_a_padded_batch_gives_what_a_packed_one_gives(kernel_size) -> None:
    packed, found = both(kernel_size)
    for name, output in packed.items():
        for video, length in enumerate(LENGTHS):
            for field, expected in (('cas', output.cas), ('embedded', output.embedded.features),
                                    ('attention', output.attention)):
                expected = output.embedded.layout.split(expected)[video]
                torch.testing.assert_close(found[f'{name}_{field}'][video, :length], expected, rtol=0, atol=1e-12)
            assert not found[f'{name}_attention'][video, length:].any()
        torch.testing.assert_close(found[f'{name}_video_score'], output.video_score, rtol=0, atol=1e-12)
        torch.testing.assert_close(found[f'{name}_prototypes'], output.prototypes, rtol=0, atol=0)


def test_one_network_alone_is_named_network() -> None:
    localizer: WeaklySupervisedLocalizer = build_model(model_config()).localizers['rgb']
    network = PaddedNetwork(localizer)
    assert network.streams == ('rgb', ) and network.output_names[0] == 'network_cas'


def test_a_head_without_prototypes_is_told_so() -> None:
    model = build_model(model_config())
    head = model.localizers['rgb'].head
    head.pool = lambda *scores: type(head).pool(head, *scores[:-1], None)
    with pytest.raises(ValueError, match='RPNHead lacks attention or prototypes'):
        PaddedNetwork(model)(torch.tensor([2]), torch.zeros(1, 2, 4), torch.zeros(1, 2, 4))
