"""Made features of trimmed clips, laid out as UCF101 and HMDB51 are."""
from __future__ import annotations

import sys
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

UCF101_CLASSES = ('Archery', 'BalanceBeam', 'BaseballPitch', 'Basketball', 'BasketballDunk', 'BenchPress', 'Billiards',
                  'BlowDryHair', 'BlowingCandles', 'BodyWeightSquats', 'Biking', 'Bowling', 'CleanAndJerk')
HMDB51_CLASSES = ('cartwheel', 'catch', 'climb', 'dive', 'jump', 'run', 'stand', 'walk')


def write_clips(folder: Path, clips: Mapping[str, tuple[str, int]], width: int = 8, signal: float = 4.0) -> None:
    """Write ``<class>/<clip>.npy`` of ``(class, T)`` each: noise around the direction of the class."""
    rng = np.random.default_rng(sum(map(ord, folder.name)))
    names = sorted({label for label, _ in clips.values()})
    directions = dict(zip(names, rng.standard_normal((len(names), width))))
    for name, (label, length) in clips.items():
        (folder / label).mkdir(parents=True, exist_ok=True)
        mean = signal * directions[label] / np.linalg.norm(directions[label])
        np.save(folder / label / f'{name}.npy', (mean + rng.standard_normal((length, width))).astype(np.float32))


def ucf101_clips(classes: Sequence[str], groups: int = 12, per_group: int = 4) -> dict[str, tuple[str, int]]:
    """``v_<Class>_gNN_cNN`` to its class and T, log-normal with a median of 14."""
    rng = np.random.default_rng(0)
    return {f'v_{label}_g{group:02d}_c{index:02d}': (label, 2 + int(rng.lognormal(np.log(12), 0.5)))
            for label in classes for group in range(1, groups + 1) for index in range(1, per_group + 1)}


def write_ucf101_lists(folder: Path, clips: Mapping[str, tuple[str, int]], test_groups: int = 4) -> list[Path]:
    """``trainlist01.txt`` and ``testlist01.txt``: the first groups are for testing, as in UCF101's own lists."""
    lines: dict[str, list[str]] = {'train': [], 'test': []}
    for name, (label, _) in clips.items():
        subset = 'test' if int(name.split('_')[-2][1:]) <= test_groups else 'train'
        lines[subset].append(f'{label}/{name}.avi' + (' 1' if subset == 'train' else ''))
    folder.mkdir(parents=True, exist_ok=True)
    for subset, found in lines.items():
        (folder / f'{subset}list01.txt').write_text('\n'.join(found) + '\n')
    return [folder / 'trainlist01.txt', folder / 'testlist01.txt']


def write_hmdb51_lists(folder: Path, clips: Mapping[str, tuple[str, int]]) -> list[Path]:
    """``<class>_test_split1.txt``: of ten clips six are for training, three for testing, one is not used."""
    folder.mkdir(parents=True, exist_ok=True)
    lines: dict[str, list[str]] = {}
    for index, (name, (label, _)) in enumerate(clips.items()):
        lines.setdefault(label, []).append(f'{name}.avi {"1112211120"[index % 10]} \n')
    for label, found in lines.items():
        (folder / f'{label}_test_split1.txt').write_text(''.join(found))
    return sorted(folder.glob('*_test_split1.txt'))


def make_documented(root: Path) -> None:
    """The files that docs/compose_untrimmed.md names."""
    clips = ucf101_clips(UCF101_CLASSES)
    write_ucf101_lists(root / 'ucf101' / 'splits', clips)
    for stream in ('rgb', 'flow'):
        write_clips(root / 'ucf101' / stream, clips)
    rng = np.random.default_rng(1)
    clips = {f'Film_{label}_u_nm_np1_fr_goo_{index}': (label, int(rng.integers(6, 40)))
             for label in HMDB51_CLASSES for index in range(30)}
    write_hmdb51_lists(root / 'hmdb51' / 'splits', clips)
    write_clips(root / 'hmdb51' / 'rgb', clips)
    with tarfile.open(root / 'hmdb51' / 'rgb.tar.gz', 'w:gz') as archive:
        archive.add(root / 'hmdb51' / 'rgb', 'rgb')


if __name__ == '__main__':
    make_documented(Path(sys.argv[1]))
