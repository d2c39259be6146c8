"""Reads ActivityNet's official JSON, versions 1.2 and 1.3."""
from __future__ import annotations

from pathlib import Path

from rpn_plugin.datasets.formats.layout import Annotations, DataLayout, require_instances
from rpn_plugin.datasets.formats.plugin_json import read_database


def read_activitynet(path: Path) -> Annotations:
    """Read ``activity_net.v1-*.json``. It pins no class order; its taxonomy must know every label.

    Raises:
        ValueError: If a label is no leaf of the taxonomy.
    """
    content = read_database(path)
    database = content['database']
    remarks = []
    taxonomy = content.get('taxonomy') or ()
    leaves = {node.get('nodeName') for node in taxonomy} - {node.get('parentName') for node in taxonomy}
    labels = {instance['label'] for video, entry in database.items()
              for instance in require_instances(path, video, entry)}
    if taxonomy and labels - leaves:
        raise ValueError(f'{path}: its taxonomy has no leaves named {sorted(labels - leaves, key=str)}.')
    withheld = sum(not entry.get('annotations') for entry in database.values())
    if withheld:
        remarks.append(f'{withheld} videos come without annotations (the labels of subset "testing" are withheld).')
    return Annotations(database, remarks=tuple(remarks))


ACTIVITYNET = DataLayout('activitynet',
                         'the official activity_net.v1-2/v1-3 JSON; features <video>.npy or v_<video>.npy',
                         read_activitynet)
