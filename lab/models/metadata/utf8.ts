/** Texts in files that other programs write too. */

/** The text of `bytes`, or the offset of the first byte that is not UTF-8: their number where the last character is cut. */
export function decodeUtf8(bytes: Uint8Array): { text: string } | { fault: number } {
  const text = tryDecode(bytes, false);
  return text === undefined ? { fault: faultOf(bytes) } : { text };
}

/** A prefix that may end inside a character decodes exactly while it holds no fault. */
function faultOf(bytes: Uint8Array): number {
  let good = 0, bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (tryDecode(bytes.subarray(0, middle), true) === undefined) bad = middle;
    else good = middle;
  }
  return good;
}

function tryDecode(bytes: Uint8Array, mayEndInside: boolean): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: mayEndInside });
  } catch {
    return undefined;
  }
}
