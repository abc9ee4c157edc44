import { GLYPH_HEIGHT, GLYPH_WIDTH, glyphRows } from "./bitmap_font.ts";

export type Colour = readonly [red: number, green: number, blue: number];
export type Point = readonly [x: number, y: number];

export interface TextStyle {
  colour: Colour;
  /** Pixels of the picture for one of the font; 2 by default. */
  scale?: number;
  /** Which part of the text lies at `x`. */
  align?: "left" | "middle" | "right";
}

/** A picture of opaque pixels on which lines, discs and text are drawn. Coordinates are pixels from the top left. */
export class Picture {
  /** `[height, width, 3]`. */
  readonly rgb: Uint8Array<ArrayBuffer>;

  constructor(readonly width: number, readonly height: number, background: Colour) {
    this.rgb = new Uint8Array(width * height * 3);
    for (let i = 0; i < this.rgb.length; i++) this.rgb[i] = background[i % 3];
  }

  /** The pixels from (x0, y0) up to, without, (x1, y1). */
  fill([x0, y0]: Point, [x1, y1]: Point, colour: Colour): void {
    for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) this.#blend(x, y, colour, 1);
  }

  /** Smooth at its edges; `width` and `opacity` (0 to 1) are those of a pen. */
  line(a: Point, b: Point, colour: Colour, width = 1, opacity = 1): void {
    const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
    const squared = dx * dx + dy * dy;
    const reach = width / 2 + 1;
    const rows = [Math.floor(Math.min(a[1], b[1]) - reach), Math.ceil(Math.max(a[1], b[1]) + reach)];
    const columns = [Math.floor(Math.min(a[0], b[0]) - reach), Math.ceil(Math.max(a[0], b[0]) + reach)];
    for (let y = rows[0]; y <= rows[1]; y++) {
      for (let x = columns[0]; x <= columns[1]; x++) {
        const along = squared === 0 ? 0 : ((x - a[0]) * dx + (y - a[1]) * dy) / squared;
        const t = Math.max(0, Math.min(1, along));
        const distance = Math.hypot(x - a[0] - t * dx, y - a[1] - t * dy);
        this.#blend(x, y, colour, opacity * Math.max(0, Math.min(1, width / 2 + 0.5 - distance)));
      }
    }
  }

  disc(centre: Point, radius: number, colour: Colour): void {
    this.line(centre, centre, colour, 2 * radius);
  }

  /** Its middle lies at height `y`. */
  text(text: string, [x, y]: Point, { colour, scale = 2, align = "left" }: TextStyle): void {
    const advance = (GLYPH_WIDTH + 1) * scale;
    const width = text.length * advance - scale;
    const left = Math.round(x - (align === "left" ? 0 : align === "right" ? width : width / 2));
    const top = Math.round(y - GLYPH_HEIGHT * scale / 2);
    [...text].forEach((character, i) => {
      glyphRows(character).forEach((row, r) => {
        for (let column = 0; column < GLYPH_WIDTH; column++) {
          if ((row >> (GLYPH_WIDTH - 1 - column) & 1) === 0) continue;
          const at: Point = [left + i * advance + column * scale, top + r * scale];
          this.fill(at, [at[0] + scale, at[1] + scale], colour);
        }
      });
    });
  }

  #blend(x: number, y: number, colour: Colour, opacity: number): void {
    if (opacity === 0 || x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const at = (y * this.width + x) * 3;
    for (let i = 0; i < 3; i++) this.rgb[at + i] += Math.round(opacity * (colour[i] - this.rgb[at + i]));
  }
}
