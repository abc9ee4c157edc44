/**
 * Walks over the 4 × 4 pixels, border included, on which the four places of a 2 × 2 window depend through 3 × 3 kernels: `load`
 * is called for each pixel, then `use` for each place of the window and tap of the kernel that meet there.
 */
export function eachTapOfWindow(
  load: (dy: number, dx: number) => void,
  use: (place: number, tap: number) => void,
): void {
  for (let dy = 0; dy < 4; dy++) {
    for (let dx = 0; dx < 4; dx++) {
      load(dy, dx);
      for (let place = 0; place < 4; place++) {
        const ky = dy - (place >> 1), kx = dx - (place & 1);
        if (ky >= 0 && ky <= 2 && kx >= 0 && kx <= 2) use(place, 3 * ky + kx);
      }
    }
  }
}
