/**
 * Every op of the core. `relu` applies an op, and `reluOp` is the op itself, used to recognise its nodes. A new op
 * takes a file of its own, a line here and cases in `cases.ts`; see `docs/adding_an_op.md`.
 */
export * from "./argmax.ts";
export * from "./broadcast_and_sum.ts";
export * from "./conv2d.ts";
export * from "./copy.ts";
export * from "./dropout_mask.ts";
export * from "./elementwise.ts";
export * from "./flip_kernels.ts";
export * from "./gelu.ts";
export * from "./log_softmax.ts";
export * from "./matmul.ts";
export * from "./max_pool2d.ts";
export * from "./one_hot.ts";
export * from "./reshape.ts";
export * from "./slice.ts";
export * from "./subsample.ts";
export * from "./take_rows.ts";
