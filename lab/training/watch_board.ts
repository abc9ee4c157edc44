import { IMAGE_PIXELS } from "../../core/models/spec.ts";

/** How many drawings can be watched at once. */
export const PLACES = 8;

export interface WatchedDrawing {
  place: number;
  number: number;
  /** 784 bytes, ink 255 on paper 0. */
  pixels: Uint8Array<ArrayBuffer>;
}

/**
 * Drawings that shall be answered while a training goes on, in memory that the service shares with its worker: a worker
 * that trains receives no messages.
 */
export class WatchBoard {
  /** The number of each place's drawing; 0: none, or not all there yet. */
  readonly #numbers: Int32Array<SharedArrayBuffer>;
  readonly #pixels: Uint8Array<SharedArrayBuffer>;

  constructor(readonly buffer = new SharedArrayBuffer(PLACES * (4 + IMAGE_PIXELS))) {
    this.#numbers = new Int32Array(buffer, 0, PLACES);
    this.#pixels = new Uint8Array(buffer, PLACES * 4);
  }

  /** `number` is above 0 and another one for each drawing. */
  put({ place, number, pixels }: WatchedDrawing): void {
    Atomics.store(this.#numbers, place, 0);
    this.#pixels.set(pixels, place * IMAGE_PIXELS);
    Atomics.store(this.#numbers, place, number);
  }

  clear(place: number): void {
    Atomics.store(this.#numbers, place, 0);
  }

  get isEmpty(): boolean {
    for (let place = 0; place < PLACES; place++) if (Atomics.load(this.#numbers, place) !== 0) return false;
    return true;
  }

  /** Copies of the drawings as they are now; one that is being exchanged is left out. */
  drawings(): WatchedDrawing[] {
    const found: WatchedDrawing[] = [];
    for (let place = 0; place < PLACES; place++) {
      const number = Atomics.load(this.#numbers, place);
      const pixels = this.#pixels.slice(place * IMAGE_PIXELS, (place + 1) * IMAGE_PIXELS);
      const isWhole = number !== 0 && Atomics.load(this.#numbers, place) === number;
      if (isWhole) found.push({ place, number, pixels: Uint8Array.from(pixels) });
    }
    return found;
  }
}
