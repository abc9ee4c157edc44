/** Every op of the core. A new one is its own file, a line here and its cases in `cases.ts`. */
export * from "./broadcast.ts";
export * from "./conv2d.ts";
export * from "./copy.ts";
export * from "./dropout_mask.ts";
export * from "./elementwise.ts";
export * from "./gelu.ts";
export * from "./indices.ts";
export * from "./log_softmax.ts";
export * from "./matmul.ts";
export * from "./max_pool2d.ts";
export * from "./reshape.ts";
export * from "./rows.ts";
export * from "./subsample.ts";
export * from "./flip_kernels.ts";
