import type { ComponentChildren } from "preact";
import type { Signal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { CompareChart, type CompareChartOptions } from "../../shared/charts/compare_chart.ts";
import { type Curve, onCommonEpochs } from "./curves.ts";

interface CompareCurvesProps {
  title: string;
  note: string;
  lines: readonly { place: number; name: string; curve: Curve }[];
  format: (value: number) => string;
  /** Where the epoch under the pointer is told. */
  epoch: Signal<number | undefined>;
  scale: CompareChartOptions["scale"];
  /** One value for each epoch: few enough to be marked. */
  isByEpoch?: boolean;
  children?: ComponentChildren;
}

/** One chart with a curve for each model. */
export function CompareCurves(
  { title, note, lines, format, epoch, scale, isByEpoch = false, children }: CompareCurvesProps,
) {
  const element = useRef<HTMLDivElement>(null);
  const id = useId();
  // Drawn anew only when another curve is shown.
  const shown = lines.map(({ place, name, curve }) => `${place} ${name} ${curve.epochs.length}`).join("\n");
  useEffect(() => {
    const chart = new CompareChart(element.current!, {
      lines: lines.map(({ place, name }) => ({ place, label: name })),
      data: onCommonEpochs(lines.map(({ curve }) => curve)),
      format,
      scale,
      points: isByEpoch,
      onPoint: (at) => epoch.value = at,
    });
    return () => chart.dispose();
  }, [shown, scale]);
  return (
    <section aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      <p class="note">{note}</p>
      <div ref={element} class="compare-chart" role="img" aria-label={describe(title, lines, format)} />
      {children}
    </section>
  );
}

/** What a picture of curves says to those who do not see it: where each ends. */
function describe(title: string, lines: CompareCurvesProps["lines"], format: (value: number) => string): string {
  const ends = lines.map(({ name, curve }) => {
    const last = curve.values.findLast((value) => value !== null);
    return `${name}: ${last == null ? "no numbers" : `ends at ${format(last)}`}`;
  });
  return `${title}. ${ends.join("; ")}`;
}
