/** Letters of 5 × 7 pixels, for charts: a row is a digit of base 32, its highest bit the leftmost pixel. */
export const GLYPH_WIDTH = 5;
export const GLYPH_HEIGHT = 7;

const GLYPHS: Readonly<Record<string, string>> = {
  "0": "ehjlphe",
  "1": "4c4444e",
  "2": "eh1248v",
  "3": "v2421he",
  "4": "26aiv22",
  "5": "vgu11he",
  "6": "68guhhe",
  "7": "v124888",
  "8": "ehhehhe",
  "9": "ehhf12c",
  A: "ehhhvhh",
  B: "uhhuhhu",
  C: "ehggghe",
  D: "sihhhis",
  E: "vgguggv",
  F: "vgguggg",
  G: "ehgnhhf",
  H: "hhhvhhh",
  I: "e44444e",
  J: "72222ic",
  K: "hikokih",
  L: "ggggggv",
  M: "hrllhhh",
  N: "hhpljhh",
  O: "ehhhhhe",
  P: "uhhuggg",
  Q: "ehhhlid",
  R: "uhhukih",
  S: "fgge11u",
  T: "v444444",
  U: "hhhhhhe",
  V: "hhhhha4",
  W: "hhhllla",
  X: "hha4ahh",
  Y: "hhha444",
  Z: "v1248gv",
  ".": "00000cc",
  ",": "0000c48",
  ":": "0cc0cc0",
  "%": "op248j3",
  "-": "000v000",
  "_": "000000v",
  "/": "01248g0",
  "[": "e88888e",
  "]": "e22222e",
  " ": "0000000",
};

/** The rows of a character from the top; one that the font lacks is a box. There are capitals only. */
export function glyphRows(character: string): number[] {
  return [...GLYPHS[character.toUpperCase()] ?? "vhhhhhv"].map((row) => parseInt(row, 32));
}
