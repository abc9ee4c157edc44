/** The query string by which the two pages hand their fields to each other. */

/** Field values as a query carries them: all optional, all text, checked by the form that takes them over. */
export interface FormQuery {
  model_type?: string;
  optimizer?: string;
  learning_rate?: string;
  learning_rate_range?: string;
  epochs?: string;
  batch_size?: string;
  /** Widths separated by commas, such as `128,64`; an empty text means no hidden layer. */
  hidden_layers_config?: string;
  use_dropout?: string;
  /** These two are the training page's alone. */
  dropout_p?: string;
  seed?: string;
  /** Each page's own: where it trains, or where it predicts. */
  device?: string;
  model_id?: string;
}

const KEYS: readonly (keyof FormQuery)[] = [
  "model_type",
  "optimizer",
  "learning_rate",
  "learning_rate_range",
  "epochs",
  "batch_size",
  "hidden_layers_config",
  "use_dropout",
  "dropout_p",
  "seed",
  "device",
  "model_id",
];

export function parseFormQuery(search: string): FormQuery {
  const given = new URLSearchParams(search);
  const query: FormQuery = {};
  for (const key of KEYS) {
    const value = given.get(key);
    if (value !== null) query[key] = value;
  }
  return query;
}

export function formatFormQuery(query: FormQuery): string {
  const out = new URLSearchParams();
  for (const key of KEYS) {
    const value = query[key];
    if (value !== undefined) out.set(key, value);
  }
  return out.toString();
}
