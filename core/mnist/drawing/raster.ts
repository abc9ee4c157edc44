/** Pictures, and the ink in them. */

/** A picture as in a PNG or a canvas: rows from the top, the samples of a pixel side by side, 8 bits each. */
export interface Raster {
  width: number;
  height: number;
  /** 1 single-channel, 2 with alpha, 3 RGB, 4 RGBA. */
  channels: 1 | 2 | 3 | 4;
  /** `width * height * channels` samples. */
  data: Uint8Array | Uint8ClampedArray;
}

/** The ink of a picture. */
export interface Ink {
  /** Distance of each pixel from paper, 0 to 255: `[height, width]`. */
  plane: Uint8Array;
  /** The largest value of the plane; 0 for a page of one tone. */
  strongest: number;
}
