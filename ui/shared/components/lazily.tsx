import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";

/**
 * A component whose code is loaded when it is first `needed`, and which is rendered from then on. If it cannot be
 * loaded, it is tried again the next time.
 */
export function lazily<Props extends object>(
  load: () => Promise<FunctionComponent<Props>>,
): FunctionComponent<Props & { needed: boolean }> {
  const loaded = signal<FunctionComponent<Props> | undefined>(undefined);
  let isLoading = false;
  return ({ needed, ...props }) => {
    const View = loaded.value;
    if (needed && View === undefined && !isLoading) {
      isLoading = true;
      load().then((view) => loaded.value = view).finally(() => isLoading = false);
    }
    return View ? <View {...props as unknown as Props} /> : null;
  };
}
