"""Tables 1 to 4 of the paper: their numbers as printed there, and which experiment measures which row.

Source of every number: Huang, Huang, Ouyang, Wang, "Relational Prototypical Network for Weakly Supervised Temporal
Action Localization", AAAI 2020, Tables 1-4. mAP in %; None where the paper prints a dash.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

AVERAGE = 'AVG'
FULL = 'full'
"""Stands for the full model in the place of an ablation's name."""


@dataclass(frozen=True)
class PaperRow:
    """A row of a table.

    Args:
        cells: What stands before the numbers.
        values: One per column, in %.
        ablation: Name in ``analysis.ablations.ABLATIONS`` that measures this row on any data; :data:`FULL` is the full
            model. None where the paper compares with others, and where a table's own rows depend on the features
            (``features``).
        features: Features of a row "Ours" of Tables 1 and 2.
    """

    cells: tuple[str, ...]
    values: tuple[float | None, ...]
    ablation: str | None = None
    features: str | None = None


@dataclass(frozen=True)
class PaperTable:
    """A table of the paper.

    Args:
        caption: In our words.
        protocol: Name in ``evaluation.protocols`` that has its tIoU grid.
        head: Names of the columns before the numbers.
        columns: tIoU thresholds, and :data:`AVERAGE` over the protocol's range.
        rows: In the paper's order.
        data: Family of configs that has the paper's data.
        average: What the last column is over.
        pairs: Comparisons that the paper draws from the table, as (sentence, row with, row without).
        upright: Methods stand side by side in the paper, one column each.
    """

    caption: str
    protocol: str
    head: tuple[str, ...]
    columns: tuple[float | str, ...]
    rows: tuple[PaperRow, ...]
    data: str
    average: str
    pairs: tuple[tuple[str, int, int], ...] = ()
    upright: bool = False


def _rows(text: str) -> tuple[PaperRow, ...]:
    """Rows of a Table 1 or 2: cells and numbers between bars; "Ours (X)" is measured with features X."""
    rows = []
    for line in text.strip().splitlines():
        *cells, numbers = (cell.strip() for cell in line.split('|'))
        values = tuple(None if number == '-' else float(number) for number in numbers.split())
        features = cells[-1][6:-1] if cells[-1].startswith('Ours (') else None
        rows.append(PaperRow(tuple(cells), values, features=features))
    return tuple(rows)


_TABLE_1 = """
Full | S-CNN (Shou, Wang, and Chang 2016) | 47.7 43.5 36.4 28.7 19.0 - 5.3 35.0
Full | R-C3D (Xu, Das, and Saenko 2017) | 54.5 51.5 44.8 35.6 28.9 - - 43.1
Full | SSN (Zhao et al. 2017) | 60.3 56.2 50.6 40.8 29.1 - - 47.4
Full | TAL-Net (Chao et al. 2018) | 59.8 57.1 53.2 48.5 42.8 33.8 20.8 52.3
Weak | Hide-and-Seek (Singh and Lee 2017) | 36.4 27.8 19.5 12.7 6.8 - - 20.6
Weak | UntrimmedNet (Wang et al. 2017a) | 44.4 37.7 28.2 21.1 13.7 - - 29.0
Weak | Step-by-Step Erasion (Zhong et al. 2018) | 45.8 39.0 31.1 22.5 15.9 - - 30.9
Weak | STPN (UNT) (Nguyen et al. 2018) | 45.3 38.8 31.1 23.5 16.2 9.8 5.1 31.0
Weak | W-TALC (UNT) (Paul, Roy, and Roy-Chowdhury 2018) | 49.0 42.8 32.0 26.0 18.8 - 6.2 33.7
Weak | AutoLoc (UNT) (Shou et al. 2018) | - - 35.8 29.0 21.2 13.4 5.8 -
Weak | CMCS (UNT) (Liu, Jiang, and Wang 2019) | 53.5 46.8 37.5 29.1 19.9 12.3 6.0 37.4
Weak | Ours (UNT) | 54.2 47.1 37.8 29.4 21.2 13.9 6.8 37.9
Weak | STPN (I3D) (Nguyen et al. 2018) | 52.0 44.7 35.5 25.8 16.9 9.9 4.3 35.0
Weak | W-TALC (I3D) (Paul, Roy, and Roy-Chowdhury 2018) | 55.2 49.6 40.1 31.1 22.8 - 7.6 39.8
Weak | CMCS (I3D) (Liu, Jiang, and Wang 2019) | 57.4 50.8 41.2 32.1 23.1 15.0 7.0 40.9
Weak | MAAN (I3D) (Yuan et al. 2019) | 59.8 50.8 41.1 30.6 20.3 12.0 6.9 40.5
Weak | Ours (I3D) | 62.3 57.0 48.2 37.2 27.9 16.7 8.1 46.5
"""

