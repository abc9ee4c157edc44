import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";

/** A component whose code is loaded when it is first `needed`, and which is rendered from then on. */
export function lazily<Props extends object>(
  load: () => Promise<FunctionComponent<Props>>,
): FunctionComponent<Props & { needed: boolean }> {
  const loaded = signal<FunctionComponent<Props> | undefined>(undefined);
  let loading: Promise<unknown> | undefined;
  return ({ needed, ...props }) => {
    if (needed) loading ??= load().then((view) => loaded.value = view);
    const View = loaded.value;
    return View && <View {...props as unknown as Props} />;
  };
}
