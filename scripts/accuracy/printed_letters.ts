/** Letters as Chromium draws them in several fonts. */
import { prepareDrawing } from "../../core/mnist/drawing/prepare_drawing.ts";
import { openChromium } from "../../ui/testing/chromium.ts";

const SIDE = 112;
/** Upper and lower case. */
export const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Letters that can be mistaken for a 0, 1, 2, 5, 6, 8 or 9. */
export const LOOKALIKES = "BDGIJOQSZbgijloqsyz";
const FONTS = [
  "80px DejaVu Sans",
  "bold 80px DejaVu Sans",
  "200 80px DejaVu Sans",
  "italic 80px DejaVu Sans",
  "80px DejaVu Serif",
  "italic 80px DejaVu Serif",
  "80px DejaVu Sans Mono",
  "80px DejaVu Math TeX Gyre",
];

/** A letter in one font. */
export interface PrintedLetter {
  letter: string;
  /** 784 bytes, ink 255 on paper 0. */
  pixels: Uint8Array;
}

/** Draws each of `letters` in every font. Needs Chromium. */
export async function printedLetters(letters = LETTERS): Promise<PrintedLetter[]> {
  const browser = await openChromium();
  try {
    const page = await browser.newPage();
    const pictures = await page.evaluate(({ letters, fonts, side }) => {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = side;
      const context = canvas.getContext("2d", { willReadFrequently: true })!;
      return fonts.flatMap((font) =>
        [...letters].map((letter) => {
          context.fillStyle = "#fff";
          context.fillRect(0, 0, side, side);
          context.fillStyle = "#000";
          context.font = font;
          context.textAlign = "center";
          context.textBaseline = "middle";
          context.fillText(letter, side / 2, side / 2);
          const { data } = context.getImageData(0, 0, side, side);
          return { letter, tones: Array.from({ length: side * side }, (_, i) => data[4 * i]) };
        })
      );
    }, { letters, fonts: FONTS, side: SIDE });
    return pictures.map(({ letter, tones }) => {
      const data = Uint8Array.from(tones);
      return { letter, pixels: prepareDrawing({ width: SIDE, height: SIDE, channels: 1, data }) };
    });
  } finally {
    await browser.close();
  }
}
