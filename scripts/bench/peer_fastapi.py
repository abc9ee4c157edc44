"""`POST /predict` as one would write it in Python: Pillow reads the drawing, NumPy prepares it, PyTorch answers.

Usage: python3 peer_fastapi.py PORT MODEL.pth WORKERS, the model a SimpleNN of any width
"""
import base64
import io
import os
import sys

import numpy as np
import torch
import uvicorn
from fastapi import FastAPI
from PIL import Image, ImageChops
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
    """Converts dark ink on light paper to MNIST's 28×28: scales the longer side to 20 pixels by area and moves the centre of mass to the middle."""
    ink = ImageChops.invert(Image.open(io.BytesIO(png)).convert("L"))
    threshold = NOISE * ink.getextrema()[1]
    left, top, right, bottom = ink.point([255 * (tone >= threshold) for tone in range(256)]).getbbox()
    scale = DIGIT_SIDE / max(right - left, bottom - top)
    size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    digit = np.asarray(ink.resize(size, Image.BOX, box=(left, top, right, bottom)), dtype=np.float32)
    height, width = digit.shape
    x = SIDE + round(SIDE / 2 - float(digit.sum(0) @ np.arange(width) / digit.sum()))
    y = SIDE + round(SIDE / 2 - float(digit.sum(1) @ np.arange(height) / digit.sum()))
    page = np.zeros((3 * SIDE, 3 * SIDE), np.float32)
    page[y : y + height, x : x + width] = digit * 255 / digit.max()
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


if __name__ == "__main__":
    uvicorn.run(
        "peer_fastapi:app",
        app_dir=os.path.dirname(__file__),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        workers=int(sys.argv[3]),
        log_level="warning",
        access_log=False,
    )
