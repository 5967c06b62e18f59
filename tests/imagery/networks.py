"""Networks whose answers are known, for tests of the engine."""

import torch
from torch import nn


class Block(nn.Module):
    """Each output cell is the mean of its own block of the first band: tiling must not change it."""

    multiple, stride = 8, 2

    def forward(self, x):
        return torch.nn.functional.avg_pool2d(x[:, :1], 2)


class Near(nn.Module):
    """Two outputs of convolutions that see ``2 * reach + 1`` pixels around."""

    multiple, stride = 8, 1

    def __init__(self, bands=3, reach=5, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        layers = [nn.Conv2d(bands, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()]
        for _ in range(2):
            layers += [nn.Conv2d(8, 8, 2 * reach + 1, padding=reach, bias=False), nn.BatchNorm2d(8), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(8, 2, 1))
        for layer in self.layers:
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean.uniform_(-0.1, 0.1)
                layer.running_var.uniform_(0.5, 1.5)

    def forward(self, x):
        return 3 * self.layers(x)


class Whole(nn.Module):
    """Answers by how a pixel stands to the mean of the scene; of a tile where it knows no scene."""

    multiple, stride = 8, 1

    def __init__(self):
        super().__init__()
        self.mean, self.surveyed = None, []

    def survey(self, samples):
        self.surveyed.append([tuple(sample.shape) for sample in samples])
        self.mean = torch.cat([sample[:, :1].flatten() for sample in samples]).mean() if samples else None

    def forward(self, x):
        return x[:, :1] - (x[:, :1].mean() if self.mean is None else self.mean)
