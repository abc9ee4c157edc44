/**
 * Compares two series of accuracies, as `convnn.ts` and `convnn_pytorch.py` print them, epoch by epoch: means, and
 * Welch's t-test at 95 % confidence (B. L. Welch, 1947).
 *
 * Usage: deno run --allow-read scripts/accuracy/compare.ts OURS.jsonl PYTORCH.jsonl
 */

interface Sample {
  mean: number;
  variance: number;
  size: number;
}

/** Two-sided 95 % quantiles of Student's t for 1, 2, … degrees of freedom (any table of the distribution). */
const T_95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131];

function sampleOf(values: readonly number[]): Sample {
  const mean = values.reduce((a, b) => a + b) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1);
  return { mean, variance, size: values.length };
}

/** Welch's t-test: difference of the means, and half the width of its 95 % confidence interval. */
export function welch(a: Sample, b: Sample): { difference: number; margin: number } {
  const va = a.variance / a.size, vb = b.variance / b.size;
  const freedom = (va + vb) ** 2 / (va ** 2 / (a.size - 1) + vb ** 2 / (b.size - 1));
  const quantile = T_95[Math.min(T_95.length, Math.max(1, Math.floor(freedom))) - 1];
  return { difference: a.mean - b.mean, margin: quantile * Math.sqrt(va + vb) };
}

function read(path: string): number[][] {
  const lines = Deno.readTextFileSync(path).trim().split("\n");
  return lines.map((line) => JSON.parse(line).accuracies as number[]);
}

if (import.meta.main) {
  const [ours, theirs] = Deno.args.map(read);
  for (let epoch = 0; epoch < Math.min(ours[0].length, theirs[0].length); epoch++) {
    const a = sampleOf(ours.map((run) => run[epoch])), b = sampleOf(theirs.map((run) => run[epoch]));
    const { difference, margin } = welch(a, b);
    const verdict = Math.abs(difference) <= margin ? "no difference" : "DIFFERENT";
    console.log(
      `epoch ${epoch + 1}: ours ${a.mean.toFixed(3)} % (n ${a.size}), PyTorch ${b.mean.toFixed(3)} % (n ${b.size}), ` +
        `difference ${difference.toFixed(3)} ± ${margin.toFixed(3)}: ${verdict}`,
    );
  }
}
