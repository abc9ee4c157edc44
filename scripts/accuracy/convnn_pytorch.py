"""Test accuracy of ConvNN [128], Adam 0.001, batch 64, after each epoch, in PyTorch: one JSON line for each seed.

Usage: python3 scripts/accuracy/convnn_pytorch.py [SEEDS] [EPOCHS] [DATA_DIR]
"""
import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

SEEDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
EPOCHS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
RAW = Path(sys.argv[3] if len(sys.argv) > 3 else "data") / "MNIST" / "raw"
BATCH = 64


def read(name):
    pixels = np.fromfile(RAW / f"{name}-images-idx3-ubyte", np.uint8)[16:].reshape(-1, 1, 28, 28).astype(np.float32)
    labels = np.fromfile(RAW / f"{name}-labels-idx1-ubyte", np.uint8)[8:].astype(np.int64)
    return (torch.from_numpy(pixels) / 255 - 0.1307) / 0.3081, torch.from_numpy(labels)


def main():
    torch.set_num_threads(1)
    images, labels = read("train")
    test_images, test_labels = read("t10k")
    for seed in range(1, SEEDS + 1):
        torch.manual_seed(seed)
        model = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10),
        )
        optimizer, loss_of = torch.optim.Adam(model.parameters(), lr=0.001), nn.CrossEntropyLoss()
        accuracies = []
        for _ in range(EPOCHS):
            order = torch.randperm(len(images))
            for start in range(0, len(images), BATCH):
                rows = order[start : start + BATCH]
                optimizer.zero_grad()
                loss_of(model(images[rows]), labels[rows]).backward()
                optimizer.step()
            with torch.no_grad():
                hits = sum(
                    (model(test_images[i : i + 500]).argmax(1) == test_labels[i : i + 500]).sum().item()
                    for i in range(0, len(test_images), 500)
                )
            accuracies.append(100 * hits / len(test_images))
        print(json.dumps({"seed": seed, "accuracies": accuracies}), flush=True)


main()
