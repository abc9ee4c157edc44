/** Bits as Deflate packs them: the first is the lowest of its byte. */
export class BitReader {
  /** `bit` is the next one; those from `end` on are not there and read as whatever the memory holds. */
  constructor(private readonly bytes: Uint8Array, public bit: number, readonly end: number) {}

  get hasEnded(): boolean {
    return this.bit > this.end;
  }

  /** The next `count` bits, at most 16, as a number whose lowest is the first. */
  read(count: number): number {
    const value = this.peek() & (1 << count) - 1;
    this.bit += count;
    return value;
  }

  /** At least 16 bits. */
  peek(): number {
    const at = this.bit >> 3;
    return (this.bytes[at] | this.bytes[at + 1] << 8 | this.bytes[at + 2] << 16) >>> (this.bit & 7);
  }

  skipToByte(): void {
    this.bit = (this.bit + 7) & ~7;
  }
}
