/** What a run of `deno test` did, from the JUnit report that it leaves. */

/** How many tests and steps passed and failed, and which were skipped. */
export interface TestCounts {
  passed: number;
  failed: number;
  /** Names of the tests that were to be skipped. */
  skipped: string[];
}

/**
 * Counts the tests and their steps in a report. Tests that `--filter` left out are marked as skipped there too, but
 * without a time; they are not counted.
 */
export function countTests(junitXml: string): TestCounts {
  const counts: TestCounts = { passed: 0, failed: 0, skipped: [] };
  for (const [, attributes, body = ""] of junitXml.matchAll(/<testcase\b([^>]*?)(?:\/>|>([^]*?)<\/testcase>)/g)) {
    if (/<(failure|error)\b/.test(body)) counts.failed++;
    else if (!/<skipped\b/.test(body)) counts.passed++;
    else if (/\btime="/.test(attributes)) counts.skipped.push(attribute(attributes, "name"));
  }
  return counts;
}

/** The line that continuous integration reads. */
export function summaryLine({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}

function attribute(attributes: string, name: string): string {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
  const named: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return value.replace(/&(\w+);/g, (entity, key) => named[key] ?? entity);
}
