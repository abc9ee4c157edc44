import { computed, type Signal, signal } from "@preact/signals";
import { CLASSES, IMAGE_PIXELS, layersOf, type ModelSpec, parameterSpecs } from "../../../core/models/spec.ts";
import {
  batchSize,
  epochs,
  type FormQuery,
  hiddenLayers,
  MODEL_TYPES,
  type ModelType,
  type OptimizerName,
  OPTIMIZERS,
} from "../../../protocol/mod.ts";
import { formatWidths } from "../text/format.ts";
import { readNumber, readWidths, TypedText } from "./typed_text.ts";

/** Images of MNIST's training set. */
export const TRAINING_IMAGES = 60_000;

/** Values that a stored or running configuration puts into the form. */
export interface ModelValues {
  model_type: ModelType;
  optimizer: OptimizerName;
  num_epochs: number;
  batch_size: number;
  hidden_layers_config: readonly number[];
  use_dropout: boolean;
}

/** The fields that both pages share: which network, and how it is (or was) trained. */
export class ModelForm {
  readonly modelType: Signal<ModelType> = signal("SimpleNN");
  readonly optimizer: Signal<OptimizerName> = signal("Adam");
  readonly epochs = new TypedText("5", readNumber, epochs);
  readonly batchSize = new TypedText("64", readNumber, batchSize);
  readonly hiddenLayers = new TypedText("128, 64", readWidths, hiddenLayers, complainAboutLayers);
  readonly useDropout = signal(false);

  /** Numbers that training adjusts, or undefined while the layers are not valid. */
  readonly parameterCount = computed(() => {
    const widths = this.hiddenLayers.value.value;
    return widths && countParameters({ modelType: this.modelType.value, hiddenLayers: widths });
  });

  /** Numbers that go from layer to layer, such as `784 → 128 → 10`; undefined while the layers are not valid. */
  readonly shape = computed(() => {
    const widths = this.hiddenLayers.value.value;
    if (widths === undefined) return undefined;
    const layers = layersOf({ modelType: this.modelType.value, hiddenLayers: widths });
    // Of an image the channels come first, as they are usually written.
    const hidden = layers.filter((layer) => layer.endsBlock).map(({ output }) => output.toReversed().join(" × "));
    return [IMAGE_PIXELS, ...hidden, CLASSES].join(" → ");
  });

  /** Optimiser steps of the whole training, or undefined while epochs or batch size are not valid. */
  readonly stepCount = computed(() => {
    const rounds = this.epochs.value.value;
    const batch = this.batchSize.value.value;
    return rounds && batch && Math.ceil(TRAINING_IMAGES / batch) * rounds;
  });

  readonly query = computed((): FormQuery => ({
    model_type: this.modelType.value,
    optimizer: this.optimizer.value,
    epochs: this.epochs.text.value,
    batch_size: this.batchSize.text.value,
    hidden_layers_config: this.hiddenLayers.text.value.replaceAll(" ", ""),
    use_dropout: String(this.useDropout.value),
  }));

  /** Takes over what `query` carries; a choice that does not exist is left as it was, text is kept for the user to mend. */
  read(query: FormQuery): void {
    this.modelType.value = MODEL_TYPES.find((name) => name === query.model_type) ?? this.modelType.value;
    this.optimizer.value = OPTIMIZERS.find((name) => name === query.optimizer) ?? this.optimizer.value;
    if (query.epochs !== undefined) this.epochs.text.value = query.epochs;
    if (query.batch_size !== undefined) this.batchSize.text.value = query.batch_size;
    if (query.hidden_layers_config !== undefined) {
      this.hiddenLayers.text.value = query.hidden_layers_config.split(",").map((width) => width.trim()).join(", ");
    }
    if (query.use_dropout === "true" || query.use_dropout === "false") {
      this.useDropout.value = query.use_dropout === "true";
    }
  }

  set(values: ModelValues): void {
    this.modelType.value = values.model_type;
    this.optimizer.value = values.optimizer;
    this.epochs.text.value = String(values.num_epochs);
    this.batchSize.text.value = String(values.batch_size);
    this.hiddenLayers.text.value = formatWidths(values.hidden_layers_config);
    this.useDropout.value = values.use_dropout;
  }
}

function countParameters(spec: ModelSpec): number {
  return parameterSpecs(spec).reduce((sum, { shape }) => sum + shape.reduce((size, side) => size * side, 1), 0);
}

/** A schema's message about one width speaks of a number; the field holds several. */
function complainAboutLayers(message: string): string {
  const plural = message.replace("must be a whole number", "must be whole numbers");
  return plural === message ? message : `${plural}, separated by commas`;
}
