"""`POST /predict` as one would write it in Python: Pillow reads the drawing, NumPy prepares it, PyTorch answers.

Usage: python3 peer_fastapi.py PORT MODEL.pth, a SimpleNN of any width
"""
import base64
import io
import sys

import numpy as np
import torch
import uvicorn
from fastapi import FastAPI
from PIL import Image
from pydantic import BaseModel
from torch import nn

SIDE, DIGIT_SIDE, NOISE = 28, 20, 0.2


def load(path):
    state = torch.load(path, weights_only=True)
    weights = [tensor for name, tensor in state.items() if name.endswith("weight")]
    layers = []
    for weight in weights:
        layers += [nn.Linear(weight.shape[1], weight.shape[0]), nn.ReLU()]
    head = nn.Sequential(*layers[:-1])
    head.load_state_dict({name.removeprefix("head."): tensor for name, tensor in state.items()})
    return head.eval()


def prepare(png):
    """Dark ink on light paper to MNIST's 28×28: longer side 20 pixels by areas, centre of mass in the middle."""
    ink = 255 - np.asarray(Image.open(io.BytesIO(png)).convert("L"), dtype=np.float32)
    rows, columns = np.nonzero(ink >= NOISE * ink.max())
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    scale = DIGIT_SIDE / max(bottom - top, right - left)
    size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    digit = np.asarray(Image.fromarray(ink[top:bottom, left:right]).resize(size, Image.BOX))
    height, width = digit.shape
    shift_x = round(SIDE / 2 - (digit.sum(0) * np.arange(width)).sum() / digit.sum())
    shift_y = round(SIDE / 2 - (digit.sum(1) * np.arange(height)).sum() / digit.sum())
    page = np.zeros((3 * SIDE, 3 * SIDE), np.float32)
    page[SIDE + shift_y : SIDE + shift_y + height, SIDE + shift_x : SIDE + shift_x + width] = digit * 255 / digit.max()
    return page[SIDE : 2 * SIDE, SIDE : 2 * SIDE].round()


class PredictRequest(BaseModel):
    image_data: str


app = FastAPI()
model = load(sys.argv[2])
torch.set_num_threads(1)


@app.get("/healthz")
def healthz():
    return {"ok": True}


@app.post("/predict")
def predict(request: PredictRequest):
    pixels = prepare(base64.b64decode(request.image_data.partition(",")[2]))
    images = (torch.from_numpy(pixels).reshape(1, -1) / 255 - 0.1307) / 0.3081
    with torch.no_grad():
        probabilities = model(images)[0].softmax(0)
    digit = int(probabilities.argmax())
    return {
        "prediction": digit,
        "confidence": f"{100 * float(probabilities[digit]):.2f}%",
        "probabilities": probabilities.tolist(),
    }


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