_TABLE_2 = """
Step-by-Step Erasion | 27.3 14.7 2.9 15.6
AutoLoc (U) | 27.3 15.1 3.3 16.0
CMCS (U) | 33.9 19.9 5.1 20.5
Ours (U) | 37.0 21.1 5.2 22.0
W-TALC (I) | 37.0 - - 18.0
CMCS (I) | 36.8 22.0 5.6 22.4
Ours (I) | 37.6 23.9 5.4 23.3
"""

_THUMOS: dict[str, Any] = dict(protocol='activitynet-thumos14', data='thumos', average='tIoU 0.1:0.1:0.5')

PAPER_TABLES: dict[str, PaperTable] = {
    'table1': PaperTable(
        'Table 1: comparison on THUMOS14', head=('Supervision', 'Method'),
        columns=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, AVERAGE), rows=_rows(_TABLE_1), **_THUMOS),
    'table2': PaperTable(
        'Table 2: comparison on the validation set of ActivityNet 1.2', protocol='activitynet', head=('Method', ),
        columns=(0.5, 0.75, 0.95, AVERAGE), rows=_rows(_TABLE_2), data='anet12', average='tIoU 0.5:0.05:0.95'),
    'table3': PaperTable(
        'Table 3: ablation of the prototype embedding', head=('Methods', ), columns=(AVERAGE, ),
        rows=(PaperRow(('Random Initialization', ), (44.6, ), 'table3_random'),
              PaperRow(('FC', ), (44.7, ), 'table3_fc'), PaperRow(('GCN', ), (46.5, ), FULL)),
        pairs=(('GCN over random initialization', 2, 0), ('GCN over FC', 2, 1),
               ('FC over random initialization', 1, 0)),
        upright=True, **_THUMOS),
    'table4': PaperTable(
        'Table 4: ablation of the losses and of similarity weighting', head=('L_cls', 'L_clu', 's-hat', 'Up'),
        columns=(0.1, 0.3, 0.5, AVERAGE),
        rows=(PaperRow(('x', '', '', ''), (55.8, 40.8, 22.4, 39.9), 'table4_cls'),
              PaperRow(('x', 'x', '', ''), (60.6, 46.9, 26.3, 45.2), 'table4_cls_clu'),
              PaperRow(('x', '', 'x', ''), (16.1, 4.4, 1.3, 6.7), 'table4_cls_weighting'),
              PaperRow(('x', 'x', 'x', ''), (61.3, 47.2, 27.0, 45.7), 'table4_cls_clu_weighting'),
              PaperRow(('x', 'x', 'x', 'x'), (62.3, 48.2, 27.9, 46.5), FULL)),
        pairs=(('L_clu', 1, 0), ('similarity weighting without L_clu', 2, 0), ('similarity weighting with L_clu', 3, 1),
               ('prototype updating', 4, 3)), **_THUMOS),
}
"""By name. The pairs are differences that the paper's text speaks of."""

FAMILIES: dict[str, dict[str, str]] = {
    'thumos': dict(UNT='rpn_unt_thumos', I3D='rpn_i3d_thumos'),
    'anet12': dict(U='rpn_unt_anet12', I='rpn_i3d_anet12'),
    'ucf101': {'VGG16': 'rpn_vgg16_ucf101'},
    'ucf101-untuned': {'VGG16': 'rpn_vgg16_ucf101_untuned'},
    'synthetic': {'made features': 'rpn_synthetic'},
}
"""Configs by features, for each data; ablations apply to the last one."""
