"""Fit the network that ranks sentences (`qa.network`), on lists: each question's sentences, of which some are right.

The loss of the hidden layer is that of a choice among the sentences of one question (ListNet's top-one probability; Cao et al. 2007,
section 4), so what all of them share counts for nothing. The linear part is a logistic regression, whose signs can be bounded. Each is
fitted alone, and the mean of their log odds, put on a logistic curve (Platt 1999), is the network's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from eval import regression

UNITS = 64
EPOCHS = 16
LISTS = 64
"""Lists in a step."""
RATE = 2e-3
"""Step size of AdamW at the beginning; it falls to 0 in a straight line."""
DECAY = 0.1


def fit(
    features: Sequence[str],
    values: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
    weights: Sequence[float],
    bounds: Sequence[regression.Bound] = (),
) -> dict[str, Any]:
    """The record of a network. One array of rows for each list, of shape (sentences, features), and which of the rows are right;
    every list has a right one. `bounds` of the linear part's weights. The same data give the same network."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    rows = np.concatenate(values)
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    scale[scale < 1e-9] = 1.0
    lists = [torch.tensor((one - mean) / scale, dtype=torch.float32) for one in values]
    rights = [torch.tensor(one) for one in labels]
    worth = torch.tensor(weights, dtype=torch.float32)
    order = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = torch.nn.Sequential(torch.nn.Linear(rows.shape[1], UNITS), torch.nn.ReLU(), torch.nn.Linear(UNITS, 1))
    steps = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    total = EPOCHS * -(-len(lists) // LISTS)
    slower = torch.optim.lr_scheduler.LambdaLR(steps, lambda step: 1.0 - step / total)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(lists), generator=order).split(LISTS):
            shown = pad_sequence([lists[n] for n in batch], batch_first=True)
            right = pad_sequence([rights[n] for n in batch], batch_first=True)
            there = pad_sequence([torch.ones(len(lists[n]), dtype=torch.bool) for n in batch], batch_first=True)
            chosen = torch.log_softmax(network(shown)[..., 0].masked_fill(~there, -torch.inf), dim=1)
            loss = -(worth[batch] * torch.logsumexp(chosen.masked_fill(~right, -torch.inf), dim=1)).sum() / worth[batch].sum()
            steps.zero_grad()
            loss.backward()
            steps.step()
            slower.step()
    hidden, hidden_bias, out, _ = (part.detach().numpy().astype(np.float64) for part in network.parameters())
    known, right, each = (rows - mean) / scale, np.concatenate(labels), np.repeat(np.array(weights), [len(one) for one in values])
    linear = regression.fitted(known, right, each, bounds=bounds)
    direct = np.array(linear["weights"]) / linear["scale"]
    scores = np.maximum(0.0, known @ hidden.T + hidden_bias) @ out[0]
    slope, _ = regression.curve(scores, right, each)
    both, shift = regression.curve(slope * scores + known @ direct, right, each)
    return {
        "features": list(features),
        "mean": _short(mean),
        "scale": _short(scale),
        "hidden": [_short(row) for row in hidden.T],
        "hidden_bias": _short(hidden_bias),
        "out": _short(both * slope * out[0]),
        "direct": _short(both * direct),
        "bias": round(float(shift), 5),
    }


def _short(row: np.ndarray) -> list[float]:
    return [round(float(value), 5) for value in row]
